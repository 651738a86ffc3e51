"""The servers of a comparison, each in processes of its own, on one machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.checks import MIX, SERVICE
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.gen.v1.decision_pb2 import OUTCOME_UNDETERMINED
from clearway.registry.registry import Registry
from clearway.registry.synthetic import write
from clearway.server.keys import load_keys
from clearway.server.settings import Settings

CHANNEL = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # Who looks for a node that starts looks often: gRPC's own second between tries would be measured with it.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
]
SERVE = ("clearway.cli.main", "serve")
LOOK = 0.005
LEFT = ("journal", "serving.json", "vitals")
LEFT_OF_A_LOG = ("log.db", "log.db-wal", "log.db-shm", "tlog", "watching.json")
"""The log in the folder, and what promises to be of that very log: its tree, and how far the watcher has come."""


@dataclass(frozen=True, slots=True)
class Node:
    """A running node. `started` are the seconds from its start to SERVING, `first_check` to the first whole answer."""

    address: str
    pid: int
    started: float
    first_check: float

    @property
    def port(self) -> int:
        """The port it serves on."""
        return int(self.address.rpartition(":")[2])


@contextmanager
def echo_server() -> Iterator[str]:
    """A running echo; gives its address."""
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen([sys.executable, "-m", "bench.echo", address])
    try:
        wait_for_port(address)
        yield address
    finally:
        process.kill()
        process.wait()


@contextmanager
def clearway_server(
    data_dir: Path, workers: int = 1, serve: tuple[str, ...] = SERVE, token: str = "", **settings: str
) -> Iterator[Node]:
    """A running node on the registry in `data_dir`, once it answers checks. `settings` by their names in the class.

    `token` is that of a caller who may check, where the node asks who calls.

    What earlier runs left there goes first, but for a log in a database, and all that follows it. What the node prints
    goes to `node.log` there.
    """
    for leftover in LEFT if "database" in settings else (*LEFT, *LEFT_OF_A_LOG):
        path = data_dir / leftover
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    own = {"data_dir": data_dir.resolve(), "log_level": "warning", "workers": workers, "listen": "127.0.0.1:0"}
    outside = {name: value for name, value in os.environ.items() if not name.startswith("CLEARWAY_")}
    environment = outside | {f"CLEARWAY_{name.upper()}": str(value) for name, value in {**own, **settings}.items()}
    begun = time.monotonic()
    with (data_dir / "node.log").open("wb") as said:
        process = subprocess.Popen([sys.executable, "-m", *serve], env=environment, stdout=said, stderr=said)
    try:
        address = wait_for_address(data_dir)
        with grpc.insecure_channel(address, options=CHANNEL) as channel:
            wait_for(lambda: serving(channel), "the node did not come into service", 300.0)
            started = time.monotonic() - begun
            wait_for(lambda: answered(channel, token), "the node answers no check", 60.0)
        yield Node(address, process.pid, started, time.monotonic() - begun)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            process.kill()


def make_registry(data_dir: Path, subjects: int, database: str = "") -> float:
    """Import a synthetic registry of that many subjects; gives the seconds it took."""
    settings = Settings(data_dir=data_dir, database=database)
    data_dir.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    file = data_dir / "synthetic.csv"
    write(file, subjects, now.date())
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        started = time.monotonic()
        registry.import_feed("flat-csv", file, actor="bench", moment=now)
        return time.monotonic() - started


def serving(channel: grpc.Channel) -> bool:
    """Whether health says that checks are answered."""
    try:
        found = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=2.0)
    except grpc.RpcError:
        return False
    return bool(found.status == health_pb2.HealthCheckResponse.SERVING)


def answered(channel: grpc.Channel, token: str = "") -> bool:
    """Whether a check gets an answer that rests on fresh facts."""
    known = (("authorization", f"Bearer {token}"),) if token else None
    try:
        response: pb.CheckSubjectResponse = CheckServiceStub(channel).CheckSubject(MIX[0], timeout=2.0, metadata=known)
    except grpc.RpcError:
        return False
    return response.decision.outcome != OUTCOME_UNDETERMINED


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(reached: Callable[[], bool], otherwise: str, patience: float) -> None:
    """Return when it is so; raises `TimeoutError` where it is not in time."""
    last = time.monotonic() + patience
    while not reached():
        if time.monotonic() >= last:
            raise TimeoutError(otherwise)
        time.sleep(LOOK)


def wait_for_port(address: str, patience: float = 20.0) -> None:
    """Return when something listens there."""
    host, _, port = address.rpartition(":")

    def listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    wait_for(listening, f"nothing listens on {address}", patience)


def wait_for_address(data_dir: Path, patience: float = 60.0) -> str:
    """The address that the node of this folder says it serves on."""
    found: list[str] = []

    def said() -> bool:
        try:
            found.append(str(json.loads((data_dir / "serving.json").read_text())["address"]))
        except (OSError, ValueError):
            return False
        return True

    wait_for(said, "the node did not say where it serves", patience)
    return found[0]
