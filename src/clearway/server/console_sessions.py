"""Sessions of the console that were ended: remembered in the log that nodes share, so that no node opens a copy."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from clearway.gen.v1 import access_service_pb2 as pb
from clearway.querylog.reader import Log
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock

REMEMBERED = timedelta(hours=25)
"""How long an end is remembered: longer than `console_hours` can be, by more than clocks of nodes differ."""


class ConsoleSessions:
    """Ends sessions, and tells of those that were ended. Raises `LogUnreachable`."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    def methods(self) -> Methods:
        """What the service offers."""
        return (
            ("GetSession", pb.GetSessionRequest, self.get_session),
            ("EndSession", pb.EndSessionRequest, self.end_session),
        )

    async def get_session(self, request: pb.GetSessionRequest, call: Call) -> bytes:
        """Whether somebody ended the session."""
        ended = await asyncio.to_thread(self._log.session_has_ended, request.session_id)
        return pb.GetSessionResponse(ended=ended).SerializeToString()

    async def end_session(self, request: pb.EndSessionRequest, call: Call) -> bytes:
        """End it, on every node."""
        moment = self._clock()
        await asyncio.to_thread(self._log.end_session, request.session_id, moment + REMEMBERED, moment)
        return pb.EndSessionResponse().SerializeToString()
