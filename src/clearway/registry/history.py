"""Looking back: what happened to a subject, and the revisions and imports there were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Select, select

from clearway.registry.events import Event, decode
from clearway.registry.ledger import origin_of
from clearway.registry.schema import EventRow, FeedRunRow, QuarantinedRow, RevisionRow


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event of a subject: when it was recorded, by whom, how (`command`, or `feed:NAME`), and what it says.

    `source` is the file an import took it from, or empty.
    """

    revision: int
    recorded_at: datetime
    actor: str
    origin: str
    note: str
    source: str
    kind: str
    event: Event


@dataclass(frozen=True, slots=True)
class RevisionEntry:
    """One act of the record."""

    revision: int
    recorded_at: datetime
    actor: str
    origin: str
    note: str


@dataclass(frozen=True, slots=True)
class FeedRun:
    """One import, with the counts of its report."""

    revision: int
    recorded_at: datetime
    feed: str
    file_name: str
    sha256: str
    as_of: date
    full_list: bool
    rows: int
    accepted: int
    unchanged: int
    quarantined: int
    rejected: int
    added: int
    changed: int
    gone: int
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row set aside for correction, as it came; natural persons' codes and names are masked."""

    row_number: int
    reason: str
    detail: str
    original: dict[str, str]


def of_subject(connection: Connection, subject_id: int) -> tuple[HistoryEntry, ...]:
    """Everything that happened to a subject, in order."""
    query = (
        select(
            EventRow.revision,
            RevisionRow.recorded_at,
            RevisionRow.actor,
            RevisionRow.origin,
            RevisionRow.note,
            FeedRunRow.file_name,
            EventRow.kind,
            EventRow.body,
        )
        .join(RevisionRow, RevisionRow.revision == EventRow.revision)
        .outerjoin(FeedRunRow, FeedRunRow.revision == EventRow.revision)
        .where(EventRow.subject_id == subject_id)
        .order_by(EventRow.seq)
    )
    return tuple(
        HistoryEntry(revision, recorded_at, actor, origin, note, file_name or "", kind, decode(body))
        for revision, recorded_at, actor, origin, note, file_name, kind, body in connection.execute(query)
    )


def revisions(connection: Connection, limit: int, before: int | None) -> tuple[RevisionEntry, ...]:
    """The latest revisions first, at most `limit`, older than `before` if given."""
    row = RevisionRow
    query = select(row.revision, row.recorded_at, row.actor, row.origin, row.note)
    if before is not None:
        query = query.where(row.revision < before)
    found = connection.execute(query.order_by(row.revision.desc()).limit(limit))
    return tuple(RevisionEntry(*entry) for entry in found)


def feed_runs(connection: Connection, feed: str | None, limit: int) -> tuple[FeedRun, ...]:
    """The latest imports first, at most `limit`, of one feed or all."""
    query = (
        select(*FeedRunRow.__table__.columns, RevisionRow.recorded_at)
        .join(RevisionRow, RevisionRow.revision == FeedRunRow.revision)
        .order_by(FeedRunRow.revision.desc())
        .limit(limit)
    )
    if feed is not None:
        query = query.where(FeedRunRow.feed == feed)
    found = connection.execute(query).mappings()
    return tuple(FeedRun(**{**run, "reasons": json.loads(run["reasons"])}) for run in found)


def revisions_of_feed(feed: str) -> Select[int]:
    """The revisions that imports of a feed made, and corrections of rows they had set aside."""
    return select(RevisionRow.revision).where(RevisionRow.origin == origin_of(feed))


def quarantined(connection: Connection, revision: int) -> Iterator[Quarantined]:
    """The rows that an import set aside, in the file's order."""
    row = QuarantinedRow
    query = (
        select(row.row_number, row.reason, row.detail, row.original)
        .where(row.revision == revision)
        .order_by(row.quarantined_id)
    )
    for number, reason, detail, original in connection.execute(query):
        yield Quarantined(number, reason, detail, json.loads(original))
