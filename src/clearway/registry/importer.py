"""An import: one file of one feed, settled row by row against the record, in one transaction and one revision.

Each row is accepted (it adds or changes something), unchanged (the record already says so), quarantined (set aside for
correction) or rejected (counted only), and the four add up to the rows. A feed whose file is the whole list also ends
what has gone from it. Nothing of an import is visible until all of it is.
"""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, assert_never

from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, insert, select

from clearway.registry.commands import MAX_FACT_ID, describe, known_fact, settle_owner
from clearway.registry.crosswalk import contained_in, owners_of
from clearway.registry.database import among, bulk_insert
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import (
    AdverseRecorded,
    Code,
    Confirmed,
    Corrected,
    Delisted,
    DelistingCause,
    Description,
    Event,
    Known,
    Listed,
)
from clearway.registry.feeds.files import FeedFile
from clearway.registry.feeds.rows import (
    Adapter,
    AdverseStated,
    Disposition,
    Fault,
    ListingStated,
    Row,
    RowReason,
    Sheet,
    Statement,
    SubjectDescribed,
    SubjectKnown,
)
from clearway.registry.fold import EndedBy, SubjectRecord
from clearway.registry.ledger import ADVERSE, LISTING, Fact, Ledger, chunks, facts_known, records, subjects_named
from clearway.registry.schema import FactRow, FeedRunRow, QuarantinedRow, byte_text
from clearway.registry.suspicion import Doubt, Suspicion
from clearway.registry.tokens import Tokens
from clearway.subjects.identifiers import Identifier
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.masking import HIDDEN, without_citizen_numbers

CHUNK_ROWS = 2000
"""Rows settled together: what bounds an import's memory."""

SAMPLES = 5
"""Faults of one reason shown in a report, at most."""

NAMED = 20
"""Listings of one kind of change that a report names, at most."""

_NEVER_LISTED = frozenset({RowReason.NATURAL_PERSON, RowReason.NOT_A_SUBJECT, RowReason.UNKNOWN_LIST})
"""Why a row is not taken that was never going to be a listing of ours."""

_OBJECTS_BETWEEN_COLLECTIONS = 50_000

Progress = Callable[[int, float], None]
"""Called now and then with the number of rows done, and the share of the file, 0 to 1, that has been read."""


@dataclass(frozen=True, slots=True)
class FaultSample:
    """A row that was not taken: its line, and why."""

    row_number: int
    disposition: Disposition
    reason: RowReason
    detail: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's rows: `rows == accepted + unchanged + quarantined + rejected`.

    `accepted == added + changed`. `gone` counts the listings that a whole list no longer holds. `reasons` counts the
    rows not taken, by reason. `first_added`, `first_changed` and `first_gone` are the ids of the first entries of each,
    for whoever has to look at the list. `suspicion` says why a person should look before this is loaded, or is empty;
    `suspected` says the same for programs, or is None.
    `revision` is None where nothing was kept (`dry_run`).
    """

    feed: str
    file_name: str
    sha256: str
    as_of: date
    rows: int
    accepted: int
    unchanged: int
    quarantined: int
    rejected: int
    added: int
    changed: int
    gone: int
    reasons: dict[str, int]
    samples: tuple[FaultSample, ...]
    suspicion: str
    dry_run: bool
    revision: int | None
    first_added: tuple[str, ...] = ()
    first_changed: tuple[str, ...] = ()
    first_gone: tuple[str, ...] = ()
    suspected: Suspicion | None = None


class SuspiciousList(RegistryError):
    """The list differs so much from what it held that a person must confirm it. `report` is what it would have done."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__(RegistryReason.SUSPICIOUS_LIST, report.suspicion)
        self.report = report


class _Outcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class _Tally:
    """Counts while an import runs. `unplaced` rows could not be read so far as to say which listing they state."""

    rows: int = 0
    outcomes: Counter[_Outcome] = field(default_factory=Counter)
    dispositions: Counter[Disposition] = field(default_factory=Counter)
    reasons: Counter[RowReason] = field(default_factory=Counter)
    samples: list[FaultSample] = field(default_factory=list)
    first: dict[_Outcome, list[str]] = field(default_factory=lambda: {outcome: [] for outcome in _Outcome})
    first_gone: list[str] = field(default_factory=list)
    held_before: int = 0
    holds_now: int = 0
    gone: int = 0
    unplaced: int = 0


_seen = Table(
    "seen_in_file",
    MetaData(),
    Column("fact_id", byte_text(400), primary_key=True),
    Column("row_number", Integer, nullable=False),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)


class Import:
    """One import, inside the write transaction of its ledger."""

    def __init__(self, ledger: Ledger, keys: SubjectKeys, adapter: Adapter, progress: Progress | None = None) -> None:
        self._ledger = ledger
        self._keys = keys
        self._adapter = adapter
        self._progress = progress
        self._tally = _Tally()

    def run(self, file: FeedFile, as_of: date, *, dry_run: bool) -> ImportReport:
        """Settle the file's rows, end what has gone, note the run. Raises `UnreadableFeed`."""
        sheet = self._adapter.open(file.lines())
        stale = self._older_than_last(as_of)
        connection = self._ledger.connection
        # Where the import fails, the rollback takes the table away again.
        _seen.create(connection)
        for rows in chunks(sheet.rows(), CHUNK_ROWS):
            self._settle(rows, sheet)
            if self._progress is not None:
                self._progress(self._tally.rows, file.share_read)
        if self._adapter.full_list:
            self._end_what_has_gone()
        _seen.drop(connection)
        report = self._report(file, as_of, dry_run=dry_run, suspected=stale or self._suspicion())
        self._note_run(report)
        return report

    def _settle(self, rows: list[Row], sheet: Sheet) -> None:
        batch = _Batch(self._ledger, self._keys, self._adapter.name, rows)
        self._tally.holds_now += batch.listings_stated
        self._tally.held_before += batch.listings_held
        aside = []
        for row in rows:
            outcome = batch.settle(row)
            if isinstance(outcome, Fault):
                self._count_fault(row, outcome)
                if outcome.disposition is Disposition.QUARANTINED:
                    aside.append(self._set_aside(row, outcome, sheet))
            else:
                self._tally.outcomes[outcome] += 1
                if outcome is not _Outcome.UNCHANGED and self._tally.outcomes[outcome] <= NAMED:
                    self._tally.first[outcome].append(without_citizen_numbers(batch.fact_id(row)))
        self._ledger.flush()
        if aside:
            self._ledger.connection.execute(insert(QuarantinedRow), aside)
        self._tally.rows += len(rows)

    def _count_fault(self, row: Row, fault: Fault) -> None:
        if row.content is fault and not fault.fact_id and fault.reason not in _NEVER_LISTED:
            self._tally.unplaced += 1
        self._tally.dispositions[fault.disposition] += 1
        self._tally.reasons[fault.reason] += 1
        if self._tally.reasons[fault.reason] <= SAMPLES:
            self._tally.samples.append(FaultSample(row.number, fault.disposition, fault.reason, fault.detail))

    def _set_aside(self, row: Row, fault: Fault, sheet: Sheet) -> dict[str, Any]:
        original = dict(sheet.original(row))
        return {
            "revision": self._ledger.revision,
            "row_number": row.number,
            "reason": fault.reason.value,
            "detail": fault.detail,
            "original": json.dumps(original, ensure_ascii=False),
            "masked": _is_masked(original, row),
        }

    def _end_what_has_gone(self) -> None:
        """移出: end the feed's live listings that the file no longer holds."""
        absent = (
            select(FactRow.fact_id, FactRow.subject_id)
            .where(FactRow.feed == self._adapter.name, FactRow.kind == LISTING)
            .where(~select(_seen.c.fact_id).where(_seen.c.fact_id == FactRow.fact_id).exists())
            .order_by(FactRow.subject_id)
        )
        connection = self._ledger.connection
        for some in chunks(connection.execute(absent).all(), CHUNK_ROWS):
            found = records(connection, {row.subject_id for row in some})
            for fact_id, subject_id in some:
                record = found[subject_id]
                if record.listings[fact_id].ended_at is None:
                    moment = self._ledger.moment.astimezone(UTC)
                    self._ledger.append(record, Delisted(fact_id, moment, DelistingCause.GONE_FROM_LIST))
                    self._tally.gone += 1
                    if self._tally.gone <= NAMED:
                        self._tally.first_gone.append(without_citizen_numbers(fact_id))
        self._tally.held_before += self._tally.gone
        self._ledger.flush()

    def _older_than_last(self, as_of: date) -> Suspicion | None:
        """Why a whole list may not be loaded: a later one was."""
        if not self._adapter.full_list:
            return None
        latest = select(func.max(FeedRunRow.as_of)).where(FeedRunRow.feed == self._adapter.name)
        last = self._ledger.connection.execute(latest).scalar_one()
        return Suspicion(Doubt.OLDER_LIST, as_of=as_of, loaded_as_of=last) if last and as_of < last else None

    def _suspicion(self) -> Suspicion | None:
        """Why a person should look at a whole list before it is loaded; None where nothing is odd."""
        doubt = self._doubt() if self._adapter.full_list else None
        tally = self._tally
        return None if doubt is None else Suspicion(doubt, tally.gone, tally.held_before, tally.holds_now)

    def _doubt(self) -> Doubt | None:
        tally, limits = self._tally, self._adapter.limits
        if not tally.holds_now:
            return Doubt.EMPTY_LIST
        if tally.gone and tally.unplaced:
            return Doubt.MISSING_AND_UNREAD
        if tally.gone > limits.shrink * tally.held_before:
            return Doubt.SHRUNK_LIST
        growth = tally.holds_now - tally.held_before
        if tally.held_before and growth > limits.growth * tally.held_before:
            return Doubt.GROWN_LIST
        return None

    def _report(self, file: FeedFile, as_of: date, *, dry_run: bool, suspected: Suspicion | None) -> ImportReport:
        tally = self._tally
        added, changed = tally.outcomes[_Outcome.ADDED], tally.outcomes[_Outcome.CHANGED]
        return ImportReport(
            feed=self._adapter.name,
            file_name=file.path.name,
            sha256=file.sha256,
            as_of=as_of,
            rows=tally.rows,
            accepted=added + changed,
            unchanged=tally.outcomes[_Outcome.UNCHANGED],
            quarantined=tally.dispositions[Disposition.QUARANTINED],
            rejected=tally.dispositions[Disposition.REJECTED],
            added=added,
            changed=changed,
            gone=tally.gone,
            reasons={reason.value: count for reason, count in tally.reasons.most_common()},
            samples=tuple(tally.samples),
            suspicion="" if suspected is None else suspected.words,
            dry_run=dry_run,
            revision=None if dry_run else self._ledger.revision,
            first_added=tuple(tally.first[_Outcome.ADDED]),
            first_changed=tuple(tally.first[_Outcome.CHANGED]),
            first_gone=tuple(tally.first_gone),
            suspected=suspected,
        )

    def _note_run(self, report: ImportReport) -> None:
        counts = ("rows", "accepted", "unchanged", "quarantined", "rejected", "added", "changed", "gone")
        self._ledger.connection.execute(
            insert(FeedRunRow),
            {
                "revision": self._ledger.revision,
                "feed": report.feed,
                "file_name": report.file_name[-512:],
                "sha256": report.sha256,
                "as_of": report.as_of,
                "full_list": self._adapter.full_list,
                "reasons": json.dumps(report.reasons),
                **{count: getattr(report, count) for count in counts},
            },
        )


class _Batch:
    """Rows settled together, with everything the record holds about them read beforehand.

    `listings_stated` counts the listings the rows state for the first time in their file, `listings_held` those of them
    that the feed held already.
    """

    def __init__(self, ledger: Ledger, keys: SubjectKeys, feed: str, rows: list[Row]) -> None:
        self._ledger = ledger
        self._feed = feed
        self._codes: dict[int, tuple[Code, ...]] = {}
        self._fact_ids: dict[int, str] = {}
        self._first_events: dict[int, list[Event]] = {}
        wanted: set[tuple[str, str]] = set()
        self._tokens = Tokens(ledger.connection, keys, chain.from_iterable(map(_identifiers, rows)))
        for row in rows:
            codes = self._codes[id(row)] = tuple([self._tokens.code(one) for one in _identifiers(row)])
            self._fact_ids[id(row)] = _fact_id(row.content, feed, codes)
            wanted.update([(code.scheme, code.code) for code in codes])
            wanted.update(contained_in(codes))
        fact_ids = {fact_id for fact_id in self._fact_ids.values() if fact_id}
        connection = ledger.connection
        self._owners = subjects_named(connection, wanted)
        self._facts = facts_known(connection, fact_ids)
        subject_ids = {*self._owners.values(), *(fact.subject_id for fact in self._facts.values())}
        self._records = records(connection, subject_ids)
        self._seen = _seen_before(connection, fact_ids)
        new = self._note_seen(rows)
        self.listings_stated = len(new)
        self.listings_held = sum(1 for fact_id in new if self._is_held(fact_id))

    def _note_seen(self, rows: list[Row]) -> dict[str, int]:
        new: dict[str, int] = {}
        for row in rows:
            fact_id = self._fact_ids[id(row)]
            if fact_id and fact_id not in self._seen:
                new.setdefault(fact_id, row.number)
        bulk_insert(self._ledger.connection, _seen, ("fact_id", "row_number"), list(new.items()))
        return new

    def _is_held(self, fact_id: str) -> bool:
        fact = self._facts.get(fact_id)
        if fact is None or fact.kind != LISTING or fact.feed != self._feed:
            return False
        return self._records[fact.subject_id].listings[fact_id].ended_at is None

    def fact_id(self, row: Row) -> str:
        """The id of what a row states."""
        return self._fact_ids[id(row)]

    def settle(self, row: Row) -> _Outcome | Fault:
        """What the row does to the record, done; or why it is not taken."""
        fact_id = self._fact_ids[id(row)]
        repeats = fact_id in self._seen
        if fact_id:
            self._seen.add(fact_id)
        if isinstance(row.content, Fault):
            return row.content
        if len(fact_id) > MAX_FACT_ID and not isinstance(row.content, SubjectKnown):
            return _aside(RowReason.OVERLONG_VALUE, f"the id has more than {MAX_FACT_ID} signs")
        codes = self._codes[id(row)]
        owners = owners_of(codes, self._owner)
        try:
            record = settle_owner(owners) if any(owners.values()) else None
        except RegistryError:
            return _aside(RowReason.IDENTIFIER_COLLISION, "a code in the row belongs to another subject")
        misplaced = self._misplaced(row.content, fact_id, record)
        if misplaced is not None:
            return misplaced
        events, outcome = self._events(row, row.content, codes, record)
        if isinstance(outcome, Fault):
            return outcome
        if outcome is _Outcome.UNCHANGED:
            if record is not None:
                self._enter_numbers(row, record.subject_id, record)
            return outcome
        if repeats:
            return Fault(Disposition.REJECTED, RowReason.DUPLICATE, "an earlier row of the file states it differently")
        subject_id = self._take(row.content, fact_id, owners, record, events)
        self._enter_numbers(row, subject_id, record)
        return outcome

    def _enter_numbers(self, row: Row, subject_id: int, record: SubjectRecord | None) -> None:
        """Enter the row's natural persons under every key that is given: the numbers are here now, and are not kept."""
        for identifier in _identifiers(row):
            entered = self._tokens.entered(identifier)
            if entered is None:
                continue
            self._ledger.claim_tokens(entered)
            event = entered.event()
            if event is None:
                continue
            if record is not None:
                self._ledger.append(record, event)
            else:
                self._first_events[subject_id].append(event)
                self._ledger.note(subject_id, event)

    def _owner(self, code: Code) -> SubjectRecord | None:
        subject_id = self._owners.get((code.scheme, code.code))
        if subject_id is None:
            return None
        record = self._records.get(subject_id)
        if record is None:
            # Made by an earlier row of the batch; few are ever looked at again.
            record = self._records[subject_id] = SubjectRecord(subject_id)
            for event in self._first_events.pop(subject_id):
                record.apply(event)
        return record

    def _misplaced(self, content: Statement, fact_id: str, record: SubjectRecord | None) -> Fault | None:
        """Why a row's id cannot be its own: another subject, feed or kind of fact has it."""
        fact = self._facts.get(fact_id)
        if fact is None:
            return None
        kind = LISTING if isinstance(content, ListingStated) else ADVERSE
        if record is not None and fact.subject_id == record.subject_id and (fact.feed, fact.kind) == (self._feed, kind):
            return None
        return _aside(RowReason.FACT_OF_ANOTHER, "the id belongs to another subject, feed or kind of fact")

    def _events(
        self, row: Row, content: Statement, codes: tuple[Code, ...], record: SubjectRecord | None
    ) -> tuple[list[Event], _Outcome | Fault]:
        """The events that bring the record in line with the row, if the row may do so; each says which row it was."""
        fact_id = self._fact_ids[id(row)]
        description = _description(content.subject, codes)
        redescribed = None if record is not None and record.descriptions.get(fact_id) == description else description
        match content:
            case SubjectKnown():
                if redescribed is None:
                    return [], _Outcome.UNCHANGED
                known_before = record is not None and fact_id in record.descriptions
                return [Known(fact_id, description, row.number)], _Outcome.CHANGED if known_before else _Outcome.ADDED
            case ListingStated():
                return _listing_events(content, self._feed, row.number, redescribed, description, record)
            case AdverseStated():
                return _adverse_events(content, self._feed, row.number, redescribed, description, record)
            case _:
                assert_never(content)

    def _take(
        self,
        content: Statement,
        fact_id: str,
        owners: dict[Code, SubjectRecord | None],
        record: SubjectRecord | None,
        events: Iterable[Event],
    ) -> int:
        if record is None:
            (first,) = events
            subject_id = self._ledger.enter(first)
            self._first_events[subject_id] = [first]
        else:
            subject_id = record.subject_id
            for event in events:
                self._ledger.append(record, event)
        for code, owner in owners.items():
            if owner is None:
                self._owners[code.scheme, code.code] = subject_id
                self._ledger.claim_code(subject_id, code.scheme, code.code)
        if not isinstance(content, SubjectKnown) and fact_id not in self._facts:
            kind = LISTING if isinstance(content, ListingStated) else ADVERSE
            self._facts[fact_id] = Fact(fact_id, subject_id, kind, self._feed)
            self._ledger.claim_fact(self._facts[fact_id])
        return subject_id


def _is_masked(original: Mapping[str, str], row: Row) -> bool:
    """Whether something of the row was masked before it was kept; a source's own masks are as they came."""
    came = {"".join(cell.split()) for cell in row.cells}
    return any(HIDDEN in cell and "".join(cell.split()) not in came for cell in original.values())


def settle_rows(ledger: Ledger, keys: SubjectKeys, feed: str, rows: list[Row]) -> list[Fault | None]:
    """Settle a few rows of a feed against the record, outside any import: for each None, or why it is not taken."""
    _seen.create(ledger.connection)
    batch = _Batch(ledger, keys, feed, rows)
    outcomes = [batch.settle(row) for row in rows]
    ledger.flush()
    _seen.drop(ledger.connection)
    return [outcome if isinstance(outcome, Fault) else None for outcome in outcomes]


def _listing_events(
    content: ListingStated,
    feed: str,
    row: int,
    redescribed: Description | None,
    description: Description,
    record: SubjectRecord | None,
) -> tuple[list[Event], _Outcome | Fault]:
    listing_id = content.listing_id
    listing = record.listings.get(listing_id) if record is not None else None
    if record is None or listing is None:
        return [Listed(listing_id, content.facts, feed, description, content.confirmed_on, row)], _Outcome.ADDED
    if record.ended_by.get(listing_id) is EndedBy.GONE_FROM_LIST:
        # It had left the list and is back on it.
        return [Listed(listing_id, content.facts, feed, redescribed, content.confirmed_on, row)], _Outcome.ADDED
    restated = None if record.listing_facts(listing_id) == content.facts else content.facts
    events: list[Event] = []
    if restated is not None or redescribed is not None:
        events.append(Corrected(listing_id, listing=restated, description=redescribed, row=row))
    if content.confirmed_on is not None and content.confirmed_on > (listing.confirmed_on or date.min):
        events.append(Confirmed(listing_id, content.confirmed_on))
    if not events:
        return [], _Outcome.UNCHANGED
    if listing.ended_at is not None:
        return [], _aside(RowReason.ENDED_HERE, "the listing has ended here, and the row changes it")
    return events, _Outcome.CHANGED


def _adverse_events(
    content: AdverseStated,
    feed: str,
    row: int,
    redescribed: Description | None,
    description: Description,
    record: SubjectRecord | None,
) -> tuple[list[Event], _Outcome | Fault]:
    record_id = content.record_id
    adverse = record.adverse_records.get(record_id) if record is not None else None
    if record is None or adverse is None:
        return [AdverseRecorded(record_id, content.facts, feed, description, row)], _Outcome.ADDED
    restated = None if record.adverse_facts(record_id) == content.facts else content.facts
    if restated is None and redescribed is None:
        return [], _Outcome.UNCHANGED
    if adverse.ended_at is not None:
        return [], _aside(RowReason.ENDED_HERE, "the record has ended here, and the row changes it")
    return [Corrected(record_id, adverse=restated, description=redescribed, row=row)], _Outcome.CHANGED


def _aside(reason: RowReason, detail: str) -> Fault:
    return Fault(Disposition.QUARANTINED, reason, detail)


def _identifiers(row: Row) -> tuple[Identifier, ...]:
    return () if isinstance(row.content, Fault) else row.content.subject.identifiers


def _fact_id(content: Statement | Fault, feed: str, codes: tuple[Code, ...]) -> str:
    match content:
        case Fault():
            return content.fact_id
        case ListingStated():
            return content.listing_id
        case AdverseStated():
            return content.record_id
        case SubjectKnown():
            known = known_fact(feed, codes[0])
            return f"{known}:{content.about}" if content.about else known
        case _:
            assert_never(content)


def _description(subject: SubjectDescribed, codes: tuple[Code, ...]) -> Description:
    return describe(codes, subject.name, subject.other_names, subject.known_since, subject.masked)


def _seen_before(connection: Connection, fact_ids: Iterable[str]) -> set[str]:
    return set(connection.execute(select(_seen.c.fact_id).where(among(_seen.c.fact_id, fact_ids))).scalars())


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Let the collector run rarely: rows make many objects and no cycles; looking at them took a third of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def import_file(
    ledger: Ledger,
    keys: SubjectKeys,
    adapter: Adapter,
    path: Path,
    *,
    as_of: date,
    dry_run: bool,
    progress: Progress | None,
) -> ImportReport:
    """Import one file inside the ledger's transaction. Raises `UnreadableFeed`; never commits."""
    with FeedFile(path) as file, _rarely_collecting():
        return Import(ledger, keys, adapter, progress).run(file, as_of, dry_run=dry_run)
