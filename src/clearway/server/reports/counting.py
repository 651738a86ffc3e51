"""What each report counts, where, from the log and the record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.querylog.case_spans import CaseSpan
from clearway.querylog.cases import chunks
from clearway.querylog.reader import Log
from clearway.querylog.tallies import Scope, band_end
from clearway.registry.cases import outcome
from clearway.registry.cases.events import CaseClosed, CaseEntry, MeasureReport
from clearway.registry.events import Resolution
from clearway.registry.objections import ObjectionFate
from clearway.registry.registry import Registry
from clearway.server.outcomes import OF_RESTRICTIONS
from clearway.server.reports.period import invalid, month_of, months, period_of
from clearway.server.reports.sheet import FIELDS, Place, Sheet, Tally

AT_ONCE = 500
"""Cases asked for together."""

Feedback = tuple[CaseEntry, ...]

RESOLVED: Mapping[Resolution | None, pb.Figure.ValueType] = {
    Resolution.UPHELD: pb.FIGURE_OBJECTIONS_UPHELD,
    Resolution.CORRECTED: pb.FIGURE_OBJECTIONS_CORRECTED,
    Resolution.REJECTED: pb.FIGURE_OBJECTIONS_REJECTED,
    Resolution.WITHDRAWN: pb.FIGURE_OBJECTIONS_WITHDRAWN,
    None: pb.FIGURE_OBJECTIONS_PENDING,
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What reports are counted from, as of `moment`; `due` is how long after a check its outcome is to be reported."""

    log: Log
    registry: Registry
    catalogue: Catalogue
    due: timedelta
    moment: datetime

    @property
    def zone(self) -> tzinfo:
        """The zone of months and days."""
        return self.catalogue.zone


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be counted: in which scope, divided by which fields of `Place`."""

    scope: Scope
    dimensions: frozenset[str]


def question_of(
    request: pb.ReportFiguresRequest | pb.ListUnusualPatternsRequest,
    dimensions: Collection[pb.Dimension.ValueType],
    undivided: str,
) -> Question:
    """What is asked to be counted. Raises `Refusal` INVALID_REQUEST; `undivided` says of a dimension it is none of."""
    for place, dimension in enumerate(request.group_by):
        if dimension not in dimensions:
            raise invalid(f"group_by[{place}]", undivided)
    since, until = period_of(request.since, request.until)
    scope = Scope(since, until, request.authority, request.item_code, request.region_code)
    return Question(scope, frozenset(FIELDS[dimension] for dimension in request.group_by))


Count = Callable[[Sources, Question, Sheet], None]
"""Enters what a report counts into its sheet."""


# Of cases


def coverage(sources: Sources, question: Question, sheet: Sheet) -> None:
    """Decided cases, and whether they were checked before."""
    late: list[tuple[CaseSpan, datetime]] = []
    for span, entries in cases_with_feedback(sources, question.scope):
        closed = ending_of(entries)
        if closed is None or not isinstance(closed.event, CaseClosed):
            continue
        tally = sheet.at(place_of(span, sources.zone))
        tally.count(pb.FIGURE_DECIDED_CASES)
        if span.first_at <= closed.event.decided_at:
            tally.count(pb.FIGURE_CHECKED_BEFORE)
        else:
            late.append((span, closed.event.decided_at))
    # Their first check may lie before the period.
    for authority, some in groupby(sorted(late, key=lambda pair: pair[0].case), key=lambda pair: pair[0].authority):
        for chunk in chunks(some, AT_ONCE):
            checks = sources.log.of_cases(authority, [span.case_number for span, _ in chunk])
            for span, decided_at in chunk:
                fitting = (c for c in checks[span.case_number] if question.scope.item_code in ("", c.item_code))
                before = any(check.decided_at <= decided_at for check in fitting)
                figure = pb.FIGURE_CHECKED_BEFORE if before else pb.FIGURE_CHECKED_AFTER
                sheet.at(place_of(span, sources.zone)).count(figure)


def feedback(sources: Sources, question: Question, sheet: Sheet) -> None:
    """Checked cases, and whether their end was reported, in time."""
    for span, entries in cases_with_feedback(sources, question.scope):
        tally = sheet.at(place_of(span, sources.zone))
        tally.count(pb.FIGURE_CHECKED_CASES)
        tally.count(timeliness(span, ending_of(entries), sources.due, sources.moment))


def timeliness(span: CaseSpan, closed: CaseEntry | None, due: timedelta, moment: datetime) -> pb.Figure.ValueType:
    """Whether a case's end was reported, in time, late, or not, and then whether it is due."""
    last = span.last_at + due
    if closed is not None:
        return pb.FIGURE_REPORTED_IN_TIME if closed.recorded_at <= last else pb.FIGURE_REPORTED_LATE
    return pb.FIGURE_NOT_DUE if moment <= last else pb.FIGURE_OVERDUE


def departures(sources: Sources, question: Question, sheet: Sheet) -> None:
    """Restrictions of which it was reported what became of them, and departures from the mandatory ones."""
    for span, entries in cases_with_feedback(sources, question.scope):
        for report in outcome.fold(entries).reported.values():
            if report.result in OF_RESTRICTIONS:
                tally = sheet.at(place_of(span, sources.zone)._replace(reason=why(report)))
                tally.count(pb.FIGURE_REPORTED_RESTRICTIONS)
                tally.count(pb.FIGURE_DEPARTURES, report.departs)


def why(report: MeasureReport) -> str:
    """The reason of a departure, such as `WRONG_SUBJECT`; empty where there was none."""
    return report.reason.name if report.departs and report.reason is not None else ""


def cases_with_feedback(sources: Sources, scope: Scope) -> Iterator[tuple[CaseSpan, Feedback]]:
    """The checked cases of the scope, and what was reported of each."""
    for some in chunks(sources.log.case_spans(scope), AT_ONCE):
        by_authority: dict[str, list[CaseSpan]] = {}
        for span in some:
            by_authority.setdefault(span.authority, []).append(span)
        for authority, spans in by_authority.items():
            found = sources.registry.cases.feedback(authority, [span.case_number for span in spans])
            yield from ((span, found.get(span.case_number, ())) for span in spans)


def ending_of(entries: Feedback) -> CaseEntry | None:
    """The event that ended the case; None where nothing did."""
    return next((entry for entry in entries if isinstance(entry.event, CaseClosed)), None)


def place_of(span: CaseSpan, zone: tzinfo) -> Place:
    """Where a case is counted: by its last check."""
    return Place(span.authority, span.item_code, span.region, month_of(span.last_at, zone))


# Of checks

COLUMNS = {"authority": "authority", "item_code": "item_code", "region_code": "region"}
"""Field of a place → the log's column."""


def refusals(sources: Sources, question: Question, sheet: Sheet) -> None:
    """Checks, and those of them that were refused."""
    for place, (reason,), count in tallied(sources, question, "error_reason"):
        tally = sheet.at(place._replace(reason=str(reason).removeprefix("ERROR_REASON_")))
        tally.count(pb.FIGURE_CHECKS, count)
        tally.count(pb.FIGURE_REFUSED, count if reason else 0)


def latency(sources: Sources, question: Question, sheet: Sheet) -> None:
    """How long answered checks took, and how old their index was."""
    for place, (standing, band), count in tallied(sources, question, "standing", "elapsed_us", measured=True):
        tally = sheet.at(place)
        tally.count(pb.FIGURE_MEASURED_CHECKS, count)
        tally.count(pb.FIGURE_STALE_ANSWERS, count if standing == "STANDING_UNKNOWN" else 0)
        tally.measure(pb.FIGURE_LATENCY_P50_MS, band_end(int(band)), count)
    for place, (band,), count in tallied(sources, question, "index_age_ms", measured=True):
        sheet.at(place).measure(pb.FIGURE_INDEX_AGE_P99_S, band_end(int(band)), count)


def tallied(
    sources: Sources, question: Question, *columns: str, measured: bool = False
) -> Iterator[tuple[Place, tuple[str | int, ...], int]]:
    """How many checks there are of each value of the columns, in each place."""
    fields = [field for field in COLUMNS if field in question.dimensions]
    names = [COLUMNS[field] for field in fields]
    scope = question.scope
    parts = (
        months(scope.since, scope.until, sources.zone)
        if "month" in question.dimensions
        else [("", scope.since, scope.until)]
    )
    for month, since, until in parts:
        part = Scope(since, until, scope.authority, scope.item_code, scope.region, measured=measured)
        for key, count in sources.log.tally(part, (*names, *columns)).items():
            place = Place(month=month)._replace(**dict(zip(fields, map(str, key), strict=False)))
            yield place, key[len(fields) :], count


# Of objections


def objections(sources: Sources, question: Question, sheet: Sheet) -> None:
    """Objections opened, and their fate.

    An objection is to a listing, and has neither an item nor a region of its own: it is of a region where the
    authority that designated the listing is of it, and of an item where the listing's regime names the item.
    """
    scope, catalogue = question.scope, sources.catalogue
    regimes = catalogue.naming_regimes(scope.item_code)
    for fate in sources.registry.objections(scope.since, scope.until):
        authority = designating_authority(fate, catalogue)
        region = region_of(authority, catalogue)
        if (
            scope.authority in ("", authority)
            and scope.region in ("", region)
            and (not scope.item_code or fate.regime in regimes)
        ):
            month = month_of(fate.opened_at, sources.zone)
            place = Place(authority, "", region, month, fate.grounds.name, fate.regime)
            count_objection(fate, sheet.at(place))


def count_objection(fate: ObjectionFate, tally: Tally) -> None:
    """One objection."""
    tally.count(pb.FIGURE_OBJECTIONS_OPENED)
    tally.count(RESOLVED[fate.resolution])
    if fate.resolved_at is not None:
        seconds = int((fate.resolved_at - fate.opened_at).total_seconds())
        tally.measure(pb.FIGURE_DAYS_TO_RESOLVE, max(0, seconds))


def designating_authority(fate: ObjectionFate, catalogue: Catalogue) -> str:
    """The authority that designated the listing: its own, or that of its regime."""
    regime = catalogue.regime(fate.regime)
    return fate.designating_authority or (regime.designating_authority if regime else "")


def region_of(authority: str, catalogue: Catalogue) -> str:
    """The region where an authority's powers end; empty where that is the country, or it is not known."""
    found = catalogue.find_authority(authority)
    return (found.region if found else None) or ""
