"""Three times what the node can answer: how many it refuses, and how long those wait that it admits.

h2load offers nearly all of it and cannot tell a refusal from an answer; so ghz sends a few calls among them, and what
becomes of those stands for all.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bench.checks import spread
from bench.curve import most
from bench.load import Pressure, Target, pressed, read_logs
from bench.plan import Plan
from bench.registries import registry_of
from bench.results import Figures
from bench.sampling import sample
from bench.servers import clearway_server

TIMES = 3
SAMPLED = 100
"""Calls a second that are looked at one by one."""
REFUSED = ("ResourceExhausted", "Canceled")
"""By the worker, and by gRPC before the worker has taken the call."""
CONNECTIONS, STREAMS = 4, 1024
"""For each message; so 16,384 calls may wait at once."""
AT_ONCE = 1000
"""Calls that a generator may send in one moment: any number, as overload comes in bursts."""


def measure(plan: Plan) -> Figures:
    """The node's maximum, then three times as much."""
    seconds = plan.seconds * 2
    with clearway_server(registry_of(plan.subjects)) as node, TemporaryDirectory() as folder:
        check = Target.checks(node.address)
        maximum = most(check, plan)
        pressure = Pressure(CONNECTIONS, STREAMS, seconds, rate=maximum * TIMES - SAMPLED, at_once=AT_ONCE)
        with pressed(check, pressure, Path(folder)) as logs:
            requests = spread(SAMPLED * seconds, plan.subjects)
            seen = sample(node.address, requests, in_flight=SAMPLED * 4, seconds=seconds - 1, rate=SAMPLED)
        handled = read_logs(logs, pressure)
    return {
        "maximum_rps": round(maximum),
        "offered_rps": round(maximum * TIMES),
        "handled_rps": round(handled.rps),
        "refused_share": round(sum(map(seen.share, REFUSED)), 3),
        "admitted": seen.answered.figures,
        "statuses": dict(seen.statuses),
    }
