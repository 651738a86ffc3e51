"""反馈: what became of an answer, reported back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clearway.client.answer import Reason, moment
from clearway.client.terms import CaseResult, DepartureReason, MeasureResult, written
from clearway.gen.v1 import check_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class MeasureOutcome:
    """What the officer did with one restriction or incentive of an answer."""

    measure: str
    """Its code, as the answer gave it."""

    listing_id: str
    """The listing it rests on, as the answer gave it; empty for a clean record."""

    result: MeasureResult
    reason: DepartureReason | None = None
    """Why, where it was not applied as advised; needed for a mandatory restriction."""

    reason_text: str = ""
    """Why, in words; needed for a mandatory restriction."""

    @classmethod
    def of(
        cls, advised: Reason, result: MeasureResult, reason: DepartureReason | None = None, reason_text: str = ""
    ) -> MeasureOutcome:
        """What was done with a reason of an answer."""
        return cls(advised.measure, advised.listing_id, result, reason, reason_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReport:
    """What became of an answer, as far as is known; further reports may follow until the case has its result."""

    check_id: str
    """The check reported on."""

    officer: str
    """The officer who decided."""

    measures: Sequence[MeasureOutcome] = ()
    case_result: CaseResult | None = None
    """How the case ended. None: it goes on."""

    decided_at: datetime | None = None
    """When the case was decided, with its zone. None: with the recording."""

    report_id: str = ""
    """The report's own id, for safe retries. Empty: one is made."""

    def __post_init__(self) -> None:
        if self.decided_at is not None and self.decided_at.tzinfo is None:
            raise ValueError("decided_at has a time zone")

    def message(self, report_id: str) -> pb.ReportOutcomeRequest:
        """The request as it is sent, under its own id or else under `report_id`."""
        request = pb.ReportOutcomeRequest(
            check_id=self.check_id,
            report_id=self.report_id or report_id,
            officer=self.officer,
            measures=[message_of(outcome) for outcome in self.measures],
        )
        if self.case_result is not None:
            request.case_result = written(self.case_result)
        if self.decided_at is not None:
            request.decided_at.FromDatetime(self.decided_at)
        return request


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """The report is recorded."""

    report_id: str
    recorded_at: datetime
    departures: int
    """Mandatory measures that were departed from, with a reason."""

    unreported: tuple[tuple[str, str], ...]
    """Measure and listing of each restriction and incentive of the answer on which nothing was reported yet."""

    case_closed: bool


def message_of(outcome: MeasureOutcome) -> pb.MeasureOutcome:
    """One measure's outcome as it is sent."""
    message = pb.MeasureOutcome(
        measure=outcome.measure,
        listing_id=outcome.listing_id,
        result=written(outcome.result),
        reason_text=outcome.reason_text,
    )
    if outcome.reason is not None:
        message.reason = written(outcome.reason)
    return message


def reported_outcome_in(message: pb.ReportOutcomeResponse) -> ReportedOutcome:
    """The recorded report that a response carries."""
    return ReportedOutcome(
        report_id=message.report_id,
        recorded_at=moment(message.recorded_at),
        departures=message.departures,
        unreported=tuple((open_.measure, open_.listing_id) for open_ in message.unreported),
        case_closed=message.case_closed,
    )
