"""Checks beside empty calls, at every number of calls in flight: both servers are up, and take turns."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.latency import Measured, middle
from bench.load import Pressure, Target, put_under
from bench.plan import Plan
from bench.registries import registry_of
from bench.results import Figures
from bench.servers import clearway_server, echo_server

STREAMS = (1, 4, 16, 64)
"""Streams on one connection, for each of the four messages; so 4 to 256 calls in flight."""
HEADLINE = 16


def measure(plan: Plan) -> Figures:
    """Medians for each number of calls in flight; `ratio` is that of the headline, 64."""
    with echo_server() as echo_address, clearway_server(registry_of(plan.subjects)) as node:
        echo, check = Target.echo(echo_address), Target.checks(node.address)
        rows = []
        for streams in STREAMS:
            pressure = Pressure(1, streams, plan.seconds)
            pairs = [(put_under(echo, pressure), put_under(check, pressure)) for _ in range(plan.repeat)]
            rows.append(row(pressure.in_flight(check), pairs))
    headline = rows[STREAMS.index(HEADLINE)]
    return {"subjects": plan.subjects, "ratio": headline["ratio"], "concurrencies": rows}


def row(in_flight: int, pairs: Sequence[tuple[Measured, Measured]]) -> Figures:
    """The medians of one number in flight. The ratio is the median of the pairs' ratios: each pair ran turn about."""
    return {
        "in_flight": in_flight,
        "ratio": round(median(check.rps / echo.rps for echo, check in pairs), 3),
        "echo": middle([echo for echo, _ in pairs]).figures,
        "check": middle([check for _, check in pairs]).figures,
    }
