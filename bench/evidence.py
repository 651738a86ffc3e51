"""What the record of an answer costs: kept nowhere (a node made for this alone), in the journal, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.latency import Measured, middle
from bench.load import Pressure, Target, put_under
from bench.plan import Plan
from bench.registries import registry_of
from bench.results import Figures
from bench.servers import SERVE, clearway_server, echo_server, make_registry
from clearway.server.settings import Settings
from tests.postgres import NoServer, Server

UNLOGGED = ("bench.unlogged",)
SUBJECTS = 10_000
STREAMS = (1, 16)
"""Streams for each message; so 4 and 64 calls in flight."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of keeping the record: how the node is started, and on which folder and settings."""

    name: str
    folder: Path
    serve: tuple[str, ...] = SERVE
    settings: dict[str, str] = field(default_factory=dict)


def measure(plan: Plan) -> Figures:
    """Every way in its turn, again and again, with an empty call beside each."""
    with ExitStack() as held:
        ways = held.enter_context(ways_here())
        echo = Target.echo(held.enter_context(echo_server()))
        return {
            "not_measured": absent([way.name for way in ways]),
            "in_flight": [compared(ways, echo, streams, plan) for streams in STREAMS],
        }


def compared(ways: list[Way], echo: Target, streams: int, plan: Plan) -> Figures:
    """Throughput and latency of every way at so many calls in flight."""
    pressure = Pressure(1, streams, plan.seconds)
    runs: dict[str, list[tuple[Measured, Measured]]] = {way.name: [] for way in ways}
    for _ in range(plan.repeat):
        for way in ways:
            with clearway_server(way.folder, 1, way.serve, **way.settings) as node:
                runs[way.name].append((put_under(echo, pressure), put_under(Target.checks(node.address), pressure)))
    return {
        "in_flight": pressure.in_flight(echo),
        "ways": {
            name: middle([check for _, check in pairs]).figures
            | {"over_echo": round(median(check.rps / echo.rps for echo, check in pairs), 3)}
            for name, pairs in runs.items()
        },
    }


WAYS = ("off", "journal", "journal_beside_postgresql", "central")


def absent(measured: list[str]) -> list[str]:
    """The ways that this build or this machine does not have."""
    return [name for name in WAYS if name not in measured]


@contextmanager
def ways_here() -> Iterator[list[Way]]:
    """The ways to measure: on files, and on PostgreSQL where one can be started."""
    kept = registry_of(SUBJECTS)
    ways = [Way("off", kept, UNLOGGED), Way("journal", kept)]
    with ExitStack() as held:
        try:
            server = Server.make()
        except NoServer:
            yield ways
            return
        held.callback(server.remove)
        url = server.url(server.make_database())
        folder = Path(held.enter_context(TemporaryDirectory()))
        make_registry(folder, SUBJECTS, url)
        ways.append(Way("journal_beside_postgresql", folder, settings={"database": url}))
        if "log_durability" in Settings.model_fields:
            ways.append(Way("central", folder, settings={"database": url, "log_durability": "central"}))
        yield ways
