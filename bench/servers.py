"""The two servers of a comparison, each a process of its own, one after the other on one machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from clearway.cli.health import SERVING, status_of
from clearway.registry.registry import Registry
from clearway.registry.synthetic import write
from clearway.server.keys import load_keys
from clearway.server.settings import Settings


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
def clearway_server(data_dir: Path, workers: int = 1) -> Iterator[str]:
    """A running node on the registry in `data_dir`; gives its address once it is SERVING."""
    environment = {**os.environ, "CLEARWAY_DATA_DIR": str(data_dir), "CLEARWAY_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "clearway.cli.main", "serve", "--listen", "127.0.0.1:0", "--workers", str(workers)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = wait_for_address(data_dir)
        wait_for_health(address)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def make_registry(data_dir: Path, subjects: int) -> float:
    """Import a synthetic registry of that many subjects; gives the seconds it took."""
    settings = Settings(data_dir=data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    file = data_dir / "synthetic.csv"
    write(file, subjects, now.date())
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        started = time.monotonic()
        registry.import_feed("flat-csv", file, actor="bench", moment=now)
        return time.monotonic() - started


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(address: str, patience: float = 20.0) -> None:
    """Return when something listens there."""
    host, _, port = address.rpartition(":")
    last = time.monotonic() + patience
    while time.monotonic() < last:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {address}")


def wait_for_address(data_dir: Path, patience: float = 60.0) -> str:
    """The address that the node of this folder says it serves on."""
    last = time.monotonic() + patience
    while time.monotonic() < last:
        try:
            return str(json.loads((data_dir / "serving.json").read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.05)
    raise TimeoutError("the node did not say where it serves")


def wait_for_health(address: str, patience: float = 300.0) -> None:
    """Return when the check service is SERVING."""
    last = time.monotonic() + patience
    while status_of(address, timeout=2.0) != SERVING:
        if time.monotonic() >= last:
            raise TimeoutError("the node did not come into service")
        time.sleep(0.1)
