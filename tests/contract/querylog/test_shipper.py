from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, text

from clearway.querylog import shipper as shipper_module
from clearway.querylog.central import check_log, journal_cursor
from clearway.querylog.journal import Journal, SegmentLimits
from clearway.querylog.record import decode_record, encode_record
from clearway.querylog.segment import SegmentFiles, SegmentName, segments, set_aside
from clearway.querylog.shipper import Shipper, ShipperRunning
from tests.unit.querylog.records import a_record, raws


def logged(central: Engine) -> list[bytes]:
    with central.connect() as connection:
        return list(connection.execute(select(check_log.c.record).order_by(check_log.c.seq)).scalars())


def test_rows_arrive_in_order_and_byte_for_byte(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal, Shipper(central, journals, batch_rows=2) as shipper:
        journal.append(raws(1, 2, 3, 4, 5))
        assert shipper.step().rows == 5
    assert logged(central) == raws(1, 2, 3, 4, 5)


def test_a_second_step_ships_only_what_is_new(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal, Shipper(central, journals) as shipper:
        journal.append(raws(1))
        shipper.step()
        assert shipper.step().rows == 0
        journal.append(raws(2))
        assert shipper.step().rows == 1
    assert logged(central) == raws(1, 2)


def test_another_shipper_goes_on_where_the_last_one_stopped(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal:
        for number in (1, 2):
            journal.append(raws(number))
            with Shipper(central, journals) as shipper:
                assert shipper.step().rows == 1
    assert logged(central) == raws(1, 2)


def test_a_living_owners_segment_is_kept(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal, Shipper(central, journals, keep=0) as shipper:
        journal.append(raws(1))
        assert shipper.step().segments_closed == 0
        assert shipper.step().segments_closed == 0
        assert len(segments(journals)) == 1


def test_a_closed_segment_is_deleted_whole_once_shipped(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0", SegmentLimits(rows=1))) as journal:
        journal.append(raws(1))
        journal.append(raws(2))
    with Shipper(central, journals, keep=0) as shipper:
        assert shipper.step().segments_closed == 2
    assert [path.name for path in journals.iterdir()] == ["shipper.lock"]
    assert logged(central) == raws(1, 2)


def size_of(file: Path) -> int:
    """Bytes of a file; nothing of one that a finished segment let go meanwhile."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def test_hours_of_checks_that_waited_are_shipped_once_and_their_files_deleted(central: Engine, journals: Path) -> None:
    """Three hours at two checks a second, in as many files as they would fill; the journal takes more meanwhile."""
    batches = [range(first, first + 600) for first in range(1, 21_601, 600)]
    size = sum(map(len, raws(1))) * 21_600
    with closing(Journal(journals, "w0", SegmentLimits(rows=3_000))) as journal:
        for batch in batches:
            journal.append(raws(*batch))
        waiting = sum(map(size_of, journals.iterdir()))
        assert waiting < 4 * size, "what waits takes room by what was asked, and not more"
        with Shipper(central, journals, keep=0) as shipper:
            shipped, extra = 0, 30_000
            while shipped < 21_600:
                extra += 1
                journal.append(raws(extra))
                shipped += shipper.step().rows
            while (more := shipper.step()).rows or more.segments_closed:
                pass
            assert len(segments(journals)) == 1, "only the file that is written to is left"
    with central.connect() as connection:
        ids = list(connection.execute(select(check_log.c.check_id)).scalars())
    assert len(ids) == len(set(ids)) == 21_600 + extra - 30_000


def test_a_finished_segment_stays_readable_for_a_while(central: Engine, journals: Path) -> None:
    now = 100.0
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(1))
    with Shipper(central, journals, keep=10, monotonic=lambda: now) as shipper:
        assert shipper.step().segments_closed == 0
        now = 109.9
        assert shipper.step().segments_closed == 0
        now = 110.0
        assert shipper.step().segments_closed == 1


def test_a_killed_owners_rows_are_recovered_from_its_log(central: Engine, journals: Path) -> None:
    child = os.fork()
    if child == 0:
        journal = Journal(journals, "w0")
        journal.append(raws(1, 2))
        os._exit(9)
    os.waitpid(child, 0)
    assert SegmentFiles(journals, SegmentName("w0", 1)).wal.exists()
    with Shipper(central, journals, keep=0) as shipper:
        step = shipper.step()
    assert (step.rows, step.segments_closed, logged(central)) == (2, 1, raws(1, 2))


def test_what_is_shipped_and_deleted_is_not_written_once_more_for_it(central: Engine, journals: Path) -> None:
    child = os.fork()
    if child == 0:
        journal = Journal(journals, "w0")
        journal.append(raws(*range(1, 201)))
        os._exit(9)
    os.waitpid(child, 0)
    database = SegmentFiles(journals, SegmentName("w0", 1)).database
    deleted = os.open(database, os.O_RDONLY)
    before = os.fstat(deleted).st_size
    with Shipper(central, journals, keep=0) as shipper:
        assert shipper.step().segments_closed == 1
    assert os.fstat(deleted).st_size == before
    os.close(deleted)


def test_a_segment_that_its_owner_has_left_open_is_shipped_and_deleted(central: Engine, journals: Path) -> None:
    with (
        closing(Journal(journals, "w0", SegmentLimits(rows=1))) as journal,
        Shipper(central, journals, keep=0) as shipper,
    ):
        for number in (1, 2, 3):
            journal.append(raws(number))
        assert shipper.step().segments_closed == 2
        assert len(segments(journals)) == 1
    assert logged(central) == raws(1, 2, 3)


def test_a_segment_restored_after_its_deletion_is_not_shipped_twice(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(1))
    (files,) = segments(journals)
    copy = files.database.read_bytes()
    with Shipper(central, journals, keep=0) as shipper:
        shipper.step()
        files.database.write_bytes(copy)
        assert shipper.step().rows == 0
    assert logged(central) == raws(1)


def test_rows_already_in_the_log_are_passed_over_when_the_cursor_was_lost(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal, Shipper(central, journals) as shipper:
        journal.append(raws(1, 2))
        shipper.step()
        with central.begin() as connection:
            connection.execute(journal_cursor.delete())
        shipper.close()
        with Shipper(central, journals) as again:
            again.step()
    assert logged(central) == raws(1, 2)


def test_only_one_shipper_works_on_a_directory(central: Engine, journals: Path) -> None:
    with Shipper(central, journals), pytest.raises(ShipperRunning):
        Shipper(central, journals)


def test_a_segment_never_begun_is_cleared(central: Engine, journals: Path) -> None:
    journals.mkdir()
    files = SegmentFiles(journals, SegmentName("w0", 1))
    files.database.touch()
    files.lock.touch()
    with Shipper(central, journals) as shipper:
        step = shipper.step()
    assert (step.damaged, segments(journals)) == ([], [])


class TestDamage:
    """A damaged segment is reported and set aside, never deleted; what can be read before the damage is shipped."""

    @staticmethod
    def spoil_pages(files: SegmentFiles) -> None:
        with files.database.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (files.database.stat().st_size - 4096))

    @staticmethod
    def spoil_header(files: SegmentFiles) -> None:
        files.database.write_bytes(b"garbage " * 1000)

    @staticmethod
    def truncate_beside_a_log(files: SegmentFiles) -> None:
        files.wal.write_bytes(b"frames")
        files.database.write_bytes(b"")

    @pytest.mark.parametrize("spoil", [spoil_pages, spoil_header, truncate_beside_a_log])
    def test_an_unreadable_file_is_set_aside(
        self, central: Engine, journals: Path, spoil: Callable[[SegmentFiles], None]
    ) -> None:
        with closing(Journal(journals, "w0")) as journal:
            journal.append(raws(*range(1, 50)))
        with closing(Journal(journals, "w1")) as journal:
            journal.append(raws(50))
        spoil(segments(journals)[0])
        with Shipper(central, journals, keep=0) as shipper:
            step = shipper.step()
        assert step.damaged == set_aside(journals) == [journals / "w0-0001.db.damaged"]
        assert segments(journals) == []
        assert logged(central) == raws(50), "another segment is shipped all the same"

    @pytest.mark.parametrize("bad", [b"no record", encode_record(a_record(3, v=9))])
    def test_rows_before_an_unreadable_record_are_shipped(self, central: Engine, journals: Path, bad: bytes) -> None:
        with closing(Journal(journals, "w0")) as journal:
            journal.append([*raws(1, 2), bad, *raws(4)])
        with Shipper(central, journals, keep=0) as shipper:
            step = shipper.step()
        assert (step.rows, len(step.damaged), logged(central)) == (2, 1, raws(1, 2))

    def test_another_record_under_a_known_id_is_damage(self, central: Engine, journals: Path) -> None:
        with closing(Journal(journals, "w9")) as journal:
            journal.append(raws(1, officer="officer 1"))
        with Shipper(central, journals, keep=0) as shipper:
            shipper.step()
        with closing(Journal(journals, "w0")) as journal:
            journal.append(raws(1))
        with Shipper(central, journals, keep=0) as shipper:
            assert len(shipper.step().damaged) == 1
        assert [decode_record(raw).officer for raw in logged(central)] == ["officer 1"]

    def test_a_living_owners_segment_is_left_in_place(self, central: Engine, journals: Path) -> None:
        with closing(Journal(journals, "w0")) as journal:
            journal.append([b"no record"])
            with Shipper(central, journals) as shipper:
                assert shipper.step().damaged == []
            assert len(segments(journals)) == 1


def test_a_failing_central_log_is_tried_again(central: Engine, journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    advance, failures = shipper_module._advance, iter([True, True])

    def advance_or_fail(connection: Connection, segment: str, shipped: int) -> None:
        if next(failures, False):
            connection.execute(text("SELECT * FROM gone"))
        advance(connection, segment, shipped)

    monkeypatch.setattr(shipper_module, "_advance", advance_or_fail)
    stop = threading.Event()
    with closing(Journal(journals, "w0")) as journal, Shipper(central, journals) as shipper:
        journal.append(raws(1, 2))
        thread = threading.Thread(target=shipper.run, args=(stop, 0.01))
        thread.start()
        deadline = time.monotonic() + 10
        while not logged(central) and time.monotonic() < deadline:
            time.sleep(0.01)
        journal.append(raws(3))
        stop.set()
        thread.join(10)
    assert logged(central) == raws(1, 2, 3), "what came before the stop is shipped by the last step"
