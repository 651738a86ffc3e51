"""Refused checks are recorded too, before the refusal leaves."""

from __future__ import annotations

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.call import Call, Proceed
from clearway.server.checks import Checks
from clearway.server.errors import Refusal, refusal_for, server_fault

UNRECORDED = frozenset({ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE})
"""What cannot be recorded: that nothing can be."""


class Evidence:
    """Puts a row on the log for every check that gets no answer."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks

    def __call__(self, proceed: Proceed) -> Proceed:
        """Record a refused check, then let the refusal go on. Raises `AuditUnavailable` where it cannot be recorded."""

        async def recorded(call: Call) -> bytes:
            try:
                return await proceed(call)
            except Exception as error:
                if call.method.is_check:
                    await self._record(call, refusal_for(error) or server_fault())
                raise

        return recorded

    async def _record(self, call: Call, refusal: Refusal) -> None:
        if refusal.reason not in UNRECORDED:
            request = call.message if isinstance(call.message, pb.CheckSubjectRequest) else None
            await self._checks.record_refusal(call, request, refusal)
