"""What is to be known of every feed: when it was last read, what went wrong, what is due, what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clearway.registry.fetching.waiting import Waiting, WaitingRoom
from clearway.registry.readings import Fetch, FetchOutcome
from clearway.registry.registry import Registry
from clearway.registry.schedule import ScheduledFeed

AFTER_A_FAILURE = timedelta(minutes=5)
"""A reading that failed is tried again after this long, where the feed's own time is longer."""


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """One feed at one moment.

    `read_at`: the source was last read, or its last file speaks of a day that ended then. `rows` is of the last import,
    `quarantined` counts the rows that wait for correction, `failures` every attempt that ever failed. `next_due` and
    `overdue` are None for a feed that is on no schedule.
    """

    feed: str
    scheduled: bool
    read_at: datetime | None
    rows: int
    quarantined: int
    last_attempt: Fetch | None
    last_failure: Fetch | None
    failures: int
    etag: str
    next_due: datetime | None
    overdue: bool | None
    waiting: Waiting | None


def status_of_all(
    registry: Registry, feeds: Sequence[ScheduledFeed], room: WaitingRoom, moment: datetime
) -> tuple[FeedStatus, ...]:
    """Every scheduled feed in the file's order, then every other one that anything was imported of."""
    reads = registry.changes.reads(registry.head())
    scheduled = {feed.name for feed in feeds}
    others = tuple(name for name in registry.readings.feeds() if name not in scheduled)
    return (
        *(_status(registry, room, feed.name, feed, reads.get(feed.name), moment) for feed in feeds),
        *(_status(registry, room, name, None, reads.get(name), moment) for name in others),
    )


def _status(
    registry: Registry,
    room: WaitingRoom,
    name: str,
    feed: ScheduledFeed | None,
    read_at: datetime | None,
    moment: datetime,
) -> FeedStatus:
    readings = registry.readings
    (last,) = readings.fetches(name) or (None,)
    (failure,) = readings.fetches(name, FetchOutcome.FAILED) or (None,)
    (good,) = readings.fetches(name, FetchOutcome.LOADED, FetchOutcome.UNCHANGED) or (None,)
    return FeedStatus(
        feed=name,
        scheduled=feed is not None,
        read_at=read_at,
        rows=readings.rows(name),
        quarantined=registry.quarantine.waiting(name),
        last_attempt=last,
        last_failure=failure,
        failures=readings.failures(name),
        etag="" if good is None else good.etag,
        next_due=None if feed is None else next_due(feed, last, moment),
        overdue=None if feed is None else read_at is None or read_at + feed.overdue_after <= moment,
        waiting=room.get(name),
    )


def next_due(feed: ScheduledFeed, last: Fetch | None, moment: datetime) -> datetime:
    """When the feed is to be read next: now where it never was, or where the clock was set back."""
    if last is None or last.fetched_at > moment:
        return moment
    failed = last.outcome is FetchOutcome.FAILED
    return last.fetched_at + (min(feed.every, AFTER_A_FAILURE) if failed else feed.every)
