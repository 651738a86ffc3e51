"""The couriers of a node, in a thread beside its watcher. Of several nodes, one tells: the one that leads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import structlog

from clearway.postgresql.leading import Lead, SoleLead
from clearway.registry.deliveries import Deliveries
from clearway.server.watching.courier import Courier, first_of, run_couriers
from clearway.server.watching.endpoints import Endpoint

PATIENCE = 5.0
"""Seconds that a request under way gets to end when the node stops."""

LOOK_EVERY = 1.0
"""Seconds between looks whether this node leads."""

_log = structlog.get_logger(__name__)


class Telling:
    """Tells endpoints while the block lasts. Should it fail, `on_failure` is called: the process is to start anew."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        deliveries: Deliveries,
        source: str,
        clock: Callable[[], datetime],
        on_failure: Callable[[], object],
        lead: Lead | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._source = source
        self._clock = clock
        self._on_failure = on_failure
        self._lead = lead or SoleLead()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="clearway-couriers", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    def tell_news(self) -> None:
        """Say that there may be more to tell. From any thread."""
        self._loop.call_soon_threadsafe(self._news.set)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._tell())
        except Exception as fault:
            _log.error("telling_failed", error=type(fault).__name__)
            self._on_failure()

    async def _tell(self) -> None:
        while not self._stop.is_set():
            # Whoever has nobody to tell leaves the lead to those who have.
            if self._endpoints:
                await self._tell_while_leading()
            await first_of(LOOK_EVERY, self._stop)

    async def _tell_while_leading(self) -> None:
        if not await asyncio.to_thread(self._lead.held):
            return
        over = asyncio.Event()
        couriers = [Courier(endpoint, self._deliveries, self._source, self._clock) for endpoint in self._endpoints]
        telling = asyncio.create_task(run_couriers(couriers, over, self._news))
        telling.add_done_callback(lambda _: over.set())
        try:
            while not (self._stop.is_set() or over.is_set()) and await asyncio.to_thread(self._lead.held):
                await first_of(LOOK_EVERY, self._stop, over)
        finally:
            over.set()
            await telling
