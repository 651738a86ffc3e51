"""Bytes to message. Bytes that are no message are the caller's error, not ours: gRPC's own parsing says INTERNAL."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.call import Call
from clearway.server.errors import Refusal


def parsing(call: Call) -> None:
    """Parse the request. Raises `Refusal` MALFORMED_REQUEST."""
    try:
        call.message = call.method.request_type.FromString(call.raw)
    except (DecodeError, UnicodeDecodeError):
        message = "the bytes are not a message of this method"
        raise Refusal(ErrorReason.ERROR_REASON_MALFORMED_REQUEST, message) from None
