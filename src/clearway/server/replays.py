"""Idempotent requests: the same id and body get the recorded answer and the same check id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import NamedTuple

import structlog

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.central import LogUnreachable, StoredCheck
from clearway.querylog.id_locks import IdLocks
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import Remembered, RequestIds
from clearway.server.claiming import Claiming
from clearway.server.errors import Refusal, Violation
from clearway.server.recorded_checks import erased_by
from clearway.server.siblings import Siblings

PATIENCE = 1.0
"""Seconds that a first try waits for the log to say that it is one, where the ids in memory cannot say it."""

PAUSE = 5.0
"""Seconds for which the log is not asked again after it could not answer."""

UNDER_WAY = 2.0
"""Seconds that a try waits for another one under its id, on another worker or node, to be recorded."""

LOOK = 0.005
"""Seconds between looks whether a worker of this node has finished with an id."""

LOOK_IN_LOG = 0.05
"""Seconds between looks whether another node's answer has come into the log."""

ASKING = 4
"""Threads that ask the log."""

_log = structlog.get_logger(__name__)


class Recorded(NamedTuple):
    """An answer whose record is on disk: the response's bytes and the record's id."""

    response: bytes
    check_id: str


Make = Callable[[], Awaitable[Recorded]]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Who else may answer under a request id, and how to keep out of each other's way.

    `locks` and `siblings`: the node's other workers, where there are any. `claiming`: other nodes, where they share a
    database.
    """

    locks: IdLocks | None = None
    siblings: Siblings | None = None
    claiming: Claiming | None = None

    def close(self) -> None:
        """Let go of what is shared with them."""
        for neighbour in (self.siblings, self.claiming, self.locks):
            if neighbour is not None:
                neighbour.close()


ALONE = Neighbours()


class Replays:
    """Answers each request id once. One event loop's.

    Of first tries under one id, however close together and wherever they land, one is answered; the others wait for its
    record and get its answer. While the nodes' database cannot be asked, that holds within each node.
    """

    def __init__(
        self,
        ids: RequestIds,
        log: Log,
        window: timedelta,
        clock: Callable[[], datetime],
        neighbours: Neighbours = ALONE,
        present: Callable[[StoredCheck], bytes] = lambda stored: stored.record.response,
    ) -> None:
        """`present` gives the answer to a retry from the first one's record."""
        self._ids = ids
        self._log = log
        self._window = window
        self._clock = clock
        self._locks = neighbours.locks
        self._siblings = neighbours.siblings
        self._claiming = neighbours.claiming
        self._present = present
        # Their own: they may wait for a database, and nothing else may wait for them.
        self._asking = ThreadPoolExecutor(ASKING, thread_name_prefix="clearway-request-ids")
        self._ask_again = 0.0
        self._in_flight: dict[Key, asyncio.Task[Recorded]] = {}

    async def once(
        self,
        authority: str,
        request_id: str,
        digest: bytes,
        make: Make,
        on_this_node_only: Callable[[], None] = lambda: None,
    ) -> bytes:
        """The response recorded under this id, or the one `make` makes and records.

        Raises `Refusal` REQUEST_ID_REUSED where the id came with another body, REQUEST_UNDER_WAY where another try
        under it is not recorded in time, and whatever `make` raises. A caller that gives up does not undo a check under
        way: its retry gets that check's answer. `on_this_node_only` is called where other nodes could not be asked.
        """
        key = (authority, request_id)
        while key in self._in_flight:
            await asyncio.wait([self._in_flight[key]])
        known = self._ids.get(authority, request_id)
        if known is not None:
            return await self._recorded(known, digest)
        task = asyncio.create_task(self._first_time(key, digest, make, on_this_node_only))
        self._in_flight[key] = task
        task.add_done_callback(lambda _: self._in_flight.pop(key, None))
        return (await asyncio.shield(task)).response

    async def _first_time(self, key: Key, digest: bytes, make: Make, on_this_node_only: Callable[[], None]) -> Recorded:
        async with self._only_worker(key):
            known = await self._recorded_before(key, on_this_node_only)
            if known is not None:
                return Recorded(await self._recorded(known, digest), known.check_id)
            try:
                recorded = await make()
            except BaseException:
                if self._claiming is not None:
                    self._claiming.release(key)
                raise
            self._ids.remember(*key, digest, recorded.check_id)
            return recorded

    @asynccontextmanager
    async def _only_worker(self, key: Key) -> AsyncIterator[None]:
        """Nobody else on this node answers under the id while the block lasts."""
        if self._locks is None:
            yield
            return
        last = monotonic() + UNDER_WAY
        while not self._locks.try_lock(*key):
            if monotonic() > last:
                raise under_way()
            await asyncio.sleep(LOOK)
        try:
            yield
        finally:
            self._locks.unlock(*key)

    async def _recorded_before(self, key: Key, on_this_node_only: Callable[[], None]) -> Remembered | None:
        """The check recorded under an id that is not in memory; None where this is its first try."""
        if self._siblings is not None:
            await self._siblings.learn()
            learnt = self._ids.get(*key)
            if learnt is not None:
                return learnt
        if self._ids.overflowed or self._ids.incomplete:
            stored = await self._in_the_log(*key)
            if stored is not None:
                return Remembered(stored.record.request_digest, stored.record.check_id)
        return await self._claimed(key, on_this_node_only) if self._claiming is not None else None

    async def _claimed(self, key: Key, on_this_node_only: Callable[[], None]) -> Remembered | None:
        """What another node has recorded under the id; None where it is this node's to answer under.

        Raises `Refusal` REQUEST_UNDER_WAY where another node has it, and its record does not come.
        """
        if self._claiming is None:
            return None
        last = monotonic() + UNDER_WAY
        while True:
            claim = await self._claiming.claim(key)
            if claim is None:
                on_this_node_only()
                return None
            if claim.recorded is not None:
                if claim.ours:
                    self._claiming.release(key)
                self._ids.remember(*key, claim.recorded.digest, claim.recorded.check_id)
                return claim.recorded
            if claim.ours:
                return None
            if monotonic() > last:
                raise under_way()
            await asyncio.sleep(LOOK_IN_LOG)

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
            erasure = await asyncio.to_thread(self._log.erasure, known.check_id)
            if erasure is not None:
                raise erased_by(erasure)
            message = "the recorded answer cannot be read"
            raise Refusal(ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE, message)
        return self._present(stored)


def under_way() -> Refusal:
    """The refusal of a try whose id another one has."""
    message = "another try under this request id is being answered; retry"
    return Refusal(ErrorReason.ERROR_REASON_REQUEST_UNDER_WAY, message)
