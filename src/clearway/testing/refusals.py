"""Errors as the service makes them: a reason, its status code, and the status that carries both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from clearway.client.errors import DOMAIN, ErrorReason, Violation

Code = grpc.StatusCode

CODES: Mapping[ErrorReason, grpc.StatusCode] = {
    ErrorReason.MALFORMED_REQUEST: Code.INVALID_ARGUMENT,
    ErrorReason.INVALID_REQUEST: Code.INVALID_ARGUMENT,
    ErrorReason.UNKNOWN_SCHEME: Code.INVALID_ARGUMENT,
    ErrorReason.INVALID_IDENTIFIER: Code.INVALID_ARGUMENT,
    ErrorReason.UNKNOWN_ITEM: Code.INVALID_ARGUMENT,
    ErrorReason.UNKNOWN_REGION: Code.INVALID_ARGUMENT,
    ErrorReason.UNKNOWN_MATERIAL: Code.INVALID_ARGUMENT,
    ErrorReason.NATURAL_PERSON_NOT_ACCEPTED: Code.INVALID_ARGUMENT,
    ErrorReason.REQUEST_ID_REUSED: Code.INVALID_ARGUMENT,
    ErrorReason.INVALID_REVISION: Code.INVALID_ARGUMENT,
    ErrorReason.FOREIGN_REVISION: Code.FAILED_PRECONDITION,
    ErrorReason.INDEX_BEHIND: Code.UNAVAILABLE,
    ErrorReason.INDEX_UNAVAILABLE: Code.UNAVAILABLE,
    ErrorReason.AUDIT_UNAVAILABLE: Code.UNAVAILABLE,
    ErrorReason.CHECK_NOT_FOUND: Code.NOT_FOUND,
    ErrorReason.OVERLOADED: Code.RESOURCE_EXHAUSTED,
    ErrorReason.DEADLINE_EXCEEDED: Code.DEADLINE_EXCEEDED,
    ErrorReason.SHUTTING_DOWN: Code.UNAVAILABLE,
    ErrorReason.UNKNOWN_METHOD: Code.UNIMPLEMENTED,
    ErrorReason.SERVER_FAULT: Code.UNAVAILABLE,
    ErrorReason.REGISTRY_BUSY: Code.UNAVAILABLE,
    ErrorReason.SUBJECT_NOT_FOUND: Code.NOT_FOUND,
    ErrorReason.FACT_NOT_FOUND: Code.NOT_FOUND,
    ErrorReason.FACT_EXISTS: Code.ALREADY_EXISTS,
    ErrorReason.ALREADY_ENDED: Code.FAILED_PRECONDITION,
    ErrorReason.IDENTIFIER_COLLISION: Code.FAILED_PRECONDITION,
    ErrorReason.INVALID_ACT: Code.INVALID_ARGUMENT,
    ErrorReason.UNKNOWN_REGIME: Code.INVALID_ARGUMENT,
    ErrorReason.REPAIR_TOO_EARLY: Code.FAILED_PRECONDITION,
    ErrorReason.DEFERRAL_NOT_OFFERED: Code.FAILED_PRECONDITION,
    ErrorReason.DEFERRAL_STATE: Code.FAILED_PRECONDITION,
    ErrorReason.DEPARTURE_REASON_REQUIRED: Code.INVALID_ARGUMENT,
    ErrorReason.OUTCOME_MISMATCH: Code.INVALID_ARGUMENT,
    ErrorReason.CASE_CLOSED: Code.FAILED_PRECONDITION,
    ErrorReason.INVALID_CURSOR: Code.INVALID_ARGUMENT,
    ErrorReason.REGISTRY_UNAVAILABLE: Code.UNAVAILABLE,
    ErrorReason.REQUEST_UNDER_WAY: Code.UNAVAILABLE,
    ErrorReason.CREDENTIALS_MISSING: Code.UNAUTHENTICATED,
    ErrorReason.CREDENTIALS_INVALID: Code.UNAUTHENTICATED,
    ErrorReason.CREDENTIALS_EXPIRED: Code.UNAUTHENTICATED,
    ErrorReason.PRINCIPAL_UNKNOWN: Code.UNAUTHENTICATED,
    ErrorReason.ACCESS_DENIED: Code.PERMISSION_DENIED,
    ErrorReason.RATE_LIMITED: Code.RESOURCE_EXHAUSTED,
    ErrorReason.WALK_SUSPECTED: Code.RESOURCE_EXHAUSTED,
    ErrorReason.SUBJECT_CHECKED_TOO_OFTEN: Code.RESOURCE_EXHAUSTED,
    ErrorReason.IDENTITY_UNAVAILABLE: Code.UNAVAILABLE,
    ErrorReason.TREE_BEHIND: Code.UNAVAILABLE,
    ErrorReason.UNKNOWN_TREE_SIZE: Code.INVALID_ARGUMENT,
    ErrorReason.TILE_NOT_FOUND: Code.NOT_FOUND,
    ErrorReason.COSIGNATURE_REJECTED: Code.INVALID_ARGUMENT,
    ErrorReason.UNSUPPORTED_MEDIA_TYPE: Code.INVALID_ARGUMENT,
    ErrorReason.REQUEST_TOO_LARGE: Code.RESOURCE_EXHAUSTED,
    ErrorReason.NO_WORKER: Code.UNAVAILABLE,
    ErrorReason.ORIGIN_REFUSED: Code.PERMISSION_DENIED,
    ErrorReason.VIEW_REFUSED: Code.UNAUTHENTICATED,
    ErrorReason.ROW_NOT_FOUND: Code.NOT_FOUND,
    ErrorReason.ROW_CLOSED: Code.FAILED_PRECONDITION,
    ErrorReason.ROW_REFUSED: Code.INVALID_ARGUMENT,
    ErrorReason.LIST_NOT_WAITING: Code.FAILED_PRECONDITION,
    ErrorReason.FEED_NOT_FOUND: Code.NOT_FOUND,
    ErrorReason.CHECK_ERASED: Code.NOT_FOUND,
    ErrorReason.SUBJECT_KEY_MISSING: Code.UNAVAILABLE,
}
"""Reason → status code; a test holds it to the service's own table."""


class Refused(Exception):
    """A call that gets no answer, with the status that says why."""

    def __init__(self, status: Any) -> None:
        super().__init__(status.message)
        self.status = status


def refused(
    reason: ErrorReason,
    message: str,
    metadata: Mapping[str, str] | None = None,
    violations: Sequence[Violation] = (),
) -> Refused:
    """A refusal with a reason of the contract."""
    status = status_pb2.Status(code=CODES[reason].value[0], message=message)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata or {}))
    if violations:
        bad = error_details_pb2.BadRequest()
        for violation in violations:
            bad.field_violations.add(field=violation.field, description=violation.description, reason=violation.rule)
        status.details.add().Pack(bad)
    return Refused(status)


def unreachable() -> Refused:
    """Nobody is there: what gRPC itself says, without any reason of the contract."""
    return Refused(status_pb2.Status(code=Code.UNAVAILABLE.value[0], message="failed to connect to all addresses"))
