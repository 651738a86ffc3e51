from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from clearway.querylog import journal as journal_module
from clearway.querylog import sqlite as sqlite_module
from clearway.querylog.journal import MOST_LEFT, Journal, JournalFailed, Segment, SegmentLimits
from clearway.querylog.segment import FREED_AT_ONCE, FileLock, free_gently, open_rows, rows_after, segments
from clearway.querylog.sqlite import NotDurable, require_durable, sqlite3

from .records import raws


def rows_on_file(journals: Path) -> list[bytes]:
    """Every record in every segment, in order, as another process would read it."""
    found: list[bytes] = []
    for files in segments(journals):
        connection = open_rows(files)
        if connection is not None:
            with closing(connection):
                found += [raw for _, raw in rows_after(connection, 0)]
    return found


def test_a_batch_is_on_file_in_order_and_byte_for_byte(journals: Path) -> None:
    batch = [b"", b"\x00", b"\x00\xff" * 40_000, "证据".encode(), *raws(1, 2, 3)]
    with closing(Journal(journals, "w0")) as journal:
        journal.append(batch)
        assert rows_on_file(journals) == batch


def test_batches_follow_each_other(journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(1, 2))
        journal.append([])
        journal.append(raws(3))
    assert rows_on_file(journals) == raws(1, 2, 3)


@pytest.mark.parametrize("incarnation", ["", "a/b", "../a", "-a", "a b", "x" * 101])
def test_a_name_that_makes_no_file_is_refused(journals: Path, incarnation: str) -> None:
    with pytest.raises(ValueError, match="incarnation"):
        Journal(journals, incarnation)


def test_a_memory_database_is_not_durable() -> None:
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(NotDurable):
        require_durable(connection)


def test_a_journal_that_cannot_be_durable_does_not_open(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_module, "_SYNCHRONOUS_FULL", 3)
    with pytest.raises(JournalFailed, match="synchronous is 2"):
        Journal(journals, "w0")
    assert list(journals.iterdir()) == []


def test_the_owner_holds_its_segment_until_it_closes(journals: Path) -> None:
    journal = Journal(journals, "w0")
    (files,) = segments(journals)
    assert FileLock.acquire(files.lock) is None
    journal.close()
    lock = FileLock.acquire(files.lock)
    assert lock is not None
    lock.close()


def test_a_closed_segment_needs_no_log_beside_it(journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(1))
    assert sorted(path.name for path in journals.iterdir()) == ["w0-0001.db", "w0-0001.lock"]


def test_a_taken_name_is_passed_over(journals: Path) -> None:
    with closing(Journal(journals, "w0")), closing(Journal(journals, "w0")) as second:
        assert second.segment is not None
        assert second.segment.name.number == 2


@pytest.mark.parametrize("limits", [SegmentLimits(rows=2), SegmentLimits(bytes=500), SegmentLimits(age=2.0)])
def test_a_segment_that_is_full_or_old_is_followed_by_another(journals: Path, limits: SegmentLimits) -> None:
    now = 0.0
    with closing(Journal(journals, "w0", limits, monotonic=lambda: now)) as journal:
        for number in (1, 2, 3):
            journal.append(raws(number))
            now += 1.0
        assert len(segments(journals)) == 2
    assert rows_on_file(journals) == raws(1, 2, 3)


class TestAFullSegment:
    """It is left to the shipper, and its rows are written once."""

    @pytest.fixture
    def journal(self, journals: Path) -> Iterator[Journal]:
        with closing(Journal(journals, "w0", SegmentLimits(rows=1))) as journal:
            yield journal

    def test_is_not_copied_into_its_database(self, journal: Journal, journals: Path) -> None:
        journal.append([b"x" * 60_000])
        (full,) = segments(journals)
        written = full.wal.stat().st_size
        journal.append(raws(2))
        assert full.database.stat().st_size < 60_000
        assert full.wal.stat().st_size == written
        assert rows_on_file(journals) == [b"x" * 60_000, *raws(2)]

    def test_is_the_shippers(self, journal: Journal, journals: Path) -> None:
        journal.append(raws(1))
        (full,) = segments(journals)
        journal.append(raws(2))
        lock = FileLock.acquire(full.lock)
        assert lock is not None
        lock.close()

    def test_is_closed_once_it_is_deleted_and_not_written_for_it(self, journal: Journal, journals: Path) -> None:
        journal.append([b"x" * 60_000])
        (full,) = segments(journals)
        journal.append(raws(2))
        deleted = os.open(full.database, os.O_RDONLY)
        full.delete()
        journal.append(raws(3))
        assert open_in_this_process(journals, "w0-0001"), "somebody may still have a last look"
        journal.append(raws(4))
        join_closers()
        assert os.fstat(deleted).st_size < 60_000
        os.close(deleted)
        assert open_in_this_process(journals, "w0-0001") == []

    def test_that_is_damaged_keeps_its_log(self, journal: Journal, journals: Path) -> None:
        journal.append([b"x" * 3 * FREED_AT_ONCE])
        (full,) = segments(journals)
        journal.append(raws(2))
        aside = full.set_aside()
        journal.append(raws(3))
        journal.close()
        with closing(sqlite3.connect(aside)) as connection:
            assert [len(raw) for _, raw in rows_after(connection, 0)] == [3 * FREED_AT_ONCE]

    def test_is_freed_little_by_little(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[int] = []
        with (tmp_path / "log").open("w+b", buffering=0) as log:
            log.truncate(int(3.5 * FREED_AT_ONCE))
            (tmp_path / "log").unlink()
            monkeypatch.setattr(time, "sleep", lambda _: seen.append(os.fstat(log.fileno()).st_size))
            free_gently(log)
        assert seen == [int(2.5 * FREED_AT_ONCE), int(1.5 * FREED_AT_ONCE), FREED_AT_ONCE // 2]

    def test_that_is_still_read_is_left_whole(self, tmp_path: Path) -> None:
        with (tmp_path / "log").open("w+b", buffering=0) as log, (tmp_path / "log").open("r+b"):
            log.truncate(3 * FREED_AT_ONCE)
            (tmp_path / "log").unlink()
            free_gently(log)
            assert os.fstat(log.fileno()).st_size == 3 * FREED_AT_ONCE

    def test_waits_open_for_a_shipper_and_only_so_many_do(self, journal: Journal, journals: Path) -> None:
        for number in range(MOST_LEFT + 3):
            journal.append(raws(number + 1))
        join_closers()
        waiting = [str(files.name) for files in segments(journals) if files.wal.exists()]
        assert waiting == [f"w0-{number:04d}" for number in range(3, MOST_LEFT + 4)]
        assert len(rows_on_file(journals)) == MOST_LEFT + 3


def join_closers() -> None:
    """Wait until what is closed aside is closed."""
    for thread in threading.enumerate():
        if thread.name == "clearway-journal-close":
            thread.join()


def open_in_this_process(journals: Path, name: str) -> list[str]:
    """The files of that segment, deleted ones too, that this process has open."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(str(descriptor.readlink()))
    return [path for path in found if path.startswith(str(journals / name))]


def test_an_idle_segment_does_not_age_while_it_is_empty(journals: Path) -> None:
    now = 0.0
    with closing(Journal(journals, "w0", monotonic=lambda: now)) as journal:
        now = 10_000.0
        journal.append(raws(1))
        assert len(segments(journals)) == 1


class TestAfterAFailedCommit:
    @pytest.fixture
    def failing(self, journals: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
        """A journal whose second commit reached the file and yet reported a failure."""
        append = Segment.append

        def append_and_fail(segment: Segment, batch: Sequence[bytes]) -> None:
            append(segment, batch)
            if segment.rows > 1 and segment.files.name.number == 1:
                raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(Segment, "append", append_and_fail)
        journal = Journal(journals, "w0")
        journal.append(raws(1))
        with pytest.raises(JournalFailed):
            journal.append(raws(2, 3))
        return journal

    def test_nothing_more_is_appended(self, failing: Journal, journals: Path) -> None:
        with pytest.raises(JournalFailed, match="stopped"):
            failing.append(raws(4))
        failing.close()
        assert rows_on_file(journals) == raws(1, 2, 3)

    def test_recovery_counts_what_is_on_file_and_begins_another_segment(self, failing: Journal, journals: Path) -> None:
        recovery = failing.recover([*raws(2, 3), b"never written"])
        assert (recovery.segment, recovery.batch, recovery.found) == ("w0-0001", 3, 2)
        failing.append(raws(4))
        assert [str(files.name) for files in segments(journals)] == ["w0-0001", "w0-0002"]
        failing.close()

    def test_the_failed_segment_is_let_go(self, failing: Journal, journals: Path) -> None:
        failing.recover()
        lock = FileLock.acquire(segments(journals)[0].lock)
        assert lock is not None
        lock.close()
        failing.close()

    def test_recovery_that_cannot_begin_a_segment_can_be_tried_again(
        self, failing: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(journal_module, "connect_writer", _no_space)
            with pytest.raises(JournalFailed):
                failing.recover(raws(2))
        failing.recover(raws(2))
        failing.append(raws(4))
        failing.close()


def _no_space(path: Path) -> sqlite3.Connection:
    raise sqlite3.OperationalError("database or disk is full")


_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from clearway.querylog.journal import Journal, JournalFailed
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]), "w0")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
acknowledged = 0
try:
    while True:
        journal.append([b"%06d" % (acknowledged + n) + bytes(1000) for n in range(10)])
        acknowledged += 10
except JournalFailed:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.recover()
journal.append([b"%06d" % acknowledged])
journal.close()
print(acknowledged)
"""


def test_a_full_disk_loses_nothing_acknowledged_and_the_journal_goes_on(journals: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(journals)], capture_output=True, text=True, timeout=60, check=True
    )
    acknowledged = int(ran.stdout)
    assert acknowledged > 0
    on_file = {int(raw[:6]) for raw in rows_on_file(journals)}
    assert on_file >= set(range(acknowledged + 1))
