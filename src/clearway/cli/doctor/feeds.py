"""The feeds: each read in time and how long ago, and what of it waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from clearway.cli.doctor.faults import Unusable
from clearway.cli.doctor.findings import Finding, attention, sound, wrong
from clearway.cli.doctor.reaching import NotThere, record
from clearway.cli.output import ago
from clearway.registry.errors import RegistryError
from clearway.registry.fetching.status import FeedStatus, status_of_all
from clearway.registry.fetching.waiting import WaitingRoom
from clearway.registry.readings import FetchOutcome
from clearway.registry.schedule import FeedsRejected
from clearway.server.settings import Settings
from clearway.server.sources import scheduled_feeds


def feeds(settings: Settings) -> Iterator[Finding]:
    """Every feed: read in time, nothing waiting for a person."""
    now = datetime.now(UTC)
    try:
        with record(settings) as registry:
            configured = scheduled_feeds(settings)
            statuses = status_of_all(registry, configured, WaitingRoom.of(settings.feeds_dir), now)
    except Unusable as fault:
        yield wrong(f"how old the lists are is not known: {fault}", "see `database`")
        return
    except (NotThere, RegistryError, FeedsRejected):
        return  # Said by `database`, `keys` and `settings`.
    for status in statuses:
        yield from _of_feed(status, now)
    if not statuses:
        yield attention("no list has been read: every subject is “not listed”", "see docs/operations.md, “Feeds”")


def _of_feed(status: FeedStatus, now: datetime) -> Iterator[Finding]:
    name = status.feed
    if status.overdue:
        yield wrong(
            f"{name} is overdue, {read(status, now)}", f"run `clearway feeds fetch {name}` and see why it fails"
        )
    else:
        schedule = "" if status.scheduled else ", on no schedule"
        yield sound(f"{name}: {status.rows:,} rows, {read(status, now)}{schedule}")
        yield from _of_last_attempt(status, now)
    if status.waiting is not None:
        yield attention(f"{name}: a list waits for a person: {status.waiting.suspicion}", "`clearway feeds confirm`")
    if status.quarantined:
        yield attention(f"{name}: {status.quarantined:,} rows are set aside", "`clearway feeds quarantine list`")


def read(status: FeedStatus, now: datetime) -> str:
    """When the source was last read, and how long ago that was."""
    if status.read_at is None:
        return "read never"
    return f"read last at {status.read_at:%Y-%m-%d %H:%M} UTC, {ago(now - status.read_at)} ago"


def _of_last_attempt(status: FeedStatus, now: datetime) -> Iterator[Finding]:
    last = status.last_attempt
    if last is not None and last.outcome is FetchOutcome.FAILED:
        yield attention(
            f"{status.feed} is in time still, and could not be read {ago(now - last.fetched_at)} ago: {last.detail}",
            f"mend that before it is overdue; try it with `clearway feeds fetch {status.feed} --dry-run`",
        )
