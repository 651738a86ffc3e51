"""A batch of a hundred checks beside a hundred calls: checks a second, and how long one lot takes."""

from __future__ import annotations

from statistics import median

from bench.checks import LARGEST_BATCH, SERVICE, batch
from bench.latency import middle
from bench.load import Pressure, Target, put_under
from bench.plan import Plan
from bench.registries import registry_of
from bench.results import Figures
from bench.servers import clearway_server

ALONE, BUSY = 1, 4


def measure(plan: Plan) -> Figures:
    """A hundred calls in flight; one batch at a time; four batches at a time; turn about."""
    with clearway_server(registry_of(plan.subjects)) as node:
        calls = Target.checks(node.address)
        batches = Target.method(node.address, f"{SERVICE}/BatchCheckSubjects", [batch()])
        hundred = Pressure(1, LARGEST_BATCH // len(calls.messages), plan.seconds)
        runs = [
            (
                put_under(calls, hundred),
                put_under(batches, Pressure(1, ALONE, plan.seconds)),
                put_under(batches, Pressure(1, BUSY, plan.seconds)),
            )
            for _ in range(plan.repeat)
        ]
    single, alone, busy = (middle(each) for each in zip(*runs, strict=True))
    return {
        "calls": single.figures,
        "hundred_calls_ms": round(LARGEST_BATCH / single.rps * 1000, 1),
        "one_batch_at_a_time": alone.figures,
        "four_batches_at_a_time": busy.figures,
        "checks_per_second_in_batches": round(busy.rps * LARGEST_BATCH),
        "batch_over_calls": round(median(b.rps * LARGEST_BATCH / a.rps for a, _, b in runs), 3),
    }
