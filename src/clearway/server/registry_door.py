"""The registry as a worker reaches it: opened when first needed, never waited for on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from clearway.registry.registry import Registry

T = TypeVar("T")


class RegistryDoor:
    """One worker's registry. A worker that is never asked to act or to read the record never opens it."""

    def __init__(self, open_registry: Callable[[], Registry]) -> None:
        self._open = open_registry
        self._registry: Registry | None = None
        self._opening = threading.Lock()
        self._acting = asyncio.Lock()

    async def read(self, question: Callable[[Registry], T]) -> T:
        """What the registry answers. Raises what `question` raises, and `RegistryError` where it cannot be opened."""
        return await asyncio.to_thread(self.ask, question)

    def ask(self, question: Callable[[Registry], T]) -> T:
        """The same, for a thread that may wait."""
        return question(self._opened())

    async def act(self, act: Callable[[Registry], T]) -> T:
        """Let `act` write. One at a time: others wait here, where a caller who gives up leaves the line, not a thread.

        What has begun is done even where its caller gives up meanwhile.
        """
        await self._acting.acquire()
        doing = asyncio.ensure_future(asyncio.to_thread(lambda: act(self._opened())))
        # Released by the end of the act, not by its caller's: the next one comes after.
        doing.add_done_callback(lambda _: self._acting.release())
        return await asyncio.shield(doing)

    def close(self) -> None:
        """Let go of the registry."""
        with self._opening:
            if self._registry is not None:
                self._registry.close()
            self._registry = None

    def _opened(self) -> Registry:
        with self._opening:
            if self._registry is None:
                self._registry = self._open()
            return self._registry
