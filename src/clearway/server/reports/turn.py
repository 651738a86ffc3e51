"""Reports take turns: one at a time in a worker, so that no number of them keeps its checks waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Turn:
    """One worker's turn for long reading. Who gives up leaves the line; what has begun keeps the turn to its end."""

    def __init__(self) -> None:
        self._taken = asyncio.Lock()

    async def take(self, reading: Callable[[], Awaitable[T]]) -> T:
        """What `reading` gives, once it is its turn."""
        await self._taken.acquire()
        doing = asyncio.ensure_future(reading())
        doing.add_done_callback(lambda _: self._taken.release())
        return await asyncio.shield(doing)
