"""Idempotent requests: the same id and body get the recorded answer and the same check id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import NamedTuple

import structlog

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.central import LogUnreachable, StoredCheck
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import Remembered, RequestIds
from clearway.server.errors import Refusal, Violation
from clearway.server.siblings import Siblings

PATIENCE = 1.0
"""Seconds that a first try waits for the log to say that it is one, where the ids in memory cannot say it."""

PAUSE = 5.0
"""Seconds for which the log is not asked again after it could not answer."""

ASKING = 4
"""Threads that ask the log."""

_log = structlog.get_logger(__name__)


class Recorded(NamedTuple):
    """An answer whose record is on disk: the response's bytes and the record's id."""

    response: bytes
    check_id: str


Make = Callable[[], Awaitable[Recorded]]
Key = tuple[str, str]


class Replays:
    """Answers each request id once. One event loop's.

    `siblings` are the node's other workers, where there are any: a retry that lands here after one of them has answered
    is noticed. Two first tries at the very same time on two workers are not, and leave a check each.
    """

    def __init__(
        self,
        ids: RequestIds,
        log: Log,
        window: timedelta,
        clock: Callable[[], datetime],
        siblings: Siblings | None = None,
        present: Callable[[StoredCheck], bytes] = lambda stored: stored.record.response,
    ) -> None:
        """`present` gives the answer to a retry from the first one's record."""
        self._ids = ids
        self._log = log
        self._window = window
        self._clock = clock
        self._siblings = siblings
        self._present = present
        # Their own: they may wait for a database, and nothing else may wait for them.
        self._asking = ThreadPoolExecutor(ASKING, thread_name_prefix="clearway-request-ids")
        self._ask_again = 0.0
        self._in_flight: dict[Key, asyncio.Task[Recorded]] = {}

    async def once(self, authority: str, request_id: str, digest: bytes, make: Make) -> bytes:
        """The response recorded under this id, or the one `make` makes and records.

        Raises `Refusal` REQUEST_ID_REUSED where the id came with another body, and whatever `make` raises. A caller
        that gives up does not undo a check under way: its retry gets that check's answer.
        """
        key = (authority, request_id)
        while key in self._in_flight:
            await asyncio.wait([self._in_flight[key]])
        known = self._ids.get(authority, request_id)
        if known is not None:
            return await self._recorded(known, digest)
        task = asyncio.create_task(self._first_time(key, digest, make))
        self._in_flight[key] = task
        task.add_done_callback(lambda _: self._in_flight.pop(key, None))
        return (await asyncio.shield(task)).response

    async def _first_time(self, key: Key, digest: bytes, make: Make) -> Recorded:
        authority, request_id = key
        if self._siblings is not None:
            await self._siblings.learn()
            learnt = self._ids.get(authority, request_id)
            if learnt is not None:
                return Recorded(await self._recorded(learnt, digest), learnt.check_id)
        if self._ids.overflowed:
            stored = await self._in_the_log(authority, request_id)
            if stored is not None:
                known = Remembered(stored.record.request_digest, stored.record.check_id)
                return Recorded(await self._recorded(known, digest), known.check_id)
        recorded = await make()
        self._ids.remember(authority, request_id, digest, recorded.check_id)
        return recorded

    async def _in_the_log(self, authority: str, request_id: str) -> StoredCheck | None:
        """The check that the log has under this id; None also where it cannot be asked: a check does not wait for it.

        A retry is then decided anew, and recorded a second time, if its first try is no longer in the journals.
        """
        if monotonic() < self._ask_again:
            return None
        find = partial(self._log.find_request, authority, request_id, self._clock() - self._window)
        try:
            looking = asyncio.get_running_loop().run_in_executor(self._asking, find)
            return await asyncio.wait_for(looking, PATIENCE)
        except (LogUnreachable, TimeoutError) as fault:
            _log.warning("request_ids_unknown", error=type(fault).__name__)
            self._ask_again = monotonic() + PAUSE
            return None

    async def _recorded(self, known: Remembered, digest: bytes) -> bytes:
        if known.digest != digest:
            message = "this request id was used before with another body"
            raise Refusal(
                ErrorReason.ERROR_REASON_REQUEST_ID_REUSED,
                message,
                {"check_id": known.check_id},
                [Violation("request_id", message)],
            )
        stored = await asyncio.to_thread(self._log.get, known.check_id)
        if stored is None:
            message = "the recorded answer cannot be read"
            raise Refusal(ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE, message)
        return self._present(stored)
