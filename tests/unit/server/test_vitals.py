"""The processes' accounts of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.server.vitals import FOLDER, VitalsFolder, WorkerVitals


def test_an_account_reads_back_and_is_replaced_whole(tmp_path: Path) -> None:
    folder = VitalsFolder(tmp_path)
    assert folder.read("worker-1", WorkerVitals) is None
    assert folder.written_at("worker-1") is None
    for count in (1, 2):
        vitals = WorkerVitals(in_flight=3, refused={"OVERLOADED": count}, commits=4, records=9, commit_seconds=0.5)
        folder.write("worker-1", vitals)
        assert folder.read("worker-1", WorkerVitals) == vitals
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["worker-1.json"]


@pytest.mark.parametrize("raw", [b"", b"{", b'{"in_flight": "many"}', b"\xff"])
def test_what_is_no_account_is_none(tmp_path: Path, raw: bytes) -> None:
    VitalsFolder(tmp_path).write("worker-1", WorkerVitals())
    (tmp_path / FOLDER / "worker-1.json").write_bytes(raw)
    assert VitalsFolder(tmp_path).read("worker-1", WorkerVitals) is None


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    VitalsFolder(tmp_path).write("worker-1", WorkerVitals())
    assert VitalsFolder(tmp_path).read("worker-1", WorkerVitals) is None
