"""A bounded number of calls in flight: beyond it, refuse at once, before memory runs out."""

from __future__ import annotations

from time import monotonic

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.call import Call, Proceed
from clearway.server.errors import Refusal


class Admission:
    """Counts calls in flight; `draining` refuses new ones."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.in_flight = 0
        self.draining = False

    def __call__(self, proceed: Proceed) -> Proceed:
        """Admit the call or refuse it: OVERLOADED, SHUTTING_DOWN."""

        async def admitted(call: Call) -> bytes:
            if self.draining or self.in_flight >= self._limit:
                raise self._refusal()
            self.in_flight += 1
            call.admitted_at = monotonic()
            try:
                return await proceed(call)
            finally:
                self.in_flight -= 1

        return admitted

    def _refusal(self) -> Refusal:
        if self.draining:
            return Refusal(ErrorReason.ERROR_REASON_SHUTTING_DOWN, "the server is draining; another will answer")
        message = "too many calls in flight; retry later"
        return Refusal(ErrorReason.ERROR_REASON_OVERLOADED, message, {"limit": str(self._limit)})
