"""反馈: what became of a case's answers, as its reports add up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clearway.registry.cases.events import (
    CaseClosed,
    CaseEntry,
    CaseResult,
    MeasureReport,
    MeasureResult,
    OutcomeReported,
)

Reason = tuple[str, str]
"""A measure's or incentive's code and the listing it rests on (empty: a clean record)."""

TOOK_EFFECT = (MeasureResult.APPLIED, MeasureResult.MODIFIED)
"""What a restriction did to the applicant, as advised or otherwise."""


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What was reported of each answer's reasons, the latest report of a reason counting, and how the case ended."""

    reported: dict[tuple[str, Reason], MeasureReport]
    result: CaseResult | None = None

    def of_check(self, check_id: str) -> dict[Reason, MeasureReport]:
        """What was reported of one answer."""
        return {reason: report for (check, reason), report in self.reported.items() if check == check_id}


def fold(entries: Iterable[CaseEntry]) -> CaseOutcome:
    """What the recorded events of one case, in order, say of its outcome."""
    reported: dict[tuple[str, Reason], MeasureReport] = {}
    result: CaseResult | None = None
    for entry in entries:
        if isinstance(entry.event, OutcomeReported):
            for report in entry.event.measures:
                reported[entry.check_id, (report.measure, report.listing_id)] = report
        elif isinstance(entry.event, CaseClosed):
            result = entry.event.result
    return CaseOutcome(reported, result)


def report_named(entries: Sequence[CaseEntry], report_id: str) -> int | None:
    """Where among the entries the report of this id stands; None where it does not."""
    for place, entry in enumerate(entries):
        if isinstance(entry.event, OutcomeReported) and entry.event.report_id == report_id:
            return place
    return None


def departures(event: OutcomeReported) -> int:
    """How many mandatory measures a report departs from."""
    return sum(report.departs for report in event.measures)


def measures_in_effect(entries: Iterable[CaseEntry]) -> dict[str, tuple[str, ...]]:
    """Check id → the codes of restrictions that were reported as applied, as advised or otherwise, each once."""
    found: dict[str, dict[str, None]] = {}
    for (check_id, (measure, _)), report in fold(entries).reported.items():
        if report.result in TOOK_EFFECT:
            found.setdefault(check_id, {})[measure] = None
    return {check_id: tuple(measures) for check_id, measures in found.items()}
