"""What an authority does in a case: each act reads the case as it stands, holds it to its rules, and appends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from clearway.decision.facts import AdverseKind, Severity
from clearway.registry.cases import deferral as deferrals
from clearway.registry.cases.deferral import OPEN, Deferral, DeferralState
from clearway.registry.cases.errors import CaseIsClosed, DeferralObstacle, Obstacle, ReportIdReused
from clearway.registry.cases.events import (
    Case,
    CaseClosed,
    CaseEntry,
    CaseResult,
    Committed,
    DeferralEvent,
    Lapsed,
    OutcomeReported,
)
from clearway.registry.cases.outcome import report_named
from clearway.registry.cases.store import CaseFile
from clearway.registry.commands import Desk
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import AdverseFacts, AdverseRecorded
from clearway.registry.ledger import ADVERSE, records
from clearway.subjects.workdays import WorkingCalendar

Step = Callable[[Deferral], tuple[DeferralEvent, ...]]
"""What an act appends to a deferral as it stands."""


def act(file: CaseFile, check_id: str, step: Step) -> Deferral:
    """Do one act on the deferral that a check offered; gives the deferral after it.

    Raises `CaseIsClosed`, and what `step` raises. An act that appends nothing is no act, even in a closed case.
    """
    events = step(file.deferral(check_id))
    if events and file.closed:
        raise CaseIsClosed
    for event in events:
        file.append(check_id, event)
    return file.deferral(check_id)


def commit(file: CaseFile, check_id: str, commitment: Committed) -> Deferral:
    """Record the written commitment, where no other deferral of the case is open."""
    others = (deferral for check, deferral in file.deferrals().items() if check != check_id)
    if any(other.state in OPEN for other in others):
        raise DeferralObstacle(file.deferral(check_id).state, Obstacle.OTHER_OPEN)
    return act(file, check_id, lambda deferral: deferrals.commit(deferral, commitment))


def report_outcome(
    file: CaseFile, check_id: str, report: OutcomeReported, result: CaseResult | None
) -> tuple[CaseEntry, ...]:
    """Record a report, and the end of the case with it; gives the case's events up to that report.

    The same report again gives the same. Raises `ReportIdReused`, `CaseIsClosed`, and `DeferralObstacle` for a licence
    granted before everything promised has arrived.
    """
    place = report_named(file.entries, report.report_id)
    if place is not None:
        return up_to_report(file.entries, place, check_id, report)
    if file.knows_report(report.report_id):
        raise ReportIdReused
    if file.closed:
        raise CaseIsClosed
    if result is CaseResult.GRANTED:
        require_complete(file, check_id)
    file.append(check_id, report)
    if result is not None:
        decided_at = report.decided_at or file.entries[-1].recorded_at
        file.append(check_id, CaseClosed(report.officer, report.report_id, result, decided_at))
    return file.entries


def up_to_report(
    entries: tuple[CaseEntry, ...], place: int, check_id: str, report: OutcomeReported
) -> tuple[CaseEntry, ...]:
    """The events up to a report recorded before, its closing included. Raises `ReportIdReused` for another body."""
    known = entries[place]
    if (
        known.check_id != check_id
        or not isinstance(known.event, OutcomeReported)
        or known.event.digest != report.digest
    ):
        raise ReportIdReused
    closing = (e for e in entries[place + 1 : place + 2] if isinstance(e.event, CaseClosed))
    return (*entries[: place + 1], *closing)


def require_complete(file: CaseFile, check_id: str) -> None:
    """Refuse a grant while promised materials are missing. Raises `DeferralObstacle` INCOMPLETE.

    A deferral that lapsed or was withdrawn bars a grant on its own check only: the applicant may have handed in
    everything since, and been checked again.
    """
    for check, deferral in file.deferrals().items():
        ended_without = check == check_id and deferral.state is not DeferralState.COMPLETED
        if deferral.state in OPEN or ended_without:
            raise DeferralObstacle(deferral.state, Obstacle.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class LapseDeferral:
    """退件, 视为放弃: return a file, deemed withdrawn, and enter the broken commitment, in one revision.

    `day` is the day of the lapse in the registry's zone, and the date of the adverse record; `subject_id` is whose it
    is. The record's id is `record_id_of(check_id)`, for objection and repair.
    """

    case: Case
    check_id: str
    officer: str
    reason: str
    day: date
    calendar: WorkingCalendar
    subject_id: int
    severity: Severity
    actor: str

    def enact(self, desk: Desk) -> None:
        """Append the lapse to the case and the adverse record to the subject."""
        file = CaseFile(desk.ledger.connection, self.case, actor=self.actor, moment=desk.moment)
        record_id = record_id_of(self.check_id)
        lapsed = Lapsed(self.officer, self.reason, record_id, desk.ledger.revision)
        before = len(file.entries)
        deferral = act(file, self.check_id, lambda found: deferrals.lapse(found, lapsed, self.day, self.calendar))
        if len(file.entries) == before:
            # Another writer did the same meanwhile: its revision stands, and this one would be empty.
            raise RegistryError(RegistryReason.BUSY, "another writer acted in this case")
        self._enter(desk, record_id, deferral)

    def _enter(self, desk: Desk, record_id: str, deferral: Deferral) -> None:
        record = records(desk.ledger.connection, [self.subject_id]).get(self.subject_id)
        if record is None or deferral.notice is None:
            raise RegistryError(RegistryReason.UNKNOWN_SUBJECT, "no subject is recorded under this number")
        desk.enter(record, record_id, ADVERSE)
        facts = AdverseFacts(AdverseKind.BROKEN_COMMITMENT, self.severity, deferral.notice.number, self.day)
        desk.append(record, AdverseRecorded(record_id, facts))


def record_id_of(check_id: str) -> str:
    """The id of the adverse record that the lapse of a deferral enters."""
    return f"deferral:{check_id}"
