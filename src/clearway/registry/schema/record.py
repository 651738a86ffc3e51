"""The record itself: revisions, subjects and their codes, facts, events."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from clearway.registry.schema.base import Base, UtcDateTime, byte_text, row_number


class RegistryIdentity(Base):
    """Which database this is, one row a life, and which secret its first natural persons were hashed with.

    A database that was restored goes its own way from then on: it begins another life, under another id. `place` is
    where a life began (see `clearway.postgresql.place`); empty where that cannot be told.
    """

    __tablename__ = "registry_identity"

    database_id: Mapped[str] = mapped_column(byte_text(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    key_fingerprint: Mapped[str] = mapped_column(byte_text(128))
    number: Mapped[int] = mapped_column(Integer(), server_default="1")
    place: Mapped[str] = mapped_column(byte_text(128), server_default="")


Index("registry_identity_number", RegistryIdentity.number, unique=True)


class SubjectKeyRow(Base):
    """A subject key that the record was ever opened with, by its id; the first one's number is 1."""

    __tablename__ = "subject_key"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key_id: Mapped[str] = mapped_column(byte_text(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer(), unique=True)
    adopted_at: Mapped[datetime] = mapped_column(UtcDateTime())


class RevisionRow(Base):
    """One act: who did it, when, why, on which document. Everything in it became visible at once."""

    __tablename__ = "revision"

    revision: Mapped[int] = mapped_column(row_number(), primary_key=True, autoincrement=False)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime())
    actor: Mapped[str] = mapped_column(String(256))
    origin: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text())
    document_number: Mapped[str] = mapped_column(String(512), default="")
    document_date: Mapped[date | None] = mapped_column(Date())


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


class TokenRow(Base):
    """What stands for a natural person's number under one key. Tokens of one number have the same `root`.

    The root is the token under which the number was first recorded, and the code by which events name it for good.
    """

    __tablename__ = "token"
    __table_args__ = ({"sqlite_with_rowid": False},)

    scheme: Mapped[str] = mapped_column(byte_text(64), primary_key=True)
    token: Mapped[str] = mapped_column(byte_text(32), primary_key=True)
    key_id: Mapped[str] = mapped_column(byte_text(32))
    root: Mapped[str] = mapped_column(byte_text(32))
    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"))


Index("token_by_root", TokenRow.scheme, TokenRow.root)
Index("token_by_key", TokenRow.key_id)


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
