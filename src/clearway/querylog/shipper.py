"""The shipper: moves journal rows to the central log, in order, each exactly once, then deletes what is empty.

Exactly once, because a segment's cursor is read and advanced in the transaction that inserts its rows: killed at any
point, the next shipper goes on from what was committed. `check_id` is unique besides.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, insert, select
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from clearway.postgresql.copying import copy_rows
from clearway.querylog import postgresql
from clearway.querylog.central import (
    StoredCheck,
    check_listing,
    check_log,
    journal_cursor,
    on_postgresql,
    row_of,
    writing,
)
from clearway.querylog.record import UnreadableRecord
from clearway.querylog.segment import FileLock, SegmentFiles, SegmentName, open_rows, rows_after, segments, sweep
from clearway.querylog.sqlite import sqlite3

_log = logging.getLogger(__name__)

LOCK_FILE = "shipper.lock"
"""In the journal directory; held by the one shipper of a node."""

_PASSING = ("database is locked", "unable to open database file", "disk I/O error")


class ShipperRunning(Exception):
    """Another shipper works on this journal directory."""


class SegmentDamaged(Exception):
    """A segment cannot be read as its owner wrote it."""


@dataclass(slots=True)
class Shipped:
    """What one step did."""

    rows: int = 0
    segments_closed: int = 0
    damaged: list[Path] = field(default_factory=list)
    """Where segments set aside in this step now lie. A person must look; nothing deletes them."""


@dataclass(slots=True)
class _Following:
    """An open segment, how far it is shipped, and since when (monotonic seconds) it has nothing left to ship."""

    files: SegmentFiles
    connection: sqlite3.Connection
    shipped: int
    complete_since: float | None = None


class Shipper:
    """The one shipper of a journal directory. Blocking; used by one thread.

    `keep` is how long, in seconds, a finished segment stays readable before it is deleted, for workers that follow each
    other's journals (see `clearway.querylog.request_ids`).
    """

    def __init__(
        self,
        central: Engine,
        journals: Path,
        *,
        batch_rows: int = 2000,
        keep: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
        around: Callable[[int], AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        """`around` is entered, with the number of its rows, for each batch that is added.

        Raises `ShipperRunning` where another has the directory.
        """
        journals.mkdir(parents=True, exist_ok=True)
        lock = FileLock.acquire(journals / LOCK_FILE)
        if lock is None:
            raise ShipperRunning(f"another shipper works on {journals}")
        self._lock = lock
        self._central = central
        self._journals = journals
        self._batch_rows = batch_rows
        self._keep = keep
        self._monotonic = monotonic
        self._around = around
        self._following: dict[str, _Following] = {}
        self._troubles: dict[SegmentName, str] = {}
        self._months = postgresql.Months(central) if on_postgresql(central) else None

    def step(self) -> Shipped:
        """Ships what is there now. Raises SQLAlchemy's `DBAPIError` where the central log fails; nothing is lost."""
        shipped = Shipped()
        for files in segments(self._journals):
            try:
                self._step_segment(files, shipped)
            except (SegmentDamaged, UnreadableRecord, sqlite3.DatabaseError) as fault:
                self._on_unreadable(files, fault, shipped)
        sweep(self._journals)
        return shipped

    def run(self, stop: threading.Event, interval: float = 0.05) -> None:
        """Steps until `stop` is set, then once more. A failing central log is tried again, ever more slowly."""
        attempts = Retrying(
            retry=retry_if_exception_type((DBAPIError, OSError)),
            wait=wait_random_exponential(multiplier=0.1, max=5.0),
            stop=stop_when_event_set(stop),
            sleep=sleep_using_event(stop),
            before_sleep=_warn,
            reraise=True,
        )
        while not stop.is_set():
            moved = attempts(self.step)
            # Rows that come meanwhile share a transaction and its sync; a full batch has others behind it.
            if moved.rows < self._batch_rows:
                stop.wait(interval)
        self.step()

    def close(self) -> None:
        """Lets the journals and the directory go."""
        for following in self._following.values():
            following.connection.close()
        self._following.clear()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _step_segment(self, files: SegmentFiles, shipped: Shipped) -> None:
        following = self._follow(files)
        if following is None:
            self._delete_unbegun(files)
            return
        # The lock is asked for before the last look: what is free now gets no more rows, so the look is complete.
        lock = FileLock.acquire(files.lock)
        with lock or contextlib.nullcontext():
            for rows in self._ship(following):
                shipped.rows += rows
            if lock is None:
                return
            now = self._monotonic()
            if following.complete_since is None:
                following.complete_since = now
            if now - following.complete_since >= self._keep:
                try:
                    files.delete()
                finally:
                    # In this order: the last to close a file that is still there would write all of it once more.
                    self._forget(files)
                shipped.segments_closed += 1

    def _follow(self, files: SegmentFiles) -> _Following | None:
        name = str(files.name)
        following = self._following.get(name)
        if following is None:
            if _log_without_database(files):
                raise SegmentDamaged("the database is empty and its write-ahead log is not")
            connection = open_rows(files)
            if connection is None:
                return None
            with self._central.connect() as central:
                shipped = _cursor(central, name)
            following = self._following[name] = _Following(files, connection, shipped)
        return following

    def _forget(self, files: SegmentFiles) -> None:
        following = self._following.pop(str(files.name), None)
        if following is not None:
            with contextlib.suppress(sqlite3.Error):
                following.connection.close()

    def _ship(self, following: _Following) -> Iterator[int]:
        """Ships batch by batch, one central transaction each; yields how many rows each one held."""
        name = str(following.files.name)
        while rows := _readable(following, self._batch_rows):
            with self._around(len(rows)):
                cursor = self._add(name, following.shipped, rows)
            # Elsewhere than expected: an earlier commit took effect although it reported a failure. The table is right.
            following.shipped, moved = (cursor + len(rows), len(rows)) if cursor == following.shipped else (cursor, 0)
            yield moved

    def _add(self, name: str, shipped: int, rows: list[StoredCheck]) -> int:
        """Add rows if the segment's cursor stands at `shipped`, and move it; gives where it stood."""
        if self._months is None:
            return _add_rows(self._central, name, shipped, rows, _copy)
        self._months.make_for(row.record.check_id for row in rows)
        try:
            return _add_rows(self._central, name, shipped, rows, copy_in)
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", None) == postgresql.NO_PARTITION:
                self._months.forget()
                raise
            # Some of them are there already: look at each.
            return _add_rows(self._central, name, shipped, rows, _copy)

    def _delete_unbegun(self, files: SegmentFiles) -> None:
        """A segment without its table: its owner is just beginning it, or died then and never promised anything."""
        lock = FileLock.acquire(files.lock)
        if lock is None:
            return
        with lock, contextlib.ExitStack() as opened, self._central.connect() as central:
            connection = open_rows(files)  # it may have begun, and ended, between the first look and the lock
            if connection is not None:
                opened.callback(connection.close)
            elif _cursor(central, str(files.name)) > 0:
                raise SegmentDamaged("rows were shipped from it, and now it has no table")
            else:
                files.delete()

    def _on_unreadable(self, files: SegmentFiles, fault: Exception, shipped: Shipped) -> None:
        """Sets the segment aside once its owner is gone. Passing trouble is left for later."""
        self._forget(files)
        passing = isinstance(fault, sqlite3.OperationalError) and any(sign in str(fault) for sign in _PASSING)
        lock = None if passing else FileLock.acquire(files.lock)
        if lock is None:
            if self._troubles.get(files.name) != str(fault):  # a step comes every few hundredths of a second
                _log.warning("journal segment %s cannot be read now: %s", files.name, fault)
            self._troubles[files.name] = str(fault)
            return
        with lock:
            aside = files.set_aside()
        _log.error("journal segment %s is damaged and set aside as %s: %s", files.name, aside.name, fault)
        shipped.damaged.append(aside)


def _log_without_database(files: SegmentFiles) -> bool:
    """Whether an empty database stands beside a write-ahead log with rows, which SQLite would delete on opening."""
    try:
        return files.database.stat().st_size == 0 and files.wal.stat().st_size > 0
    except FileNotFoundError:
        return False


def _cursor(central: Connection, segment: str) -> int:
    found: int | None = central.execute(
        select(journal_cursor.c.shipped).where(journal_cursor.c.segment == segment)
    ).scalar()
    return found or 0


def _add_rows(
    central: Engine,
    name: str,
    shipped: int,
    rows: list[StoredCheck],
    copy: Callable[[Connection, list[StoredCheck]], None],
) -> int:
    with writing(central) as connection:
        cursor = (
            postgresql.lock_cursor(connection, journal_cursor, name)
            if on_postgresql(connection)
            else _cursor(connection, name)
        )
        if cursor == shipped:
            copy(connection, rows)
            _advance(connection, name, cursor + len(rows))
    return cursor


def _advance(central: Connection, segment: str, shipped: int) -> None:
    moved = central.execute(
        journal_cursor.update().where(journal_cursor.c.segment == segment), {"shipped": shipped}
    ).rowcount
    if not moved:
        central.execute(insert(journal_cursor), {"segment": segment, "shipped": shipped})


def _readable(following: _Following, limit: int) -> list[StoredCheck]:
    """The next rows, as far as they can be read without a gap. Raises only where the very first cannot."""
    rows: list[StoredCheck] = []
    try:
        for seq, raw in rows_after(following.connection, following.shipped, limit):
            wanted = following.shipped + len(rows) + 1
            if seq != wanted:
                raise SegmentDamaged(f"row {wanted} is missing")
            rows.append(StoredCheck.of(raw))
    except (SegmentDamaged, UnreadableRecord, sqlite3.DatabaseError):
        if not rows:
            raise
    return rows


def _copy(central: Connection, rows: list[StoredCheck]) -> None:
    """Inserts the records; one that is there already, byte for byte, is passed over; another with its id is damage."""
    dialect = postgresql_dialect if on_postgresql(central) else sqlite
    statement = dialect.insert(check_log).on_conflict_do_nothing(index_elements=["check_id"])
    inserted = central.execute(statement, _numbered(central, rows)).rowcount
    named = _named(rows)
    if named:
        columns = check_listing.c.keys()
        values = [dict(zip(columns, pair, strict=True)) for pair in named]
        central.execute(dialect.insert(check_listing).on_conflict_do_nothing(), values)
    if inserted == len(rows):
        return
    ids = [row.record.check_id for row in rows]
    stored = central.execute(select(check_log.c.record).where(check_log.c.check_id.in_(ids))).scalars()
    if set(stored) != {row.raw for row in rows}:
        raise SegmentDamaged("it holds another record under the id of a check that is already in the log")


def copy_in(central: Connection, rows: list[StoredCheck]) -> None:
    """Copies the records in, none of which is there yet. Raises `IntegrityError` where one is."""
    columns = check_log.c.keys()
    copy_rows(central, check_log, columns, (tuple(row[name] for name in columns) for row in _numbered(central, rows)))
    named = _named(rows)
    if named:
        copy_rows(central, check_listing, check_listing.c.keys(), named)


def _numbered(central: Connection, rows: list[StoredCheck]) -> list[dict[str, object]]:
    """The rows' columns; with their numbers where the engine does not number them by itself."""
    columns = [dict(row_of(row.record, row.raw)) for row in rows]
    if on_postgresql(central):
        for row, number in zip(columns, postgresql.numbers(central, len(rows)), strict=True):
            row["seq"] = number
    return columns


def _named(rows: list[StoredCheck]) -> list[tuple[str, str]]:
    """Each listing that an answer speaks of, with the check."""
    return [(name, row.record.check_id) for row in rows for name in dict.fromkeys(row.record.listings)]


def _warn(state: RetryCallState) -> None:
    fault = state.outcome.exception() if state.outcome else None
    _log.warning("shipping failed; trying again", exc_info=fault)
