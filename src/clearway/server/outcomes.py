"""反馈: what became of an answer, held to the answer it is about. Free of transport."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.registry.cases import acts, outcome
from clearway.registry.cases.events import (
    Case,
    CaseClosed,
    CaseEntry,
    CaseResult,
    DepartureReason,
    MeasureReport,
    MeasureResult,
    OutcomeReported,
)
from clearway.registry.cases.outcome import Reason, departures, report_named
from clearway.registry.registry import Registry
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock
from clearway.server.errors import Refusal, Violation
from clearway.server.moments import moment_in
from clearway.server.offers import recorded_check
from clearway.server.recording import digest_of_bytes
from clearway.server.registry_door import RegistryDoor

RESULTS: Mapping[pb.MeasureResult.ValueType, MeasureResult] = {
    pb.MeasureResult.Value(f"MEASURE_RESULT_{result.name}"): result for result in MeasureResult
}
REASONS: Mapping[pb.DepartureReason.ValueType, DepartureReason] = {
    pb.DepartureReason.Value(f"DEPARTURE_REASON_{reason.name}"): reason for reason in DepartureReason
}
CASE_RESULTS: Mapping[pb.CaseResult.ValueType, CaseResult] = {
    pb.CaseResult.Value(f"CASE_RESULT_{result.name}"): result for result in CaseResult
}
OF_RESTRICTIONS = frozenset({MeasureResult.APPLIED, MeasureResult.NOT_APPLIED, MeasureResult.MODIFIED})
DEPARTING = frozenset({MeasureResult.NOT_APPLIED, MeasureResult.MODIFIED})


@dataclass(frozen=True, slots=True)
class Advised:
    """One reason of an answer: a restriction or an incentive, and whether it binds."""

    restriction: bool
    mandatory: bool


class Outcomes:
    """Takes the reports of one worker's callers."""

    def __init__(self, log: Log, registry: RegistryDoor, clock: Clock) -> None:
        self._log = log
        self._registry = registry
        self._clock = clock

    def methods(self) -> Methods:
        """What is offered of the check service."""
        return (("ReportOutcome", pb.ReportOutcomeRequest, self.report),)

    async def report(self, request: pb.ReportOutcomeRequest, call: Call) -> bytes:
        """Record a report, once for its id.

        Raises `Refusal` CHECK_NOT_FOUND, OUTCOME_MISMATCH, DEPARTURE_REASON_REQUIRED; `ReportIdReused`,
        `CaseIsClosed`; `DeferralObstacle` for a licence granted before all that was promised has arrived.
        """
        authority = call.known_caller().authority
        record = await asyncio.to_thread(recorded_check, self._log, request.check_id, call)
        advised = reasons_in(record)
        event = report_of(request, advised)
        result = CASE_RESULTS.get(request.case_result)
        case, moment = Case(authority, record.case_number), self._clock()

        def write(registry: Registry) -> tuple[CaseEntry, ...]:
            with registry.cases.acting(case, actor=call.known_caller().principal, moment=moment) as file:
                return acts.report_outcome(file, request.check_id, event, result)

        entries = await self._registry.act(write)
        return answer_to(request, entries, advised).SerializeToString()


def reasons_in(record: CheckRecord) -> dict[Reason, Advised]:
    """The restrictions and incentives of a recorded answer. Raises `Refusal` OUTCOME_MISMATCH for a refused check."""
    if not record.answered:
        raise Refusal(
            ErrorReason.ERROR_REASON_OUTCOME_MISMATCH, "the check was refused: there is no answer to report on"
        )
    decision = pb.CheckSubjectResponse.FromString(record.response).decision
    incentives = {(found.measure, found.listing_id): Advised(False, False) for found in decision.incentives}
    return incentives | {
        (found.measure, found.listing_id): Advised(True, found.force == decision_pb2.MEASURE_FORCE_MANDATORY)
        for found in decision.restrictions
    }


def report_of(request: pb.ReportOutcomeRequest, advised: Mapping[Reason, Advised]) -> OutcomeReported:
    """The report as an event, held to the answer. Raises `Refusal`."""
    decided_at = moment_in(request.decided_at, "decided_at") if request.HasField("decided_at") else None
    refuse_if_any(mismatches(request, advised), ErrorReason.ERROR_REASON_OUTCOME_MISMATCH, MISMATCH)
    refuse_if_any(unexplained(request, advised), ErrorReason.ERROR_REASON_DEPARTURE_REASON_REQUIRED, WITHOUT_A_REASON)
    return OutcomeReported(
        officer=request.officer,
        report_id=request.report_id,
        digest=digest_of_bytes(request.SerializeToString(deterministic=True)).hex(),
        measures=tuple(measure_report(given, advised) for given in request.measures),
        decided_at=decided_at,
    )


MISMATCH = "the report does not fit the answer"
WITHOUT_A_REASON = "departing from a mandatory measure needs a reason, in code and words"


def refuse_if_any(violations: Iterator[Violation], reason: ErrorReason.ValueType, message: str) -> None:
    """Raise a `Refusal` with all the violations, where there are any."""
    found = list(violations)
    if found:
        raise Refusal(reason, message, violations=found)


def mismatches(request: pb.ReportOutcomeRequest, advised: Mapping[Reason, Advised]) -> Iterator[Violation]:
    """Where a report speaks of what the answer did not say, or of one reason twice."""
    seen: set[Reason] = set()
    for place, given in enumerate(request.measures):
        reason = (given.measure, given.listing_id)
        known = advised.get(reason)
        if known is None:
            yield Violation(f"measures[{place}]", "the answer has no such measure on this listing")
        elif reason in seen:
            yield Violation(f"measures[{place}]", "the same measure on the same listing stands twice")
        elif known.restriction != (RESULTS[given.result] in OF_RESTRICTIONS):
            kinds = "APPLIED, NOT_APPLIED or MODIFIED" if known.restriction else "GRANTED or DECLINED"
            what = "a restriction" if known.restriction else "an incentive"
            yield Violation(f"measures[{place}].result", f"{what} is reported as {kinds}")
        seen.add(reason)


def unexplained(request: pb.ReportOutcomeRequest, advised: Mapping[Reason, Advised]) -> Iterator[Violation]:
    """Where a departure from a mandatory measure lacks its reason, and where OTHER does not say what."""
    for place, given in enumerate(request.measures):
        departs = departs_from(given, advised)
        if departs and given.reason not in REASONS:
            yield Violation(f"measures[{place}].reason", "a mandatory measure was not applied as advised: say why")
        if (departs or given.reason == pb.DEPARTURE_REASON_OTHER) and not given.reason_text.strip():
            yield Violation(f"measures[{place}].reason_text", "say in words why")


def departs_from(given: pb.MeasureOutcome, advised: Mapping[Reason, Advised]) -> bool:
    """Whether an officer did not apply a mandatory measure as advised."""
    return advised[given.measure, given.listing_id].mandatory and RESULTS[given.result] in DEPARTING


def measure_report(given: pb.MeasureOutcome, advised: Mapping[Reason, Advised]) -> MeasureReport:
    """What became of one measure, as an event keeps it."""
    return MeasureReport(
        measure=given.measure,
        listing_id=given.listing_id,
        result=RESULTS[given.result],
        departs=departs_from(given, advised),
        reason=REASONS.get(given.reason),
        text=given.reason_text,
    )


def answer_to(
    request: pb.ReportOutcomeRequest, entries: tuple[CaseEntry, ...], advised: Mapping[Reason, Advised]
) -> pb.ReportOutcomeResponse:
    """The answer to a report, as of its own recording: `entries` are the case's events up to it."""
    place = report_named(entries, request.report_id)
    recorded = None if place is None else entries[place]
    if recorded is None or not isinstance(recorded.event, OutcomeReported):
        raise LookupError(request.report_id)
    reported = outcome.fold(entries).of_check(request.check_id)
    response = pb.ReportOutcomeResponse(
        report_id=request.report_id,
        departures=departures(recorded.event),
        unreported=[
            pb.MeasureOutcome(measure=measure, listing_id=listing_id)
            for measure, listing_id in advised
            if (measure, listing_id) not in reported
        ],
        case_closed=any(isinstance(entry.event, CaseClosed) for entry in entries),
    )
    response.recorded_at.FromDatetime(recorded.recorded_at)
    return response
