"""Latency against load: checks and empty calls at the same rates, shares of the most checks that the node answers."""

from __future__ import annotations

from bench.latency import middle
from bench.load import Pressure, Target, put_under
from bench.plan import Plan
from bench.registries import registry_of
from bench.results import Figures
from bench.servers import clearway_server, echo_server

SHARES = (25, 50, 75, 100)
FULL = (16, 64)
"""Streams for each message at which the node is taken to be full."""
STREAMS = 64
"""Streams for each message at a fixed rate: enough that a slow answer does not hold the next call back at once."""


def measure(plan: Plan) -> Figures:
    """The node's maximum, then both servers at every share of it, turn about."""
    with echo_server() as echo_address, clearway_server(registry_of(plan.subjects)) as node:
        echo, check = Target.echo(echo_address), Target.checks(node.address)
        maximum = most(check, plan)
        rows: list[Figures] = []
        for share in SHARES:
            pressure = Pressure(1, STREAMS, plan.seconds, rate=maximum * share / 100)
            runs = [(put_under(check, pressure), put_under(echo, pressure)) for _ in range(plan.repeat)]
            checks, echoes = (middle(each).figures for each in zip(*runs, strict=True))
            rows.append({"percent": share, "check": checks, "echo": echoes})
    half = rows[SHARES.index(50)]["check"]
    return {"maximum_rps": round(maximum), "check_p99_ms_at_half_load": half["p99_ms"], "loads": rows}


def most(check: Target, plan: Plan) -> float:
    """The most checks a second, by the medians of repeated runs at 64 and at 256 in flight."""
    pressures = [Pressure(1, streams, plan.seconds) for streams in FULL]
    return max(middle([put_under(check, pressure) for _ in range(plan.repeat)]).rps for pressure in pressures)
