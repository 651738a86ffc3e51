"""From where on a pattern counts as unusual: the numbers that are used where a question gives none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.server.reports.period import invalid

LEAST_SHARE = 0.5
"""Overdue cases of an officer are listed where they are at least this share of the officer's cases."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how many on each kind is listed, and between which hours of a working day work is done."""

    cases_of_one_subject: int = 5
    checks_outside_hours: int = 10
    codes_an_hour: int = 50
    cases_without_outcome: int = 20
    work_begins: int = 7
    work_ends: int = 20

    def least(self, kind: pb.PatternKind.ValueType) -> int:
        """From how many on a kind is listed."""
        found: int = getattr(self, FIELDS[kind])
        return found


FIELDS: Mapping[pb.PatternKind.ValueType, str] = {
    pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES: "cases_of_one_subject",
    pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS: "checks_outside_hours",
    pb.PATTERN_KIND_WALK_OVER_CODES: "codes_an_hour",
    pb.PATTERN_KIND_WITHOUT_OUTCOME: "cases_without_outcome",
}
"""Every kind, in the order in which they are given → the field that says from how many on it is listed."""


def thresholds_of(request: pb.ListUnusualPatternsRequest) -> Thresholds:
    """The numbers that a question means. Raises `Refusal` INVALID_REQUEST where work would end before it begins."""
    usual = Thresholds()
    given = {field: getattr(request, field) or getattr(usual, field) for field in FIELDS.values()}
    # Work may begin at 0 o'clock: its end alone says whether hours were given.
    hours = request if request.work_ends else usual
    if hours.work_begins >= hours.work_ends:
        raise invalid("work_ends", "comes after `work_begins`")
    return Thresholds(**given, work_begins=hours.work_begins, work_ends=hours.work_ends)
