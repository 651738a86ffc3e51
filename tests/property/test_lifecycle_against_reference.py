"""Any life of a listing, revision by revision: the answer through the index is that of a plain record of the acts.

Each revision is done on a real registry, followed into a real index and asked about; the answer equals what the
reference decides on the plain record. Afterwards every earlier revision, and every moment of recording, still answers
as it did then.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings

from clearway.catalogue.model import ApplicationKind
from clearway.decision import facts
from clearway.decision.decide import decide
from clearway.decision.publicity import Publicity
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.registry.errors import RegistryError
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of
from tests.case_files import catalogue
from tests.lives import BEGINS, SUBJECTS, PlainRecord, Revision, revisions
from tests.reference import Answer, Reference, answer_of
from tests.unit.registry.making import KEYS

pytestmark = pytest.mark.timeout(900)

LIVES = settings().max_examples // 4
CODES = tuple(map(code_of, SUBJECTS))
QUESTION = facts.CheckRequest(
    "FOOD-OPERATION",
    ApplicationKind.NEW,
    "DEMO-LICENSING",
    "110000",
    frozenset({"APPLICATION-FORM", "SAFETY-RULES", "PREMISES-PROOF"}),
)


class Told(NamedTuple):
    """What was answered at a revision: when, and of each subject."""

    revision: int
    moment: datetime
    answers: tuple[Answer, ...]


class World:
    """A registry, its follower and an index, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry.open(f"sqlite:///{folder / 'registry.db'}", KEYS, moment=BEGINS)
        layout = IndexLayout(folder)
        self.follower = Follower(self.registry.changes, layout, KEYS)
        self.follower.step(BEGINS.timestamp())
        self.reader = IndexReader(layout, KEYS.ids)

    def close(self) -> None:
        self.reader.close()
        self.follower.close()
        self.registry.close()

    def does(self, revision: Revision, moment: datetime) -> bool:
        """Whether the registry took the acts."""
        try:
            self.registry.execute(*revision.acts, actor="registrar", moment=moment)
        except RegistryError:
            return False
        self.follower.step(moment.timestamp())
        self.reader.refresh()
        return True

    def answers(self, moment: datetime) -> tuple[Answer, ...]:
        """What a check of each subject is answered, through the index."""
        with self.reader.snapshot() as snapshot:
            assert snapshot.revision == self.registry.head()
            hits = [snapshot.find(KEYS.identifier_key("cn-uscc", code)) for code in CODES]
        return tuple(answer(None if hit is None else hit.profile, moment) for hit in hits)


def answer(profile: facts.SubjectProfile | None, moment: datetime) -> Answer:
    evidence = facts.NotKnown() if profile is None else facts.Known(profile)
    return answer_of(decide(evidence, QUESTION, catalogue(), moment))


def referred(record: PlainRecord, moment: datetime) -> tuple[Answer, ...]:
    reference = Reference(catalogue(), moment, {})
    profiles = (record.profile(code) for code in CODES)
    return tuple(
        reference.decide(facts.NotKnown() if profile is None else facts.Known(profile), QUESTION)
        for profile in profiles
    )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a registry in which nothing was ever recorded."""
    folder = tmp_path_factory.mktemp("empty")
    Registry.open(f"sqlite:///{folder / 'registry.db'}", KEYS, moment=BEGINS).close()
    return folder / "registry.db"


@contextmanager
def a_world(empty: Path) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        shutil.copy(empty, Path(folder) / "registry.db")
        world = World(Path(folder))
        try:
            yield world
        finally:
            world.close()


@settings(
    max_examples=LIVES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(life=revisions(Publicity(catalogue()).first_repair))
def test_every_revision_answers_as_the_plain_record_does_then_and_afterwards(empty: Path, life: list[Revision]) -> None:
    with a_world(empty) as world:
        record, moment, told = PlainRecord(catalogue()), BEGINS, [Told(0, BEGINS, world.answers(BEGINS))]
        earlier = timedelta(days=40)
        for revision in life:
            moment += timedelta(hours=revision.hours, seconds=1)
            after = record.after(revision.acts, moment)
            assert world.does(revision, moment) is (after is not None)
            record = after or record
            answers = world.answers(moment)
            assert answers == referred(record, moment)
            # What is known now, of an earlier day: what was wrong from its beginning was not right then.
            assert world.answers(moment - earlier) == referred(record, moment - earlier)
            told.append(Told(world.registry.head(), moment, answers))
        for then in told:
            assert as_of(world.registry, then, at_revision=then.revision) == then.answers
            assert as_of(world.registry, then, recorded_at=then.moment) == then.answers


def as_of(
    registry: Registry, then: Told, at_revision: int | None = None, recorded_at: datetime | None = None
) -> tuple[Answer, ...]:
    """The answers on the record as of an earlier state of it, at that state's moment."""
    found = (registry.profile("cn-uscc", code, at_revision, recorded_at=recorded_at) for code in CODES)
    return tuple(answer(profile, then.moment) for profile in found)
