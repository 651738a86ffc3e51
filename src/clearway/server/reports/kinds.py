"""The kinds of reports: what each counts, by which dimensions it can be divided, and the figures that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.server.reports import counting

OF_CHECKS = (pb.DIMENSION_AUTHORITY, pb.DIMENSION_ITEM, pb.DIMENSION_REGION, pb.DIMENSION_MONTH)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of report. The first figure says how large a group is."""

    count: counting.Count
    dimensions: tuple[pb.Dimension.ValueType, ...]
    figures: tuple[pb.Figure.ValueType, ...]

    @property
    def of_checks(self) -> bool:
        """Whether it counts rows of the log, some of which may have been erased."""
        return pb.DIMENSION_ITEM in self.dimensions


KINDS: Mapping[pb.ReportKind.ValueType, Kind] = {
    pb.REPORT_KIND_COVERAGE: Kind(
        counting.coverage,
        OF_CHECKS,
        (
            pb.FIGURE_DECIDED_CASES,
            pb.FIGURE_CHECKED_BEFORE,
            pb.FIGURE_CHECKED_AFTER,
            pb.FIGURE_COVERAGE_SHARE,
        ),
    ),
    pb.REPORT_KIND_FEEDBACK: Kind(
        counting.feedback,
        OF_CHECKS,
        (
            pb.FIGURE_CHECKED_CASES,
            pb.FIGURE_REPORTED_IN_TIME,
            pb.FIGURE_REPORTED_LATE,
            pb.FIGURE_NOT_DUE,
            pb.FIGURE_OVERDUE,
            pb.FIGURE_FEEDBACK_SHARE,
        ),
    ),
    pb.REPORT_KIND_DEPARTURES: Kind(
        counting.departures,
        (*OF_CHECKS, pb.DIMENSION_REASON),
        (pb.FIGURE_REPORTED_RESTRICTIONS, pb.FIGURE_DEPARTURES),
    ),
    pb.REPORT_KIND_REFUSALS: Kind(
        counting.refusals,
        (*OF_CHECKS, pb.DIMENSION_REASON),
        (pb.FIGURE_CHECKS, pb.FIGURE_REFUSED),
    ),
    pb.REPORT_KIND_OBJECTIONS: Kind(
        counting.objections,
        # Not by item: a listing bears on as many as its regime does, so that counts would not add up to the total.
        (
            pb.DIMENSION_AUTHORITY,
            pb.DIMENSION_REGION,
            pb.DIMENSION_REGIME,
            pb.DIMENSION_MONTH,
            pb.DIMENSION_REASON,
        ),
        (
            pb.FIGURE_OBJECTIONS_OPENED,
            pb.FIGURE_OBJECTIONS_UPHELD,
            pb.FIGURE_OBJECTIONS_CORRECTED,
            pb.FIGURE_OBJECTIONS_REJECTED,
            pb.FIGURE_OBJECTIONS_WITHDRAWN,
            pb.FIGURE_OBJECTIONS_PENDING,
            pb.FIGURE_DAYS_TO_RESOLVE,
        ),
    ),
    pb.REPORT_KIND_LATENCY: Kind(
        counting.latency,
        OF_CHECKS,
        (
            pb.FIGURE_MEASURED_CHECKS,
            pb.FIGURE_LATENCY_P50_MS,
            pb.FIGURE_LATENCY_P99_MS,
            pb.FIGURE_INDEX_AGE_P99_S,
            pb.FIGURE_STALE_ANSWERS,
        ),
    ),
}
