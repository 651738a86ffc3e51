"""The Connect protocol's words for what gRPC says: codes, HTTP statuses, errors, deadlines."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation, status_of

Code = grpc.StatusCode

HTTP_STATUS: Mapping[grpc.StatusCode, int] = {
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}
"""gRPC code → HTTP status, as Connect has them."""

BY_NUMBER: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in Code}
DETAILS = {kind.DESCRIPTOR.full_name: kind for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest)}
TRAILER = "grpc-status-details-bin"

LONGEST_TIMEOUT = 24 * 3600.0
UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


def name_of(code: grpc.StatusCode) -> str:
    """A code as Connect spells it."""
    return "canceled" if code is Code.CANCELLED else code.name.lower()


def code_of(status: status_pb2.Status) -> grpc.StatusCode:
    """A status's code."""
    return BY_NUMBER.get(status.code, Code.UNKNOWN)


def error_json(status: status_pb2.Status) -> bytes:
    """A status as a Connect error: each detail as bytes for programs, and as JSON to be read."""
    document = {
        "code": name_of(code_of(status)),
        "message": status.message,
        "details": [
            {
                "type": detail.TypeName(),
                "value": base64.b64encode(detail.value).decode().rstrip("="),
                **({"debug": readable(detail.TypeName(), detail.value)} if detail.TypeName() in DETAILS else {}),
            }
            for detail in status.details
        ],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def readable(kind: str, raw: bytes) -> dict[str, object]:
    """An error's detail as JSON."""
    document: dict[str, object] = json_format.MessageToDict(DETAILS[kind].FromString(raw))
    return document


def status_in(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """What a worker refused with. Where gRPC itself ended the call, the reason of ours that fits."""
    for name, value in error.trailing_metadata() or ():
        if name == TRAILER and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_of(ended_by_grpc(error.code()))


def ended_by_grpc(code: grpc.StatusCode) -> Refusal:
    """The refusal of a call that gRPC ended between us and the worker: no worker has said anything."""
    match code:
        case Code.DEADLINE_EXCEEDED:
            return Refusal(ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED, "the call's deadline has passed")
        case Code.RESOURCE_EXHAUSTED:
            return Refusal(ErrorReason.ERROR_REASON_REQUEST_TOO_LARGE, "the request is too large")
        case _:
            return Refusal(ErrorReason.ERROR_REASON_NO_WORKER, "no worker takes the call now; retry")


def with_violations(status: status_pb2.Status, violations: tuple[Violation, ...]) -> status_pb2.Status:
    """The status, saying also which fields are to blame."""
    if violations:
        bad = error_details_pb2.BadRequest()
        for violation in violations:
            bad.field_violations.add(field=violation.field, description=violation.description, reason=violation.rule)
        status.details.add().Pack(bad)
    return status


def timeout_of(connect: str | None, grpc_style: str | None) -> float | None:
    """The deadline that headers state, in seconds from now; None where they state none.

    Raises `Refusal` INVALID_REQUEST.
    """
    if connect is not None:
        if not re.fullmatch(r"[0-9]{1,10}", connect):
            raise bad_header("connect-timeout-ms", "one to ten digits")
        return min(int(connect) / 1000, LONGEST_TIMEOUT)
    if grpc_style is not None:
        if not re.fullmatch(r"[0-9]{1,8}[HMSmun]", grpc_style):
            raise bad_header("grpc-timeout", "one to eight digits and a unit of H, M, S, m, u, n")
        return min(int(grpc_style[:-1]) * UNITS[grpc_style[-1]], LONGEST_TIMEOUT)
    return None


def bad_header(name: str, rule: str) -> Refusal:
    """The refusal of a header's value."""
    violations = [Violation(name, rule, "header")]
    return Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, f"invalid header: {name}", violations=violations)
