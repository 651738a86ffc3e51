"""`WatchCases`: the changes of an authority's pending cases, as they are noticed.

A stream holds nothing but its place: it reads on from there as fast as its caller takes what it is given. So a slow
caller costs no memory, and one that comes back with a cursor is served like one that never left.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf
from time import monotonic

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry.case_changes import CaseChange, Selection
from clearway.server.call import Call
from clearway.server.errors import Refusal
from clearway.server.revision import parse_token, require_same_database, token_of
from clearway.server.watching.cursor import cursor_of, parse_cursor
from clearway.server.watching.lookout import INTERVAL, Lookout, Sight

HEARTBEAT = 5.0
"""Seconds without a message after which a heartbeat is sent."""

PAGE = 50
"""Changes read at a time."""

SHARE_OF_CONNECTION = 0.9
"""A stream ends before its connection is asked to reconnect: a clean end is easier to go on from than a cut one."""


class CaseStream:
    """Serves the streams of one worker. `longest` is how long one lasts, in seconds."""

    def __init__(self, lookout: Lookout, longest: float) -> None:
        self._lookout = lookout
        self._longest = longest
        self._closing = asyncio.Event()

    async def watch(self, request: pb.WatchCasesRequest, call: Call) -> bytes:
        """Write the stream's messages until it has lasted long enough; gives nothing besides.

        Raises `Refusal`: INVALID_CURSOR, INVALID_REVISION, FOREIGN_REVISION, and SHUTTING_DOWN when the server drains.
        """
        sight = await self._lookout.look()
        wanted, place = beginning(request, call.known_caller().authority, sight)
        last = monotonic() + self._longest
        beat = -inf
        while True:
            told = await self._tell(wanted, place, sight, call)
            place = sight.head
            now = monotonic()
            if told:
                beat = now
            elif now >= beat + HEARTBEAT:
                await call.context.write(heartbeat(sight).SerializeToString())
                beat = now
            if now >= last:
                return b""
            await self._pause()
            sight = await self._lookout.look()

    def close(self) -> None:
        """End every stream: callers go on elsewhere."""
        self._closing.set()

    async def _tell(self, wanted: Selection, place: int, sight: Sight, call: Call) -> bool:
        """Write the changes after `place` that there were at that look; whether there were any."""
        told = False
        while place < sight.head:
            page = await self._lookout.page(wanted, place, sight.head, PAGE)
            for change in page:
                await call.context.write(message_of(change, sight).SerializeToString())
                told = True
            place = page[-1].seq if len(page) == PAGE else sight.head
        return told

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), INTERVAL)
        if self._closing.is_set():
            message = "the server is draining; another will answer"
            raise Refusal(ErrorReason.ERROR_REASON_SHUTTING_DOWN, message)


def beginning(request: pb.WatchCasesRequest, authority: str, sight: Sight) -> tuple[Selection, int]:
    """Which changes a request asks for, and the number of the one it goes on after. Raises `Refusal`."""
    match request.WhichOneof("start"):
        case "after":
            place = parse_cursor(request.after, sight.database_id, sight.head)
            return Selection(authority, request.case_number), place
        case "since_revision":
            revision = parse_token(request.since_revision, "since_revision")
            require_same_database(revision, sight.database_id)
            return Selection(authority, request.case_number, revision.number), 0
        case _:
            return Selection(authority, request.case_number), sight.head


def message_of(change: CaseChange, sight: Sight) -> pb.WatchCasesResponse:
    """A change on the wire."""
    return pb.WatchCasesResponse(
        change=wire_change(change),
        cursor=cursor_of(sight.database_id, change.seq),
        revision=token_of(sight.database_id, sight.revision),
    )


def heartbeat(sight: Sight) -> pb.WatchCasesResponse:
    """That everything up to here was told."""
    return pb.WatchCasesResponse(
        cursor=cursor_of(sight.database_id, sight.head), revision=token_of(sight.database_id, sight.revision)
    )


def wire_change(change: CaseChange) -> pb.CaseChange:
    """A stored change as the contract has it."""
    wire = pb.CaseChange(
        change_id=change.change_id,
        case_number=change.case_number,
        item_code=change.item_code,
        check_id=change.check_id,
        officer=change.officer,
        before=decision_pb2.Decision.FromString(change.before),
        after=decision_pb2.Decision.FromString(change.after),
        differs=change.differs,
    )
    wire.noticed_at.FromDatetime(change.noticed_at)
    return wire
