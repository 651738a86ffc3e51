"""Moments on the wire: a Timestamp can hold numbers that are no moment."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation


def moment_in(timestamp: Timestamp, field: str) -> datetime:
    """The moment, aware, in UTC. Raises `Refusal` INVALID_REQUEST naming `field`."""
    try:
        return timestamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        message = "is no moment of the years 1 to 9999"
        violations = [Violation(field, message, "timestamp.range")]
        raise Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, f"invalid: {field}", violations=violations) from None
