"""The contract's methods, typed: what each takes and gives. A test holds this table to the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from clearway.gen.v1 import audit_service_pb2 as audit
from clearway.gen.v1 import card_service_pb2 as cards
from clearway.gen.v1 import check_service_pb2 as checks
from clearway.gen.v1 import deferral_service_pb2 as deferrals
from clearway.gen.v1 import registry_service_pb2 as registry

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)

CHECKS: ServiceDescriptor = checks.DESCRIPTOR.services_by_name["CheckService"]
DEFERRALS: ServiceDescriptor = deferrals.DESCRIPTOR.services_by_name["DeferralService"]
AUDIT: ServiceDescriptor = audit.DESCRIPTOR.services_by_name["AuditService"]
REGISTRY: ServiceDescriptor = registry.DESCRIPTOR.services_by_name["RegistryService"]
CARDS: ServiceDescriptor = cards.DESCRIPTOR.services_by_name["CardService"]
SERVICES = (CHECKS, DEFERRALS, AUDIT, REGISTRY, CARDS)


@dataclass(frozen=True, slots=True)
class Method(Generic[RequestT, ResponseT]):
    """One method: its path on the wire, and its two messages."""

    path: str
    request: type[RequestT]
    response: type[ResponseT]


def method_of(
    service: ServiceDescriptor, name: str, request: type[RequestT], response: type[ResponseT]
) -> Method[RequestT, ResponseT]:
    """A method of a service."""
    return Method(f"/{service.full_name}/{name}", request, response)


CHECK_SUBJECT = method_of(CHECKS, "CheckSubject", checks.CheckSubjectRequest, checks.CheckSubjectResponse)
BATCH_CHECK_SUBJECTS = method_of(
    CHECKS, "BatchCheckSubjects", checks.BatchCheckSubjectsRequest, checks.BatchCheckSubjectsResponse
)
GET_CHECK = method_of(CHECKS, "GetCheck", checks.GetCheckRequest, checks.GetCheckResponse)
REPORT_OUTCOME = method_of(CHECKS, "ReportOutcome", checks.ReportOutcomeRequest, checks.ReportOutcomeResponse)
WATCH_CASES = method_of(CHECKS, "WatchCases", checks.WatchCasesRequest, checks.WatchCasesResponse)

GRANT_VIEW = method_of(CARDS, "GrantView", cards.GrantViewRequest, cards.GrantViewResponse)
GET_CARD = method_of(CARDS, "GetCard", cards.GetCardRequest, cards.GetCardResponse)

COMMIT = method_of(DEFERRALS, "Commit", deferrals.CommitRequest, deferrals.CommitResponse)
ISSUE_NOTICE = method_of(DEFERRALS, "IssueNotice", deferrals.IssueNoticeRequest, deferrals.IssueNoticeResponse)
SUPPLEMENT = method_of(DEFERRALS, "Supplement", deferrals.SupplementRequest, deferrals.SupplementResponse)
EXTEND = method_of(DEFERRALS, "Extend", deferrals.ExtendRequest, deferrals.ExtendResponse)
WITHDRAW = method_of(DEFERRALS, "Withdraw", deferrals.WithdrawRequest, deferrals.WithdrawResponse)
LAPSE = method_of(DEFERRALS, "Lapse", deferrals.LapseRequest, deferrals.LapseResponse)
GET_DEFERRAL = method_of(DEFERRALS, "GetDeferral", deferrals.GetDeferralRequest, deferrals.GetDeferralResponse)
LIST_OVERDUE_DEFERRALS = method_of(
    DEFERRALS, "ListOverdueDeferrals", deferrals.ListOverdueDeferralsRequest, deferrals.ListOverdueDeferralsResponse
)

LIST_AFFECTED_CHECKS = method_of(
    AUDIT, "ListAffectedChecks", audit.ListAffectedChecksRequest, audit.ListAffectedChecksResponse
)
REPORT_COVERAGE = method_of(AUDIT, "ReportCoverage", audit.ReportCoverageRequest, audit.ReportCoverageResponse)
LIST_OVERDUE_OUTCOMES = method_of(
    AUDIT, "ListOverdueOutcomes", audit.ListOverdueOutcomesRequest, audit.ListOverdueOutcomesResponse
)

REGISTER_SUBJECT = method_of(
    REGISTRY, "RegisterSubject", registry.RegisterSubjectRequest, registry.RegisterSubjectResponse
)
ENTER_LISTING = method_of(REGISTRY, "EnterListing", registry.EnterListingRequest, registry.EnterListingResponse)
CORRECT_LISTING = method_of(REGISTRY, "CorrectListing", registry.CorrectListingRequest, registry.CorrectListingResponse)
CONFIRM_LISTING = method_of(REGISTRY, "ConfirmListing", registry.ConfirmListingRequest, registry.ConfirmListingResponse)
OPEN_OBJECTION = method_of(REGISTRY, "OpenObjection", registry.OpenObjectionRequest, registry.OpenObjectionResponse)
RESOLVE_OBJECTION = method_of(
    REGISTRY, "ResolveObjection", registry.ResolveObjectionRequest, registry.ResolveObjectionResponse
)
REPAIR = method_of(REGISTRY, "Repair", registry.RepairRequest, registry.RepairResponse)
DELIST = method_of(REGISTRY, "Delist", registry.DelistRequest, registry.DelistResponse)
REVOKE_IN_ERROR = method_of(REGISTRY, "RevokeInError", registry.RevokeInErrorRequest, registry.RevokeInErrorResponse)
LIFT_PROVISIONALLY = method_of(
    REGISTRY, "LiftProvisionally", registry.LiftProvisionallyRequest, registry.LiftProvisionallyResponse
)
END_LIFTING = method_of(REGISTRY, "EndLifting", registry.EndLiftingRequest, registry.EndLiftingResponse)
RECORD_ADVERSE = method_of(REGISTRY, "RecordAdverse", registry.RecordAdverseRequest, registry.RecordAdverseResponse)
GET_SUBJECT = method_of(REGISTRY, "GetSubject", registry.GetSubjectRequest, registry.GetSubjectResponse)

ALL: tuple[Method[Any, Any], ...] = (
    CHECK_SUBJECT,
    BATCH_CHECK_SUBJECTS,
    GET_CHECK,
    REPORT_OUTCOME,
    WATCH_CASES,
    COMMIT,
    ISSUE_NOTICE,
    SUPPLEMENT,
    EXTEND,
    WITHDRAW,
    LAPSE,
    GET_DEFERRAL,
    LIST_OVERDUE_DEFERRALS,
    LIST_AFFECTED_CHECKS,
    REPORT_COVERAGE,
    LIST_OVERDUE_OUTCOMES,
    REGISTER_SUBJECT,
    ENTER_LISTING,
    CORRECT_LISTING,
    CONFIRM_LISTING,
    OPEN_OBJECTION,
    RESOLVE_OBJECTION,
    REPAIR,
    DELIST,
    REVOKE_IN_ERROR,
    LIFT_PROVISIONALLY,
    END_LIFTING,
    RECORD_ADVERSE,
    GET_SUBJECT,
    GRANT_VIEW,
    GET_CARD,
)
"""Every method of the contract."""
