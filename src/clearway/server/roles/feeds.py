"""The reader of feeds, which also serves the metrics of node and feeds."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.reader import Log
from clearway.querylog.segment import set_aside
from clearway.registry.errors import RegistryError
from clearway.registry.fetching.fetcher import Fetcher
from clearway.registry.fetching.runner import Runner
from clearway.registry.fetching.status import FeedStatus, status_of_all
from clearway.registry.registry import Registry
from clearway.server.clock import SteadyClock
from clearway.server.databases import attach_log, let_go, open_registry, patiently
from clearway.server.keys import load_keys
from clearway.server.logs import configure_logs
from clearway.server.metrics import FeedMetrics, LeadMetrics, serve_metrics
from clearway.server.node_metrics import NodeMetrics, NodeSources
from clearway.server.reach import Reach
from clearway.server.registry_door import RegistryDoor
from clearway.server.roles.process import (
    BEHIND_ANSWERS,
    READING_FEEDS,
    TELLING_ENDPOINTS,
    stop_event,
    unless_stopped,
)
from clearway.server.settings import Settings
from clearway.server.sources import scheduled_feeds
from clearway.server.vitals import VitalsFolder
from clearway.subjects.keys import SubjectKeys

_log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Read feeds on schedule, and serve metrics of them, until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    os.nice(BEHIND_ANSWERS)
    stop = stop_event()
    feeds = scheduled_feeds(settings)
    clock = SteadyClock(lambda: datetime.now(UTC), partial(_log.warning, "clock_went_back", process="feeds"))
    keys = load_keys(settings)
    metrics = CollectorRegistry()
    with (
        unless_stopped(),
        # Before the database is waited for: while it is gone these are looked at.
        metrics_served(settings, metrics, keys, clock) as reach,
        patiently(stop, lambda: open_registry(settings, keys, clock())) as registry,
    ):
        fetcher = Fetcher(registry, settings.feeds_dir, stop=stop)

        def statuses() -> tuple[FeedStatus, ...]:
            with contextlib.suppress(RegistryError):
                return status_of_all(registry, feeds, fetcher.waiting, clock()) if reach.good else ()
            return ()

        def leads() -> dict[str, bool]:
            with contextlib.suppress(RegistryError):
                return leads_of(registry, settings) if reach.good else {}
            return {}

        metrics.register(FeedMetrics(statuses))
        metrics.register(LeadMetrics(leads))
        with registry.leading(READING_FEEDS, settings.node_name) as lead:
            Runner(registry, fetcher, feeds, stop, clock, lead).run()


@contextlib.contextmanager
def metrics_served(
    settings: Settings, metrics: CollectorRegistry, keys: SubjectKeys, clock: Callable[[], datetime]
) -> Iterator[Reach]:
    """Whether the record can be read; and, where the settings ask for it, the metrics served, until the block ends."""
    door = RegistryDoor(lambda: open_registry(settings, keys, clock()))
    reach = Reach(lambda: door.ask(Registry.head))
    if settings.metrics_address is None:
        yield reach
        return
    reach.start()
    with let_go(attach_log(settings)) as central:
        metrics.register(node_metrics(settings, central, keys, reach, clock))
        server, _ = serve_metrics(settings.metrics_address, metrics)
        try:
            yield reach
        finally:
            server.shutdown()
            server.server_close()
            reach.close()
            door.close()


def node_metrics(
    settings: Settings, central: Engine, keys: SubjectKeys, reach: Reach, clock: Callable[[], datetime]
) -> NodeMetrics:
    """The metrics of the node that these settings describe."""
    sources = NodeSources(
        index=IndexReader(IndexLayout(settings.data_dir), keys.ids),
        log=Log(central, settings.journals),
        damaged_segments=lambda: len(set_aside(settings.journals)),
        registry_reachable=lambda: reach.good,
        vitals=VitalsFolder(settings.data_dir),
        workers=settings.worker_names,
    )
    return NodeMetrics(sources, clock)


def leads_of(registry: Registry, settings: Settings) -> dict[str, bool]:
    """Work that one of several nodes does → whether it is this one; nothing for a node that is alone."""
    if not settings.database:
        return {}
    return {work: registry.leader(work) == settings.node_name for work in (READING_FEEDS, TELLING_ENDPOINTS)}
