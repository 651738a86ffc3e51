"""Refused checks are recorded too, before the refusal leaves; so is whoever was not let in, and whoever looked."""

from __future__ import annotations

from clearway.access.methods import rule_of
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.access_records import LOOKERS, AccessRecords, concealed
from clearway.server.call import Call, Proceed
from clearway.server.checks import Checks
from clearway.server.errors import OF_ACCESS, Refusal, refusal_for, server_fault

UNRECORDED = frozenset({ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE})
"""What cannot be recorded: that nothing can be."""


class Evidence:
    """Puts a row on the log for every check that gets no answer, every refusal of access, and every look."""

    def __init__(self, checks: Checks, records: AccessRecords) -> None:
        self._checks = checks
        self._records = records

    def __call__(self, proceed: Proceed) -> Proceed:
        """Record a refusal, then let it go on; record a look, then let its answer go on.

        Raises `AuditUnavailable` where that cannot be recorded.
        """

        async def recorded(call: Call) -> bytes:
            try:
                answer = await proceed(call)
            except Exception as error:
                await self._refused(call, refusal_for(error) or server_fault())
                raise
            if is_look(call):
                await self._records.looked(call)
            return answer

        return recorded

    async def _refused(self, call: Call, refusal: Refusal) -> None:
        if call.concealed:
            refusal = concealed(call)
        if refusal.reason in OF_ACCESS:
            await self._kept_out(call, refusal)
        elif call.method.is_check and refusal.reason not in UNRECORDED:
            await self._checks.record_refusal(call, request_of(call), refusal)
        elif is_look(call) and refusal.reason not in UNRECORDED:
            # In vain; but whether something is there is something to see.
            await self._records.refused(call, refusal)

    async def _kept_out(self, call: Call, refusal: Refusal) -> None:
        if not call.method.is_check:
            await self._records.refused(call, refusal)
        elif (counted := self._records.counted(call, refusal)) is not None:
            await self._checks.record_refusal(call, request_of(call), counted)


def is_look(call: Call) -> bool:
    """Whether an auditor or a registrar looks at what is recorded."""
    return not call.method.is_check and call.acted_in in LOOKERS and rule_of(call.method.name).look


def request_of(call: Call) -> pb.CheckSubjectRequest | None:
    """The check asked for, where the call came as far as being read, and is no batch."""
    return call.message if isinstance(call.message, pb.CheckSubjectRequest) else None
