"""Three years of one published list, replayed day by day: the index and the past agree with the events.

The list is of sanctions designations, as add, remove and modify events by date. Each day becomes the whole list of that
day and is imported as its source would have given it; a plain dictionary of the events is the reference. Only
organisations are subjects: vessels and aircraft are left out, and persons are not in the file.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path

import pytest

from clearway.decision.facts import SubjectProfile
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader, Snapshot
from clearway.registry.feeds.spec import FeedSpec, Limits
from clearway.registry.registry import Registry
from tests.unit.registry.making import CSL_HEADER, KEYS, open_registry, write_csv

LISTS = Path(os.environ.get("CLEARWAY_SHARED", Path(__file__).parents[4] / "shared" / "data"))
CHANGES = LISTS / "ofac_changes_2021_2024.csv"
FEED = FeedSpec(name="us-csl", format="us-csl", limits=Limits(shrink=1, growth=100))
SCHEME = "src.us-csl"
ORGANISATION = "-0-"
PAST_DATES = 10

pytestmark = [
    pytest.mark.real_lists,
    pytest.mark.deep,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not CHANGES.exists(), reason=f"no published list in {LISTS}"),
]

Held = dict[str, str]
"""Number on the list → name, of every organisation on it."""


@dataclass(frozen=True)
class Event:
    day: date
    op: str
    number: str
    name: str


def events() -> list[Event]:
    with CHANGES.open(encoding="utf-8", newline="") as text:
        rows = [row for row in csv.DictReader(text) if row["sdn_type"] == ORGANISATION]
    return [Event(date.fromisoformat(r["date"]), r["op"], r["ent_num"], " ".join(r["name"].split())) for r in rows]


def days() -> Iterator[tuple[date, Held]]:
    """The whole list at the end of each day, from the day before the first event on."""
    happened = events()
    held: Held = {}
    known: set[str] = set()
    for event in happened:
        # What is changed or removed without having been added was on the list before the file begins.
        if event.op != "add" and event.number not in known:
            held[event.number] = event.name
        known.add(event.number)
    yield happened[0].day - timedelta(days=1), dict(held)
    for day, of_day in groupby(happened, key=lambda event: event.day):
        for event in of_day:
            if event.op == "remove":
                del held[event.number]
            else:
                held[event.number] = event.name
        yield day, dict(held)


def published(path: Path, held: Held) -> Path:
    source = "Specially Designated Nationals (SDN) - Treasury Department"
    rows = [{"_id": number, "source": source, "type": "Entity", "name": name} for number, name in held.items()]
    return write_csv(path, CSL_HEADER, rows)


def moment_of(day: date) -> datetime:
    return datetime.combine(day, time(18), UTC)


def on_the_list(profile: SubjectProfile | None) -> str | None:
    """The name of a subject whose listing stands, or None."""
    if profile is None or all(listing.ended_at is not None for listing in profile.listings):
        return None
    return profile.name


def indexed(snapshot: Snapshot, numbers: set[str]) -> Held:
    found: Held = {}
    for number in numbers:
        hit = snapshot.find(KEYS.identifier_key(SCHEME, number))
        name = on_the_list(None if hit is None else hit.profile)
        if name is not None:
            found[number] = name
    return found


def as_of(registry: Registry, revision: int) -> Held:
    found: Held = {}
    for subject in registry.changes.everything(revision):
        name = on_the_list(subject.profile)
        if name is not None:
            found[next(code for scheme, code in subject.identifiers if scheme == SCHEME)] = name
    return found


def test_every_day_of_a_published_list_replayed(tmp_path: Path) -> None:
    history: dict[date, tuple[int, Held]] = {}
    numbers = {event.number for event in events()}
    with open_registry(tmp_path) as registry, Follower(registry.changes, IndexLayout(tmp_path), KEYS) as follower:
        follower.step(moment_of(events()[0].day).timestamp())
        reader = IndexReader(IndexLayout(tmp_path), KEYS.ids)
        before: Held = {}
        for day, held in days():
            moment = moment_of(day)
            report = registry.import_feed(
                FEED, published(tmp_path / "list.csv", held), actor="replay", moment=moment, as_of=day
            )
            assert (report.rows, report.quarantined, report.rejected) == (len(held), 0, 0)
            assert report.added == len(held.keys() - before.keys())
            assert report.gone == len(before.keys() - held.keys())
            assert report.changed == sum(before[n] != held[n] for n in held.keys() & before.keys())
            follower.step(moment.timestamp())
            reader.refresh()
            with reader.snapshot() as snapshot:
                assert snapshot.revision == report.revision
                assert indexed(snapshot, numbers) == held
            history[day] = (snapshot.revision, held)
            before = held
        assert len(history) == len({event.day for event in events()}) + 1
        every = sorted(history)
        for day in every[:: len(every) // (PAST_DATES - 1)][:PAST_DATES]:
            revision, held = history[day]
            assert as_of(registry, revision) == held
            for number in sorted(numbers)[::200]:
                assert on_the_list(registry.profile(SCHEME, number, revision)) == held.get(number)
        reader.close()
