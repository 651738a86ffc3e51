"""Every request field held to its rule, as the contract's protovalidate annotations state it."""

from __future__ import annotations

import protovalidate
from google.protobuf.message import Message

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.call import Call
from clearway.server.errors import Refusal, Violation

_validator = protovalidate.Validator()


def validation(call: Call) -> None:
    """Validate the parsed request. Raises `Refusal` INVALID_REQUEST."""
    if call.message is not None:
        require_valid(call.message)


def require_valid(message: Message) -> None:
    """Raise `Refusal` INVALID_REQUEST naming every field that breaks its rule. Values are not echoed."""
    found = _validator.collect_violations(message)
    if not found:
        return
    violations = [Violation(path_of(v.proto.field), v.proto.message, v.proto.rule_id) for v in found]
    fields = ", ".join(sorted({violation.field or "(message)" for violation in violations}))
    raise Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, f"invalid: {fields}", violations=violations)


def path_of(field: protovalidate.FieldPathPb | None) -> str:
    """A field path as text, for example `supplied_materials[2]`."""
    if field is None:
        return ""
    parts = []
    for element in field.elements:
        subscript = element.subscript
        parts.append(element.field_name + (f"[{subscript.value}]" if subscript is not None else ""))
    return ".".join(parts)
