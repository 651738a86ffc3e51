"""Latencies as they are told: p50, p99 and p99.9 of a run; and the medians of repeated runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median, quantiles
from typing import Self


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of putting something under load: answers a second, their latencies in ms, and calls that failed."""

    rps: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    failed: int

    @classmethod
    def of(cls, latencies_ms: Sequence[float], seconds: float, failed: int = 0) -> Self:
        """From the latency of each call that was answered in so many seconds. Raises `ValueError` for less than two."""
        if len(latencies_ms) < 2:
            raise ValueError("too few calls were answered to say anything")
        cuts = quantiles(latencies_ms, n=1000, method="inclusive")
        return cls(len(latencies_ms) / seconds, cuts[499], cuts[989], cuts[998], failed)

    @property
    def figures(self) -> dict[str, float]:
        """Ready for JSON."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def middle(runs: Sequence[Measured]) -> Measured:
    """The median of every figure over repeated runs; failures are added up."""
    found = {field.name: median(getattr(run, field.name) for run in runs) for field in fields(Measured)}
    return Measured(**found | {"failed": sum(run.failed for run in runs)})
