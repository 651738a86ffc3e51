"""A journal segment's files: their names, the owner's lock, and reading rows back.

A segment is `<incarnation>-<number>.db` with SQLite's `-wal` and `-shm` beside it and a `.lock` that its owner holds
(flock) as long as it may append. An incarnation is one life of one worker, so no segment ever has a second owner: once
the lock can be had, nothing more will be written.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from clearway.querylog.sqlite import connect_reader, sqlite3

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,99})-([0-9]{4,9})")
_BESIDE = re.compile(r"(.+)(?:\.lock|\.db-wal|\.db-shm)")

FREED_AT_ONCE = 1024 * 1024
PAUSE = 0.01
"""Bytes of a deleted file that are freed in one go, and seconds between two of them."""

DAMAGED_SUFFIX = ".damaged"
"""What a segment that cannot be read is renamed to. It is never deleted here."""


@dataclass(frozen=True, slots=True, order=True)
class SegmentName:
    """Which segment of which life of a worker. Ordered as written."""

    incarnation: str
    number: int

    def __str__(self) -> str:
        return f"{self.incarnation}-{self.number:04d}"

    @classmethod
    def parse(cls, stem: str) -> Self | None:
        """The name in `stem`, or None if this is not a segment's."""
        found = _NAME.fullmatch(stem)
        return cls(found[1], int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """Where a segment's files lie."""

    directory: Path
    name: SegmentName

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.directory / f"{self.name}.db"

    @property
    def wal(self) -> Path:
        """SQLite's write-ahead log beside it."""
        return self.directory / f"{self.name}.db-wal"

    @property
    def shared_memory(self) -> Path:
        """SQLite's index of the write-ahead log."""
        return self.directory / f"{self.name}.db-shm"

    @property
    def lock(self) -> Path:
        """What the owner holds."""
        return self.directory / f"{self.name}.lock"

    @property
    def aside(self) -> Path:
        """Where the database goes if it is damaged."""
        return self.directory / f"{self.name}.db{DAMAGED_SUFFIX}"

    def delete(self) -> None:
        """Removes the segment, the database first: what a kill leaves is swept. The caller holds its lock."""
        self.database.unlink(missing_ok=True)
        self._clear()

    def set_aside(self) -> Path:
        """Renames a damaged segment, so that SQLite can still open it with its log, and returns its new place."""
        self.database.rename(self.aside)
        self._clear()
        return self.aside

    def _clear(self) -> None:
        """Removes what stands beside a database that is gone; the log of one set aside follows it."""
        if self.aside.exists() and self.wal.exists():
            self.wal.rename(self.aside.with_name(f"{self.aside.name}-wal"))
        for path in (self.wal, self.shared_memory, self.lock):
            path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Clears what stands without a database, unless an owner is just about to begin it."""
        lock = FileLock.acquire(self.lock)
        if lock is not None:
            with lock:
                if not self.database.exists():
                    self._clear()


def segments(directory: Path) -> list[SegmentFiles]:
    """The segments in a journal directory, by name and number. Empty where there is no such directory yet."""
    try:
        entries = os.listdir(directory)
    except FileNotFoundError:
        return []
    names = sorted(name for entry in entries if entry.endswith(".db") and (name := SegmentName.parse(entry[:-3])))
    return [SegmentFiles(directory, name) for name in names]


def set_aside(directory: Path) -> list[Path]:
    """The damaged segments that were set aside and wait for a person."""
    return sorted(directory.glob(f"*.db{DAMAGED_SUFFIX}"))


def sweep(directory: Path) -> None:
    """Clears what is left of segments whose beginning or deletion was cut short."""
    for entry in os.listdir(directory):
        found = _BESIDE.fullmatch(entry)
        name = SegmentName.parse(found[1]) if found else None
        if name is not None and not SegmentFiles(directory, name).database.exists():
            SegmentFiles(directory, name).sweep()


def free_gently(deleted: FileIO) -> None:
    """Frees the blocks of a file that has no name any more, little by little; one that has a name is left as it is.

    The file system frees tens of megabytes in one go with its journal held, and every commit on it waits. What somebody
    else still reads, say a long export, is left whole too: it is freed when the last of them closes it.
    """
    found = os.fstat(deleted.fileno())
    if found.st_nlink or not _ours_alone(deleted):
        return
    for left in range(found.st_size - FREED_AT_ONCE, 0, -FREED_AT_ONCE):
        deleted.truncate(left)
        time.sleep(PAUSE)


def _ours_alone(deleted: FileIO) -> bool:
    """Whether nobody else has a file without a name open, and so never will. False where that cannot be known."""
    try:
        # The kernel leases a file for writing only to the one who alone has it open. The lease itself is of no use.
        fcntl.fcntl(deleted, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(deleted, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False
    return True


class FileLock:
    """An exclusive flock, held until closed or until the process ends, however it ends. Take it after forking."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, path: Path, *, new: bool = False) -> Self | None:
        """Takes the lock, or returns None where another holds it. With `new` the file must not exist yet."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if new else 0)
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The path may have been swept between the two calls; a lock on a file without a name locks nothing.
            if os.fstat(descriptor).st_ino == os.stat(path).st_ino:
                return cls(descriptor)
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def close(self) -> None:
        """Lets go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_rows(files: SegmentFiles) -> sqlite3.Connection | None:
    """A reading connection, or None where the segment is gone or was never begun (no table: nothing was promised)."""
    try:
        connection = connect_reader(files.database)
    except sqlite3.OperationalError:
        if files.database.exists():
            raise
        return None
    try:
        begun = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'entry'").fetchone() is not None
    except BaseException:
        connection.close()
        raise
    if not begun:
        connection.close()
        return None
    return connection


def rows_after(connection: sqlite3.Connection, seq: int, limit: int = -1) -> Iterator[tuple[int, bytes]]:
    """(seq, record bytes) of the rows after `seq`, in order; at most `limit`, all where it is negative."""
    statement = "SELECT seq, record FROM entry WHERE seq > ? ORDER BY seq LIMIT ?"
    for row in connection.execute(statement, (seq, limit)):  # noqa: UP028 - `yield from` closes the cursor, maybe too late
        yield row


def rows_containing(connection: sqlite3.Connection, seq: int, needle: bytes) -> Iterator[tuple[int, bytes]]:
    """As `rows_after`, only those whose bytes contain `needle`: a search inside SQLite, without decoding."""
    statement = "SELECT seq, record FROM entry WHERE seq > ? AND instr(record, ?) ORDER BY seq"
    for row in connection.execute(statement, (seq, needle)):  # noqa: UP028
        yield row
