"""A node of the service as its operator runs it: a process group of its own, on a free port of this machine.

Used as a context manager: whatever the test does, nothing of the node outlives it. What it prints goes to
`node.log` in its data folder, whose end is told where the node does not come up.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub

SERVICE = "clearway.v1.CheckService"
NO_PROXY = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
]


class NodeFailed(AssertionError):
    """The node did not do in time what was asked of it; the text ends with what it printed last."""


class RunningNode:
    """`clearway serve` on `data_dir`, on any free port where `port` names none.

    `settings` are further CLEARWAY_… settings, by their names in the class.

    `credentials` are those of a client of the test's own, where the node serves with TLS.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        catalogue: str | Path = "cn-demo",
        port: int = 0,
        credentials: grpc.ChannelCredentials | None = None,
        **settings: object,
    ) -> None:
        self.data_dir = data_dir
        self.log = data_dir / "node.log"
        self.address = ""
        self.web = ""
        self._catalogue = str(catalogue)
        self._port = port
        self._credentials = credentials
        self._settings = {f"CLEARWAY_{name.upper()}": str(value) for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: grpc.Channel | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id of the node's parent process, which is also its group's."""
        return self._running().pid

    def start(self, within: float = 60.0) -> None:
        """Start it, and return when health says SERVING. Raises `NodeFailed` after `within` seconds."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        # A node that was killed leaves its address behind: that of the new one is wanted.
        self._address_file.unlink(missing_ok=True)
        outside = {name: value for name, value in os.environ.items() if not name.startswith("CLEARWAY_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "clearway.cli.main", *self._flags()],
                env=outside | self._settings | {"PYTHONUNBUFFERED": "1"},
                cwd=self.data_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_serving(time.monotonic() + within)
        except BaseException:
            self.kill()
            raise

    def stop(self, within: float = 30.0) -> int:
        """SIGTERM, as an operator stops it, and wait; the exit status. Raises `NodeFailed` where it does not end."""
        process = self._running()
        self._close_channel()
        process.terminate()
        try:
            status = process.wait(within)
        except subprocess.TimeoutExpired:
            raise self._failed(f"did not stop within {within:g} s") from None
        finally:
            self.kill()
        return status

    def kill(self) -> None:
        """SIGKILL to every process of the node. Nothing happens where it does not run."""
        self._close_channel()
        process, self._process = self._process, None
        if process is not None:
            # The group outlives its first process where a child still runs.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def channel(self) -> grpc.Channel:
        """A channel to the node, closed with it."""
        if self._channel is None:
            if self._credentials is None:
                self._channel = grpc.insecure_channel(self.address, options=NO_PROXY)
            else:
                self._channel = grpc.secure_channel(self.address, self._credentials, options=NO_PROXY)
        return self._channel

    def checks(self) -> CheckServiceStub:
        """A stub of the check service on that channel."""
        return CheckServiceStub(self.channel())

    def serving(self) -> bool:
        """Whether health says that checks are answered now."""
        try:
            health = health_pb2_grpc.HealthStub(self.channel())
            answer = health.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=1.0)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def _serving_http(self) -> bool:
        """Whether checks are answered over HTTP too, where that was asked for."""
        try:
            return not self.web or httpx.get(f"http://{self.web}/healthz", timeout=1.0).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def _address_file(self) -> Path:
        return self.data_dir / "serving.json"

    def _flags(self) -> list[str]:
        listen = f"127.0.0.1:{self._port}"
        return ["serve", "--listen", listen, "--data-dir", str(self.data_dir), "--catalogue", self._catalogue]

    def _wait_until_serving(self, last: float) -> None:
        while time.monotonic() < last:
            if self._running().poll() is not None:
                raise self._failed(f"ended with {self._running().returncode} instead of serving")
            # The file may be read while it is being written.
            with contextlib.suppress(OSError, ValueError):
                served = json.loads(self._address_file.read_text())
                self.address, self.web = str(served["address"]), str(served["web"])
                if self.serving() and self._serving_http():
                    return
            time.sleep(0.05)
        raise self._failed("is not SERVING in time")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise NodeFailed("the node has not been started")
        return self._process

    def _close_channel(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _failed(self, what: str) -> NodeFailed:
        printed = self.log.read_text(errors="replace") if self.log.exists() else ""
        return NodeFailed(f"the node {what}; it printed last:\n{printed[-3000:]}")
