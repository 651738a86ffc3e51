"""Patterns in the checks of a period that are worth a person's look. None is a wrong by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.querylog.patterns import MOST, Busy, OfficerHour, Walk
from clearway.querylog.reader import Log
from clearway.querylog.tallies import Scope
from clearway.registry.registry import Registry
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock
from clearway.server.registry_door import RegistryDoor
from clearway.server.reports.counting import Sources, cases_with_feedback, ending_of, timeliness
from clearway.server.reports.period import invalid, period_of
from clearway.server.reports.turn import Turn
from clearway.subjects.workdays import WorkingCalendar

WORK_BEGINS, WORK_ENDS = 7, 20
CASES_OF_ONE_SUBJECT, CHECKS_OUTSIDE_HOURS, CODES_AN_HOUR, CASES_WITHOUT_OUTCOME = 5, 10, 50, 20

Officer = tuple[str, str]
"""An authority's code and its officer."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When work is done: from `begins` to `ends` o'clock of working days, in the catalogue's zone."""

    begins: int
    ends: int
    is_workday: Callable[[date], bool]

    def outside(self, moment: datetime) -> bool:
        """Whether a moment of the catalogue's zone is outside of them."""
        return not (self.begins <= moment.hour < self.ends and self.is_workday(moment.date()))


class UnusualPatterns:
    """Finds patterns for auditors, who see every authority's checks."""

    def __init__(
        self, log: Log, door: RegistryDoor, catalogue: Catalogue, due: timedelta, clock: Clock, turn: Turn
    ) -> None:
        self._log = log
        self._door = door
        self._catalogue = catalogue
        self._due = due
        self._clock = clock
        self._turn = turn

    def methods(self) -> Methods:
        """What is offered of the audit service."""
        return (("ListUnusualPatterns", pb.ListUnusualPatternsRequest, self.list),)

    async def list(self, request: pb.ListUnusualPatternsRequest, call: Call) -> bytes:
        """The patterns of the period, by kind. Raises `Refusal` INVALID_REQUEST."""
        since, until = period_of(request.since, request.until)
        moment = self._clock()
        scope = Scope(since, until, request.authority, request.item_code, request.region_code)
        hours = hours_of(request, self._catalogue.calendar)

        def found(registry: Registry) -> pb.ListUnusualPatternsResponse:
            sources = Sources(self._log, registry, self._catalogue, self._due, moment)
            return pb.ListUnusualPatternsResponse(
                patterns=patterns(sources, scope, hours, request), erased_rows=self._log.erased(since, until)
            )

        return (await self._turn.take(lambda: self._door.read(found))).SerializeToString()


def patterns(
    sources: Sources, scope: Scope, hours: Hours, request: pb.ListUnusualPatternsRequest
) -> Iterator[pb.UnusualPattern]:
    """All of them, kind by kind."""
    checked = list(sources.log.officer_hours(scope))
    all_of = totals(checked)
    for busy in sources.log.busy(scope, request.cases_of_one_subject or CASES_OF_ONE_SUBJECT):
        yield same_subject(busy, all_of[busy.authority, busy.officer])
    yield from outside_hours(checked, hours, sources, request.checks_outside_hours or CHECKS_OUTSIDE_HOURS)
    for walk in sources.log.walks(scope, request.codes_an_hour or CODES_AN_HOUR):
        yield walk_over_codes(walk)
    yield from without_outcome(sources, scope, request.cases_without_outcome or CASES_WITHOUT_OUTCOME)


def totals(checked: Iterable[OfficerHour]) -> Counter[Officer]:
    """How many checks each officer made."""
    found: Counter[Officer] = Counter()
    for hour in checked:
        found[hour.authority, hour.officer] += hour.checks
    return found


def same_subject(busy: Busy, out_of: int) -> pb.UnusualPattern:
    """One subject under many cases."""
    return pb.UnusualPattern(
        kind=pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES,
        authority=busy.authority,
        officer=busy.officer,
        count=busy.cases,
        out_of=out_of,
        first_check_id=busy.first_check_id,
        subject=busy.subject,
    )


def outside_hours(
    checked: Iterable[OfficerHour], hours: Hours, sources: Sources, least: int
) -> Iterator[pb.UnusualPattern]:
    """Officers who checked at least so much outside working hours."""
    all_of = totals(checked)
    outside: Counter[Officer] = Counter()
    first: dict[Officer, str] = {}
    for hour in checked:
        if hours.outside(hour.hour.astimezone(sources.zone)):
            officer = hour.authority, hour.officer
            outside[officer] += hour.checks
            first[officer] = min(first.get(officer, hour.first_check_id), hour.first_check_id)
    for officer, count in largest(outside, least):
        yield pb.UnusualPattern(
            kind=pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS,
            authority=officer[0],
            officer=officer[1],
            count=count,
            out_of=all_of[officer],
            first_check_id=first[officer],
        )


def walk_over_codes(walk: Walk) -> pb.UnusualPattern:
    """Many codes within an hour."""
    pattern = pb.UnusualPattern(
        kind=pb.PATTERN_KIND_WALK_OVER_CODES,
        authority=walk.authority,
        caller=walk.caller,
        count=walk.codes,
        out_of=walk.checks,
        first_check_id=walk.first_check_id,
    )
    pattern.hour.FromDatetime(walk.hour)
    return pattern


def without_outcome(sources: Sources, scope: Scope, least: int) -> Iterator[pb.UnusualPattern]:
    """Officers with at least so many overdue cases, where they are at least half of theirs."""
    checked: Counter[Officer] = Counter()
    overdue: Counter[Officer] = Counter()
    first: dict[Officer, str] = {}
    for span, entries in cases_with_feedback(sources, scope):
        officer = span.authority, span.officer
        checked[officer] += 1
        if timeliness(span, ending_of(entries), sources.due, sources.moment) == pb.FIGURE_OVERDUE:
            overdue[officer] += 1
            first[officer] = min(first.get(officer, span.last_check_id), span.last_check_id)
    for officer, count in largest(overdue, least):
        if 2 * count >= checked[officer]:
            yield pb.UnusualPattern(
                kind=pb.PATTERN_KIND_WITHOUT_OUTCOME,
                authority=officer[0],
                officer=officer[1],
                count=count,
                out_of=checked[officer],
                first_check_id=first[officer],
            )


def largest(counted: Counter[Officer], least: int) -> list[tuple[Officer, int]]:
    """Those with at least so many, the largest first, at most as many as are given of a kind."""
    found = [(officer, count) for officer, count in counted.items() if count >= least]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:MOST]


def hours_of(request: pb.ListUnusualPatternsRequest, calendar: WorkingCalendar) -> Hours:
    """The working hours meant. Raises `Refusal` INVALID_REQUEST where they end before they begin."""
    begins, ends = (request.work_begins, request.work_ends) if request.work_ends else (WORK_BEGINS, WORK_ENDS)
    if begins >= ends:
        raise invalid("work_ends", "comes after `work_begins`")

    @lru_cache(maxsize=400)
    def is_workday(day: date) -> bool:
        # A term of one working day that begins the day before ends today, if today is one.
        return calendar.add(day - timedelta(days=1), 1).day == day

    return Hours(begins, ends, is_workday)
