from __future__ import annotations

from pathlib import Path

import pytest

from clearway.querylog.segment import FileLock, SegmentFiles, SegmentName, segments, sweep


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("w0-0001", SegmentName("w0", 1)),
        ("w0-2026-ab-12345", SegmentName("w0-2026-ab", 12345)),
        ("w0-1", None),
        ("-0001", None),
        ("../w0-0001", None),
        ("shipper", None),
    ],
)
def test_a_file_is_a_segment_by_its_name(stem: str, name: SegmentName | None) -> None:
    assert SegmentName.parse(stem) == name


def test_segments_come_in_the_order_in_which_they_were_begun(tmp_path: Path) -> None:
    for stem in ("w0-10000", "w1-0001", "w0-9999", "w0-0002"):
        (tmp_path / f"{stem}.db").touch()
    assert [str(files.name) for files in segments(tmp_path)] == ["w0-0002", "w0-9999", "w0-10000", "w1-0001"]


def test_no_directory_means_no_segments(tmp_path: Path) -> None:
    assert segments(tmp_path / "absent") == []


def test_a_held_lock_cannot_be_had_and_a_released_one_can(tmp_path: Path) -> None:
    held = FileLock.acquire(tmp_path / "x.lock")
    assert held is not None
    assert FileLock.acquire(tmp_path / "x.lock") is None
    held.close()
    again = FileLock.acquire(tmp_path / "x.lock")
    assert again is not None
    again.close()


def test_sweeping_clears_what_stands_without_a_database(tmp_path: Path) -> None:
    for suffix in (".lock", ".db-wal", ".db-shm"):
        (tmp_path / f"w0-0001{suffix}").touch()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_sweeping_leaves_a_lock_whose_owner_is_about_to_begin(tmp_path: Path) -> None:
    with FileLock.acquire(tmp_path / "w0-0001.lock") or pytest.fail("not locked"):
        sweep(tmp_path)
        assert (tmp_path / "w0-0001.lock").exists()


def test_sweeping_leaves_whole_segments_and_foreign_files(tmp_path: Path) -> None:
    names = {"w0-0001.db", "w0-0001.db-wal", "w0-0001.lock", "shipper.lock", "notes.txt"}
    for name in names:
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == names


def test_setting_aside_cut_short_still_keeps_the_log(tmp_path: Path) -> None:
    files = SegmentFiles(tmp_path, SegmentName("w0", 1))
    files.wal.write_bytes(b"log")
    files.aside.touch()
    sweep(tmp_path)
    assert (tmp_path / "w0-0001.db.damaged-wal").read_bytes() == b"log"
