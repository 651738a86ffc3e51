"""What follows an answer: commitments, outcomes, changes noticed in pending cases, and who was told of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from clearway.registry.schema.base import Base, UtcDateTime, byte_text, row_number


class CaseEventRow(Base):
    """Something that an authority did in a case after a check. `body` is the event as JSON.

    `event_key` makes an event one of a kind: a retry, or a second writer that saw the same state, is noticed.
    """

    __tablename__ = "case_event"

    seq: Mapped[int] = mapped_column(row_number(), primary_key=True)
    event_key: Mapped[str] = mapped_column(byte_text(300), unique=True)
    authority: Mapped[str] = mapped_column(byte_text(64))
    case_number: Mapped[str] = mapped_column(byte_text(128))
    check_id: Mapped[str] = mapped_column(byte_text(36))
    kind: Mapped[str] = mapped_column(byte_text(32))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime())
    actor: Mapped[str] = mapped_column(byte_text(256))
    body: Mapped[str] = mapped_column(Text())


Index("case_event_by_check", CaseEventRow.check_id, CaseEventRow.seq)
Index("case_event_by_case", CaseEventRow.authority, CaseEventRow.case_number, CaseEventRow.seq)
Index("case_event_by_kind", CaseEventRow.kind, CaseEventRow.seq)


class CaseChangeRow(Base):
    """A pending case whose answer would now be another one. `before` and `after` are serialized decisions.

    `change_id` is a digest of the check and of the new answer's place in its history, so that two watchers of one
    database notice a change once.
    """

    __tablename__ = "case_change"

    seq: Mapped[int] = mapped_column(row_number(), primary_key=True)
    change_id: Mapped[str] = mapped_column(byte_text(64), unique=True)
    revision: Mapped[int] = mapped_column(row_number())
    authority: Mapped[str] = mapped_column(byte_text(64))
    case_number: Mapped[str] = mapped_column(byte_text(128))
    item_code: Mapped[str] = mapped_column(byte_text(64))
    check_id: Mapped[str] = mapped_column(byte_text(36))
    officer: Mapped[str] = mapped_column(byte_text(128))
    noticed_at: Mapped[datetime] = mapped_column(UtcDateTime())
    differs: Mapped[str] = mapped_column(Text())
    before: Mapped[bytes] = mapped_column(LargeBinary())
    after: Mapped[bytes] = mapped_column(LargeBinary())


Index("case_change_by_check", CaseChangeRow.check_id, CaseChangeRow.seq)
Index("case_change_by_authority", CaseChangeRow.authority, CaseChangeRow.seq)


class DeliveryRow(Base):
    """An attempt to tell an endpoint of a change: at least once each, in order within a case."""

    __tablename__ = "delivery"

    delivery_id: Mapped[int] = mapped_column(row_number(), primary_key=True)
    endpoint: Mapped[str] = mapped_column(byte_text(64))
    change_seq: Mapped[int] = mapped_column(ForeignKey("case_change.seq"))
    attempted_at: Mapped[datetime] = mapped_column(UtcDateTime())
    delivered: Mapped[bool]
    detail: Mapped[str] = mapped_column(Text())


Index("delivery_by_endpoint", DeliveryRow.endpoint, DeliveryRow.change_seq)
