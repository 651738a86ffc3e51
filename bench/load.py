"""Load from h2load (nghttp2), in C: cheap, so that little of two cores goes to it. It sends one message over and over.

h2load sees HTTP, not gRPC: a refused call is an answered one to it. `bench.sampling` tells them apart.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.message import Message

from bench.checks import MIX, SERVICE, framed
from bench.latency import Measured

HEADERS = ("-H", "content-type: application/grpc", "-H", "te: trailers")
TICKS = 100
"""How often a second an h2load that keeps to a rate looks what to send."""
WARM_UP = 0.1
"""Share of the time that is not counted."""


@dataclass(frozen=True, slots=True)
class Target:
    """A method to call, and the framed gRPC messages to send; each message gets a generator of its own."""

    name: str
    url: str
    messages: tuple[bytes, ...]
    headers: tuple[str, ...] = ()
    """Further headers of each call, such as `authorization: Bearer …`."""

    @classmethod
    def checks(cls, address: str) -> Target:
        """`CheckSubject` of the node there, with every kind of answer."""
        return cls.method(address, f"{SERVICE}/CheckSubject", MIX)

    @classmethod
    def echo(cls, address: str) -> Target:
        """The empty call, by as many generators as checks get."""
        return cls("echo", f"http://{address}/bench.Echo/Call", (framed(b""),) * len(MIX))

    @classmethod
    def method(cls, address: str, method: str, messages: Iterable[Message]) -> Target:
        """A method by its full name, `Package.Service/Method`."""
        bodies = tuple(framed(message.SerializeToString()) for message in messages)
        return cls(method, f"http://{address}/{method}", bodies)


@dataclass(frozen=True, slots=True)
class Pressure:
    """How hard: connections and concurrent streams on each, per generator; or a fixed rate, in calls a second in all.

    At a rate, h2load wakes every 10 ms and sends at once what has become due. `at_once` calls at most become due to one
    generator meanwhile: with 1, a call comes by itself, as it does from a licensing system, and does not wait for
    others that its own generator sent in the same moment.
    """

    connections: int
    streams: int
    seconds: int
    rate: float | None = None
    at_once: int = 1

    def generators(self, target: Target) -> int:
        """How many h2loads: one for each of the target's messages, or a multiple of it."""
        most = self.at_once * TICKS
        rounds = 1 if self.rate is None else ceil(self.rate / len(target.messages) / most)
        return rounds * len(target.messages)

    def in_flight(self, target: Target) -> int:
        """How many calls are in flight at most."""
        return self.connections * self.streams * self.generators(target)


def put_under(target: Target, pressure: Pressure) -> Measured:
    """Put the target under pressure and measure. The first tenth of the time is warm-up and not counted."""
    with TemporaryDirectory() as folder:
        with pressed(target, pressure, Path(folder)) as logs:
            pass
        return read_logs(logs, pressure)


@contextmanager
def pressed(target: Target, pressure: Pressure, folder: Path) -> Iterator[list[Path]]:
    """Under pressure from the beginning of the block; at its end the generators have ended and the logs are whole."""
    running = [start(target, pressure, folder, number) for number in range(pressure.generators(target))]
    try:
        yield [folder / f"{number}.log" for number in range(len(running))]
        for generator in running:
            _, errors = generator.communicate(timeout=pressure.seconds * 3 + 60)
            if generator.returncode:
                raise RuntimeError(f"h2load failed: {errors.decode()[:500]}")
    finally:
        for generator in running:
            generator.kill()
            generator.wait()


def start(target: Target, pressure: Pressure, folder: Path, number: int) -> subprocess.Popen[bytes]:
    """One h2load, which sends one of the target's messages."""
    body = folder / f"{number}.bin"
    body.write_bytes(target.messages[number % len(target.messages)])
    command = ["h2load", "-D", str(int(pressure.seconds)), "-c", str(pressure.connections), "-m", str(pressure.streams)]
    command += ["-t", "1", "--log-file", str(folder / f"{number}.log"), "-d", str(body), *HEADERS]
    command += [part for header in target.headers for part in ("-H", header)]
    if pressure.rate is not None:
        command += ["--rps", str(pressure.rate / pressure.generators(target) / pressure.connections)]
    return subprocess.Popen([*command, target.url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def read_logs(logs: Sequence[Path], pressure: Pressure) -> Measured:
    """h2load's log has a line a call: start in µs since 1970, HTTP status, latency in µs."""
    return counted([line for log in logs for line in log.read_text().splitlines()], pressure.seconds)


def counted(lines: Iterable[str], seconds: int) -> Measured:
    """What the lines of such logs come to. Raises `ValueError` where next to nothing was answered."""
    calls = [(int(at), int(latency), status) for at, status, latency in (line.split("\t") for line in lines)]
    if not calls:
        raise ValueError("h2load recorded no call")
    begin = min(at for at, _, _ in calls) + int(seconds * WARM_UP * 1e6)
    last = max(at for at, _, _ in calls)
    answered = [latency / 1000 for at, latency, status in calls if at >= begin and status == "200"]
    return Measured.of(answered, max(last - begin, 1) / 1e6, sum(status != "200" for _, _, status in calls))
