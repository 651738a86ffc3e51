"""`at_least_as_fresh`: wait, within the caller's deadline, until the index has reached a revision."""

from __future__ import annotations

import asyncio
from time import monotonic

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import IndexReader
from clearway.server.errors import Refusal
from clearway.server.revision import parse_token, require_same_database

PAUSE = 0.005
WITHOUT_DEADLINE = 5.0

MARGIN, LEAST_MARGIN, MOST_MARGIN = 0.1, 0.05, 0.5
"""What is left of the caller's time for the refusal, which is recorded first: a share, and its bounds in seconds."""


class Freshness:
    """Waits for an index to catch up."""

    def __init__(self, index: IndexReader) -> None:
        self._index = index

    async def wait(self, consistency: pb.Consistency, remaining: float | None) -> None:
        """Return when the index is as fresh as asked for. `remaining` is the call's time left, in seconds.

        Raises `Refusal`: INVALID_REVISION, FOREIGN_REVISION, or INDEX_BEHIND (`have`, `want`) shortly before the
        deadline, so that the caller learns why.
        """
        if not consistency.at_least_as_fresh:
            return
        wanted = parse_token(consistency.at_least_as_fresh)
        last = monotonic() + (WITHOUT_DEADLINE if remaining is None else patience(remaining))
        while True:
            with self._index.snapshot() as snapshot:
                require_same_database(wanted, snapshot.database_id)
                have = snapshot.revision
            if have >= wanted.number:
                return
            if monotonic() >= last:
                raise Refusal(
                    ErrorReason.ERROR_REASON_INDEX_BEHIND,
                    "the index has not reached the revision asked for",
                    {"have": str(have), "want": str(wanted.number)},
                )
            await asyncio.sleep(PAUSE)
            self._index.refresh()


def patience(remaining: float) -> float:
    """How long to wait of the call's time left, in seconds."""
    return max(0.0, remaining - min(MOST_MARGIN, max(LEAST_MARGIN, remaining * MARGIN)))
