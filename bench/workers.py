"""One worker and two on one port: what the second brings, and what it holds in memory."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median

from bench.latency import Measured, middle
from bench.load import Pressure, Target, put_under
from bench.plan import Plan
from bench.processes import Memory, memory_of, workers_of
from bench.registries import registry_of
from bench.results import Figures
from bench.servers import clearway_server

WORKERS = (1, 2)
CONNECTIONS, STREAMS = 4, 4
"""For each message; so 64 in flight on 16 connections, which the kernel spreads over the workers."""


def measure(plan: Plan) -> Figures:
    """Each number of workers in its turn."""
    runs: dict[int, list[tuple[Measured, list[Memory]]]] = {workers: [] for workers in WORKERS}
    for _ in range(plan.repeat):
        for workers, found in runs.items():
            found.append(run(workers, plan))
    one, two = ([measured.rps for measured, _ in runs[workers]] for workers in WORKERS)
    return {
        "two_over_one": round(median(b / a for a, b in zip(one, two, strict=True)), 3),
        "subjects": plan.sizes[1],
        "workers": [
            {
                "workers": workers,
                "check": middle([measured for measured, _ in found]).figures,
                "memory_of_each": [asdict(memory) for memory in found[-1][1]],
            }
            for workers, found in runs.items()
        ],
    }


def run(workers: int, plan: Plan) -> tuple[Measured, list[Memory]]:
    """Put a node with so many workers under load; then what each holds."""
    with clearway_server(registry_of(plan.sizes[1]), workers) as node:
        measured = put_under(Target.checks(node.address), Pressure(CONNECTIONS, STREAMS, plan.seconds))
        return measured, [memory_of(pid) for pid in workers_of(node.pid, node.port)]
