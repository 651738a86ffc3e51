"""One a worker: looks at the record of changes for every stream that listens, at most once an interval for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple, TypeVar

from clearway.registry.case_changes import CaseChange, CaseChanges, Selection
from clearway.registry.registry import Registry
from clearway.server.watching.progress import ProgressFile

T = TypeVar("T")

INTERVAL = 0.2
"""Seconds between looks, while somebody listens."""

THREADS = 2
"""Threads for reading. Their own, so that however many listen, no check waits for one."""


class Sight(NamedTuple):
    """What there was at a look: the last change, and the revision with which every pending case had been compared.

    The revision is the older of the two: whatever it brought is numbered up to `head`.
    """

    database_id: str
    head: int
    revision: int


class Lookout:
    """Reads changes for the streams of one event loop. A worker to which nobody listens never opens the registry."""

    def __init__(self, open_registry: Callable[[], Registry], progress: ProgressFile) -> None:
        self._open = open_registry
        self._progress = progress
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="clearway-lookout")
        self._turn = asyncio.Lock()
        self._registry: Registry | None = None
        self._sight: Sight | None = None
        self._looked = -INTERVAL

    async def look(self) -> Sight:
        """What there is now, or was less than `INTERVAL` ago. Raises what reading the registry raises."""
        async with self._turn:
            if self._sight is None or monotonic() - self._looked >= INTERVAL:
                looked = monotonic()
                self._sight = await self._in_thread(self._see)
                self._looked = looked
        return self._sight

    async def page(self, wanted: Selection, after: int, upto: int, limit: int) -> tuple[CaseChange, ...]:
        """The selected changes numbered in (after, upto], in order, at most `limit`."""
        return await self._in_thread(lambda: self._changes().page(wanted, after, upto, limit))

    def close(self) -> None:
        """Let go of the registry."""
        self._threads.shutdown(wait=True)
        if self._registry is not None:
            self._registry.close()

    async def _in_thread(self, read: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    def _see(self) -> Sight:
        if self._registry is None:
            self._registry = self._open()
        # Asked each time: a database may be restored while somebody listens.
        database_id = self._registry.database_id()
        progress = self._progress.read()
        revision = progress.revision if progress.database_id == database_id else 0
        return Sight(database_id, self._registry.case_changes.head(), revision)

    def _changes(self) -> CaseChanges:
        if self._registry is None:
            raise RuntimeError("nobody has looked yet")
        return self._registry.case_changes
