"""Load from h2load (nghttp2): requests a second, and latencies from its per-request log."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

HEADERS = ("-H", "content-type: application/grpc", "-H", "te: trailers")


@dataclass(frozen=True, slots=True)
class Target:
    """A method to call, and the framed gRPC messages to send; each message gets a generator of its own."""

    name: str
    url: str
    messages: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Pressure:
    """How hard: connections and concurrent streams on each, per message; or a fixed rate, in calls a second in all."""

    connections: int
    streams: int
    seconds: int
    rate: float | None = None

    def in_flight(self, target: Target) -> int:
        """How many calls are in flight at most."""
        return self.connections * self.streams * len(target.messages)


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it: calls a second, and latencies in ms."""

    rps: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    failed: int


def framed(message: bytes) -> bytes:
    """A message as gRPC puts it on the wire: not compressed, length first."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def put_under(target: Target, pressure: Pressure) -> Measured:
    """Put the target under pressure and measure. The first tenth of the time is warm-up and not counted."""
    with TemporaryDirectory() as folder:
        running = [start(target, pressure, Path(folder), n) for n in range(len(target.messages))]
        for generator in running:
            _, errors = generator.communicate(timeout=pressure.seconds * 3 + 60)
            if generator.returncode:
                raise RuntimeError(f"h2load failed: {errors.decode()[:500]}")
        return read_logs([Path(folder) / f"{n}.log" for n in range(len(target.messages))], pressure)


def start(target: Target, pressure: Pressure, folder: Path, number: int) -> subprocess.Popen[bytes]:
    """One h2load for one of the target's messages."""
    body = folder / f"{number}.bin"
    body.write_bytes(target.messages[number])
    command = ["h2load", "-D", str(int(pressure.seconds)), "-c", str(pressure.connections), "-m", str(pressure.streams)]
    command += ["-t", "1", "--log-file", str(folder / f"{number}.log"), "-d", str(body), *HEADERS]
    if pressure.rate is not None:
        command += ["--rps", str(pressure.rate / len(target.messages) / pressure.connections)]
    return subprocess.Popen([*command, target.url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def read_logs(logs: Sequence[Path], pressure: Pressure) -> Measured:
    """h2load's log has a line a call: start in µs since 1970, HTTP status, latency in µs."""
    calls = sorted(
        (int(started), int(latency), status)
        for log in logs
        for started, status, latency in (line.split("\t") for line in log.read_text().splitlines())
    )
    if not calls:
        raise RuntimeError("h2load recorded no call")
    begin = calls[0][0] + int(pressure.seconds * 1e5)
    counted = [latency for started, latency, status in calls if started >= begin and status == "200"]
    last = max(started for started, _, _ in calls)
    cuts = quantiles(counted, n=1000)
    return Measured(
        rps=len(counted) / ((last - begin) / 1e6),
        p50_ms=cuts[499] / 1000,
        p99_ms=cuts[989] / 1000,
        p999_ms=cuts[998] / 1000,
        failed=sum(status != "200" for _, _, status in calls),
    )
