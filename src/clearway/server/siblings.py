"""What the node's other workers have recorded, learnt before a request id is taken for new."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from clearway.querylog.reader import Tail
from clearway.querylog.request_ids import RequestIds


class Siblings:
    """Follows the journals of the other workers into the memory of request ids. One event loop's."""

    def __init__(self, ids: RequestIds, tail: Tail) -> None:
        self._ids = ids
        self._tail = tail
        self._turn = asyncio.Lock()
        # Its own: every check with a request id waits for it, and others' threads may wait for a database.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clearway-siblings")
        self._begun = 0

    async def learn(self) -> None:
        """Return when every check that was on disk before this call is known.

        One look at a time, in a thread; whoever comes meanwhile shares the next one.
        """
        seen = self._begun
        async with self._turn:
            if self._begun > seen:
                return
            self._begun += 1
            await asyncio.get_running_loop().run_in_executor(self._thread, self._ids.follow, self._tail)

    def close(self) -> None:
        """Let the journals go."""
        self._thread.shutdown()
        self._tail.close()
