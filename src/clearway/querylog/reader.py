"""The read side: recorded checks, from the central log and from journals not yet shipped, each once.

A snapshot opens the journals first and the central log after them. A row is then in the central log, or after its
segment's cursor as the central log states it in the same snapshot; never both, never neither.
"""

from __future__ import annotations

import contextlib
import heapq
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from sqlalchemy import ColumnElement, Engine, and_, select
from sqlalchemy.engine import Connection

from clearway.querylog import case_spans, cases, patterns, search, tallies
from clearway.querylog.case_spans import CaseSpan
from clearway.querylog.cases import CaseCheck, Window
from clearway.querylog.central import (
    LogUnreachable,
    StoredCheck,
    check_listing,
    check_log,
    checks_only,
    journal_cursor,
    reaching,
)
from clearway.querylog.ended_sessions import end_session, has_ended
from clearway.querylog.filter import Filter
from clearway.querylog.nodes import NodeAccount, accounts
from clearway.querylog.patterns import Busy, OfficerHour, Walk
from clearway.querylog.record import CheckRecord, UnreadableRecord
from clearway.querylog.retention.erased import ErasedRow, count_erased, erased_rows, erasure_of
from clearway.querylog.segment import SegmentFiles, SegmentName, open_rows, rows_after, rows_containing, segments
from clearway.querylog.sqlite import sqlite3
from clearway.querylog.tallies import Scope
from clearway.transparency.entries import ErasureEntry

_log = logging.getLogger(__name__)

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not in the central log yet: the exposure if this node were lost.

    `oldest` is the moment, in UTC, of the check that has waited longest; None where none waits.
    """

    segments: int
    rows: int
    oldest: datetime | None = None


class Log:
    """Reads recorded checks. Blocking; safe to share between threads: every call opens what it needs.

    Every method may raise `LogUnreachable` where the central log is in PostgreSQL.
    """

    def __init__(self, central: Engine, journals: Path) -> None:
        """`central` as `open_central` made it; `journals` the journal directory, which need not exist yet."""
        self._central = central
        self._journals = journals
        self._known_cursors: dict[str, int] = {}

    def get(self, check_id: str) -> StoredCheck | None:
        """The check with this id, shipped or not."""
        wanted = (check_log.c.check_id == check_id) & checks_only()
        return self._find(wanted, check_id, lambda record: record.check_id == check_id and record.is_check)

    def row(self, check_id: str) -> StoredCheck | None:
        """Whatever is recorded under this id: a check, a refusal of something else, or a look."""
        return self._find(check_log.c.check_id == check_id, check_id, lambda record: record.check_id == check_id)

    def erasure(self, check_id: str) -> ErasureEntry | None:
        """The erasure by which the check's row went; None where none names it."""
        with reaching(self._central):
            return erasure_of(self._central, check_id)

    def erased(self, since: datetime | None = None, until: datetime | None = None) -> int:
        """How many rows made in that time were erased, whatever they were: nothing else is known of them."""
        with self._connected() as central:
            return count_erased(central, since, until)

    def erased_rows(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[ErasedRow]:
        """The same rows, in the log's order; streamed. Close it if not exhausted."""
        with self._connected() as central:
            yield from erased_rows(central, since, until)

    def find_request(self, authority: str, request_id: str, since: datetime) -> StoredCheck | None:
        """An answered check of this authority under this request id, decided at or after `since`."""
        wanted = Filter(authority=authority, request_id=request_id, error_reason="", since=since)
        return self._find(and_(*wanted.where()), request_id, wanted.matches)

    def newest(self, wanted: Filter | None = None, *, limit: int = 50, before: str | None = None) -> list[StoredCheck]:
        """The newest checks first, by check id; at most `limit`; only those with a smaller id than `before`."""
        wanted = wanted or Filter()
        statement = select(check_log.c.seq, check_log.c.record).where(*wanted.where())
        if before is not None:
            statement = statement.where(check_log.c.check_id < before)
        with self._snapshot() as (central, pending):
            rows = central.execute(statement.order_by(check_log.c.check_id.desc()).limit(limit))
            shipped = [StoredCheck.of(raw, seq) for seq, raw in rows]
            unshipped = (
                stored
                for stored in pending
                if wanted.matches(stored.record) and (before is None or stored.record.check_id < before)
            )
            newest = heapq.nlargest(limit, unshipped, key=lambda stored: stored.record.check_id)
        shipped += newest
        shipped.sort(key=lambda stored: stored.record.check_id, reverse=True)
        return shipped[:limit]

    def answered_requests(self, since: datetime, *, limit: int) -> list[StoredCheck]:
        """The newest answered checks that a client gave a request id and that were decided since, newest first."""
        conditions = (
            check_log.c.request_id > "",
            checks_only(),
            check_log.c.error_reason == "",
            check_log.c.decided_at >= since,
        )
        statement = select(check_log.c.seq, check_log.c.record).where(*conditions)
        with self._snapshot() as (central, pending):
            rows = central.execute(statement.order_by(check_log.c.decided_at.desc()).limit(limit))
            found = [StoredCheck.of(raw, seq) for seq, raw in rows]
            wanted = Filter(error_reason="", since=since)
            found += (stored for stored in pending if stored.record.request_id and wanted.matches(stored.record))
        found.sort(key=lambda stored: stored.record.check_id, reverse=True)
        return found[:limit]

    def relying_on(self, listing_id: str, *, after: str = "", limit: int = 100) -> list[StoredCheck]:
        """The checks whose answers speak of a listing, the oldest first; at most `limit`, those with a greater id."""
        named = select(check_listing.c.check_id).where(
            check_listing.c.listing_id == listing_id, check_listing.c.check_id > after
        )
        first = named.order_by(check_listing.c.check_id).limit(limit)
        statement = select(check_log.c.seq, check_log.c.record).where(check_log.c.check_id.in_(first))
        with self._snapshot() as (central, pending):
            found = [StoredCheck.of(raw, seq) for seq, raw in central.execute(statement)]
            unshipped = (
                stored for stored in pending if listing_id in stored.record.listings and stored.record.check_id > after
            )
            found += heapq.nsmallest(limit, unshipped, key=lambda stored: stored.record.check_id)
        found.sort(key=lambda stored: stored.record.check_id)
        return found[:limit]

    def export(self, wanted: Filter | None = None) -> Iterator[StoredCheck]:
        """Every check, in the central log's order, then those not shipped yet; streamed. Close it if not exhausted."""
        wanted = wanted or Filter()
        statement = select(check_log.c.seq, check_log.c.record).where(*wanted.where()).order_by(check_log.c.seq)
        with self._snapshot() as (central, pending):
            with central.execution_options(yield_per=_CHUNK).execute(statement) as rows:
                for seq, raw in rows:
                    yield StoredCheck.of(raw, seq)
            yield from (stored for stored in pending if wanted.matches(stored.record))

    def last_checks(self, window: Window, limit: int) -> list[CaseCheck]:
        """The last answered check of each case whose last one falls into the window, the oldest first."""
        with self._snapshot() as (central, pending):
            return cases.last_checks(central, pending, window, limit)

    def of_cases(self, authority: str, case_numbers: Collection[str]) -> dict[str, list[CaseCheck]]:
        """Case number → the authority's answered checks of it, in the order of time; empty where there is none."""
        with self._snapshot() as (central, pending):
            return cases.of_cases(central, pending, authority, case_numbers)

    def search(self, *wanted: Filter, limit: int, before: str | None = None) -> search.Page:
        """A page of the checks that any of these wants, the newest first; see `clearway.querylog.search`."""
        with self._snapshot() as (central, pending):
            unshipped = list(pending)
            return search.merged([search.page(central, unshipped, one, before, limit) for one in wanted], limit)

    def tally(self, scope: Scope, columns: Sequence[str]) -> Counter[tuple[str | int, ...]]:
        """How many checks there are of each combination of values; see `clearway.querylog.tallies`."""
        with self._snapshot() as (central, pending):
            return tallies.tally(central, pending, scope, columns)

    def case_spans(self, scope: Scope) -> Iterator[CaseSpan]:
        """The cases that have answered checks in the scope, each once; streamed. Close it if not exhausted."""
        with self._snapshot() as (central, pending):
            yield from case_spans.spans(central, pending, scope)

    def busy(self, scope: Scope, least: int, by: Collection[str] = ()) -> list[Busy]:
        """Officers who checked one subject under at least so many cases. Of shipped rows, as the next two.

        `by`: what they are divided by, of `clearway.querylog.patterns.DIVIDING`.
        """
        with self._connected() as central:
            return patterns.busy(central, scope, least, by)

    def officer_hours(self, scope: Scope, by: Collection[str] = ()) -> Iterator[OfficerHour]:
        """How much each officer checked in each hour; streamed. Close it if not exhausted."""
        with self._connected() as central:
            yield from patterns.officer_hours(central, scope, by)

    def walks(self, scope: Scope, least: int, by: Collection[str] = ()) -> list[Walk]:
        """Hours in which a principal asked about at least so many codes that are not listed or not valid."""
        with self._connected() as central:
            return patterns.walks(central, scope, least, by)

    def backlog(self) -> Backlog:
        """How much waits to be shipped; while the central log cannot be reached, what was not shipped when it could."""
        with self._opened() as opened:
            # An outage is when this is asked most: what is known then is the least that was shipped.
            with contextlib.suppress(LogUnreachable), self._connected() as central:
                self._known_cursors = _cursors(central, [files.name for files, _ in opened])
            waiting = [
                _waiting(connection, self._known_cursors.get(str(files.name), 0)) for files, connection in opened
            ]
        moments = [oldest for _, oldest in waiting if oldest is not None]
        rows = [count for count, _ in waiting if count > 0]
        return Backlog(len(rows), sum(rows), min(moments, default=None))

    def nodes(self) -> tuple[NodeAccount, ...]:
        """How every node that shares the log was when it last gave account. Raises `LogUnreachable`."""
        return accounts(self._central)

    def end_session(self, session_id: bytes, kept_until: datetime, moment: datetime) -> None:
        """Remember until then, on every node, that a session of the console has ended. Raises `LogUnreachable`."""
        end_session(self._central, session_id, kept_until, moment)

    def session_has_ended(self, session_id: bytes) -> bool:
        """Whether somebody ended a session of the console, on whichever node. Raises `LogUnreachable`."""
        return has_ended(self._central, session_id)

    def reach(self) -> None:
        """Read something of the central log, whatever it is. Raises `LogUnreachable`."""
        with self._connected() as central:
            central.execute(select(check_log.c.seq).limit(1)).first()

    def tail(self, *, skip: str = "") -> Tail:
        """Follows the journals from their first rows on; `skip` is an incarnation not to follow (one's own)."""
        return Tail(self._journals, skip)

    def _find(
        self, condition: ColumnElement[bool], needle: str, fits: Callable[[CheckRecord], bool]
    ) -> StoredCheck | None:
        # Central, journals, and central again: a row may move from the journals to it between the first two looks.
        try:
            found = self._find_shipped(condition)
            if found is None:
                found = self._find_unshipped(needle.encode(), fits) or self._find_shipped(condition)
        except LogUnreachable:
            # What was recorded just now is here all the same, shipped or not.
            found = self._find_in_journals(needle.encode(), fits)
            if found is None:
                raise
        return found

    def _find_shipped(self, condition: ColumnElement[bool]) -> StoredCheck | None:
        statement = select(check_log.c.seq, check_log.c.record).where(condition).order_by(check_log.c.check_id).limit(1)
        with self._connected() as central:
            row = central.execute(statement).first()
        return StoredCheck.of(row.record, row.seq) if row else None

    def _find_unshipped(self, needle: bytes, fits: Callable[[CheckRecord], bool]) -> StoredCheck | None:
        with self._opened() as opened:
            with self._connected() as central:
                cursors = _cursors(central, [files.name for files, _ in opened])
            return _found(opened, cursors, needle, fits)

    def _find_in_journals(self, needle: bytes, fits: Callable[[CheckRecord], bool]) -> StoredCheck | None:
        with self._opened() as opened:
            return _found(opened, {}, needle, fits)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A read transaction of the central log. Raises `LogUnreachable`."""
        with reaching(self._central), self._central.connect() as central:
            yield central

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[tuple[Connection, Iterator[StoredCheck]]]:
        """The central log and, lazily, the rows not in it, both as of now."""
        with self._opened() as opened, self._connected() as central:
            cursors = _cursors(central, [files.name for files, _ in opened])
            yield central, _pending(opened, cursors)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[list[tuple[SegmentFiles, sqlite3.Connection]]]:
        """The segments there are, each in a read transaction begun now. One that cannot be read is left out."""
        with contextlib.ExitStack() as stack:
            opened = []
            for files in segments(self._journals):
                try:
                    connection = open_rows(files)
                    if connection is None:
                        continue
                    stack.callback(connection.close)
                    connection.execute("BEGIN")
                    _last(connection)  # a deferred transaction begins with its first read
                    opened.append((files, connection))
                except sqlite3.DatabaseError as fault:
                    _log.warning("journal segment %s cannot be read: %s", files.name, fault)
            yield opened


class Tail:
    """Follows the journals of a node row by row, each row once. Blocking; used by one thread at a time.

    A segment begun, shipped and deleted between two calls is missed: call more often than the shipper's `keep`.
    """

    def __init__(self, journals: Path, skip: str) -> None:
        self._journals = journals
        self._skip = skip
        self._followed: dict[SegmentName, tuple[SegmentFiles, sqlite3.Connection]] = {}
        self._read: dict[SegmentName, int] = {}

    def fresh(self) -> Iterator[StoredCheck]:
        """The rows committed since the last call, as of now. Exhaust it: what is not taken comes with the next call."""
        present = [files for files in segments(self._journals) if files.name.incarnation != self._skip]
        for files in present:
            if files.name not in self._followed:
                self._follow(files)
        names = {files.name for files in present}
        for name, (files, connection) in list(self._followed.items()):
            yield from self._rows(files, connection)
            if name not in names:
                connection.close()
                del self._followed[name], self._read[name]

    def close(self) -> None:
        """Lets the journals go."""
        for _, connection in self._followed.values():
            connection.close()
        self._followed.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self, files: SegmentFiles) -> None:
        try:
            connection = open_rows(files)
        except sqlite3.DatabaseError as fault:
            _log.warning("journal segment %s cannot be read: %s", files.name, fault)
            return
        if connection is not None:
            self._followed[files.name] = (files, connection)
            self._read[files.name] = 0

    def _rows(self, files: SegmentFiles, connection: sqlite3.Connection) -> Iterator[StoredCheck]:
        def counted() -> Iterator[tuple[int, bytes]]:
            for seq, raw in rows_after(connection, self._read[files.name]):
                self._read[files.name] = seq
                yield seq, raw

        return _readable(files, counted())


def _found(
    opened: list[tuple[SegmentFiles, sqlite3.Connection]],
    cursors: dict[str, int],
    needle: bytes,
    fits: Callable[[CheckRecord], bool],
) -> StoredCheck | None:
    for files, connection in opened:
        rows = rows_containing(connection, cursors.get(str(files.name), 0), needle)
        for stored in _readable(files, rows):
            if fits(stored.record):
                return stored
    return None


def _cursors(central: Connection, names: list[SegmentName]) -> dict[str, int]:
    statement = select(journal_cursor.c.segment, journal_cursor.c.shipped)
    rows = central.execute(statement.where(journal_cursor.c.segment.in_([str(name) for name in names])))
    return {row.segment: row.shipped for row in rows}


def _waiting(connection: sqlite3.Connection, shipped: int) -> tuple[int, datetime | None]:
    """How many rows of a segment stand after `shipped`, and the moment of the first one, where it can be read."""
    for _, raw in rows_after(connection, shipped, 1):
        with contextlib.suppress(UnreadableRecord):
            return _last(connection) - shipped, StoredCheck.of(raw).record.decided_at
    return _last(connection) - shipped, None


def _last(connection: sqlite3.Connection) -> int:
    last: int = connection.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()[0]
    return last


def _pending(opened: list[tuple[SegmentFiles, sqlite3.Connection]], cursors: dict[str, int]) -> Iterator[StoredCheck]:
    for files, connection in opened:
        yield from _readable(files, rows_after(connection, cursors.get(str(files.name), 0)))


def _readable(files: SegmentFiles, rows: Iterator[tuple[int, bytes]]) -> Iterator[StoredCheck]:
    """The checks in these rows up to the first that cannot be read; the shipper sets such a segment aside."""
    try:
        for _, raw in rows:
            yield StoredCheck.of(raw)
    except (sqlite3.DatabaseError, UnreadableRecord) as fault:
        _log.warning("journal segment %s cannot be read further: %s", files.name, fault)
