"""The scheduled feeds behind an answer: configured, joined with when each was last read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from clearway.decision.facts import SourceState
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.registry.schedule import FeedsRejected
from clearway.server.settings import Settings
from clearway.server.sources import FROM_THE_START, ScheduledSources, scheduled_feeds, state_of
from tests.unit.index.doubles import KEYS, NOW, Node, subject
from tests.unit.registry.fetching.sources import START, csl_feed


def test_a_feed_is_overdue_so_long_after_it_was_read() -> None:
    feed = csl_feed(carries=["SAMR-SERIOUS"], overdue_after="5h")
    assert state_of(feed, START) == SourceState("csl", ("SAMR-SERIOUS",), START, START + timedelta(hours=5))


def test_a_feed_never_read_is_overdue_from_the_start() -> None:
    assert state_of(csl_feed(), None).overdue_at == FROM_THE_START


def test_the_state_of_the_feeds_is_that_of_the_snapshot(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.source.record(subject(1))
    node.follower.step(NOW)
    sources = ScheduledSources([csl_feed()])
    reader = IndexReader(IndexLayout(tmp_path), KEYS.ids)
    with reader.snapshot() as snapshot:
        (never,) = sources.of(snapshot)
        assert never.read_at is None
        assert sources.of(snapshot) is sources.of(snapshot), "made once a revision"
        assert ScheduledSources([]).of(snapshot) == ()
    node.source.read = {"csl": START}
    node.source.record()
    node.follower.step(NOW)
    with reader.snapshot() as snapshot:
        assert [state.read_at for state in sources.of(snapshot)] == [START]


def test_no_feeds_file_means_no_sources_and_a_bad_one_is_refused(tmp_path: Path) -> None:
    assert scheduled_feeds(Settings(data_dir=tmp_path)) == ()
    with pytest.raises(FeedsRejected):
        scheduled_feeds(Settings(data_dir=tmp_path, feeds=tmp_path / "none.yaml"))
