"""The tables of the record, as typed models. Rows are inserted, never updated, never deleted; triggers hold that.

Identifiers and fact ids compare byte for byte on every engine: their columns name their collation.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, Dialect, ForeignKey, Index, Integer, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine


def byte_text(length: int) -> TypeEngine[str]:
    """Text of at most `length` signs that compares byte for byte."""
    return String(length, collation="BINARY").with_variant(String(length, collation="C"), "postgresql")


def row_number() -> TypeEngine[int]:
    """A 64-bit row number; SQLite needs plain INTEGER to make it the row's own key."""
    return BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. A naive one is a programming error: `ValueError`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone; store the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the zone back, where the engine kept none."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Base(DeclarativeBase):
    """The registry's own tables."""


class RegistryIdentity(Base):
    """One row: which database this is, and which secret its natural persons are hashed with."""

    __tablename__ = "registry_identity"

    database_id: Mapped[str] = mapped_column(byte_text(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    key_fingerprint: Mapped[str] = mapped_column(byte_text(128))


class RevisionRow(Base):
    """One act: everything in it became visible at once."""

    __tablename__ = "revision"

    revision: Mapped[int] = mapped_column(row_number(), primary_key=True, autoincrement=False)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime())
    actor: Mapped[str] = mapped_column(String(256))
    origin: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text())


class SubjectRow(Base):
    """A subject's number, and the revision that first knew of it."""

    __tablename__ = "subject"

    subject_id: Mapped[int] = mapped_column(row_number(), primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"))


class SubjectIdentifierRow(Base):
    """Which subject a code was first given to. A natural person's code is its keyed hash.

    Whether the code still names the subject is the events' to say: a source may have taken it back.
    """

    __tablename__ = "subject_identifier"
    __table_args__ = ({"sqlite_with_rowid": False},)

    scheme: Mapped[str] = mapped_column(byte_text(64), primary_key=True)
    code: Mapped[str] = mapped_column(byte_text(128), primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subject.subject_id"))
    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"))


class FactRow(Base):
    """Which subject a listing or an adverse record belongs to, and which feed brought it (empty: a registrar)."""

    __tablename__ = "fact"
    __table_args__ = ({"sqlite_with_rowid": False},)

    fact_id: Mapped[str] = mapped_column(byte_text(200), primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subject.subject_id"))
    kind: Mapped[str] = mapped_column(byte_text(16))
    feed: Mapped[str] = mapped_column(byte_text(64))
    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"))


class EventRow(Base):
    """Something that happened to a subject. `body` is the event as JSON; the other columns are for finding it."""

    __tablename__ = "event"

    seq: Mapped[int] = mapped_column(row_number(), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"))
    subject_id: Mapped[int] = mapped_column(ForeignKey("subject.subject_id"))
    kind: Mapped[str] = mapped_column(byte_text(32))
    fact_id: Mapped[str] = mapped_column(byte_text(400))
    regime: Mapped[str | None] = mapped_column(byte_text(64))
    body: Mapped[str] = mapped_column(Text())


Index("event_by_subject", EventRow.subject_id, EventRow.seq)
Index("event_by_revision", EventRow.revision)
Index(
    "event_by_regime",
    EventRow.regime,
    EventRow.subject_id,
    sqlite_where=EventRow.regime.is_not(None),
    postgresql_where=EventRow.regime.is_not(None),
)


class FeedRunRow(Base):
    """One import of one file, with the counts of its report."""

    __tablename__ = "feed_run"

    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"), primary_key=True, autoincrement=False)
    feed: Mapped[str] = mapped_column(byte_text(64))
    file_name: Mapped[str] = mapped_column(String(512))
    sha256: Mapped[str] = mapped_column(byte_text(64))
    as_of: Mapped[date] = mapped_column(Date())
    full_list: Mapped[bool]
    rows: Mapped[int]
    accepted: Mapped[int]
    unchanged: Mapped[int]
    quarantined: Mapped[int]
    rejected: Mapped[int]
    added: Mapped[int]
    changed: Mapped[int]
    gone: Mapped[int]
    reasons: Mapped[str] = mapped_column(Text())


class QuarantinedRow(Base):
    """A row set aside for correction, as it came; codes and names of natural persons are masked."""

    __tablename__ = "quarantined_row"

    quarantined_id: Mapped[int] = mapped_column(row_number(), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"), index=True)
    row_number: Mapped[int]
    reason: Mapped[str] = mapped_column(byte_text(64))
    detail: Mapped[str] = mapped_column(Text())
    original: Mapped[str] = mapped_column(Text())


APPEND_ONLY = tuple(table.name for table in Base.metadata.sorted_tables)
"""Every table of the record: none is ever updated or deleted from."""
