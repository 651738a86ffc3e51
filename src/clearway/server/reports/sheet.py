"""A report's sheet: what was counted, by place, and the figures that follow from it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple, TypeAlias

from clearway.gen.v1 import audit_reports_pb2 as pb

Figure: TypeAlias = pb.Figure.ValueType


class Place(NamedTuple):
    """Where something is counted: its place in each dimension; empty in those that the report is not divided by."""

    authority: str = ""
    item_code: str = ""
    region_code: str = ""
    month: str = ""
    reason: str = ""
    regime: str = ""


FIELDS: Mapping[pb.Dimension.ValueType, str] = {
    pb.DIMENSION_AUTHORITY: "authority",
    pb.DIMENSION_ITEM: "item_code",
    pb.DIMENSION_REGION: "region_code",
    pb.DIMENSION_MONTH: "month",
    pb.DIMENSION_REASON: "reason",
    pb.DIMENSION_REGIME: "regime",
}
"""Dimension → the field of a place, and of a group on the wire."""

SHARES: Mapping[Figure, tuple[Figure, tuple[Figure, ...]]] = {
    pb.FIGURE_COVERAGE_SHARE: (pb.FIGURE_CHECKED_BEFORE, (pb.FIGURE_DECIDED_CASES,)),
    pb.FIGURE_FEEDBACK_SHARE: (
        pb.FIGURE_REPORTED_IN_TIME,
        (pb.FIGURE_REPORTED_IN_TIME, pb.FIGURE_REPORTED_LATE, pb.FIGURE_OVERDUE),
    ),
}
"""Share → what is divided, and by the sum of what."""

QUANTILES: Mapping[Figure, tuple[Figure, float, float]] = {
    pb.FIGURE_DAYS_TO_RESOLVE: (pb.FIGURE_DAYS_TO_RESOLVE, 0.5, 86_400.0),
    pb.FIGURE_LATENCY_P50_MS: (pb.FIGURE_LATENCY_P50_MS, 0.5, 1000.0),
    pb.FIGURE_LATENCY_P99_MS: (pb.FIGURE_LATENCY_P50_MS, 0.99, 1000.0),
    pb.FIGURE_INDEX_AGE_P99_S: (pb.FIGURE_INDEX_AGE_P99_S, 0.99, 1000.0),
}
"""Quantile → under which figure its values are gathered, which part of them, and what they are divided by."""


class Tally:
    """What was counted and measured in one place."""

    def __init__(self) -> None:
        self.counts: Counter[Figure] = Counter()
        self.measures: dict[Figure, Counter[int]] = {}

    def count(self, figure: Figure, times: int = 1) -> None:
        """So many more of a figure."""
        self.counts[figure] += times

    def measure(self, figure: Figure, value: int, times: int = 1) -> None:
        """A value, found so many times."""
        self.measures.setdefault(figure, Counter())[value] += times

    def add(self, other: Tally) -> None:
        """All that was counted and measured there too."""
        self.counts.update(other.counts)
        for figure, values in other.measures.items():
            self.measures.setdefault(figure, Counter()).update(values)

    def value(self, figure: Figure) -> float | None:
        """A figure's value; None where there is nothing to divide by or measured."""
        if figure in SHARES:
            part, whole = SHARES[figure]
            divisor = sum(self.counts[one] for one in whole)
            return self.counts[part] / divisor if divisor else None
        if figure in QUANTILES:
            gathered, share, unit = QUANTILES[figure]
            found = quantile(self.measures.get(gathered, {}), share)
            return None if found is None else found / unit
        return self.counts[figure]


class Sheet:
    """Tallies by place, in the dimensions that a report is divided by."""

    def __init__(self, dimensions: Collection[str]) -> None:
        """`dimensions` are fields of `Place`."""
        self._elsewhere = {field: "" for field in Place._fields if field not in dimensions}
        self.groups: dict[Place, Tally] = {}

    def at(self, place: Place) -> Tally:
        """The tally of the group that has this place."""
        return self.groups.setdefault(place._replace(**self._elsewhere), Tally())

    def total(self) -> Tally:
        """Everything together."""
        return together(self.groups.values())

    def fold(self, size: Figure, below: int) -> Tally | None:
        """Take the groups with less than `below` of the figure `size` out, and give them together; None if none is.

        Where together they are still below it, the next smallest group goes with them: otherwise what they are could be
        told from the total.
        """
        ascending = sorted(self.groups, key=lambda place: (self.groups[place].counts[size], place))
        taken: list[Tally] = []
        for place in ascending:
            held = sum(tally.counts[size] for tally in taken)
            if self.groups[place].counts[size] >= below and (not taken or held >= below):
                break
            taken.append(self.groups.pop(place))
        return together(taken) if taken else None


def together(tallies: Collection[Tally]) -> Tally:
    """The sum of some tallies."""
    found = Tally()
    for tally in tallies:
        found.add(tally)
    return found


def quantile(values: Mapping[int, int], share: float) -> int | None:
    """The least value that at least this share of all is not above; None of nothing. `values`: value → how often."""
    left = share * sum(values.values())
    for value in sorted(values):
        left -= values[value]
        if left <= 1e-9:
            return value
    return None
