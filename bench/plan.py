"""How long is measured, how often, and on how many subjects: the whole, or a quick look at whether everything runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """`repeat` runs of `seconds` each for every figure; `sizes` ascend, and the last is the one to be served."""

    repeat: int = 3
    seconds: int = 4
    subjects: int = 100_000
    sizes: tuple[int, ...] = (10_000, 1_000_000, 10_000_000)
    commits: int = 200
    imported: int = 1_000_000


WHOLE = Plan()
QUICK = Plan(repeat=1, seconds=2, subjects=10_000, sizes=(10_000, 20_000, 100_000), commits=20, imported=20_000)
"""Minutes become seconds. What it finds is not kept: it says that the parts run, not how fast Clearway is."""
