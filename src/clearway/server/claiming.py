"""Claims request ids beside a worker's event loop: many callers share one question to the database.

While the database cannot be asked, checks go on: then only the node itself vouches for an id, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic

import structlog

from clearway.querylog.request_claims import Claim, ClaimsUnreachable, Key, RequestClaims

PATIENCE = 1.0
"""Seconds that a first try waits for the database."""

PAUSE = 5.0
"""Seconds for which the database is not asked again after it did not answer."""

AT_ONCE = 500
"""Ids in one question at most."""

CLEAR_EVERY = 30.0
"""Seconds between removals of claims that are over."""

_log = structlog.get_logger(__name__)


class Claiming:
    """The asyncio front of `RequestClaims`. One event loop's."""

    def __init__(self, claims: RequestClaims, clock: Callable[[], datetime]) -> None:
        self._claims = claims
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        # Its own: a question may hang with the database, and nothing else may wait for it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clearway-claims")
        self._waiting: dict[Key, asyncio.Future[Claim | None]] = {}
        self._released: list[Key] = []
        self._asking = False
        self._asked_at = 0.0
        self._ask_again = 0.0
        self._clear_next = monotonic() + CLEAR_EVERY

    async def claim(self, key: Key) -> Claim | None:
        """What is known of an id, claimed if it is free. None where the database does not say so in time."""
        now = monotonic()
        if now < self._ask_again or (self._asking and now - self._asked_at > PATIENCE):
            return None
        answered = self._waiting.get(key)
        if answered is None:
            answered = self._waiting[key] = self._loop.create_future()
        self._ask_if_idle()
        try:
            return await asyncio.wait_for(asyncio.shield(answered), PATIENCE)
        except TimeoutError:
            self._give_up("timed out")
            return None

    def release(self, key: Key) -> None:
        """Give a claim up some time soon: nothing was recorded under it."""
        self._released.append(key)
        self._ask_if_idle()

    def close(self) -> None:
        """Give everything up that is held."""
        self._thread.submit(self._claims.close)
        self._thread.shutdown(wait=False)

    def _ask_if_idle(self) -> None:
        if self._asking or not (self._waiting or self._released):
            return
        keys = list(self._waiting)[:AT_ONCE]
        asked = {key: self._waiting.pop(key) for key in keys}
        released, self._released = self._released, []
        self._asking, self._asked_at = True, monotonic()
        self._thread.submit(self._ask, asked, released)

    def _ask(self, asked: dict[Key, asyncio.Future[Claim | None]], released: list[Key]) -> None:
        """In the claims' thread: one question, then one call into the loop for all who wait for it."""
        found: dict[Key, Claim] = {}
        fault = ""
        try:
            if released:
                self._claims.release(released)
            if asked:
                found = self._claims.claim(asked, self._clock())
            if monotonic() >= self._clear_next:
                self._clear_next = monotonic() + CLEAR_EVERY
                self._claims.clear()
        except ClaimsUnreachable as unreachable:
            fault = str(unreachable)
        except Exception as error:  # whatever it was, those who wait go on
            fault = type(error).__name__
        self._loop.call_soon_threadsafe(self._answer, asked, found, fault)

    def _answer(self, asked: dict[Key, asyncio.Future[Claim | None]], found: dict[Key, Claim], fault: str) -> None:
        self._asking = False
        if fault:
            self._give_up(fault)
        for key, waiting in asked.items():
            if not waiting.done():
                waiting.set_result(found.get(key))
        self._ask_if_idle()

    def _give_up(self, why: str) -> None:
        """Ask nothing for a while; whoever waits goes on without an answer."""
        if monotonic() >= self._ask_again:
            _log.warning("request_ids_on_this_node_only", why=why, for_seconds=PAUSE)
        self._ask_again = monotonic() + PAUSE
        waiting, self._waiting = self._waiting, {}
        for answered in waiting.values():
            if not answered.done():
                answered.set_result(None)
