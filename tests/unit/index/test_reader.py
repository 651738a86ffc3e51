from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from clearway.decision.facts import SubjectProfile
from clearway.index.faults import IndexAbsent, IndexForeign, IndexUnavailable
from clearway.index.layout import IndexLayout
from clearway.index.reader import MOST_NAMESAKES, IndexReader
from tests.unit.index.doubles import CODE, INNER_CODE, KEYS, NOW, OLD_CODE, OTHER_KEYS, Node, find, subject


def containing(node: Node, inner: str) -> list[int]:
    with node.reader().snapshot() as snapshot:
        return [profile.subject_id for profile in snapshot.containing(KEYS.identifier_key(INNER_CODE, inner))]


def test_a_subject_is_found_by_its_primary_identifier(node: Node) -> None:
    wanted = subject(1, listings=2)
    node.source.record(wanted, subject(2))
    node.follower.step(NOW)
    hit = find(node.reader(), "CODE00000001")
    assert hit is not None
    assert hit.profile == wanted.profile
    assert hit.through == ""


def test_a_hit_carries_the_profile_exactly_as_encoded(node: Node) -> None:
    node.source.record(subject(1, listings=1))
    node.follower.step(NOW)
    hit = find(node.reader(), "CODE00000001")
    assert hit is not None
    assert msgspec.msgpack.decode(hit.raw, type=SubjectProfile) == hit.profile


def test_a_subject_found_by_another_code_says_through_which_scheme(node: Node) -> None:
    node.source.record(subject(1, aliases=((OLD_CODE, "110108000000016"),)))
    node.follower.step(NOW)
    hit = find(node.reader(), "110108000000016", OLD_CODE)
    assert hit is not None
    assert (hit.profile.subject_id, hit.through) == (1, OLD_CODE)


def test_a_subject_is_found_by_a_code_inside_its_own(node: Node) -> None:
    node.source.record(subject(1, contained=("O1",)), subject(2, contained=("O2",)))
    node.follower.step(NOW)
    assert containing(node, "O1") == [1]
    assert containing(node, "O3") == []


def test_two_subjects_with_one_code_inside_are_both_given_and_stop_nobody(node: Node) -> None:
    node.source.record(subject(2, contained=("O1",)), subject(1, contained=("O1",), aliases=((INNER_CODE, "O1"),)))
    node.follower.step(NOW)
    assert containing(node, "O1") == [1, 2]
    node.source.record(subject(2, contained=("O2",)))
    node.follower.step(NOW + 1)
    assert (containing(node, "O1"), containing(node, "O2")) == ([1], [2])


def test_the_same_code_under_another_scheme_is_another_code(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    assert find(node.reader(), "CODE00000001", OLD_CODE) is None


def test_a_code_nobody_has_is_not_found(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    assert find(node.reader(), "CODE99999999") is None


def test_a_subject_without_codes_is_found_by_name(node: Node) -> None:
    wanted = subject(7, code="", names=("Nameless Holding", "NH"))
    node.source.record(wanted)
    node.follower.step(NOW)
    with node.reader().snapshot() as snapshot:
        assert snapshot.named(KEYS.name_key("nh")) == (wanted.profile,)
        assert snapshot.named(KEYS.name_key("Nameless Holding")) == (wanted.profile,)
        assert snapshot.named(KEYS.name_key("Nobody")) == ()


def test_namesakes_come_by_subject_id_and_are_bounded(node: Node) -> None:
    node.source.record(*(subject(number, names=("Same Name",)) for number in range(100, 0, -1)))
    node.follower.step(NOW)
    with node.reader().snapshot() as snapshot:
        found = [profile.subject_id for profile in snapshot.named(KEYS.name_key("Same Name"))]
    assert found == list(range(1, MOST_NAMESAKES + 1))


def test_a_snapshot_says_what_it_is_a_copy_of(node: Node) -> None:
    node.source.record(subject(1))
    node.source.record(subject(2))
    node.source.confirmed = {"feed": date(2026, 5, 1)}
    node.follower.step(NOW)
    with node.reader().snapshot() as snapshot:
        assert (snapshot.revision, snapshot.database_id, snapshot.synced_at) == (2, "d0", NOW)
        assert snapshot.confirmations == {"feed": date(2026, 5, 1)}
        assert snapshot.subjects == 2


def test_an_index_of_an_empty_registry_has_revision_nought(node: Node) -> None:
    node.follower.step(NOW)
    with node.reader().snapshot() as snapshot:
        assert (snapshot.revision, snapshot.subjects) == (0, 0)


def test_before_the_first_build_the_index_is_absent_not_empty(tmp_path: Path) -> None:
    reader = IndexReader(IndexLayout(tmp_path), KEYS.ids)
    with pytest.raises(IndexAbsent):
        reader.snapshot()


def test_a_reader_opened_before_the_first_build_finds_it_on_refresh(node: Node) -> None:
    reader = node.reader()
    assert isinstance(reader.fault, IndexAbsent)
    node.source.record(subject(1))
    node.follower.step(NOW)
    assert reader.refresh()
    assert find(reader, "CODE00000001") is not None


def test_an_open_snapshot_keeps_its_revision_while_the_next_is_applied(node: Node) -> None:
    node.source.record(subject(1), subject(2))
    node.follower.step(NOW)
    reader = node.reader()
    with reader.snapshot() as before:
        node.source.record(subject(1, listings=1), subject(2, listings=1), subject(3))
        node.follower.step(NOW)
        with reader.snapshot() as after:
            for snapshot, revision, listings in ((before, 1, 0), (after, 2, 1)):
                assert snapshot.revision == revision
                for code in ("CODE00000001", "CODE00000002"):
                    hit = snapshot.find(KEYS.identifier_key(CODE, code))
                    assert hit is not None
                    assert len(hit.profile.listings) == listings
            assert before.find(KEYS.identifier_key(CODE, "CODE00000003")) is None


def test_a_reader_goes_over_to_a_new_build_on_refresh_and_reads_the_old_until_then(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    reader = node.reader()
    old = node.build
    node.layout.report_damage(old)
    node.source.record(subject(2))
    node.follower.step(NOW)
    assert node.build != old
    assert not old.exists()
    assert find(reader, "CODE00000001") is not None
    assert find(reader, "CODE00000002") is None
    assert reader.refresh()
    assert find(reader, "CODE00000002") is not None


def test_an_index_under_another_key_is_foreign(node: Node) -> None:
    node.source.record(subject(1))
    node.follower.step(NOW)
    reader = IndexReader(node.layout, OTHER_KEYS.ids)
    with pytest.raises(IndexForeign):
        reader.snapshot()


def test_an_index_of_another_database_is_foreign_to_a_reader_that_knows_its_own(node: Node) -> None:
    node.follower.step(NOW)
    reader = IndexReader(node.layout, KEYS.ids, database_id="d1")
    with pytest.raises(IndexForeign):
        reader.snapshot()


def test_a_closed_reader_answers_nothing(node: Node) -> None:
    node.follower.step(NOW)
    reader = node.reader()
    reader.close()
    with pytest.raises(IndexUnavailable):
        reader.snapshot()
