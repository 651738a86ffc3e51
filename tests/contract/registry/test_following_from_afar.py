"""A node that was away, or begins, takes the shorter way to the present, in memory that does not grow with the list."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

from bench.imports import cost_of
from clearway.index.follower import Cause, Follower, Pace, Step
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.registry import database
from clearway.registry.commands import Delist, ListSubject, RegisterSubject
from clearway.registry.registry import Registry
from clearway.registry.synthetic import write
from tests.unit.registry.making import KEYS, MOMENT, code

FEW, MANY = 20_000, 100_000
FLAT = 10.0
"""MiB by which a rebuild of five times the subjects may have more in memory: what allocators keep varies by a few."""


@pytest.fixture
def away(registry: Registry, tmp_path: Path) -> Iterator[tuple[Registry, Follower]]:
    """A follower of forty subjects that then stops looking."""
    for number in range(1, 41):
        registry.execute(RegisterSubject("cn-uscc", code(number), f"虚构{number}"), actor="r", moment=MOMENT)
    pace = Pace(rebuild_floor=5, rebuild_share=0.5)
    with Follower(registry.changes, IndexLayout(tmp_path), KEYS, pace=pace) as follower:
        follower.step(MOMENT.timestamp())
        yield registry, follower


def a_week(registry: Registry, subjects: int) -> float:
    """Days on which that many subjects are listed, and every third delisted; gives the moment after them."""
    for number in range(1, subjects + 1):
        day = MOMENT + timedelta(days=7 * number / subjects)
        registry.execute(ListSubject("cn-uscc", code(number), f"L-{number}", "R"), actor="r", moment=day)
        if number % 3 == 0:
            registry.execute(Delist(f"L-{number}"), actor="r", moment=day)
    return (MOMENT + timedelta(days=8)).timestamp()


@pytest.mark.parametrize(("subjects", "step"), [(4, Step.APPLIED), (20, Step.APPLIED), (21, Step.REBUILT)])
def test_after_a_week_away_it_catches_up_or_rebuilds_whichever_is_less_work(
    away: tuple[Registry, Follower], tmp_path: Path, subjects: int, step: Step
) -> None:
    registry, follower = away
    now = a_week(registry, subjects)
    done = follower.step(now)
    assert (done.step, done.revision) == (step, registry.head())
    assert done.cause is (Cause.MANY_CHANGES if step is Step.REBUILT else None)
    with IndexReader(IndexLayout(tmp_path), KEYS.ids) as reader:
        now_in_it = reader.snapshot()
        for number in range(1, 41):
            found = now_in_it.find(KEYS.identifier_key("cn-uscc", code(number)))
            assert found is not None
            assert found.profile == registry.profile("cn-uscc", code(number), registry.head())


@pytest.mark.timeout(300)
def test_memory_is_flat_while_an_index_is_made(registry_url: str, tmp_path: Path) -> None:
    peaks = [peak_of_a_rebuild(registry_url, tmp_path, rows) for rows in (FEW, MANY)]
    assert peaks[1] - peaks[0] < FLAT, peaks


def peak_of_a_rebuild(url: str, folder: Path, rows: int) -> float:
    """MiB of memory that belong to no file, at the most, in a process that makes the index of so many subjects."""
    file, place = folder / f"{rows}.csv", folder / f"index-{rows}"
    place.mkdir()
    write(file, rows, MOMENT.date())
    with Registry.open(url, KEYS, moment=MOMENT) as registry:
        registry.import_feed("flat-csv", file, actor="r", moment=MOMENT + timedelta(minutes=rows))
    peak = cost_of(partial(rebuild, url), place).peak_mib
    with IndexReader(IndexLayout(place), KEYS.ids) as reader, reader.snapshot() as made:
        assert made.subjects >= rows - 1
    return peak


def rebuild(url: str, folder: Path) -> None:
    """In a process of its own: make the index.

    SQLite's cache of the registry's pages is left small: it is bounded by its own setting, and fills up in between.
    """
    usual = [pragma for pragma in database._PRAGMAS if pragma[0] != "cache_size"]
    with (
        mock.patch.object(database, "_PRAGMAS", usual),
        Registry.open(url, KEYS, moment=MOMENT) as registry,
        Follower(registry.changes, IndexLayout(folder), KEYS) as follower,
    ):
        follower.step(time.time())
