"""不良信用记录: adverse records entered and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from clearway.decision.facts import AdverseKind, Severity
from clearway.registry.commands.desk import Desk, require_text
from clearway.registry.commands.listings import MAX_DOCUMENT_NUMBER
from clearway.registry.events import AdverseFacts, AdverseRecorded, Withdrawn
from clearway.registry.ledger import ADVERSE


@dataclass(frozen=True, slots=True)
class RecordAdverse:
    """Enter an adverse record (不良信用记录) of a registered subject."""

    scheme: str
    code: str
    record_id: str
    kind: AdverseKind
    severity: Severity
    document_number: str
    document_date: date

    def enact(self, desk: Desk) -> None:
        """Enter the record under its own id."""
        require_text("document number", self.document_number, MAX_DOCUMENT_NUMBER)
        record = desk.subject(self.scheme, self.code)
        desk.enter(record, self.record_id, ADVERSE)
        facts = AdverseFacts(self.kind, self.severity, self.document_number, self.document_date)
        desk.append(record, AdverseRecorded(self.record_id, facts))


@dataclass(frozen=True, slots=True)
class WithdrawAdverse:
    """撤销: take an adverse record back, from `effective_at` on."""

    record_id: str
    effective_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """End the record."""
        record, adverse = desk.adverse(self.record_id)
        at = desk.effective(self.effective_at)
        desk.require_live(adverse, at)
        desk.append(record, Withdrawn(self.record_id, at))
