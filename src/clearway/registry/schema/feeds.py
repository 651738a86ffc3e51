"""How facts came in: imports, rows set aside and what became of them, and every attempt to read a source."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from clearway.registry.schema.base import Base, UtcDateTime, byte_text, row_number


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


Index("feed_run_by_feed", FeedRunRow.feed, FeedRunRow.revision)


class QuarantinedRow(Base):
    """A row set aside for correction, as it came. `masked`: it may be about a natural person, and is kept masked."""

    __tablename__ = "quarantined_row"

    quarantined_id: Mapped[int] = mapped_column(row_number(), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"), index=True)
    row_number: Mapped[int]
    reason: Mapped[str] = mapped_column(byte_text(64))
    detail: Mapped[str] = mapped_column(Text())
    original: Mapped[str] = mapped_column(Text())
    masked: Mapped[bool] = mapped_column(default=False)


class QuarantineResolutionRow(Base):
    """What became of a row that was set aside: corrected (by the revision that took it), or dismissed.

    `changes`: the cells that a correction changed, by column, as a JSON object.
    """

    __tablename__ = "quarantine_resolution"

    quarantined_id: Mapped[int] = mapped_column(ForeignKey("quarantined_row.quarantined_id"), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("revision.revision"), index=True)
    outcome: Mapped[str] = mapped_column(byte_text(16))
    changes: Mapped[str] = mapped_column(Text(), default="{}")


class FetchRow(Base):
    """One attempt to read a feed's source, or a person's word on a list that waits, whatever came of it.

    `outcome` is a `clearway.registry.fetching` outcome; `detail` says what went wrong, without row content,
    and `reason` by a code. `actor` and `note` say whose word it was, and why; of an attempt on schedule they are empty.
    """

    __tablename__ = "fetch"

    fetch_id: Mapped[int] = mapped_column(row_number(), primary_key=True)
    feed: Mapped[str] = mapped_column(byte_text(64))
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime())
    outcome: Mapped[str] = mapped_column(byte_text(16))
    detail: Mapped[str] = mapped_column(Text())
    etag: Mapped[str] = mapped_column(byte_text(512))
    last_modified: Mapped[str] = mapped_column(byte_text(64))
    sha256: Mapped[str] = mapped_column(byte_text(64))
    revision: Mapped[int | None] = mapped_column(ForeignKey("revision.revision"))
    actor: Mapped[str] = mapped_column(String(256), default="")
    note: Mapped[str] = mapped_column(Text(), default="")
    reason: Mapped[str] = mapped_column(byte_text(64), default="")


Index("fetch_by_feed", FetchRow.feed, FetchRow.fetch_id)
