"""The watcher: notices what turns in pending cases, and tells."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from clearway.catalogue.loader import load_catalogue
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.arrivals import Arrivals
from clearway.server.clock import SteadyClock
from clearway.server.databases import let_go, open_log, open_registry, patiently
from clearway.server.keys import load_keys
from clearway.server.logs import configure_logs
from clearway.server.lookup import Lookup
from clearway.server.roles.process import (
    BEHIND_ANSWERS,
    TELLING_ENDPOINTS,
    stop_event,
    unless_stopped,
)
from clearway.server.settings import Settings
from clearway.server.sources import ScheduledSources, scheduled_feeds
from clearway.server.watching.endpoints import load_webhooks
from clearway.server.watching.progress import ProgressFile
from clearway.server.watching.reconsidering import Reconsidering
from clearway.server.watching.telling import Telling
from clearway.server.watching.watcher import Sources, Watcher

_log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Notice the changes of pending cases and tell endpoints of them until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    os.nice(BEHIND_ANSWERS)
    stop = stop_event()
    keys = load_keys(settings)
    catalogue = load_catalogue(settings.catalogue)
    clock = SteadyClock(lambda: datetime.now(UTC), partial(_log.warning, "clock_went_back", worker="watcher"))
    with (
        unless_stopped(),
        patiently(stop, lambda: open_registry(settings, keys, clock())) as registry,
        let_go(patiently(stop, lambda: open_log(settings))) as central,
        IndexReader(IndexLayout(settings.data_dir), keys.ids) as index,
    ):
        sources = Sources(
            arrivals=Arrivals(central),
            changes=registry.case_changes,
            subjects=registry.changes,
            index=index,
            progress=ProgressFile(settings.data_dir),
        )
        scheduled = ScheduledSources(scheduled_feeds(settings))
        reconsidering = Reconsidering(catalogue, Lookup(keys, settings.max_index_age), keys, scheduled)
        open_for = timedelta(days=settings.case_open_days)
        watcher = Watcher(sources, reconsidering, open_for, settings.max_index_age, clock)
        endpoints = load_webhooks(settings.webhooks, catalogue) if settings.webhooks is not None else ()
        source = f"urn:clearway:{registry.database_id()}"
        with (
            registry.leading(TELLING_ENDPOINTS, settings.node_name) as lead,
            Telling(endpoints, registry.deliveries, source, clock, on_failure=stop.set, lead=lead) as telling,
        ):
            watcher.run(stop, on_change=telling.tell_news)
