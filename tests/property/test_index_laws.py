"""Laws of the index: however it came to a revision, it holds what a plain dict of the same revision holds."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import lmdb
from hypothesis import given, settings
from hypothesis import strategies as st

from clearway.decision.facts import RegisteredSubject
from clearway.index.faults import IdentifierClash
from clearway.index.follower import Step
from clearway.index.records import META
from tests.unit.index.doubles import CODE, INNER_CODE, KEYS, NOW, OLD_CODE, MemorySource, Node, subject

_CODES = [f"C{number}" for number in range(6)]
_NAMES = ["North", "South", "East"]

_subjects = st.builds(
    lambda number, code, aliases, names, listings, contained: subject(
        number,
        code=code,
        aliases=tuple((OLD_CODE, alias) for alias in sorted(aliases)),
        names=tuple(names),
        listings=listings,
        contained=tuple(sorted(contained)),
    ),
    st.integers(1, 4),
    st.sampled_from(["", *_CODES]),
    st.sets(st.sampled_from(_CODES), max_size=2),
    st.lists(st.sampled_from(_NAMES), max_size=2),
    st.integers(0, 2),
    st.sets(st.sampled_from(_CODES), max_size=2),
)
_histories = st.lists(st.lists(_subjects, max_size=3), max_size=8)


def _contents(node: Node) -> dict[bytes, bytes]:
    with lmdb.open(str(node.build), subdir=False, readonly=True) as environment, environment.begin() as transaction:
        return {key: value for key, value in transaction.cursor() if key != META}


def _clashes(state: dict[int, RegisteredSubject]) -> bool:
    claimed = [pair for each in state.values() for pair in each.identifiers]
    return len(claimed) != len(set(claimed))


def _state(source: MemorySource) -> dict[int, RegisteredSubject]:
    return {each.profile.subject_id: each for each in source.everything(source.head())}


@settings(max_examples=60, deadline=None)
@given(_histories)
def test_an_index_brought_forward_equals_one_built_anew(history: list[list[RegisteredSubject]]) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        followed = Node(Path(one))
        followed.follower.step(NOW)
        for revision in history:
            followed.source.record(*revision)
            if _clashes(_state(followed.source)):
                followed.source.revisions.pop()
                continue
            followed.follower.step(NOW)
        followed.follower.close()
        rebuilt = Node(Path(other), followed.source)
        rebuilt.follower.step(NOW)
        rebuilt.follower.close()
        assert _contents(followed) == _contents(rebuilt)


@settings(max_examples=60, deadline=None)
@given(_histories)
def test_every_look_up_agrees_with_a_dict_and_a_clash_changes_nothing(history: list[list[RegisteredSubject]]) -> None:
    with TemporaryDirectory() as directory:
        node = Node(Path(directory))
        node.follower.step(NOW)
        for revision in history:
            node.source.record(*revision)
            try:
                assert node.follower.step(NOW).step is Step.APPLIED
            except IdentifierClash:
                assert _clashes(_state(node.source))
                node.source.revisions.pop()
            _agrees(node)
        node.follower.close()


def _agrees(node: Node) -> None:
    state = _state(node.source)
    holders = {pair: each for each in state.values() for pair in each.identifiers}
    reader = node.reader()
    with reader.snapshot() as snapshot:
        assert (snapshot.revision, snapshot.subjects) == (node.source.head(), len(state))
        for scheme in (CODE, OLD_CODE):
            for code in _CODES:
                hit = snapshot.find(KEYS.identifier_key(scheme, code))
                holder = holders.get((scheme, code))
                assert (hit.profile if hit else None) == (holder.profile if holder else None)
                assert hit is None or hit.through == ("" if scheme == CODE else scheme)
        for code in _CODES:
            found = {profile.subject_id for profile in snapshot.containing(KEYS.identifier_key(INNER_CODE, code))}
            assert found == {number for number, each in state.items() if (INNER_CODE, code) in each.contained}
        for name in _NAMES:
            found = {profile.subject_id for profile in snapshot.named(KEYS.name_key(name))}
            assert found == {number for number, each in state.items() if name in each.names}
    reader.close()
