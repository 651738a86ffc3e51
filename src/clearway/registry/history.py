"""Looking back: what happened to a subject, where its facts come from, and the revisions and imports there were."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, Select, select

from clearway.decision.facts import Confirmations, RegisteredSubject
from clearway.registry.events import (
    AdverseRecorded,
    Code,
    Corrected,
    Event,
    Listed,
    ObjectionGrounds,
    ObjectionOpened,
    ObjectionResolved,
    Resolution,
    decode,
)
from clearway.registry.fold import EndedBy
from clearway.registry.ledger import FEED_ORIGIN, origin_of
from clearway.registry.schema import EventRow, FeedRunRow, QuarantinedRow, RevisionRow


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event of a subject: when it was recorded, by whom, how (`command`, `rpc`, or `feed:NAME`), and what it says.

    The document is the one that the act rests on. `source` is the file an import took it from, or empty;
    `source_sha256` is the SHA-256 of that file, in hex.
    """

    revision: int
    recorded_at: datetime
    actor: str
    origin: str
    note: str
    document_number: str
    document_date: date | None
    source: str
    source_sha256: str
    kind: str
    event: Event


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where what a listing or adverse record states now comes from.

    `feed`, `file_name` and `sha256` are empty, and `row` is 0, where a registrar stated it.
    """

    feed: str
    file_name: str
    sha256: str
    row: int
    revision: int


@dataclass(frozen=True, slots=True)
class ObjectionCourse:
    """What the history says of an objection beyond its moments: its grounds, and how it ended if it has."""

    grounds: ObjectionGrounds
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True)
class RecordedSubject:
    """Everything the record holds of a subject as of a revision.

    `codes` leads with the primary one. `ended_by` says what ended those facts that ended; `provenance` is by fact id,
    `objections` by listing and objection id; `confirmations` says when each feed last confirmed its whole list.
    """

    revision: int
    registered: RegisteredSubject
    codes: tuple[Code, ...]
    ended_by: Mapping[str, EndedBy]
    history: tuple[HistoryEntry, ...]
    provenance: Mapping[str, Provenance]
    objections: Mapping[tuple[str, str], ObjectionCourse]
    confirmations: Confirmations


@dataclass(frozen=True, slots=True)
class RevisionEntry:
    """One act of the record."""

    revision: int
    recorded_at: datetime
    actor: str
    origin: str
    note: str
    document_number: str = ""
    document_date: date | None = None


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


def of_subject(connection: Connection, subject_id: int, upto: int | None = None) -> tuple[HistoryEntry, ...]:
    """Everything that happened to a subject, in order, up to the revision `upto` if given."""
    query = (
        select(
            EventRow.revision,
            RevisionRow.recorded_at,
            RevisionRow.actor,
            RevisionRow.origin,
            RevisionRow.note,
            RevisionRow.document_number,
            RevisionRow.document_date,
            FeedRunRow.file_name,
            FeedRunRow.sha256,
            EventRow.kind,
            EventRow.body,
        )
        .join(RevisionRow, RevisionRow.revision == EventRow.revision)
        .outerjoin(FeedRunRow, FeedRunRow.revision == EventRow.revision)
        .where(EventRow.subject_id == subject_id)
        .order_by(EventRow.seq)
    )
    if upto is not None:
        query = query.where(EventRow.revision <= upto)
    rows = connection.execute(query)
    return tuple(
        HistoryEntry(
            revision,
            recorded_at,
            actor,
            origin,
            note,
            document_number=number,
            document_date=day,
            source=file_name or "",
            source_sha256=sha256 or "",
            kind=kind,
            event=decode(body),
        )
        for revision, recorded_at, actor, origin, note, number, day, file_name, sha256, kind, body in rows
    )


def provenance_in(history: Iterable[HistoryEntry]) -> dict[str, Provenance]:
    """Fact id → where what it states comes from: the last statement or correction of it."""
    found = {}
    for entry in history:
        match entry.event:
            case Listed() | AdverseRecorded() | Corrected() as stated:
                feed = entry.origin.removeprefix(FEED_ORIGIN) if entry.origin.startswith(FEED_ORIGIN) else ""
                found[stated.fact_id] = Provenance(feed, entry.source, entry.source_sha256, stated.row, entry.revision)
    return found


def objections_in(history: Iterable[HistoryEntry]) -> dict[tuple[str, str], ObjectionCourse]:
    """(Listing id, objection id) → the objection's grounds and resolution."""
    found: dict[tuple[str, str], ObjectionCourse] = {}
    for entry in history:
        match entry.event:
            case ObjectionOpened(fact_id=fact_id, objection_id=name, grounds=grounds):
                found[fact_id, name] = ObjectionCourse(grounds)
            case ObjectionResolved(fact_id=fact_id, objection_id=name, resolution=resolution):
                found[fact_id, name] = replace(found[fact_id, name], resolution=resolution)
    return found


def revision_at(connection: Connection, moment: datetime) -> int:
    """The last revision that was recorded at or before `moment` (aware); 0 where none was."""
    query = select(RevisionRow.revision).where(RevisionRow.recorded_at <= moment)
    return connection.execute(query.order_by(RevisionRow.revision.desc()).limit(1)).scalar() or 0


def revisions(connection: Connection, limit: int, before: int | None) -> tuple[RevisionEntry, ...]:
    """The latest revisions first, at most `limit`, older than `before` if given."""
    row = RevisionRow
    query = select(
        row.revision, row.recorded_at, row.actor, row.origin, row.note, row.document_number, row.document_date
    )
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
