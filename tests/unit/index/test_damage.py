"""A file that is not what was written is noticed, never read as "not listed", and made anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clearway.index.faults import IndexAbsent, IndexDamaged, IndexForeign, IndexUnavailable
from clearway.index.follower import Cause, Pace, Step
from clearway.index.records import IDENTIFIER, PROFILE
from tests.unit.index.doubles import CODE, KEYS, NOW, Node, find, subject


@pytest.fixture
def built(node: Node) -> Node:
    """A node whose index holds 200 subjects and is open nowhere."""
    node.source.record(*(subject(number, listings=1) for number in range(1, 201)))
    node.follower.step(NOW)
    node.follower.close()
    return node


def _flip(build: Path, wanted: bytes, within: int = 0) -> None:
    """Change one bit of the only copy of `wanted` in the file."""
    content = bytearray(build.read_bytes())
    assert content.count(wanted) == 1
    content[content.index(wanted) + within] ^= 1
    build.write_bytes(content)


def _cut(build: Path) -> None:
    build.write_bytes(build.read_bytes()[:-4096])


def _cut_to_a_page(build: Path) -> None:
    build.write_bytes(build.read_bytes()[:4096])


def _empty(build: Path) -> None:
    build.write_bytes(b"")


def _noise(build: Path) -> None:
    build.write_bytes(b"\x5a" * build.stat().st_size)


@pytest.mark.parametrize("harm", [_cut, _cut_to_a_page, _empty, _noise])
def test_a_cut_or_overwritten_file_is_damaged_to_a_reader(built: Node, harm: Callable[[Path], None]) -> None:
    harm(built.build)
    with pytest.raises(IndexDamaged):
        built.reader().snapshot()


@pytest.mark.parametrize("harm", [_cut, _cut_to_a_page, _empty, _noise])
def test_a_cut_or_overwritten_file_is_made_anew_by_the_follower(built: Node, harm: Callable[[Path], None]) -> None:
    harm(built.build)
    done = built.start().step(NOW)
    assert (done.step, done.cause) == (Step.REBUILT, Cause.DAMAGED)
    assert find(built.reader(), "CODE00000200") is not None


def test_a_file_cut_while_it_is_open_is_noticed_on_refresh(built: Node) -> None:
    reader = built.reader()
    with built.build.open("r+b") as file:
        file.truncate(built.build.stat().st_size - 4096)
    assert not reader.refresh()
    assert isinstance(reader.fault, IndexDamaged)


def test_a_flipped_bit_in_a_profile_is_damage_and_nothing_more_is_read(built: Node) -> None:
    _flip(built.build, b"L-77-0")
    reader = built.reader()
    if reader.fault is None:
        with pytest.raises(IndexDamaged):
            find(reader, "CODE00000077")
    with pytest.raises(IndexDamaged):
        find(reader, "CODE00000078")


def test_damage_that_a_reader_finds_is_made_good_by_the_follower_and_read_again(built: Node) -> None:
    _flip(built.build, b"L-77-0")
    reader = built.reader()
    with pytest.raises(IndexDamaged):
        find(reader, "CODE00000077")
    reader.close()
    assert built.start().step(NOW).cause is Cause.DAMAGED
    fresh = built.reader()
    assert find(fresh, "CODE00000077") is not None
    assert built.follower.step(NOW).step is Step.IDLE


def test_a_flipped_bit_in_a_key_would_read_as_a_miss_and_is_found_by_the_sweep(built: Node) -> None:
    build = built.build
    key = IDENTIFIER + KEYS.identifier_key(CODE, "CODE00000077")
    _flip(build, key, within=16)
    built.pace = Pace(sweep_batch=100)
    follower = built.start()
    assert follower.step(NOW).step is not Step.REBUILT
    causes = [follower.step(NOW + turn).cause for turn in range(1, 20)]
    assert causes.count(Cause.DAMAGED) == 1
    assert find(built.reader(), "CODE00000077") is not None


def test_a_whole_sweep_of_a_sound_index_finds_nothing(built: Node) -> None:
    built.pace = Pace(sweep_batch=70)
    follower = built.start()
    assert {follower.step(NOW + turn).step for turn in range(1, 40)} == {Step.HEARTBEAT}


def test_another_build_under_this_builds_name_is_foreign(built: Node, tmp_path: Path) -> None:
    other = Node(tmp_path / "other")
    other.follower.step(NOW)
    other.follower.close()
    shutil.copy(other.build, built.build)
    with pytest.raises(IndexForeign):
        built.reader().snapshot()
    assert built.start().step(NOW).cause is Cause.FOREIGN


@pytest.mark.parametrize("line", ["", "../../etc/passwd", "/dev/zero", "x" * 5000, "\0", "deadbeef.mdb\nmore"])
def test_a_pointer_that_names_no_build_is_an_absent_index(built: Node, line: str) -> None:
    built.layout.pointer.write_text(line)
    with pytest.raises(IndexAbsent):
        built.reader().snapshot()


def test_a_record_copied_under_another_key_is_damage(built: Node) -> None:
    import lmdb

    with lmdb.open(str(built.build), subdir=False) as environment, environment.begin(write=True) as transaction:
        one, other = (PROFILE + number.to_bytes(8, "big") for number in (77, 78))
        copied = transaction.get(one)
        assert copied is not None
        transaction.put(other, copied)
    reader = built.reader()
    with pytest.raises(IndexDamaged):
        find(reader, "CODE00000078")


def test_no_fault_is_ever_an_empty_answer(built: Node) -> None:
    _noise(built.build)
    reader = built.reader()
    for _ in range(3):
        reader.refresh()
        with pytest.raises(IndexUnavailable):
            find(reader, "CODE99999999")


def test_a_flipped_bit_in_a_key_is_damage_to_whoever_looks_for_it(built: Node) -> None:
    key = IDENTIFIER + KEYS.identifier_key(CODE, "CODE00000077")
    for within in (1, 8, 16):
        content = built.build.read_bytes()
        _flip(built.build, key, within)
        reader = built.reader()
        with pytest.raises(IndexDamaged):
            find(reader, "CODE00000077")
        reader.close()
        built.build.write_bytes(content)
