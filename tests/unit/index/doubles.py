"""A source in memory, a node around it, and subjects that exist nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from clearway.decision.facts import Listing, RegisteredSubject, SubjectProfile
from clearway.index.follower import Follower, Pace
from clearway.index.layout import IndexLayout
from clearway.index.reader import Hit, IndexReader
from clearway.subjects.keys import SubjectKeys

NOW = 1_800_000_000.0
CODE = "cn-uscc"
OLD_CODE = "cn-regno"
INNER_CODE = "cn-orgcode"


SECRET = b"0123456789abcdef" * 2
KEYS = SubjectKeys(SECRET)
OTHER_KEYS = SubjectKeys(b"fedcba9876543210" * 2)


def subject(
    number: int,
    *,
    code: str | None = None,
    aliases: tuple[tuple[str, str], ...] = (),
    names: tuple[str, ...] | None = None,
    listings: int = 0,
    contained: tuple[str, ...] = (),
) -> RegisteredSubject:
    """Subject `number` under `code` (by default one made from the number) and further (scheme, code) pairs.

    `contained` are the codes under `INNER_CODE` that stand inside those.
    """
    code = f"CODE{number:08d}" if code is None else code
    names = (f"Example Trading {number}",) if names is None else names
    profile = SubjectProfile(
        subject_id=number,
        scheme=CODE if code else "",
        code=code,
        name=names[0] if names else "",
        known_since=date(2020, 1, 1),
        listings=tuple(Listing(f"L-{number}-{turn}", "REGIME") for turn in range(listings)),
    )
    primary = ((CODE, code),) if code else ()
    return RegisteredSubject(profile, primary + aliases, names, tuple((INNER_CODE, inner) for inner in contained))


def person(number: int, keys: SubjectKeys) -> RegisteredSubject:
    """A natural person whose number was hashed with each of the keys."""
    tokens = {one.fingerprint: f"token-of-{place}" for place, one in enumerate(keys.every)}
    profile = SubjectProfile(number, "cn-ric", "token-of-0", "", masked="1****************1")
    return RegisteredSubject(profile, (("cn-ric", "token-of-0"),), (), numbers={("cn-ric", "token-of-0"): tokens})


@dataclass
class MemorySource:
    """A registry in a dict: each `record` is one revision that touches the subjects given."""

    database: str = "d0"
    revisions: list[dict[int, RegisteredSubject]] = field(default_factory=list)
    confirmed: dict[str, date] = field(default_factory=dict)
    read: dict[str, datetime] = field(default_factory=dict)
    broken: bool = False
    missing_key: bool = False

    def record(self, *subjects: RegisteredSubject) -> int:
        self.revisions.append({each.profile.subject_id: each for each in subjects})
        return len(self.revisions)

    def database_id(self) -> str:
        return self.database

    def first_key(self) -> str:
        return KEYS.fingerprint

    def head(self) -> int:
        if self.broken:
            raise ConnectionError("the database is gone")
        return len(self.revisions)

    def changed(self, after: int, upto: int) -> Iterator[RegisteredSubject]:
        if self.missing_key:
            raise ConnectionError("somebody could not be found with the keys that are given")
        state: dict[int, RegisteredSubject] = {}
        for revision in self.revisions[after:upto]:
            state.update(revision)
        yield from state.values()

    def everything(self, upto: int) -> Iterator[RegisteredSubject]:
        yield from self.changed(0, upto)

    def confirmations(self, upto: int) -> dict[str, date]:
        return dict(self.confirmed)

    def reads(self, upto: int) -> dict[str, datetime]:
        return dict(self.read)

    def count_changed(self, after: int, upto: int) -> int:
        return sum(1 for _ in self.changed(after, upto))


@dataclass
class Node:
    """One node: a source, its follower, and the directory both the follower and readers work in."""

    directory: Path
    source: MemorySource = field(default_factory=MemorySource)
    keys: SubjectKeys = KEYS
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self.layout = IndexLayout(self.directory)
        self.follower = self.start()

    def start(self) -> Follower:
        self.follower = Follower(self.source, self.layout, self.keys, pace=self.pace)
        return self.follower

    def restart(self) -> Follower:
        self.follower.close()
        return self.start()

    def reader(self) -> IndexReader:
        return IndexReader(self.layout, self.keys.ids)

    @property
    def build(self) -> Path:
        build = self.layout.current()
        assert build is not None
        return build


def find(reader: IndexReader, code: str, scheme: str = CODE) -> Hit | None:
    """Look one code up in a snapshot of its own."""
    with reader.snapshot() as snapshot:
        return snapshot.find(KEYS.identifier_key(scheme, code))
