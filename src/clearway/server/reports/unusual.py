"""Patterns in the checks of a period that are worth a person's look. None is a wrong by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.querylog.patterns import MOST, Busy, OfficerHour, Walk
from clearway.querylog.reader import Log
from clearway.querylog.tallies import Scope
from clearway.registry.registry import Registry
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock
from clearway.server.registry_door import RegistryDoor
from clearway.server.reports.counting import (
    COLUMNS,
    Question,
    Sources,
    cases_with_feedback,
    ending_of,
    question_of,
    timeliness,
)
from clearway.server.reports.kinds import OF_CHECKS
from clearway.server.reports.pattern_definitions import definitions_of
from clearway.server.reports.period import months
from clearway.server.reports.sheet import Place
from clearway.server.reports.thresholds import LEAST_SHARE, Thresholds, thresholds_of
from clearway.server.reports.turn import Turn
from clearway.subjects.workdays import WorkingCalendar

IsWorkday = Callable[[date], bool]


class Officer(NamedTuple):
    """An officer where patterns are looked for: at an authority, and in the item, region and month if divided by it."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class Hours:
    """When work is done: from `begins` to `ends` o'clock of working days, in the catalogue's zone."""

    begins: int
    ends: int
    is_workday: IsWorkday

    def outside(self, moment: datetime) -> bool:
        """Whether a moment of the catalogue's zone is outside of them."""
        return not (self.begins <= moment.hour < self.ends and self.is_workday(moment.date()))


class UnusualPatterns:
    """Finds patterns for auditors, who see every authority's checks."""

    def __init__(
        self,
        log: Log,
        door: RegistryDoor,
        catalogue: Catalogue,
        language: Language,
        due: timedelta,
        clock: Clock,
        turn: Turn,
    ) -> None:
        self._log = log
        self._door = door
        self._catalogue = catalogue
        self._language = language
        self._due = due
        self._clock = clock
        self._turn = turn

    def methods(self) -> Methods:
        """What is offered of the audit service."""
        return (("ListUnusualPatterns", pb.ListUnusualPatternsRequest, self.list),)

    async def list(self, request: pb.ListUnusualPatternsRequest, call: Call) -> bytes:
        """The patterns of the period, by kind. Raises `Refusal` INVALID_REQUEST."""
        question = question_of(request, OF_CHECKS, "patterns are not divided by that")
        thresholds, moment = thresholds_of(request), self._clock()
        scope = question.scope

        def found(registry: Registry) -> pb.ListUnusualPatternsResponse:
            sources = Sources(self._log, registry, self._catalogue, self._due, moment)
            given, cut = largest(patterns(sources, question, thresholds))
            return pb.ListUnusualPatternsResponse(
                patterns=given,
                erased_rows=self._log.erased(scope.since, scope.until),
                definitions=definitions_of(
                    thresholds, self._due, self._catalogue.zone.key, call.language(self._language), cut
                ),
            )

        return (await self._turn.take(lambda: self._door.read(found))).SerializeToString()


def patterns(sources: Sources, question: Question, thresholds: Thresholds) -> Iterator[pb.UnusualPattern]:
    """All of them, kind by kind within each month if divided by it."""
    scope = question.scope
    parts = (
        months(scope.since, scope.until, sources.zone)
        if "month" in question.dimensions
        else [("", scope.since, scope.until)]
    )
    is_workday = workdays_of(sources.catalogue.calendar)
    for month, since, until in parts:
        part = Part(sources, replace(scope, since=since, until=until), question.dimensions, month)
        yield from part.patterns(thresholds, Hours(thresholds.work_begins, thresholds.work_ends, is_workday))


@dataclass(frozen=True, slots=True)
class Part:
    """The checks among which patterns are looked for: those of `scope`, each place of `dimensions` by itself."""

    sources: Sources
    scope: Scope
    dimensions: frozenset[str]
    month: str

    def patterns(self, thresholds: Thresholds, hours: Hours) -> Iterator[pb.UnusualPattern]:
        """All of them, kind by kind."""
        log, by = self.sources.log, [COLUMNS[field] for field in COLUMNS if field in self.dimensions]
        checked = list(log.officer_hours(self.scope, by))
        all_of = self.totals(checked)
        for busy in log.busy(self.scope, thresholds.cases_of_one_subject, by):
            yield self.same_subject(busy, all_of[self.officer(busy)])
        yield from self.outside_hours(checked, all_of, hours, thresholds.checks_outside_hours)
        for walk in log.walks(self.scope, thresholds.codes_an_hour, by):
            yield self.walk_over_codes(walk)
        yield from self.without_outcome(thresholds.cases_without_outcome)

    def place(self, authority: str, item_code: str, region: str) -> Place:
        """Where something was found, in what patterns are divided by."""
        by = self.dimensions
        return Place(
            authority, item_code if "item_code" in by else "", region if "region_code" in by else "", self.month
        )

    def officer(self, found: Busy | OfficerHour) -> Officer:
        """Whose checks these are."""
        return Officer(self.place(found.authority, found.item_code, found.region), found.officer)

    def totals(self, checked: Iterable[OfficerHour]) -> Counter[Officer]:
        """How many checks each officer made."""
        found: Counter[Officer] = Counter()
        for hour in checked:
            found[self.officer(hour)] += hour.checks
        return found

    def same_subject(self, busy: Busy, out_of: int) -> pb.UnusualPattern:
        """One subject under many cases."""
        kind = pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES
        pattern = officer_pattern(self.officer(busy), kind, busy.cases, out_of, busy.first_check_id)
        pattern.subject = busy.subject
        return pattern

    def outside_hours(
        self, checked: Iterable[OfficerHour], all_of: Counter[Officer], hours: Hours, least: int
    ) -> Iterator[pb.UnusualPattern]:
        """Officers who checked at least so much outside working hours."""
        outside: Counter[Officer] = Counter()
        first: dict[Officer, str] = {}
        for hour in checked:
            if hours.outside(hour.hour.astimezone(self.sources.zone)):
                officer = self.officer(hour)
                outside[officer] += hour.checks
                first[officer] = min(first.get(officer, hour.first_check_id), hour.first_check_id)
        for officer, count in outside.items():
            if count >= least:
                kind = pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS
                yield officer_pattern(officer, kind, count, all_of[officer], first[officer])

    def walk_over_codes(self, walk: Walk) -> pb.UnusualPattern:
        """Many codes within an hour."""
        place = self.place(walk.authority, walk.item_code, walk.region)
        pattern = pattern_at(place, pb.PATTERN_KIND_WALK_OVER_CODES, walk.codes, walk.checks, walk.first_check_id)
        pattern.caller = walk.caller
        pattern.hour.FromDatetime(walk.hour)
        return pattern

    def without_outcome(self, least: int) -> Iterator[pb.UnusualPattern]:
        """Officers with at least so many overdue cases, where they are a large enough share of theirs."""
        checked: Counter[Officer] = Counter()
        overdue: Counter[Officer] = Counter()
        first: dict[Officer, str] = {}
        for span, entries in cases_with_feedback(self.sources, self.scope):
            officer = Officer(self.place(span.authority, span.item_code, span.region), span.officer)
            checked[officer] += 1
            timely = timeliness(span, ending_of(entries), self.sources.due, self.sources.moment)
            if timely == pb.FIGURE_OVERDUE:
                overdue[officer] += 1
                first[officer] = min(first.get(officer, span.last_check_id), span.last_check_id)
        for officer, count in overdue.items():
            if count >= max(least, LEAST_SHARE * checked[officer]):
                kind = pb.PATTERN_KIND_WITHOUT_OUTCOME
                yield officer_pattern(officer, kind, count, checked[officer], first[officer])


def officer_pattern(
    officer: Officer, kind: pb.PatternKind.ValueType, count: int, out_of: int, first_check_id: str
) -> pb.UnusualPattern:
    """A pattern of an officer's checks."""
    pattern = pattern_at(officer.place, kind, count, out_of, first_check_id)
    pattern.officer = officer.name
    return pattern


def pattern_at(
    place: Place, kind: pb.PatternKind.ValueType, count: int, out_of: int, first_check_id: str
) -> pb.UnusualPattern:
    """A pattern, where it was found."""
    return pb.UnusualPattern(
        kind=kind,
        authority=place.authority,
        item_code=place.item_code,
        region_code=place.region_code,
        month=place.month,
        count=count,
        out_of=out_of,
        first_check_id=first_check_id,
    )


def largest(
    found: Iterable[pb.UnusualPattern],
) -> tuple[list[pb.UnusualPattern], frozenset[pb.PatternKind.ValueType]]:
    """By kind, the largest first, at most `MOST` of each; and the kinds of which there were more."""
    ordered = sorted(
        found, key=lambda one: (one.kind, -one.count, one.authority, one.officer or one.caller, one.first_check_id)
    )
    given: Counter[pb.PatternKind.ValueType] = Counter()
    kept = []
    for pattern in ordered:
        given[pattern.kind] += 1
        if given[pattern.kind] <= MOST:
            kept.append(pattern)
    return kept, frozenset(kind for kind, count in given.items() if count > MOST)


def workdays_of(calendar: WorkingCalendar) -> IsWorkday:
    """Whether a day is one of the calendar's working days; each day is looked up once."""

    @lru_cache(maxsize=400)
    def is_workday(day: date) -> bool:
        # A term of one working day that begins the day before ends today, if today is one.
        return calendar.add(day - timedelta(days=1), 1).day == day

    return is_workday
