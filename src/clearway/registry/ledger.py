"""Reading and writing the record inside one transaction: who a code names, what a subject adds up to, what to append.

A `Ledger` belongs to one revision. What it is given to append is written by `flush`, in a few bulk inserts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Table, func, insert, select

from clearway.registry.crosswalk import contained_in
from clearway.registry.database import among, bulk_insert
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import Code, Event, decode, encode, kind_of, regime_of
from clearway.registry.fold import SubjectRecord
from clearway.registry.schema import EventRow, FactRow, RevisionRow, SubjectIdentifierRow, SubjectRow, TokenRow
from clearway.registry.tokens import Entered

LISTING = "listing"
ADVERSE = "adverse"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact:
    """Where a listing or adverse record belongs. `kind` is LISTING or ADVERSE; `feed` is empty for a registrar's."""

    fact_id: str
    subject_id: int
    kind: str
    feed: str


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def subjects_named(connection: Connection, codes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(scheme, code) → the subject it was first given to, for those that were given."""
    found: dict[tuple[str, str], int] = {}
    by_scheme: dict[str, list[str]] = {}
    for scheme, code in codes:
        by_scheme.setdefault(scheme, []).append(code)
    row = SubjectIdentifierRow
    for scheme, wanted in by_scheme.items():
        query = select(row.code, row.subject_id).where(row.scheme == scheme, among(row.code, wanted))
        for code, subject_id in connection.execute(query):
            found[scheme, code] = subject_id
    return found


def subject_named(connection: Connection, code: Code, upto: int | None = None) -> SubjectRecord | None:
    """The subject that a code names, by itself or by the organisation code inside it, as of `upto`, or now.

    An organisation code inside does not lead to a subject that goes by another unified social credit code.
    """
    pairs = ((code.scheme, code.code), *contained_in((code,)))
    named = subjects_named(connection, pairs)
    for pair in pairs:
        if pair in named:
            record = records(connection, [named[pair]], upto).get(named[pair])
            if record is not None and record.answers_to(*pair) and not record.has_other_uscc((code,)):
                return record
    return None


def facts_known(connection: Connection, fact_ids: Collection[str]) -> dict[str, Fact]:
    """Fact id → where it belongs, for those that are recorded."""
    row = FactRow
    query = select(row.fact_id, row.subject_id, row.kind, row.feed).where(among(row.fact_id, fact_ids))
    return {fact_id: Fact(fact_id, owner, kind, feed) for fact_id, owner, kind, feed in connection.execute(query)}


def records(connection: Connection, subject_ids: Collection[int], upto: int | None = None) -> dict[int, SubjectRecord]:
    """The subjects as their events add up, as of the revision `upto`, or now. Without events, none is given."""
    query = (
        select(EventRow.subject_id, EventRow.body)
        .where(among(EventRow.subject_id, subject_ids))
        .order_by(EventRow.subject_id, EventRow.seq)
    )
    if upto is not None:
        query = query.where(EventRow.revision <= upto)
    return {record.subject_id: record for record in added_up(connection.execute(query))}


def added_up(rows: Iterable[Sequence[Any]]) -> Iterator[SubjectRecord]:
    """The subjects behind rows of (subject_id, body), which come ordered by subject and then by time."""
    record: SubjectRecord | None = None
    for subject_id, body in rows:
        if record is None or record.subject_id != subject_id:
            if record is not None:
                yield record
            record = SubjectRecord(subject_id)
        record.apply(decode(body))
    if record is not None:
        yield record


def head(connection: Connection) -> int:
    """The latest revision; 0 where nothing was ever recorded."""
    return connection.execute(select(func.coalesce(func.max(RevisionRow.revision), 0))).scalar_one()


@dataclass(frozen=True, slots=True)
class Document:
    """The judicial or administrative document that an act rests on; its number or date may be absent."""

    number: str = ""
    date: date | None = None


NO_DOCUMENT = Document()


FEED_ORIGIN = "feed:"
"""What the origin of a revision begins with that a feed's file made; the feed's name follows."""


def origin_of(feed: str) -> str:
    """The origin of the revisions that a feed's files make."""
    return FEED_ORIGIN + feed


class Ledger:
    """What one revision appends. Needs a write transaction, so that the numbers it gives out stay its own."""

    def __init__(
        self,
        connection: Connection,
        *,
        actor: str,
        moment: datetime,
        origin: str,
        note: str,
        document: Document = NO_DOCUMENT,
    ) -> None:
        _check_text("actor", actor, 1, 256)
        _check_text("note", note, 0, 4096)
        _check_text("document number", document.number, 0, 512)
        if moment.tzinfo is None:
            raise RegistryError(RegistryReason.INVALID_TIME, "the moment of recording needs its zone")
        self.connection = connection
        self.moment = moment
        self.revision = head(connection) + 1
        self._next_subject = connection.execute(select(func.coalesce(func.max(SubjectRow.subject_id), 0))).scalar_one()
        self._subjects: list[tuple[int, int]] = []
        self._identifiers: list[tuple[str, str, int, int]] = []
        self._tokens: list[tuple[str, str, str, str, int]] = []
        self._facts: list[tuple[str, int, str, str, int]] = []
        self._events: list[tuple[int, int, str, str, str | None, str]] = []
        connection.execute(
            insert(RevisionRow),
            {
                "revision": self.revision,
                "recorded_at": moment,
                "actor": actor,
                "origin": origin,
                "note": note,
                "document_number": document.number,
                "document_date": document.date,
            },
        )

    def new_subject(self) -> SubjectRecord:
        """A subject nobody knew of, without events yet."""
        return SubjectRecord(self._next_number())

    def enter(self, event: Event) -> int:
        """Let `event` make a subject that nobody knew of; gives its number. Whoever needs its record adds it up."""
        subject_id = self._next_number()
        self._write(subject_id, event)
        return subject_id

    def claim_code(self, subject_id: int, scheme: str, code: str) -> None:
        """Give a code, which nobody has, to a subject."""
        self._identifiers.append((scheme, code, subject_id, self.revision))

    def claim_tokens(self, entered: Entered) -> None:
        """Enter what stands for a natural person's number under keys that did not have it."""
        self._tokens += [(*row, self.revision) for row in entered.rows()]

    def claim_fact(self, fact: Fact) -> None:
        """Enter a fact id, which nobody has used."""
        self._facts.append((fact.fact_id, fact.subject_id, fact.kind, fact.feed, self.revision))

    def append(self, record: SubjectRecord, event: Event) -> None:
        """Let `event` happen to the subject: in `record` at once, in the database with the next `flush`."""
        record.apply(event)
        self._write(record.subject_id, event)

    def note(self, subject_id: int, event: Event) -> None:
        """Let `event` happen to a subject whose record nobody holds here."""
        self._write(subject_id, event)

    def _next_number(self) -> int:
        self._next_subject += 1
        self._subjects.append((self._next_subject, self.revision))
        return self._next_subject

    def _write(self, subject_id: int, event: Event) -> None:
        self._events.append((self.revision, subject_id, kind_of(event), event.fact_id, regime_of(event), encode(event)))

    def flush(self) -> None:
        """Write what was appended since the last time."""
        for table, columns, rows in (
            (SubjectRow, ("subject_id", "revision"), self._subjects),
            (SubjectIdentifierRow, ("scheme", "code", "subject_id", "revision"), self._identifiers),
            (TokenRow, ("scheme", "token", "key_id", "root", "revision"), self._tokens),
            (FactRow, ("fact_id", "subject_id", "kind", "feed", "revision"), self._facts),
            (EventRow, ("revision", "subject_id", "kind", "fact_id", "regime", "body"), self._events),
        ):
            bulk_insert(self.connection, cast("Table", table.__table__), columns, rows)
            rows.clear()


def _check_text(what: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise RegistryError(RegistryReason.INVALID_TEXT, f"{what}: want {least} to {most} signs, have {len(text)}")
