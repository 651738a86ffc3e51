"""What each child process of `clearway serve` does: worker, follower, shipper, notary, watcher, reader of feeds.

Each ends when its parent ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from clearway.catalogue.loader import load_catalogue
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.arrivals import Arrivals
from clearway.querylog.reader import Log
from clearway.querylog.segment import set_aside
from clearway.querylog.shipper import Shipper
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.notary import Notary
from clearway.registry.errors import RegistryError
from clearway.registry.fetching.fetcher import Fetcher
from clearway.registry.fetching.runner import Runner
from clearway.registry.fetching.status import FeedStatus, status_of_all
from clearway.registry.registry import Registry
from clearway.server.clock import SteadyClock
from clearway.server.databases import Stopped, attach_log, open_log, open_registry, patiently
from clearway.server.keys import load_keys, load_signer
from clearway.server.logs import configure_logs
from clearway.server.lookup import Lookup
from clearway.server.metrics import FeedMetrics, LeadMetrics, serve_metrics
from clearway.server.node_metrics import NodeMetrics, NodeSources
from clearway.server.reach import Reach
from clearway.server.registry_door import RegistryDoor
from clearway.server.settings import Settings
from clearway.server.sources import ScheduledSources, scheduled_feeds
from clearway.server.vitals import VitalsFolder
from clearway.server.watching.endpoints import load_webhooks
from clearway.server.watching.progress import ProgressFile
from clearway.server.watching.reconsidering import Reconsidering
from clearway.server.watching.telling import Telling
from clearway.server.watching.watcher import Sources, Watcher
from clearway.server.worker import Worker
from clearway.subjects.keys import SubjectKeys

BEHIND_ANSWERS = 10
"""How much shipper and watcher give way where processors are short: an answer is waited for, what they do is not."""

READING_FEEDS = "feeds"
TELLING_ENDPOINTS = "webhooks"
"""Work that one node does for all that share a database."""
HANDOVER = 0.0003
"""Seconds after which a worker's event loop hands the interpreter over to a thread that waits for it.

The journal's thread needs it before and after each sync, and every answer waits for that; Python's own 5 ms would be
ten times the sync.
"""

_log = structlog.get_logger(__name__)


def run_worker(settings: Settings, name: str) -> None:
    """Serve checks until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    sys.setswitchinterval(HANDOVER)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        on_orphaned(lambda: loop.call_soon_threadsafe(stop.set))
        await Worker(settings, name).run(stop)

    uvloop.run(serve())


def run_follower(settings: Settings) -> None:
    """Keep the node's index in step with the registry until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    stop = stop_event()
    keys = load_keys(settings)
    with (
        unless_stopped(),
        patiently(stop, lambda: open_registry(settings, keys, datetime.now(UTC))) as registry,
        Follower(registry.changes, IndexLayout(settings.data_dir), keys) as follower,
        registry.waiting(stop) as pause,
    ):
        follower.run(stop, settings.follow_interval, pause=pause)


def run_shipper(settings: Settings) -> None:
    """Move journal rows to the central log until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    os.nice(BEHIND_ANSWERS)
    stop = stop_event()
    with (
        unless_stopped(),
        Shipper(patiently(stop, lambda: open_log(settings)), settings.data_dir / "journal") as shipper,
    ):
        shipper.run(stop, settings.ship_interval)


def run_notary(settings: Settings) -> None:
    """Number the log's rows, sign its tree and publish it until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    os.nice(BEHIND_ANSWERS)
    stop = stop_event()
    signer = load_signer(settings)
    with unless_stopped():
        central = patiently(stop, lambda: open_log(settings))
        Notary(central, TileFolder(settings.tree_dir), signer).run(stop, settings.checkpoint_interval)


def run_feeds(settings: Settings) -> None:
    """Read feeds on schedule, and serve metrics of them, until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    os.nice(BEHIND_ANSWERS)
    stop = stop_event()
    feeds = scheduled_feeds(settings)
    clock = SteadyClock(lambda: datetime.now(UTC), partial(_log.warning, "clock_went_back", process="feeds"))
    keys = load_keys(settings)
    door = RegistryDoor(lambda: open_registry(settings, keys, clock()))
    reach = Reach(lambda: door.ask(Registry.head))
    metrics = CollectorRegistry()
    if settings.metrics_address is not None:
        # Before the database is waited for: while it is gone these are looked at.
        reach.start()
        metrics.register(node_metrics(settings, keys, reach, clock))
        serve_metrics(settings.metrics_address, metrics)
    with unless_stopped(), patiently(stop, lambda: open_registry(settings, keys, clock())) as registry:
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


def node_metrics(settings: Settings, keys: SubjectKeys, reach: Reach, clock: Callable[[], datetime]) -> NodeMetrics:
    """The metrics of the node that these settings describe."""
    sources = NodeSources(
        index=IndexReader(IndexLayout(settings.data_dir), keys.fingerprint),
        log=Log(attach_log(settings), settings.journals),
        damaged_segments=lambda: len(set_aside(settings.journals)),
        registry_reachable=lambda: reach.good,
        vitals=VitalsFolder(settings.data_dir),
        workers=settings.worker_names,
    )
    return NodeMetrics(sources, clock)


def run_watcher(settings: Settings) -> None:
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
        IndexReader(IndexLayout(settings.data_dir), keys.fingerprint) as index,
    ):
        sources = Sources(
            arrivals=Arrivals(patiently(stop, lambda: open_log(settings))),
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


def leads_of(registry: Registry, settings: Settings) -> dict[str, bool]:
    """Work that one of several nodes does → whether it is this one; nothing for a node that is alone."""
    if not settings.database:
        return {}
    return {work: registry.leader(work) == settings.node_name for work in (READING_FEEDS, TELLING_ENDPOINTS)}


def unless_stopped() -> contextlib.suppress:
    """What a process does unless it is told to stop before it could begin."""
    return contextlib.suppress(Stopped)


def stop_event() -> threading.Event:
    """An event that SIGTERM, SIGINT or the parent's end sets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    on_orphaned(stop.set)
    return stop


def on_orphaned(then: Callable[[], object], patience: float = 30.0) -> None:
    """Call `then` when the parent process ends, however it ends; make sure this process follows within `patience`."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        _log.warning("parent_ended", pid=os.getpid())
        then()
        time.sleep(patience)
        os._exit(1)

    threading.Thread(target=watch, name="clearway-parent-watch", daemon=True).start()
