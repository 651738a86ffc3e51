"""What is recorded besides checks: calls refused for want of a right, and looks of auditors and registrars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from clearway.access.methods import Role
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import NOBODY, Call
from clearway.server.errors import Refusal
from clearway.server.recording import Recording

LOOKERS = frozenset({Role.AUDITOR, Role.REGISTRAR})
"""Whose looks at subjects, and at others' checks, are recorded."""

ROWS_PER_SECOND = 10.0
ROWS_AT_ONCE = 100
"""Refusals of one principal, or of all callers that nobody knows, that get a row each. Otherwise whoever reaches the
port could fill the disk; what is above is counted, and the next row says how many there were."""


@dataclass(slots=True)
class Tally:
    """One principal's refusals: when its rows would be spent, and how many had none since the last that had one."""

    full_at: float = 0.0
    unrecorded: int = 0


class AccessRecords:
    """Writes those rows to one worker's journal. `now` is any clock in seconds."""

    def __init__(
        self,
        journal: GroupCommit,
        recording: Recording,
        new_id: Callable[[], str],
        clock: Callable[[], datetime],
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._journal = journal
        self._recording = recording
        self._new_id = new_id
        self._clock = clock
        self._now = now
        self._tallies: dict[str, Tally] = {}

    def counted(self, call: Call, refusal: Refusal) -> Refusal | None:
        """The refusal as its row has it, with how many before it have none; None where it is to have none itself."""
        tally = self._tallies.setdefault((call.caller or NOBODY).principal, Tally())
        now = self._now()
        full_at = max(tally.full_at, now) + 1 / ROWS_PER_SECOND
        if full_at - now > ROWS_AT_ONCE / ROWS_PER_SECOND:
            tally.unrecorded += 1
            return None
        tally.full_at = full_at
        unrecorded, tally.unrecorded = tally.unrecorded, 0
        if not unrecorded:
            return refusal
        return Refusal(refusal.reason, refusal.message, refusal.metadata | {"unrecorded": str(unrecorded)})

    async def refused(self, call: Call, refusal: Refusal) -> None:
        """Put the refusal of a call that is no check on the log. Raises `AuditUnavailable`."""
        found = self.counted(call, refusal)
        if found is not None:
            await self._journal.put(self._recording.refused_call(call, found, self._new_id(), self._clock()))

    async def looked(self, call: Call) -> None:
        """Put a look on the log, before what was seen leaves. Raises `AuditUnavailable`."""
        await self._journal.put(self._recording.looked(call, self._new_id(), self._clock()))


def concealed(call: Call) -> Refusal:
    """What really kept a caller from something of which they were told that it is not there."""
    metadata = {"method": call.method.short}
    message = "no grant of the caller reaches what the call names; the caller was told that it does not exist"
    return Refusal(ErrorReason.ERROR_REASON_ACCESS_DENIED, message, metadata)
