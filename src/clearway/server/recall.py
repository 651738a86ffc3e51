"""What a worker remembers of request ids when it starts: from the log, or as long as that cannot be asked, from the
journals alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from clearway.querylog.central import LogUnreachable
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import RequestIds

PATIENCE = 3.0
"""Seconds that a worker waits at its start for the log."""

PAUSE = 5.0
"""Seconds between attempts while the log cannot be asked."""

_log = structlog.get_logger(__name__)


class Recall:
    """Fills the memory of request ids from the log. One event loop's."""

    def __init__(self, ids: RequestIds, log: Log, window: timedelta, clock: Callable[[], datetime]) -> None:
        self._ids = ids
        self._log = log
        self._window = window
        self._clock = clock
        self._later: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Return when the memory is filled; or, where the log cannot be asked, when what the journals hold is learnt.

        The log is then asked again and again, beside what the worker does.
        """
        looking = asyncio.create_task(self._recall())
        done, _ = await asyncio.wait([looking], timeout=PATIENCE)
        if done and looking.result():
            return
        self._ids.incomplete = True
        with self._log.tail() as tail:
            learnt = await asyncio.to_thread(self._ids.follow, tail)
        _log.warning("request_ids_from_journals_only", learnt=learnt)
        self._later = asyncio.create_task(self._recall_later(looking))

    def close(self) -> None:
        """Stop asking."""
        if self._later is not None:
            self._later.cancel()

    async def _recall(self) -> bool:
        """Whether the log could be asked."""
        try:
            await asyncio.to_thread(self._ids.recall, self._log, self._clock() - self._window)
        except LogUnreachable:
            return False
        return True

    async def _recall_later(self, looking: asyncio.Task[bool]) -> None:
        while not await looking:
            await asyncio.sleep(PAUSE)
            looking = asyncio.create_task(self._recall())
        self._ids.incomplete = False
        _log.info("request_ids_recalled", known=len(self._ids))
