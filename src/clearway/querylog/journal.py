"""A worker's own journal: batches of records, each batch durable when `append` returns.

One worker, one journal, one segment at a time. A segment that is full or old is left and the next one begun, so that
the shipper can delete whole files. A failed commit ends a segment for good: a retried fsync may report success for
pages the kernel has already dropped, so nothing more is appended to that file and what is in it is read back.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import msgspec

from clearway.querylog.segment import FileLock, SegmentFiles, SegmentName, free_gently, open_rows, rows_after
from clearway.querylog.sqlite import NotDurable, checkpoint, connect_writer, sqlite3

_CREATE = "CREATE TABLE entry (seq INTEGER PRIMARY KEY, record BLOB NOT NULL)"

# One statement for the whole batch: one transaction, one fsync, and the GIL given up and taken back once. executemany
# takes it back for every row, and each time may wait a whole switch interval (5 ms) behind a busy event loop.
_INSERT = (
    "INSERT INTO entry (record) SELECT substr(?1, json_extract(value, '$[0]'), json_extract(value, '$[1]'))"
    " FROM json_each(?2)"
)

MOST_LEFT = 8
"""Full segments that a journal keeps open for a shipper that does not come: some file descriptors each."""


class JournalFailed(Exception):
    """A batch could not be made durable, or the journal stopped after one that could not. Recover before appending."""


@dataclass(frozen=True, slots=True)
class SegmentLimits:
    """When a segment is left and the next begun; checked before each batch, so one batch may exceed them."""

    rows: int = 100_000
    bytes: int = 32 * 1024 * 1024
    age: float = 600.0
    """Seconds since the segment was begun."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a failed batch left behind: `found` of its `batch` records are in the failed segment's file.

    Their callers were told that no record could be made; the rows stay and are shipped like any other.
    """

    segment: str
    batch: int
    found: int


class Segment:
    """One segment, owned and open for appending."""

    def __init__(self, files: SegmentFiles, lock: FileLock, connection: sqlite3.Connection, begun: float) -> None:
        self.files = files
        self.begun = begun
        self.rows = 0
        self.bytes = 0
        self._lock = lock
        self._connection = connection
        self._log: int | None = None

    @classmethod
    def begin(cls, files: SegmentFiles, begun: float) -> Segment | None:
        """Creates the files, lock first. None where the name is taken. Leaves nothing behind when it fails."""
        try:
            lock = FileLock.acquire(files.lock, new=True)
        except FileExistsError:
            return None
        if lock is None:
            return None
        try:
            connection = connect_writer(files.database)
            try:
                connection.execute(_CREATE)
                _sync_directory(files.directory)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            files.delete()
            lock.close()
            raise
        return cls(files, lock, connection, begun)

    def append(self, batch: Sequence[bytes]) -> None:
        """Inserts the batch in one transaction; returns when it is on disk. Raises what SQLite raises."""
        offset = 1
        slices: list[tuple[int, int]] = []
        for record in batch:
            slices.append((offset, len(record)))
            offset += len(record)
        inserted = self._connection.execute(_INSERT, (b"".join(batch), msgspec.json.encode(slices).decode())).rowcount
        if inserted != len(batch):
            raise JournalFailed(f"{inserted} of {len(batch)} rows were inserted")
        self.rows += len(batch)
        self.bytes += offset - 1

    @property
    def gone(self) -> bool:
        """Whether the shipper has deleted it, all of it being in the central log, or has set it aside."""
        return not self.files.database.exists()

    def leave(self) -> None:
        """Lets the lock go: nothing more is appended.

        The file stays open, for whoever closes it last copies its write-ahead log into it, unless it is deleted.
        """
        with contextlib.suppress(OSError):
            self._log = os.open(self.files.wal, os.O_RDWR | os.O_CLOEXEC)
        self._lock.close()

    def close(self) -> None:
        """Closes the file, then lets the lock go, where `leave` has not: its holder may still append.

        Who gets the lock may count on the last row, not on a closed file.
        """
        try:
            try:
                if not self.gone:
                    checkpoint(self._connection)
            finally:
                self._connection.close()
                if self._log is not None:
                    with os.fdopen(self._log, "r+b", buffering=0) as log:
                        self._log = None
                        free_gently(log)
        finally:
            self._lock.close()


class Journal:
    """The durable, append-only journal of one life of one worker. Blocking; used by one thread at a time.

    `incarnation` names this life and must never come back: make it from the worker's name and a fresh id.
    """

    def __init__(
        self,
        directory: Path,
        incarnation: str,
        limits: SegmentLimits | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Creates the directory and the first segment. Raises `JournalFailed` where that is impossible."""
        if SegmentName.parse(f"{incarnation}-0001") is None:
            raise ValueError("an incarnation is 1 to 100 letters, digits and ._-, and begins with a letter or digit")
        self._directory = directory
        self._incarnation = incarnation
        self._limits = limits or SegmentLimits()
        self._monotonic = monotonic
        self._numbers = count(1)
        self._closers: list[threading.Thread] = []
        self._left: list[Segment] = []
        self._deleted: list[Segment] = []
        self._failed: Segment | None = None
        self._segment: Segment | None = None
        self._segment = self._begin()

    @property
    def segment(self) -> SegmentFiles | None:
        """The segment now written to; None after a failure, until recovered, and after closing."""
        return self._segment.files if self._segment else None

    def append(self, batch: Sequence[bytes]) -> None:
        """Makes the batch durable, all of it. Raises `JournalFailed`; then nothing is known of any of it."""
        if not batch:
            return
        if self._segment is None:
            raise JournalFailed("the journal has stopped")
        try:
            if self._due(self._segment):
                self.rotate()
            self._segment.append(batch)
        except (sqlite3.Error, OSError, JournalFailed, MemoryError) as fault:
            self._failed, self._segment = self._segment, None
            raise JournalFailed(f"the batch could not be committed: {fault}") from fault

    def rotate(self) -> None:
        """Begins the next segment, and leaves the last one to the shipper.

        It is closed once the shipper has deleted it, so that its rows are written once: copying them from SQLite's
        write-ahead log into a file that is soon deleted would keep the disk from everybody's commits meanwhile. Where
        no shipper comes, `MOST_LEFT` of them stay open.
        """
        last, self._segment = self._segment, self._begin()
        if last is not None:
            last.leave()
            self._left.append(last)
        self._tidy()

    def _tidy(self) -> None:
        """Closes what the shipper has deleted, and the oldest of too many, aside: no batch waits for it.

        What is found deleted is closed the next time: others may still have their last look at it, and it is freed
        little by little only by who closes it last.
        """
        waiting = [segment for segment in self._left if not segment.gone]
        done = [*self._deleted, *waiting[:-MOST_LEFT]]
        self._deleted = [segment for segment in self._left if segment not in waiting]
        self._left = waiting[-MOST_LEFT:]
        self._closers = [closer for closer in self._closers if closer.is_alive()]
        if done:
            closer = threading.Thread(target=_close_all, args=(done,), name="clearway-journal-close")
            closer.start()
            self._closers.append(closer)

    def recover(self, batch: Sequence[bytes] = ()) -> Recovery:
        """After `JournalFailed`: counts which of the failed batch are on file, lets that file go, begins another.

        Raises `JournalFailed` where a new segment cannot be begun yet; call again later.
        """
        failed = self._failed
        name, found = "", 0
        if failed is not None:
            name = str(failed.files.name)
            _close_quietly(failed)
            found = _count_found(failed.files, batch)
            self._failed = None
        self._tidy()  # a disk may have been full
        if self._segment is None:
            self._segment = self._begin()
        return Recovery(name, len(batch), found)

    def close(self) -> None:
        """Closes the segment and waits for those still closing."""
        every = (*self._deleted, *self._left, self._segment, self._failed)
        _close_all([segment for segment in every if segment is not None])
        self._deleted = self._left = []
        self._segment = self._failed = None
        for closer in self._closers:
            closer.join()

    def _due(self, segment: Segment) -> bool:
        limits = self._limits
        aged = segment.rows > 0 and self._monotonic() - segment.begun >= limits.age
        return segment.rows >= limits.rows or segment.bytes >= limits.bytes or aged

    def _begin(self) -> Segment:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            while True:
                name = SegmentName(self._incarnation, next(self._numbers))
                begun = Segment.begin(SegmentFiles(self._directory, name), self._monotonic())
                if begun is not None:
                    return begun
        except (sqlite3.Error, NotDurable, OSError) as fault:
            raise JournalFailed(f"no journal segment can be begun: {fault}") from fault


def _close_all(segments: Iterable[Segment]) -> None:
    for segment in segments:
        _close_quietly(segment)


def _close_quietly(segment: Segment) -> None:
    """Closes; a checkpoint that fails leaves the rows in the WAL, where the shipper reads them."""
    with contextlib.suppress(sqlite3.Error, OSError):
        segment.close()


def _count_found(files: SegmentFiles, batch: Sequence[bytes]) -> int:
    """How many of `batch` stand in the segment's file; 0 where it cannot be read: this is for the operator's log."""
    wanted = set(batch)
    try:
        connection = open_rows(files)
        if connection is None:
            return 0
        with contextlib.closing(connection):
            return len({record for _, record in rows_after(connection, 0) if record in wanted})
    except sqlite3.Error:
        return 0


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
