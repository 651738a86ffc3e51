"""The demonstration's past: what officers asked, reported and left undone in the weeks before it.

The parts of a worker take their clock as an argument; those made here get one that stands in the past, and enter what a
worker of those days would have entered. So there is something to report on, and something overdue, on the first day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import uuid_utils

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.group_commit import GroupCommit
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import RequestIds
from clearway.registry.synthetic import Character, code_of
from clearway.server.call import Call, Method
from clearway.server.checks import Checks
from clearway.server.databases import bounds_of, journal_of, let_go, open_log, open_registry
from clearway.server.deferrals import Deferrals
from clearway.server.freshness import Freshness
from clearway.server.identity.callers import LocalCallers
from clearway.server.interceptors.permission import Permission
from clearway.server.keys import load_keys, load_signer
from clearway.server.lookup import Lookup
from clearway.server.outcomes import Outcomes
from clearway.server.receipts import Receipts
from clearway.server.recording import Recording
from clearway.server.registry_door import RegistryDoor
from clearway.server.replays import Replays
from clearway.server.rights import within_by
from clearway.server.rounds import Rounds
from clearway.server.servicers import CHECK_SERVICE, DEFERRAL_SERVICE
from clearway.server.settings import Settings
from clearway.server.sources import ScheduledSources

LENGTH = timedelta(days=60)
"""How long before the demonstration its registry was loaded."""

WORKER = "demo-past"
FOOD, PRODUCTION, DRUGS = "FOOD-OPERATION", "FOOD-PRODUCTION", "DRUG-RETAIL"
LIN, ZHOU, NIGHT = "demo-officer-lin", "demo-officer-zhou", "demo-officer-night"
GRANTED, DENIED = pb.CASE_RESULT_GRANTED, pb.CASE_RESULT_REFUSED


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case ended: what the officer decided, so many days after the check, and when that was reported."""

    result: pb.CaseResult.ValueType
    decided: int
    reported: int
    departs: bool = False


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case that was checked so many days ago. Without an ending nobody has reported one."""

    ago: int
    who: Character
    officer: str
    ending: Ending | None = None
    item: str = FOOD
    deferred: bool = False


CASES = (
    PastCase(55, Character.TRUSTED, LIN, Ending(GRANTED, 2, 2)),
    PastCase(53, Character.SERIOUS, LIN, Ending(DENIED, 5, 6)),
    PastCase(50, Character.CLEAN, ZHOU, Ending(GRANTED, 3, 3), PRODUCTION),
    PastCase(48, Character.UNKNOWN, ZHOU, Ending(GRANTED, 4, 40)),
    PastCase(46, Character.TRUSTED_MODEL, LIN, deferred=True),
    PastCase(44, Character.EXPIRED, ZHOU, item=DRUGS),
    PastCase(43, Character.OBJECTING, ZHOU),
    PastCase(41, Character.BARRED, LIN, Ending(DENIED, 1, 1)),
    PastCase(33, Character.UNKNOWN, ZHOU, Ending(GRANTED, -2, 1), DRUGS),
    PastCase(20, Character.SERIOUS, LIN, Ending(GRANTED, 4, 5, departs=True), PRODUCTION),
    PastCase(12, Character.CLEAN, LIN, Ending(GRANTED, 6, 6)),
    PastCase(4, Character.EXPIRED, LIN, item=DRUGS),
)
"""In time, late, overdue, not due yet; checked before the decision and after it; a promise that was never kept."""

NIGHTS_AGO, AT_NIGHT, ASKED_AT_NIGHT = 9, 22, 12
"""Somebody asks about one subject late in the evening, under case after case: worth a person's look."""


def enter_past(settings: Settings, follower: Follower, today: datetime) -> int:
    """Enter the past before `today` into a data folder that no node serves yet; gives how many checks that were.

    The registry must have been loaded `LENGTH` before; `follower` keeps its index, which is built here.
    """
    asyncio.run(_entered(settings, follower, today))
    return len(CASES) + ASKED_AT_NIGHT


async def _entered(settings: Settings, follower: Follower, today: datetime) -> None:
    catalogue = load_catalogue(settings.catalogue)
    follower.step((today - LENGTH).timestamp())
    async with _past(settings, catalogue, today - LENGTH) as past:
        steps = [*_cases(past, today), *_night(past, today.astimezone(catalogue.zone))]
        for moment, step in sorted(steps, key=lambda found: found[0]):
            past.now = moment
            # As fresh then as a node's own would have been.
            follower.step(moment.timestamp())
            await step()


Step = Callable[[], Awaitable[object]]


def _cases(past: Past, today: datetime) -> Iterator[tuple[datetime, Step]]:
    """When each case was checked, committed in, and reported."""
    for number, case in enumerate(CASES, start=1):
        name, asked = f"DEMO-PAST-{number:02d}", today - timedelta(days=case.ago)
        yield asked, partial(past.check, name, case.who, case.item, case.officer, whole=not case.deferred)
        if case.deferred:
            yield asked + timedelta(seconds=1), partial(past.commit, name, case.officer)
        if case.ending is not None:
            reported = asked + timedelta(days=case.ending.reported)
            decided = asked + timedelta(days=case.ending.decided)
            yield reported, partial(past.report, name, case.officer, case.ending, decided)


def _night(past: Past, today: datetime) -> Iterator[tuple[datetime, Step]]:
    """The evening's checks."""
    evening = (today.replace(hour=AT_NIGHT, minute=0, second=0) - timedelta(days=NIGHTS_AGO)).astimezone(UTC)
    for number in range(ASKED_AT_NIGHT):
        name = f"DEMO-NIGHT-{number + 1:02d}"
        yield evening + timedelta(minutes=4 * number), partial(past.check, name, Character.DEFAULTER, FOOD, NIGHT)


class Past:
    """A worker's parts, whose clock stands at `now`."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        index: IndexReader,
        journal: GroupCommit,
        log: Log,
        door: RegistryDoor,
        now: datetime,
    ) -> None:
        self.now = now
        language, lookup = Language(settings.language), Lookup(load_keys(settings), settings.max_index_age)
        receipts, sources = Receipts(load_signer(settings)), ScheduledSources(())
        self._catalogue = catalogue
        self._callers = LocalCallers(settings.authority, catalogue, within_by(catalogue, self.clock))
        self._checks = Checks(
            catalogue=catalogue,
            lookup=lookup,
            rounds=Rounds(index, journal),
            journal=journal,
            recording=Recording(catalogue, WORKER),
            replays=Replays(RequestIds(), log, timedelta(seconds=settings.retry_window), self.clock),
            freshness=Freshness(index),
            language=language,
            clock=self.clock,
            new_id=self._new_id,
            sources=sources,
            receipts=receipts,
        )
        self._deferrals = Deferrals(log, door, index, lookup, catalogue, language, self.clock, sources)
        self._outcomes = Outcomes(log, door, self.clock)
        self._answers: dict[str, pb.CheckSubjectResponse] = {}

    def clock(self) -> datetime:
        """Where it stands."""
        return self.now

    async def check(self, case: str, who: Character, item: str, officer: str, whole: bool = True) -> None:
        """Ask about a subject in a case; `whole`: with every material, and else with the essential ones."""
        known = self._catalogue.item(item)
        if known is None:
            raise LookupError(item)
        materials = [*known.essential_materials, *(known.deferrable_materials if whole else ())]
        request = pb.CheckSubjectRequest(
            item_code=item,
            application_kind=pb.APPLICATION_KIND_NEW,
            case_number=case,
            officer=officer,
            supplied_materials=[material.code for material in materials],
        )
        request.subject.identifier.scheme = "cn-uscc"
        request.subject.identifier.value = code_of(who)
        call = await self._call(CHECK_SERVICE, "CheckSubject", request, is_check=True)
        self._answers[case] = pb.CheckSubjectResponse.FromString(await self._checks.check(request, call))

    async def commit(self, case: str, officer: str) -> None:
        """Take the commitment and hand the notice over; what it promises never comes."""
        acting = {"check_id": self._answers[case].check_id, "officer": officer}
        commitment = deferral_pb.CommitRequest(**acting, signatory="法定代表人", commitment_reference=f"{case}-1")
        await self._deferrals.commit(commitment, await self._call(DEFERRAL_SERVICE, "Commit", commitment))
        notice = deferral_pb.IssueNoticeRequest(**acting)
        await self._deferrals.issue_notice(notice, await self._call(DEFERRAL_SERVICE, "IssueNotice", notice))

    async def report(self, case: str, officer: str, ending: Ending, decided: datetime) -> None:
        """Report how the case ended, and what became of each measure."""
        answer = self._answers[case]
        request = pb.ReportOutcomeRequest(
            check_id=answer.check_id,
            report_id=f"{answer.check_id}/1",
            officer=officer,
            case_result=ending.result,
            measures=[measure_outcome(reason, ending.departs) for reason in answer.decision.restrictions],
        )
        request.decided_at.FromDatetime(decided)
        await self._outcomes.report(request, await self._call(CHECK_SERVICE, "ReportOutcome", request))

    def _new_id(self) -> str:
        return str(uuid_utils.uuid7(nanoseconds=int(self.now.timestamp() * 1_000_000) * 1000))

    async def _call(self, service: str, name: str, request: Any, *, is_check: bool = False) -> Call:
        """A call as the node's own machine makes it, after the interceptors."""
        # Nothing asked here looks at the connection: there is none.
        context = cast(Any, None)
        method = Method(f"/{service}/{name}", type(request), is_check)
        call = Call(method, request.SerializeToString(), context, await self._callers.of("", context), request)
        Permission()(call)
        return call


def measure_outcome(reason: decision_pb2.Reason, departs: bool) -> pb.MeasureOutcome:
    """What became of a measure: it was applied, or with a reason was not."""
    report = pb.MeasureOutcome(measure=reason.measure, listing_id=reason.listing_id, result=pb.MEASURE_RESULT_APPLIED)
    if departs:
        report.result = pb.MEASURE_RESULT_MODIFIED
        report.reason = pb.DEPARTURE_REASON_CONDITIONS_NOT_MET
        report.reason_text = "Reviewed on paper: the premises had been inspected the week before."
    return report


@asynccontextmanager
async def _past(settings: Settings, catalogue: Catalogue, now: datetime) -> Any:
    """The parts, on what they read and write."""
    keys, journal = load_keys(settings), GroupCommit(journal_of(settings, WORKER), bounds_of(settings))
    index = IndexReader(IndexLayout(settings.data_dir), keys.ids)
    door = RegistryDoor(lambda: open_registry(settings, keys, now))
    with let_go(open_log(settings)) as central:
        try:
            yield Past(settings, catalogue, index, journal, Log(central, settings.data_dir / "journal"), door, now)
        finally:
            await journal.close()
            door.close()
            index.close()
