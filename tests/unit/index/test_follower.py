from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clearway.index.faults import IdentifierClash, IndexForeign, IndexLocked
from clearway.index.follower import Cause, Follower, Pace, Progress, Step
from clearway.subjects.keys import SubjectKeys
from tests.unit.index.doubles import (
    CODE,
    KEYS,
    NOW,
    OLD_CODE,
    OTHER_KEYS,
    SECRET,
    MemorySource,
    Node,
    find,
    person,
    subject,
)


def test_the_first_step_builds_an_index(node: Node) -> None:
    node.source.record(subject(1), subject(2))
    assert node.follower.step(NOW) == Progress(Step.REBUILT, 1, 2, Cause.ABSENT)


def test_later_revisions_are_applied_in_one_step(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    node.source.record(subject(2))
    node.source.record(subject(3), subject(1, listings=1))
    assert node.follower.step(NOW) == Progress(Step.APPLIED, 3, 3)
    with node.reader().snapshot() as snapshot:
        assert (snapshot.revision, snapshot.subjects) == (3, 3)


def test_an_index_in_step_is_left_alone_until_the_next_heartbeat(node: Node) -> None:
    node.follower.step(NOW)
    assert node.follower.step(NOW + 0.5).step is Step.IDLE
    assert node.follower.step(NOW + 1.0).step is Step.HEARTBEAT
    with node.reader().snapshot() as snapshot:
        assert snapshot.synced_at == NOW + 1.0


def test_a_clock_set_back_is_followed_and_does_not_make_the_index_look_young(node: Node) -> None:
    node.follower.step(NOW)
    assert node.follower.step(NOW - 3600).step is Step.HEARTBEAT
    with node.reader().snapshot() as snapshot:
        assert snapshot.synced_at == NOW - 3600


def test_a_confirmation_without_changed_subjects_is_a_revision_too(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    node.source.record()
    node.source.confirmed = {"feed": date(2026, 6, 1)}
    node.source.read = {"feed": datetime(2026, 6, 1, 3, tzinfo=UTC)}
    assert node.follower.step(NOW) == Progress(Step.APPLIED, 2, 0)
    with node.reader().snapshot() as snapshot:
        assert snapshot.confirmations == {"feed": date(2026, 6, 1)}
        assert snapshot.reads == {"feed": datetime(2026, 6, 1, 3, tzinfo=UTC)}
    node.follower.step(NOW + 5)
    with node.reader().snapshot() as snapshot:
        assert snapshot.reads, "a heartbeat keeps what is known of the feeds"


def test_an_identifier_taken_back_is_no_longer_found(node: Node) -> None:
    node.source.record(subject(1, aliases=((OLD_CODE, "A1"), (OLD_CODE, "A2"))))
    node.follower.step(NOW)
    node.source.record(subject(1, code="NEW", aliases=((OLD_CODE, "A2"),)))
    node.follower.step(NOW)
    reader = node.reader()
    assert find(reader, "CODE00000001") is None
    assert find(reader, "A1", OLD_CODE) is None
    for code, scheme, through in (("NEW", CODE, ""), ("A2", OLD_CODE, OLD_CODE)):
        hit = find(reader, code, scheme)
        assert hit is not None
        assert hit.through == through


def test_a_former_name_no_longer_leads_to_the_subject(node: Node) -> None:
    node.source.record(subject(1, names=("Before", "Always")))
    node.follower.step(NOW)
    node.source.record(subject(1, names=("After", "Always")))
    node.follower.step(NOW)
    with node.reader().snapshot() as snapshot:
        found = {name: len(snapshot.named(KEYS.name_key(name))) for name in ("Before", "After", "Always")}
    assert found == {"Before": 0, "After": 1, "Always": 1}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_an_identifier_that_moves_between_subjects_moves_whatever_the_order(node: Node, order: tuple[int, int]) -> None:
    node.source.record(subject(1, aliases=((OLD_CODE, "A"),)), subject(2))
    node.follower.step(NOW)
    moved = {1: subject(1), 2: subject(2, aliases=((OLD_CODE, "A"),))}
    node.source.record(*(moved[number] for number in order))
    node.follower.step(NOW)
    hit = find(node.reader(), "A", OLD_CODE)
    assert hit is not None
    assert hit.profile.subject_id == 2


def test_a_subject_with_nothing_left_is_not_found(node: Node) -> None:
    node.source.record(subject(1, aliases=((OLD_CODE, "A"),)))
    node.follower.step(NOW)
    node.source.record(subject(1, code="", names=()))
    node.follower.step(NOW)
    reader = node.reader()
    assert find(reader, "CODE00000001") is None
    assert find(reader, "A", OLD_CODE) is None


def test_a_clash_in_a_change_leaves_the_index_as_it_was(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    node.source.record(subject(2, code="CODE00000001"))
    with pytest.raises(IdentifierClash):
        node.follower.step(NOW + 9)
    with node.reader().snapshot() as snapshot:
        assert (snapshot.revision, snapshot.synced_at) == (1, NOW)


def test_a_clash_in_a_rebuild_publishes_nothing(node: Node) -> None:
    node.source.record(subject(1), subject(2, code="CODE00000001"))
    with pytest.raises(IdentifierClash):
        node.follower.step(NOW)
    assert node.layout.current() is None


def test_a_source_that_fails_leaves_the_index_growing_older(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    node.source.broken = True
    with pytest.raises(ConnectionError):
        node.follower.step(NOW + 60)
    with node.reader().snapshot() as snapshot:
        assert snapshot.synced_at == NOW


def test_a_restarted_follower_takes_up_the_index_it_finds(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    build = node.build
    node.source.record(subject(2))
    assert node.restart().step(NOW) == Progress(Step.APPLIED, 2, 1)
    assert node.build == build


def _another_database(node: Node) -> None:
    node.source.database = "d1"


def _a_restored_database(node: Node) -> None:
    node.source.revisions.pop()


def _no_pointer(node: Node) -> None:
    node.layout.pointer.unlink()


def _no_file(node: Node) -> None:
    node.build.unlink()


def _reported(node: Node) -> None:
    node.layout.report_damage(node.build)


@pytest.mark.parametrize(
    ("accident", "cause"),
    [
        (_another_database, Cause.FOREIGN),
        (_a_restored_database, Cause.REGISTRY_BEHIND),
        (_no_pointer, Cause.ABSENT),
        (_no_file, Cause.DAMAGED),
        (_reported, Cause.DAMAGED),
    ],
)
def test_an_index_that_cannot_be_trusted_is_made_anew_once(
    node: Node, accident: Callable[[Node], None], cause: Cause
) -> None:
    node.source.record(subject(1))
    node.source.record(subject(2))
    node.follower.step(NOW)
    accident(node)
    done = node.follower.step(NOW)
    assert (done.step, done.cause) == (Step.REBUILT, cause)
    assert node.follower.step(NOW).step is Step.IDLE
    with node.reader().snapshot() as snapshot:
        assert snapshot.revision == node.source.head()


def test_an_index_under_another_key_is_made_anew(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    node.keys = OTHER_KEYS
    assert node.restart().step(NOW).cause is Cause.FOREIGN


def test_while_an_index_is_written_anew_for_another_key_the_old_one_is_read(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    node.keys = SubjectKeys(b"a new current key, of 32 bytes..", SECRET)
    with node.reader().snapshot() as snapshot:
        assert (snapshot.key_id, snapshot.revision) == (KEYS.fingerprint, 1)
    node.source.record(subject(2))
    assert node.restart().step(NOW).cause is Cause.FOREIGN
    with node.reader().snapshot() as snapshot:
        assert (snapshot.key_id, snapshot.revision) == (node.keys.fingerprint, 2)


def test_when_a_former_key_goes_the_index_stays_and_says_so_once_everybody_is_found_without_it(node: Node) -> None:
    former = b"a key that was current before..."
    node.keys = SubjectKeys(SECRET, former)
    node.source.record(person(1, node.keys))
    node.restart().step(NOW)
    node.keys = KEYS
    reader = node.reader()
    with pytest.raises(IndexForeign):
        reader.snapshot()
    node.source.missing_key = True
    with pytest.raises(ConnectionError):
        node.restart().step(NOW)
    assert not reader.refresh()
    node.source.missing_key = False
    assert node.follower.step(NOW).step is Step.APPLIED
    assert reader.refresh()
    with reader.snapshot() as snapshot:
        assert snapshot.find(KEYS.identifier_key("cn-ric", "token-of-0")) is not None
    assert node.follower.step(NOW).step is Step.IDLE


def test_a_person_is_found_under_each_key_by_that_key_s_own_hash(node: Node) -> None:
    node.keys = SubjectKeys(SECRET, b"a key that was current before...")
    node.source.record(person(1, node.keys), subject(2))
    node.restart().step(NOW)
    with node.reader().snapshot() as snapshot:
        for number, keys in enumerate(node.keys.every):
            hit = snapshot.find(keys.identifier_key("cn-ric", f"token-of-{number}"))
            assert hit is not None
            assert (hit.profile.subject_id, hit.through) == (1, "")
            assert snapshot.find(keys.identifier_key("cn-ric", f"token-of-{1 - number}")) is None
    (former,) = node.keys.former
    with node.reader().snapshot() as snapshot:
        assert snapshot.find(former.identifier_key("cn-uscc", "CODE00000002")) is None


def test_many_changes_are_rebuilt_and_few_are_applied(node: Node) -> None:
    node.pace = Pace(rebuild_floor=5, rebuild_share=0.5)
    node.source.record(*(subject(number) for number in range(1, 21)))
    node.restart().step(NOW)
    node.source.record(*(subject(number, listings=1) for number in range(1, 11)))
    assert node.follower.step(NOW).step is Step.APPLIED
    node.source.record(*(subject(number, listings=2) for number in range(1, 12)))
    assert node.follower.step(NOW).cause is Cause.MANY_CHANGES


def test_one_follower_a_node(node: Node) -> None:
    with pytest.raises(IndexLocked):
        Follower(node.source, node.layout, KEYS)


def test_files_that_no_pointer_names_are_removed_at_the_next_start(node: Node) -> None:
    node.follower.step(NOW)
    orphan = node.layout.build_path("0123456789abcdef")
    orphan.write_bytes(b"half a build")
    node.restart()
    assert not orphan.exists()
    assert node.build.exists()


def test_the_map_grows_in_place_while_no_one_reads_in_this_process(tmp_path: Path) -> None:
    node = Node(tmp_path, pace=Pace(initial_map=1 << 18))
    node.source.record(subject(1))
    node.follower.step(NOW)
    build = node.build
    node.source.record(*(subject(number, listings=8) for number in range(2, 4_000)))
    assert node.follower.step(NOW).step is Step.APPLIED
    assert node.build == build
    assert build.stat().st_size > 1 << 19
    assert find(node.reader(), "CODE00003999") is not None
    node.follower.close()


def test_a_full_file_that_is_being_read_in_this_process_is_replaced(tmp_path: Path) -> None:
    node = Node(tmp_path, pace=Pace(initial_map=1 << 18))
    node.source.record(subject(1))
    node.follower.step(NOW)
    reader = node.reader()
    node.source.record(*(subject(number, listings=8) for number in range(2, 4_000)))
    with reader.snapshot() as snapshot:
        assert node.follower.step(NOW).cause is Cause.FULL
        assert snapshot.find(KEYS.identifier_key(CODE, "CODE00000001")) is not None
    assert reader.refresh()
    assert find(reader, "CODE00003999") is not None
    node.follower.close()


def test_a_rebuild_tells_how_far_it_is(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.follower.close()
    node.source.record(*(subject(number) for number in range(1, 11)))
    told: list[int] = []
    with Follower(node.source, node.layout, KEYS, progress=told.append) as follower:
        follower.step(NOW)
    assert told == [10]


def test_running_goes_on_after_a_failure_and_stops_when_told(node: Node) -> None:
    stop, moments = threading.Event(), iter(range(10))

    def clock() -> float:
        turn = next(moments)
        node.source.broken = turn == 0
        if turn == 2:
            stop.set()
        return NOW + turn

    node.source.record(subject(1))
    node.follower.run(stop, 0.001, clock)
    assert node.follower.meta is not None
    assert node.follower.meta.synced_at == NOW + 2


def test_a_follower_waits_as_its_source_says_where_it_can_tell(node: Node) -> None:
    stop, paused = threading.Event(), list[float]()

    def pause(seconds: float) -> None:
        paused.append(seconds)
        node.source.record(subject(len(paused)))
        if len(paused) == 3:
            stop.set()

    node.follower.run(stop, 0.5, lambda: NOW, pause=pause)
    assert paused == [0.5, 0.5, 0.5]
    assert node.follower.meta is not None
    assert node.follower.meta.revision == 2


def test_a_source_is_anything_of_its_shape() -> None:
    from clearway.index.source import Source

    source: Source = MemorySource()
    assert source.head() == 0
