from __future__ import annotations

import random
from pathlib import Path

import lmdb
import pytest

from clearway.decision.facts import RegisteredSubject
from clearway.index import build
from clearway.index.faults import IdentifierClash
from clearway.index.records import FORMAT, Meta
from tests.unit.index.doubles import KEYS, OLD_CODE, subject

_META = Meta(FORMAT, "d0", KEYS.ids, KEYS.fingerprint, "b0", 1, 0.0, 0, {}, {})
_SUBJECTS = [
    subject(number, aliases=((OLD_CODE, f"A{number}"),), names=("Same", f"N{number}"), contained=(f"O{number}",))
    for number in range(99)
]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_CHUNK", 7)
    monkeypatch.setattr(build, "_TRANSACTION", 50)


def _built(path: Path, subjects: list[RegisteredSubject], initial_map: int = 1 << 20) -> list[tuple[bytes, bytes]]:
    build.write_build(path, subjects, KEYS, _META, initial_map=initial_map)
    with lmdb.open(str(path), subdir=False, readonly=True) as environment, environment.begin() as transaction:
        return list(transaction.cursor())


def test_a_build_holds_the_same_whatever_order_the_subjects_come_in(tmp_path: Path) -> None:
    shuffled = random.Random(1).sample(_SUBJECTS, len(_SUBJECTS))
    assert _built(tmp_path / "one.mdb", _SUBJECTS) == _built(tmp_path / "other.mdb", shuffled)


def test_a_build_grows_its_map_as_it_goes(tmp_path: Path) -> None:
    small = _built(tmp_path / "small.mdb", _SUBJECTS, initial_map=1 << 15)
    assert small == _built(tmp_path / "large.mdb", _SUBJECTS)


def test_a_build_counts_its_subjects(tmp_path: Path) -> None:
    assert build.write_build(tmp_path / "a.mdb", _SUBJECTS, KEYS, _META).subjects == 99


@pytest.mark.parametrize(
    "second",
    [subject(500, code="CODE00000003"), subject(500, aliases=((OLD_CODE, "A3"),)), subject(3, code="OTHER")],
)
def test_a_clash_between_subjects_far_apart_is_noticed(tmp_path: Path, second: RegisteredSubject) -> None:
    with pytest.raises(IdentifierClash):
        build.write_build(tmp_path / "a.mdb", [*_SUBJECTS, second], KEYS, _META)


def test_no_temporary_file_stays_behind(tmp_path: Path) -> None:
    build.write_build(tmp_path / "a.mdb", _SUBJECTS, KEYS, _META)
    assert {file.name for file in tmp_path.iterdir()} == {"a.mdb", "a.mdb-lock"}
