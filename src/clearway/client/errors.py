"""What a call that got no answer raises: one class a kind of remedy, with the contract's reason and its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN = "clearway"


class ErrorReason(StrEnum):
    """Why a call got no answer; docs/errors.md has each with an example. A test holds it to the contract."""

    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    INVALID_REQUEST = "INVALID_REQUEST"
    UNKNOWN_SCHEME = "UNKNOWN_SCHEME"
    INVALID_IDENTIFIER = "INVALID_IDENTIFIER"
    UNKNOWN_ITEM = "UNKNOWN_ITEM"
    UNKNOWN_REGION = "UNKNOWN_REGION"
    UNKNOWN_MATERIAL = "UNKNOWN_MATERIAL"
    NATURAL_PERSON_NOT_ACCEPTED = "NATURAL_PERSON_NOT_ACCEPTED"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    INVALID_REVISION = "INVALID_REVISION"
    FOREIGN_REVISION = "FOREIGN_REVISION"
    INDEX_BEHIND = "INDEX_BEHIND"
    INDEX_UNAVAILABLE = "INDEX_UNAVAILABLE"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    CHECK_NOT_FOUND = "CHECK_NOT_FOUND"
    OVERLOADED = "OVERLOADED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    UNKNOWN_METHOD = "UNKNOWN_METHOD"
    SERVER_FAULT = "SERVER_FAULT"
    REGISTRY_BUSY = "REGISTRY_BUSY"
    SUBJECT_NOT_FOUND = "SUBJECT_NOT_FOUND"
    FACT_NOT_FOUND = "FACT_NOT_FOUND"
    FACT_EXISTS = "FACT_EXISTS"
    ALREADY_ENDED = "ALREADY_ENDED"
    IDENTIFIER_COLLISION = "IDENTIFIER_COLLISION"
    INVALID_ACT = "INVALID_ACT"
    UNKNOWN_REGIME = "UNKNOWN_REGIME"
    REPAIR_TOO_EARLY = "REPAIR_TOO_EARLY"
    DEFERRAL_NOT_OFFERED = "DEFERRAL_NOT_OFFERED"
    DEFERRAL_STATE = "DEFERRAL_STATE"
    DEPARTURE_REASON_REQUIRED = "DEPARTURE_REASON_REQUIRED"
    OUTCOME_MISMATCH = "OUTCOME_MISMATCH"
    CASE_CLOSED = "CASE_CLOSED"
    INVALID_CURSOR = "INVALID_CURSOR"
    REGISTRY_UNAVAILABLE = "REGISTRY_UNAVAILABLE"
    REQUEST_UNDER_WAY = "REQUEST_UNDER_WAY"
    CREDENTIALS_MISSING = "CREDENTIALS_MISSING"
    CREDENTIALS_INVALID = "CREDENTIALS_INVALID"
    CREDENTIALS_EXPIRED = "CREDENTIALS_EXPIRED"
    PRINCIPAL_UNKNOWN = "PRINCIPAL_UNKNOWN"
    ACCESS_DENIED = "ACCESS_DENIED"
    RATE_LIMITED = "RATE_LIMITED"
    WALK_SUSPECTED = "WALK_SUSPECTED"
    SUBJECT_CHECKED_TOO_OFTEN = "SUBJECT_CHECKED_TOO_OFTEN"
    IDENTITY_UNAVAILABLE = "IDENTITY_UNAVAILABLE"
    TREE_BEHIND = "TREE_BEHIND"
    UNKNOWN_TREE_SIZE = "UNKNOWN_TREE_SIZE"
    TILE_NOT_FOUND = "TILE_NOT_FOUND"
    COSIGNATURE_REJECTED = "COSIGNATURE_REJECTED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    NO_WORKER = "NO_WORKER"
    ORIGIN_REFUSED = "ORIGIN_REFUSED"
    VIEW_REFUSED = "VIEW_REFUSED"
    ROW_NOT_FOUND = "ROW_NOT_FOUND"
    ROW_CLOSED = "ROW_CLOSED"
    ROW_REFUSED = "ROW_REFUSED"
    LIST_NOT_WAITING = "LIST_NOT_WAITING"
    FEED_NOT_FOUND = "FEED_NOT_FOUND"
    CHECK_ERASED = "CHECK_ERASED"
    SUBJECT_KEY_MISSING = "SUBJECT_KEY_MISSING"


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that breaks its rule."""

    field: str
    """The field's path in the request, such as `subject.identifier.value`."""

    description: str
    """What is wrong with it, in English."""

    rule: str = ""
    """The rule's id."""


@dataclass(frozen=True, slots=True)
class Details:
    """The parts of a `google.rpc.Status` that say why."""

    reason: str = ""
    """The `ErrorInfo`'s reason; empty where there is none."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    """The `ErrorInfo`'s changing parts."""

    violations: tuple[Violation, ...] = ()
    """The `BadRequest`'s fields."""

    retry_after: float | None = None
    """The `RetryInfo`'s delay, in seconds; None where there is none."""


class ClearwayError(Exception):
    """A call that got no answer. Decide by its class or `reason`, never by its text."""

    def __init__(
        self, code: grpc.StatusCode, message: str = "", details: Details | None = None, request_id: str = ""
    ) -> None:
        super().__init__(message)
        details = details or Details()
        self.code = code
        """The gRPC status code."""
        self.message = message
        """What happened, in English, for people; without anything of the request."""
        self.reason_name = details.reason
        """The reason as the service wrote it; empty where none came, as from a proxy on the way."""
        self.metadata = dict(details.metadata)
        """The reason's changing parts, such as `scheme`, `fault`, `have`, `want`."""
        self.violations = details.violations
        """The fields that break their rules."""
        self.retry_after = details.retry_after
        """Seconds after which the service would take the same call; None: it says nothing of it."""
        self.request_id = request_id
        """The id the check was made under: under it, the very same check can be asked again. Empty: there is none."""

    def about(self, request_id: str) -> Self:
        """The same error, about one of several checks that were sent together."""
        details = Details(self.reason_name, self.metadata, self.violations, self.retry_after)
        return type(self)(self.code, self.message, details, request_id)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle whole, so that the error survives the way out of another process."""
        details = Details(self.reason_name, self.metadata, self.violations, self.retry_after)
        return type(self), (self.code, self.message, details, self.request_id)

    @property
    def reason(self) -> ErrorReason | None:
        """The contract's reason. None where there is none, or a later one that this client does not know."""
        return ErrorReason(self.reason_name) if self.reason_name in ErrorReason.__members__ else None

    @property
    def suggestion(self) -> str:
        """Another writing of the code that would be valid, for the officer to confirm; nothing acts on it. Or empty."""
        return self.metadata.get("suggestion", "")

    def __str__(self) -> str:
        lines = [f"{self.reason_name or self.code.name}: {self.message}"]
        if self.suggestion:
            lines.append(f"Did you mean {self.suggestion}? Nothing was corrected; ask again with the right code.")
        lines += [f"  {v.field}: {v.description}" for v in self.violations if v.field and v.description != self.message]
        return "\n".join(lines)


class RequestRefused(ClearwayError):
    """The request must be changed: the same one will fail again."""


class InvalidRequest(RequestRefused):
    """A field, or the request as a whole, breaks a rule."""


class InvalidIdentifier(InvalidRequest):
    """The identifier breaks its scheme's rules, or its scheme does not exist. This is not “not listed”."""

    @property
    def fault(self) -> str:
        """What is wrong, for programs, such as `check_sign` or `length`."""
        return self.metadata.get("fault", "")


class RequestIdReused(InvalidRequest):
    """The request id was used before, for something else."""


class NotFound(RequestRefused):
    """No check, subject, listing or deferral has this id."""


class StateForbids(RequestRefused):
    """The record does not allow it as it stands: already ended, too early, closed, not offered, exists already."""


class NotSupported(RequestRefused):
    """The service has no such method: it is older than this client, or not Clearway."""


class NotPermitted(ClearwayError):
    """The caller is not known, or may not ask this: see certificate, token and role."""


class NotAnswered(ClearwayError):
    """Nothing was answered. It is not a clear answer: retry later, or go on by hand."""


class Unavailable(NotAnswered):
    """The service cannot be reached, or cannot answer now."""


class DeadlineExceeded(NotAnswered):
    """The deadline passed first. Whether the check was recorded is not known: ask again under the same id."""


class Overloaded(NotAnswered):
    """Too many calls in flight, or too much asked by this caller: slow down, or see why. `retry_after` may say when."""


CODES: Mapping[grpc.StatusCode, type[ClearwayError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.FAILED_PRECONDITION: StateForbids,
    grpc.StatusCode.ALREADY_EXISTS: StateForbids,
    grpc.StatusCode.UNIMPLEMENTED: NotSupported,
    grpc.StatusCode.UNAUTHENTICATED: NotPermitted,
    grpc.StatusCode.PERMISSION_DENIED: NotPermitted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
}
"""Status code → class. Any other code comes from the way there, not from Clearway: nothing was answered."""

REASONS: Mapping[ErrorReason, type[ClearwayError]] = {
    ErrorReason.UNKNOWN_SCHEME: InvalidIdentifier,
    ErrorReason.INVALID_IDENTIFIER: InvalidIdentifier,
    ErrorReason.REQUEST_ID_REUSED: RequestIdReused,
    ErrorReason.REQUEST_TOO_LARGE: InvalidRequest,
}
"""Reasons with a class of their own; the others have that of their code."""


def failure(code: grpc.StatusCode, message: str, details: Details, request_id: str = "") -> ClearwayError:
    """The error of a status."""
    kind = CODES.get(code, NotAnswered)
    if details.reason in ErrorReason.__members__:
        kind = REASONS.get(ErrorReason(details.reason), kind)
    return kind(code, message, details, request_id)


def failure_of_status(status: Any, request_id: str = "") -> ClearwayError:
    """The error of a `google.rpc.Status`, as a batch carries one for each check."""
    code = next((code for code in grpc.StatusCode if code.value[0] == status.code), grpc.StatusCode.UNKNOWN)
    return failure(code, status.message, details_of(status), request_id)


def failure_of_call(error: Any, request_id: str = "") -> ClearwayError:
    """The error of a failed call, sync or async."""
    return failure(error.code(), error.details() or "", details_of(status_in(error)), request_id)


def status_in(error: Any) -> Any:
    """The `google.rpc.Status` in a failed call's trailer; an empty one where there is none that can be read."""
    try:
        return rpc_status.from_call(error) or status_pb2.Status()
    except (ValueError, DecodeError):
        # A proxy on the way may change the code or the message and leave the trailer, which then no longer fits.
        return status_pb2.Status()


def details_of(status: Any) -> Details:
    """The parts of a `google.rpc.Status` that say why; details of other domains say nothing here."""
    reason, metadata = "", dict[str, str]()
    violations: tuple[Violation, ...] = ()
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry, retry_after = error_details_pb2.RetryInfo(), None
    for detail in status.details:
        try:
            if detail.Unpack(info) and info.domain == DOMAIN:
                reason, metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(bad):
                violations = violations_in(bad.field_violations)
            elif detail.Unpack(retry):
                retry_after = retry.retry_delay.ToTimedelta().total_seconds()
        except DecodeError:
            continue
    return Details(reason, metadata, violations, retry_after)


def violations_in(found: Sequence[Any]) -> tuple[Violation, ...]:
    """The fields of a `BadRequest`."""
    return tuple(Violation(one.field, one.description, one.reason) for one in found)
