"""Whatever keys come and go: a natural person who is recorded is found by a check, or nobody is looked up at all.

A node is opened with a ring of keys, persons are recorded or seen again, and the index follows; then every person ever
recorded is asked for, by number and by what earlier checks recorded. The reference is who was recorded under which
keys.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearway.catalogue.model import LicenceItem
from clearway.decision.facts import Known, NoData, NotKnown
from clearway.gen.v1 import subject_pb2
from clearway.index.faults import IndexAbsent, IndexForeign
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.registry.commands import RegisterSubject
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.registry import Registry
from clearway.server.lookup import Lookup, RecordedKeys
from clearway.subjects.keys import SubjectKeys
from tests.case_files import catalogue
from tests.unit.registry.making import MOMENT, citizen, code

SECRETS = tuple(bytes([number]) * 32 for number in range(1, 5))
PERSONS = tuple(map(citizen, range(3)))
ORGANISATION = code(1)
NOBODY, FIRST = frozenset[int](), frozenset({0})


@dataclass(frozen=True)
class Life:
    """A node's life with one ring of keys, and whom it records or sees again meanwhile."""

    ring: tuple[bytes, ...]
    seen: frozenset[int]


LIVES = st.lists(
    st.builds(
        Life,
        st.lists(st.sampled_from(SECRETS), min_size=1, max_size=3, unique=True).map(tuple),
        st.frozensets(st.sampled_from(range(len(PERSONS)))),
    ),
    min_size=1,
    max_size=4,
)


class Reference:
    """Who is recorded, under which keys; and what checks of each person left on the log."""

    def __init__(self) -> None:
        self.entered: dict[int, set[str]] = {}
        self.kept: dict[int, list[RecordedKeys]] = {number: [] for number in range(len(PERSONS))}

    def see(self, number: int, keys: SubjectKeys) -> None:
        self.entered.setdefault(number, set()).update(keys.ids)

    def lost(self, keys: SubjectKeys) -> bool:
        """Whether somebody is recorded under none of these keys."""
        return any(entered.isdisjoint(keys.ids) for entered in self.entered.values())

    def found_by(
        self, number: int, made_with: Collection[str], indexed: Collection[str]
    ) -> type[Known | NoData | NotKnown]:
        """What there is of a person for whoever has hashes made with those keys, in an index of the others."""
        readable = set(made_with).intersection(indexed)
        if not readable:
            return NoData
        return NotKnown if readable.isdisjoint(self.entered.get(number, ())) else Known


def subject(scheme: str, value: str) -> subject_pb2.Subject:
    return subject_pb2.Subject(identifier=subject_pb2.Identifier(scheme=scheme, value=value))


def barred() -> LicenceItem:
    """An item that a statute bars natural persons from."""
    item = catalogue().item("FOOD-OPERATION")
    assert item is not None
    return item


@given(LIVES)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=settings().max_examples // 10)
def test_who_is_recorded_is_found_or_nobody_is_looked_up(lives: list[Life]) -> None:
    with TemporaryDirectory() as folder:
        reference = Reference()
        for life in lives:
            live(Path(folder), life, reference)


def live(folder: Path, life: Life, reference: Reference) -> None:
    keys, layout = SubjectKeys(*life.ring), IndexLayout(folder)
    refused: RegistryReason | None = None
    try:
        registry = Registry.open(f"sqlite:///{folder / 'registry.db'}", keys, moment=MOMENT)
    except RegistryError as why:
        refused = why.reason
    if refused is not RegistryReason.OTHER_KEY:
        assert (refused is RegistryReason.KEY_MISSING) is reference.lost(keys)
    if refused is not None:
        return
    with registry:
        # A worker looks up before its follower was there: in the index of an earlier life, or in none.
        look_up(layout, keys, reference)
        registry.execute(RegisterSubject("cn-uscc", ORGANISATION), actor="registrar", moment=MOMENT)
        for number in sorted(life.seen):
            registry.execute(RegisterSubject("cn-ric", PERSONS[number]), actor="registrar", moment=MOMENT)
            reference.see(number, keys)
        with Follower(registry.changes, layout, keys) as follower:
            follower.step(MOMENT.timestamp())
        assert look_up(layout, keys, reference)


def look_up(layout: IndexLayout, keys: SubjectKeys, reference: Reference) -> bool:
    """Whether there is an index for these keys; if so, everybody in it is asked for."""
    lookup = Lookup(keys, max_index_age=60)
    with IndexReader(layout, keys.ids) as reader:
        try:
            snapshot = reader.snapshot()
        except (IndexAbsent, IndexForeign):
            return False
        with snapshot:
            organisation = lookup.applicant(subject("cn-uscc", ORGANISATION), barred())
            assert isinstance(lookup.evidence(organisation, snapshot, MOMENT), Known)
            for number, citizen_number in enumerate(PERSONS):
                named = lookup.applicant(subject("cn-ric", citizen_number), barred())
                found = lookup.evidence(named, snapshot, MOMENT)
                assert isinstance(found, Known if number in reference.entered else NotKnown)
                for kept in reference.kept[number]:
                    again = lookup.recorded(subject("cn-ric", named.shown), kept, barred())
                    wanted = reference.found_by(number, {kept.key_id, *kept.former_keys}, snapshot.key_ids)
                    assert isinstance(lookup.evidence(again, snapshot, MOMENT), wanted)
                reference.kept[number].append(RecordedKeys(named.key, named.key_id, named.former_keys))
    return True
