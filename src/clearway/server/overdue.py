"""Overdue feedback: an authority's checked cases whose outcome was not reported in time. Free of transport."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from clearway.gen.v1 import audit_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.querylog.cases import CaseCheck, Place, Window
from clearway.querylog.reader import Log
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock
from clearway.server.moments import moment_in
from clearway.server.paging import page_size, page_token, parse_page_token
from clearway.server.registry_door import RegistryDoor

QUESTION = "overdue-outcomes"

AT_ONCE = 500
"""How many cases are looked at together for whether they are closed."""


class At(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the last case's check."""

    decided_at: datetime
    check_id: str


class OverdueOutcomes:
    """Lists overdue feedback from the log and the registry.

    `due` is how long after a check its case's outcome should have been reported, `open_for` how long a case without one
    is taken for pending: an older check is not looked at.
    """

    def __init__(self, log: Log, registry: RegistryDoor, due: timedelta, open_for: timedelta, clock: Clock) -> None:
        self._log = log
        self._registry = registry
        self._due = due
        self._open_for = open_for
        self._clock = clock

    def methods(self) -> Methods:
        """What is offered of the audit service."""
        return (("ListOverdueOutcomes", pb.ListOverdueOutcomesRequest, self.list),)

    async def list(self, request: pb.ListOverdueOutcomesRequest, call: Call) -> bytes:
        """One page of the authority's overdue cases, the longest overdue first.

        Costs a look at each row of the window up to the end of the page, and for each one look at its case; never more
        than the window.
        """
        moment = self._clock()
        until = moment - self._due
        if request.HasField("checked_before"):
            until = moment_in(request.checked_before, "checked_before")
        at = parse_page_token(request.page_token, QUESTION, At)
        after = None if at is None else Place(at.decided_at, at.check_id)
        window = Window(call.known_caller().authority, moment - self._open_for, until, after)
        size = page_size(request.page_size)
        # One more than the page tells whether there is another.
        found = await self._overdue(window, size + 1)
        shown = found[:size]
        response = pb.ListOverdueOutcomesResponse(
            cases=[message_of(check) for check in shown],
            next_page_token=page_token(QUESTION, At(shown[-1].decided_at, shown[-1].check_id))
            if len(found) > size
            else "",
        )
        return response.SerializeToString()

    async def _overdue(self, window: Window, count: int) -> Sequence[CaseCheck]:
        """The first cases of the window that are not closed, at most `count`."""
        found: list[CaseCheck] = []
        while len(found) < count:
            checks = await asyncio.to_thread(self._log.last_checks, window, AT_ONCE)
            if not checks:
                break
            numbers = [check.case_number for check in checks]
            authority = window.authority
            closed = await self._registry.read(lambda registry: registry.cases.closed(authority, numbers))  # noqa: B023
            found += (check for check in checks if check.case_number not in closed)
            window = Window(window.authority, window.since, window.until, checks[-1].place)
        return found[:count]


def message_of(check: CaseCheck) -> pb.OverdueOutcome:
    """A case on the wire."""
    message = pb.OverdueOutcome(
        case_number=check.case_number,
        check_id=check.check_id,
        officer=check.officer,
        item_code=check.item_code,
        outcome=decision_pb2.Outcome.Value(check.outcome),
    )
    message.decided_at.FromDatetime(check.decided_at)
    return message
