"""The schedule: reads each feed when it is due, one after the other, until told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from clearway.postgresql.leading import Lead, SoleLead
from clearway.registry.fetching.fetcher import Fetcher
from clearway.registry.fetching.status import next_due
from clearway.registry.readings import FetchOutcome
from clearway.registry.registry import Registry
from clearway.registry.schedule import ScheduledFeed

LOOK_EVERY = 1.0
"""Seconds between looks at what is due."""

_log = structlog.get_logger(__name__)


class Runner:
    """Runs a schedule, while this process has the `lead`.

    When each feed is due is kept in the record: so a restart changes nothing, and the next leader goes on from there.
    """

    def __init__(
        self,
        registry: Registry,
        fetcher: Fetcher,
        feeds: Sequence[ScheduledFeed],
        stop: threading.Event,
        clock: Callable[[], datetime],
        lead: Lead | None = None,
    ) -> None:
        self._registry = registry
        self._fetcher = fetcher
        self._feeds = feeds
        self._stop = stop
        self._clock = clock
        self._lead = lead or SoleLead()

    def run(self, look_every: float = LOOK_EVERY) -> None:
        """Read feeds as they come due, until `stop` is set. One feed's failure is its own."""
        while not self._stop.is_set():
            self.step()
            self._stop.wait(look_every)

    def step(self) -> int:
        """Read every feed that is due now; gives how many were."""
        done = 0
        for feed in self._feeds:
            # Asked before each feed: the lead may have gone to another node while the last one was being read.
            if self._stop.is_set() or not self._lead.held():
                break
            moment = self._clock()
            try:
                (last,) = self._registry.readings.fetches(feed.name) or (None,)
                if next_due(feed, last, moment) > moment:
                    continue
                done += 1
                fetched = self._fetcher.fetch(feed, moment)
            except Exception as error:  # Whatever it is, the other feeds are read all the same.
                _log.warning("feed_step_failed", feed=feed.name, error=type(error).__name__, exc_info=True)
            else:
                level = "warning" if fetched.fetch.outcome in (FetchOutcome.FAILED, FetchOutcome.WAITING) else "info"
                report = fetched.report
                getattr(_log, level)(
                    "feed_read",
                    feed=feed.name,
                    outcome=fetched.fetch.outcome.value,
                    detail=fetched.fetch.detail,
                    rows=None if report is None else report.rows,
                    revision=fetched.fetch.revision,
                )
        return done
