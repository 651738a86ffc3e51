"""A call whose deadline has passed is not begun: its caller has gone."""

from __future__ import annotations

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.call import Call
from clearway.server.errors import Refusal


def deadline(call: Call) -> None:
    """Refuse a call that is already too late; during the call, gRPC itself ends it at its deadline."""
    remaining = call.context.time_remaining()
    if remaining is not None and remaining <= 0:
        raise Refusal(ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED, "the call's deadline has passed")
