"""The one table from domain errors to statuses. Every error a caller can get stands here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import NamedTuple

import grpc
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from clearway.access.limits import Exceeded, Limit
from clearway.decision.decide import UnknownItem
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.faults import IndexUnavailable
from clearway.querylog.central import LogUnreachable
from clearway.querylog.group_commit import AuditUnavailable
from clearway.querylog.record import RecordTooLarge
from clearway.querylog.transparency.proving import NoSuchCheck, TreeBehind, UnknownTreeSize
from clearway.registry.cases.errors import CaseIsClosed, DeferralObstacle, NotLater, NotPromised, ReportIdReused
from clearway.registry.errors import RegistryError, RegistryReason, RepairTooEarly
from clearway.subjects.identifiers import IdentifierFault, InvalidIdentifier

DOMAIN = "clearway"
PREFIX = "ERROR_REASON_"


class Violation(NamedTuple):
    """One field that breaks its rule: the field's path, what is wrong, and the rule's id."""

    field: str
    description: str
    rule: str = ""


class Refusal(Exception):
    """A call that gets no answer: one documented reason, words without identifiers, and the dynamic parts."""

    def __init__(
        self,
        reason: ErrorReason.ValueType,
        message: str,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[Violation] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.retry_after = retry_after
        """Seconds after which the same call may be made again; None: nothing is said of it."""

    @property
    def reason_name(self) -> str:
        """The reason as `google.rpc.ErrorInfo` carries it, for example `INVALID_IDENTIFIER`."""
        return ErrorReason.Name(self.reason).removeprefix(PREFIX)


CODES: Mapping[ErrorReason.ValueType, grpc.StatusCode] = {
    ErrorReason.ERROR_REASON_MALFORMED_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_INVALID_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_UNKNOWN_SCHEME: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_INVALID_IDENTIFIER: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_UNKNOWN_ITEM: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_UNKNOWN_REGION: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_UNKNOWN_MATERIAL: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_NATURAL_PERSON_NOT_ACCEPTED: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_REQUEST_ID_REUSED: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_INVALID_REVISION: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_FOREIGN_REVISION: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_INDEX_BEHIND: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_INDEX_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_CHECK_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    ErrorReason.ERROR_REASON_OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    ErrorReason.ERROR_REASON_SHUTTING_DOWN: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_UNKNOWN_METHOD: grpc.StatusCode.UNIMPLEMENTED,
    ErrorReason.ERROR_REASON_SERVER_FAULT: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_REGISTRY_BUSY: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_SUBJECT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    ErrorReason.ERROR_REASON_FACT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    ErrorReason.ERROR_REASON_FACT_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    ErrorReason.ERROR_REASON_ALREADY_ENDED: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_IDENTIFIER_COLLISION: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_INVALID_ACT: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_UNKNOWN_REGIME: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_REPAIR_TOO_EARLY: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_DEFERRAL_NOT_OFFERED: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_DEFERRAL_STATE: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_DEPARTURE_REASON_REQUIRED: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_OUTCOME_MISMATCH: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_CASE_CLOSED: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_INVALID_CURSOR: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_REGISTRY_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_REQUEST_UNDER_WAY: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_UNSUPPORTED_MEDIA_TYPE: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_REQUEST_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorReason.ERROR_REASON_NO_WORKER: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_ORIGIN_REFUSED: grpc.StatusCode.PERMISSION_DENIED,
    ErrorReason.ERROR_REASON_CREDENTIALS_MISSING: grpc.StatusCode.UNAUTHENTICATED,
    ErrorReason.ERROR_REASON_CREDENTIALS_INVALID: grpc.StatusCode.UNAUTHENTICATED,
    ErrorReason.ERROR_REASON_CREDENTIALS_EXPIRED: grpc.StatusCode.UNAUTHENTICATED,
    ErrorReason.ERROR_REASON_PRINCIPAL_UNKNOWN: grpc.StatusCode.UNAUTHENTICATED,
    ErrorReason.ERROR_REASON_ACCESS_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    ErrorReason.ERROR_REASON_RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorReason.ERROR_REASON_WALK_SUSPECTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorReason.ERROR_REASON_SUBJECT_CHECKED_TOO_OFTEN: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorReason.ERROR_REASON_IDENTITY_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_TREE_BEHIND: grpc.StatusCode.UNAVAILABLE,
    ErrorReason.ERROR_REASON_UNKNOWN_TREE_SIZE: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_TILE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    ErrorReason.ERROR_REASON_COSIGNATURE_REJECTED: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_VIEW_REFUSED: grpc.StatusCode.UNAUTHENTICATED,
    ErrorReason.ERROR_REASON_ROW_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    ErrorReason.ERROR_REASON_ROW_CLOSED: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_ROW_REFUSED: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_LIST_NOT_WAITING: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorReason.ERROR_REASON_FEED_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    ErrorReason.ERROR_REASON_CHECK_ERASED: grpc.StatusCode.NOT_FOUND,
    ErrorReason.ERROR_REASON_SUBJECT_KEY_MISSING: grpc.StatusCode.UNAVAILABLE,
}

OF_ACCESS = frozenset(
    {
        ErrorReason.ERROR_REASON_CREDENTIALS_MISSING,
        ErrorReason.ERROR_REASON_CREDENTIALS_INVALID,
        ErrorReason.ERROR_REASON_CREDENTIALS_EXPIRED,
        ErrorReason.ERROR_REASON_PRINCIPAL_UNKNOWN,
        ErrorReason.ERROR_REASON_ACCESS_DENIED,
        ErrorReason.ERROR_REASON_RATE_LIMITED,
        ErrorReason.ERROR_REASON_WALK_SUSPECTED,
        ErrorReason.ERROR_REASON_SUBJECT_CHECKED_TOO_OFTEN,
        ErrorReason.ERROR_REASON_VIEW_REFUSED,
    }
)
"""Refusals because of who asks, or how much: recorded whatever the method."""


RETRY_AFTER: Mapping[ErrorReason.ValueType, Duration] = {ErrorReason.ERROR_REASON_OVERLOADED: Duration(seconds=1)}
"""How long to wait before another try: what a worker has let in is answered by then."""


def invalid_identifier(error: InvalidIdentifier, field: str = "subject.identifier") -> Refusal:
    """An identifier that breaks its scheme's rules: what is wrong and, where one sign explains it, a suggestion.

    `field` is where it stands in the request.
    """
    unknown = error.fault is IdentifierFault.UNKNOWN_SCHEME
    metadata = {"scheme": error.scheme, "fault": error.fault.value}
    if error.suggestion:
        metadata["suggestion"] = error.suggestion
    return Refusal(
        ErrorReason.ERROR_REASON_UNKNOWN_SCHEME if unknown else ErrorReason.ERROR_REASON_INVALID_IDENTIFIER,
        error.detail,
        metadata,
        [Violation(f"{field}.{'scheme' if unknown else 'value'}", error.detail, error.fault.value)],
    )


def unknown_item(error: UnknownItem) -> Refusal:
    """A licence item that the catalogue does not have."""
    message = "the catalogue has no such licence item"
    return Refusal(ErrorReason.ERROR_REASON_UNKNOWN_ITEM, message, violations=[Violation("item_code", message)])


def index_unavailable(error: IndexUnavailable) -> Refusal:
    """No usable index: absent, damaged or foreign. Never "not listed"."""
    message = "there is no usable index; it is being rebuilt"
    return Refusal(ErrorReason.ERROR_REASON_INDEX_UNAVAILABLE, message, {"fault": type(error).__name__})


def audit_unavailable(error: AuditUnavailable) -> Refusal:
    """The record cannot be put on disk, so there is no answer."""
    return Refusal(ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE, "the record cannot be written, so there is no answer")


def log_unreachable(error: LogUnreachable) -> Refusal:
    """The central log cannot be read, so what was recorded cannot be told."""
    return Refusal(ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE, "the log cannot be read now; checks go on")


def record_too_large(error: RecordTooLarge) -> Refusal:
    """A request whose record would not fit into one log entry."""
    message = "the request is too large to be recorded"
    return Refusal(
        ErrorReason.ERROR_REASON_INVALID_REQUEST, message, violations=[Violation("", message, "record.size")]
    )


def deferral_obstacle(error: DeferralObstacle) -> Refusal:
    """A deferral whose state does not allow the act."""
    metadata = {"state": error.state, "because": error.because.value}
    return Refusal(ErrorReason.ERROR_REASON_DEFERRAL_STATE, str(error), metadata)


def not_promised(error: NotPromised) -> Refusal:
    """Materials that were not promised, by their places in the request."""
    violations = [Violation(f"materials[{place}]", str(error)) for place in error.places]
    return Refusal(ErrorReason.ERROR_REASON_UNKNOWN_MATERIAL, str(error), violations=violations)


def not_later(error: NotLater) -> Refusal:
    """An extension that does not extend."""
    violations = [Violation("deadline", str(error), "deadline.later")]
    return Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, str(error), violations=violations)


def case_is_closed(error: CaseIsClosed) -> Refusal:
    """An act in a case whose final outcome was reported."""
    return Refusal(ErrorReason.ERROR_REASON_CASE_CLOSED, str(error))


def report_id_reused(error: ReportIdReused) -> Refusal:
    """A report under an id that another report has."""
    violations = [Violation("report_id", str(error))]
    return Refusal(ErrorReason.ERROR_REASON_REQUEST_ID_REUSED, str(error), violations=violations)


WALK = (ErrorReason.ERROR_REASON_WALK_SUSPECTED, "what was asked lately looks like a walk over codes")
LIMITED: Mapping[Limit, tuple[ErrorReason.ValueType, str]] = {
    Limit.CALLS_PER_SECOND: (ErrorReason.ERROR_REASON_RATE_LIMITED, "too many calls; ask again later"),
    Limit.INVALID_CODES: WALK,
    Limit.UNLISTED_CODES: WALK,
    Limit.NEIGHBOURING_CODES: WALK,
    Limit.CASES_PER_SUBJECT: (
        ErrorReason.ERROR_REASON_SUBJECT_CHECKED_TOO_OFTEN,
        "this subject was checked for too many cases lately",
    ),
}
"""What a principal exceeded → the reason and the words its caller gets."""


def exceeded(error: Exceeded) -> Refusal:
    """A principal that asks too much."""
    reason, message = LIMITED[error.limit]
    return Refusal(reason, message, {"limit": error.limit.value}, retry_after=error.retry_after)


def tree_behind(error: TreeBehind) -> Refusal:
    """Something that the tree will cover soon."""
    return Refusal(ErrorReason.ERROR_REASON_TREE_BEHIND, str(error))


def unknown_tree_size(error: UnknownTreeSize) -> Refusal:
    """A tree that nobody signed, or that is not published here."""
    return Refusal(ErrorReason.ERROR_REASON_UNKNOWN_TREE_SIZE, str(error), {"have": str(error.have)})


def no_such_check(error: NoSuchCheck) -> Refusal:
    """A check that the log does not have."""
    return Refusal(ErrorReason.ERROR_REASON_CHECK_NOT_FOUND, str(error))


REGISTRY_REASONS: Mapping[RegistryReason, ErrorReason.ValueType] = {
    RegistryReason.BUSY: ErrorReason.ERROR_REASON_REGISTRY_BUSY,
    RegistryReason.UNAVAILABLE: ErrorReason.ERROR_REASON_REGISTRY_UNAVAILABLE,
    RegistryReason.READ_ONLY: ErrorReason.ERROR_REASON_REGISTRY_UNAVAILABLE,
    RegistryReason.FORBIDDEN: ErrorReason.ERROR_REASON_REGISTRY_UNAVAILABLE,
    RegistryReason.KEY_MISSING: ErrorReason.ERROR_REASON_SUBJECT_KEY_MISSING,
    RegistryReason.UNKNOWN_SUBJECT: ErrorReason.ERROR_REASON_SUBJECT_NOT_FOUND,
    RegistryReason.UNKNOWN_LISTING: ErrorReason.ERROR_REASON_FACT_NOT_FOUND,
    RegistryReason.UNKNOWN_RECORD: ErrorReason.ERROR_REASON_FACT_NOT_FOUND,
    RegistryReason.UNKNOWN_OBJECTION: ErrorReason.ERROR_REASON_FACT_NOT_FOUND,
    RegistryReason.UNKNOWN_LIFTING: ErrorReason.ERROR_REASON_FACT_NOT_FOUND,
    RegistryReason.FACT_EXISTS: ErrorReason.ERROR_REASON_FACT_EXISTS,
    RegistryReason.OBJECTION_EXISTS: ErrorReason.ERROR_REASON_FACT_EXISTS,
    RegistryReason.LIFTING_EXISTS: ErrorReason.ERROR_REASON_FACT_EXISTS,
    RegistryReason.ALREADY_ENDED: ErrorReason.ERROR_REASON_ALREADY_ENDED,
    RegistryReason.ALREADY_RESOLVED: ErrorReason.ERROR_REASON_ALREADY_ENDED,
    RegistryReason.LIFTING_OVER: ErrorReason.ERROR_REASON_ALREADY_ENDED,
    RegistryReason.IDENTIFIER_COLLISION: ErrorReason.ERROR_REASON_IDENTIFIER_COLLISION,
    RegistryReason.INVALID_TERM: ErrorReason.ERROR_REASON_INVALID_ACT,
    RegistryReason.INVALID_TIME: ErrorReason.ERROR_REASON_INVALID_ACT,
    RegistryReason.INVALID_TEXT: ErrorReason.ERROR_REASON_INVALID_ACT,
    RegistryReason.INVALID_RESOLUTION: ErrorReason.ERROR_REASON_INVALID_ACT,
    RegistryReason.REPAIR_TOO_EARLY: ErrorReason.ERROR_REASON_REPAIR_TOO_EARLY,
    RegistryReason.UNKNOWN_ROW: ErrorReason.ERROR_REASON_ROW_NOT_FOUND,
    RegistryReason.ROW_RESOLVED: ErrorReason.ERROR_REASON_ROW_CLOSED,
    RegistryReason.ROW_SUPERSEDED: ErrorReason.ERROR_REASON_ROW_CLOSED,
    RegistryReason.MASKED_ROW: ErrorReason.ERROR_REASON_ROW_CLOSED,
    RegistryReason.NOTHING_WAITING: ErrorReason.ERROR_REASON_LIST_NOT_WAITING,
    RegistryReason.WAITING_CHANGED: ErrorReason.ERROR_REASON_LIST_NOT_WAITING,
    RegistryReason.WAITING_DECIDED: ErrorReason.ERROR_REASON_LIST_NOT_WAITING,
    RegistryReason.UNREADABLE_FEED: ErrorReason.ERROR_REASON_LIST_NOT_WAITING,
    RegistryReason.UNKNOWN_FEED: ErrorReason.ERROR_REASON_FEED_NOT_FOUND,
    RegistryReason.INVALID_FEED: ErrorReason.ERROR_REASON_FEED_NOT_FOUND,
}
"""Why the registry refuses an act → the reason its caller gets. What is not here is a fault of the server's own."""


WORDS_OF_ROWS: Mapping[RegistryReason, str] = {
    RegistryReason.ROW_RESOLVED: "the row was corrected or dismissed before",
    RegistryReason.ROW_SUPERSEDED: "a later list of its feed was loaded than the one that the row stood on",
    RegistryReason.MASKED_ROW: "the row may be about a natural person: it is corrected at its source",
}
"""What a caller is told of the one row asked for; the registry's own words name one of many."""


def registry_refused(error: RegistryError) -> Refusal | None:
    """An act or a reading that the registry refuses; None where the registry itself is at fault."""
    reason = REGISTRY_REASONS.get(error.reason)
    if reason is None:
        return None
    metadata = {"fault": error.reason.value}
    if isinstance(error, RepairTooEarly):
        metadata["earliest"] = error.earliest.date().isoformat()
    return Refusal(reason, WORDS_OF_ROWS.get(error.reason, error.detail), metadata)


TABLE: tuple[tuple[type[Exception], Callable[..., Refusal | None]], ...] = (
    (InvalidIdentifier, invalid_identifier),
    (UnknownItem, unknown_item),
    (IndexUnavailable, index_unavailable),
    (AuditUnavailable, audit_unavailable),
    (LogUnreachable, log_unreachable),
    (RecordTooLarge, record_too_large),
    (DeferralObstacle, deferral_obstacle),
    (NotPromised, not_promised),
    (NotLater, not_later),
    (CaseIsClosed, case_is_closed),
    (ReportIdReused, report_id_reused),
    (RegistryError, registry_refused),
    (Exceeded, exceeded),
    (TreeBehind, tree_behind),
    (UnknownTreeSize, unknown_tree_size),
    (NoSuchCheck, no_such_check),
)
"""Domain error → refusal; the first type that fits applies."""


def refusal_for(error: Exception) -> Refusal | None:
    """The refusal that a domain error becomes, or None for an error that the table does not know."""
    if isinstance(error, Refusal):
        return error
    return next((convert(error) for kind, convert in TABLE if isinstance(error, kind)), None)


def server_fault() -> Refusal:
    """A fault of the server's own: nothing was answered, and the details stay in the server's log."""
    return Refusal(ErrorReason.ERROR_REASON_SERVER_FAULT, "a fault in the server; nothing was answered")


def code_of(refusal: Refusal) -> grpc.StatusCode:
    """The gRPC status code of a refusal."""
    return CODES[refusal.reason]


def status_of(refusal: Refusal) -> status_pb2.Status:
    """The `google.rpc.Status` of a refusal: ErrorInfo, and BadRequest where fields are to blame.

    RetryInfo says how soon another try is worth it, where that is not at once.
    """
    status = status_pb2.Status(code=code_of(refusal).value[0], message=refusal.message)
    info = error_details_pb2.ErrorInfo(reason=refusal.reason_name, domain=DOMAIN, metadata=refusal.metadata)
    pack(status.details.add(), info)
    if refusal.reason in RETRY_AFTER:
        pack(status.details.add(), error_details_pb2.RetryInfo(retry_delay=RETRY_AFTER[refusal.reason]))
    if refusal.violations:
        bad = error_details_pb2.BadRequest()
        for violation in refusal.violations:
            bad.field_violations.add(field=violation.field, description=violation.description, reason=violation.rule)
        pack(status.details.add(), bad)
    if refusal.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(ceil(refusal.retry_after * 1000))
        pack(status.details.add(), retry)
    return status


def pack(target: any_pb2.Any, message: Message) -> None:
    """Put a detail message into a status."""
    target.Pack(message)
