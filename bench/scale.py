"""From ten thousand subjects to ten million: throughput, memory of a worker, and how soon a node serves.

Checks of subjects from all over the registry, so that look-ups go everywhere in the index; hence ghz, which can send
another message each time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench.checks import spread
from bench.latency import Measured, middle
from bench.plan import Plan
from bench.processes import INDEX_FILE, Memory, memory_of, workers_of
from bench.registries import registry_of
from bench.results import Figures
from bench.sampling import sample
from bench.servers import clearway_server

IN_FLIGHT = 64
MESSAGES = 50_000
WARM_UP = 2
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Run:
    """One start of a node, and what it did then."""

    measured: Measured
    memory: Memory
    started: float
    first_check: float


def measure(plan: Plan) -> Figures:
    """Every size in its turn, again and again; each time the node starts anew on an index that is built."""
    runs: dict[int, list[Run]] = defaultdict(list)
    for size in plan.sizes:
        registry_of(size)
    for _ in range(plan.repeat):
        for size in plan.sizes:
            runs[size].append(run(size, plan.seconds))
    rows = [row(size, runs[size]) for size in plan.sizes]
    small, large = ([run.measured.rps for run in runs[size]] for size in (plan.sizes[0], plan.sizes[-1]))
    return {
        "ten_million_over_ten_thousand": round(median(b / a for a, b in zip(small, large, strict=True)), 3),
        "private_mb_per_worker": rows[-1]["memory"]["private"],
        "start_seconds": rows[-1]["start_seconds"],
        "sizes": rows,
    }


def run(size: int, seconds: int) -> Run:
    """Start a node, warm it up, put it under load, and look at its worker's memory."""
    in_page_cache(registry_of(size))
    with clearway_server(registry_of(size)) as node:
        sample(node.address, spread(MESSAGES, size, seed=2), in_flight=IN_FLIGHT, seconds=WARM_UP)
        seen = sample(node.address, spread(MESSAGES, size), in_flight=IN_FLIGHT, seconds=seconds)
        memory = memory_of(workers_of(node.pid, node.port)[0])
        return Run(seen.answered, memory, node.started, node.first_check)


def in_page_cache(folder: Path) -> None:
    """Read the index once, as a node that has served for a while has: what a cold disk costs is another question."""
    for file in (folder / "index").glob(f"*{INDEX_FILE}"):
        with file.open("rb", buffering=0) as index:
            while index.read(PIECE):
                pass


def row(size: int, runs: list[Run]) -> Figures:
    """The medians of one size."""
    memory = {name: median(asdict(run.memory)[name] for run in runs) for name in asdict(runs[0].memory)}
    return {
        "subjects": size,
        "check": middle([run.measured for run in runs]).figures,
        "memory": memory,
        "start_seconds": round(median(run.started for run in runs), 2),
        "first_check_seconds": round(median(run.first_check for run in runs), 2),
    }
