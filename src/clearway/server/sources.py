"""What is known of the scheduled feeds at a revision: when each was last read, and until when that will do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from clearway.decision.facts import Sources, SourceState
from clearway.index.reader import Snapshot
from clearway.registry.schedule import ScheduledFeed, load_feeds
from clearway.server.settings import Settings

FROM_THE_START = datetime.fromtimestamp(0, UTC)
"""A feed that was never read is overdue since before anyone asked."""


def scheduled_feeds(settings: Settings) -> tuple[ScheduledFeed, ...]:
    """The feeds that the settings say are read on schedule. Raises `FeedsRejected`."""
    return () if settings.feeds is None else load_feeds(settings.feeds)


class ScheduledSources:
    """The configured feeds, joined with what a snapshot says of them; made once a revision."""

    def __init__(self, feeds: Iterable[ScheduledFeed]) -> None:
        self._feeds = tuple(feeds)
        self._made: tuple[str, int] | None = None
        self._sources: Sources = ()

    def of(self, snapshot: Snapshot) -> Sources:
        """The state of every scheduled feed as of the snapshot; empty where none is scheduled."""
        if not self._feeds:
            return ()
        revision = (snapshot.database_id, snapshot.revision)
        if revision != self._made:
            self._sources = tuple(state_of(feed, snapshot.reads.get(feed.name)) for feed in self._feeds)
            self._made = revision
        return self._sources


def state_of(feed: ScheduledFeed, read_at: datetime | None) -> SourceState:
    """A feed's state, by when it was last read."""
    overdue_at = FROM_THE_START if read_at is None else read_at + feed.overdue_after
    return SourceState(feed.name, feed.regimes, read_at, overdue_at)
