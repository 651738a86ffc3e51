"""The access matrix: every method of the service, and which roles it is open to. What has no row here is denied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a principal is to the service. A principal may have several; none includes another."""

    CHECKER = "checker"
    """A licensing system that asks before a decision."""
    OFFICER = "officer"
    """A licensing system that also reports what became of answers, and deals with deferrals."""
    REGISTRAR = "registrar"
    """An authority that lists, corrects and repairs, under the regimes and in the regions named in its grant."""
    AUDITOR = "auditor"
    """Whoever examines how checks were used; sees every authority's checks, and each look is recorded."""
    OPERATOR = "operator"
    """Whoever runs the service; sees that it runs, and nobody's data."""


class Openness(StrEnum):
    """To whom a method is open besides roles."""

    ROLES = "roles"
    """To the roles of its row only."""
    KNOWN = "known"
    """To every principal of the access file."""
    EVERYBODY = "everybody"
    """To whoever reaches the port, without credentials."""


@dataclass(frozen=True, slots=True)
class MethodRule:
    """One row of the matrix. Of several roles the first that fits is the one acted in.

    `whole`: it concerns all the authority's cases, so a grant for some licence items or regions does not reach it.
    `look`: an auditor's or a registrar's call of it is recorded before its answer leaves.
    """

    roles: tuple[Role, ...] = ()
    openness: Openness = Openness.ROLES
    whole: bool = False
    look: bool = False


CHECKS = (Role.CHECKER, Role.OFFICER)
OFFICER = (Role.OFFICER,)
REGISTRAR = (Role.REGISTRAR,)
AUDITOR = (Role.AUDITOR,)
OPERATOR = (Role.OPERATOR,)
REVIEWS = (Role.OFFICER, Role.AUDITOR)
FEEDS = (Role.REGISTRAR, Role.AUDITOR)

METHODS: Mapping[str, MethodRule] = MappingProxyType(
    {
        "/clearway.v1.CheckService/CheckSubject": MethodRule(CHECKS),
        "/clearway.v1.CheckService/BatchCheckSubjects": MethodRule(CHECKS),
        "/clearway.v1.CheckService/GetCheck": MethodRule((*CHECKS, Role.AUDITOR), look=True),
        "/clearway.v1.CheckService/ReportOutcome": MethodRule(OFFICER),
        "/clearway.v1.CheckService/GetReceiptKeys": MethodRule(openness=Openness.KNOWN),
        "/clearway.v1.CheckService/WatchCases": MethodRule(CHECKS, whole=True),
        "/clearway.v1.CardService/GrantView": MethodRule(CHECKS),
        "/clearway.v1.CardService/GetCard": MethodRule(CHECKS),
        "/clearway.v1.DeferralService/Commit": MethodRule(OFFICER),
        "/clearway.v1.DeferralService/IssueNotice": MethodRule(OFFICER),
        "/clearway.v1.DeferralService/Supplement": MethodRule(OFFICER),
        "/clearway.v1.DeferralService/Extend": MethodRule(OFFICER),
        "/clearway.v1.DeferralService/Withdraw": MethodRule(OFFICER),
        "/clearway.v1.DeferralService/Lapse": MethodRule(OFFICER),
        "/clearway.v1.DeferralService/GetDeferral": MethodRule(OFFICER),
        "/clearway.v1.DeferralService/ListOverdueDeferrals": MethodRule(REVIEWS, whole=True, look=True),
        "/clearway.v1.RegistryService/RegisterSubject": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/EnterListing": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/CorrectListing": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/ConfirmListing": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/OpenObjection": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/ResolveObjection": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/Repair": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/Delist": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/RevokeInError": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/LiftProvisionally": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/EndLifting": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/RecordAdverse": MethodRule(REGISTRAR),
        "/clearway.v1.RegistryService/GetSubject": MethodRule((Role.REGISTRAR, Role.AUDITOR), look=True),
        "/clearway.v1.AuditService/ListAffectedChecks": MethodRule(AUDITOR, look=True),
        "/clearway.v1.AuditService/ReportCoverage": MethodRule(REVIEWS, whole=True, look=True),
        "/clearway.v1.AuditService/ListOverdueOutcomes": MethodRule(REVIEWS, whole=True, look=True),
        "/clearway.v1.AuditService/SearchChecks": MethodRule(AUDITOR, look=True),
        "/clearway.v1.AuditService/ShowCheck": MethodRule(AUDITOR, look=True),
        "/clearway.v1.AuditService/ReportFigures": MethodRule(AUDITOR, look=True),
        "/clearway.v1.AuditService/ListUnusualPatterns": MethodRule(AUDITOR, look=True),
        "/clearway.v1.AuditService/ReportSubjectAccess": MethodRule(AUDITOR, look=True),
        "/clearway.v1.AuditService/GetCheckpoint": MethodRule(openness=Openness.KNOWN),
        "/clearway.v1.AuditService/GetConsistencyProof": MethodRule(openness=Openness.KNOWN),
        "/clearway.v1.AuditService/GetTile": MethodRule(openness=Openness.KNOWN),
        "/clearway.v1.AuditService/GetInclusionProof": MethodRule(AUDITOR, look=True),
        "/clearway.v1.AuditService/GetEntry": MethodRule(AUDITOR, look=True),
        "/clearway.v1.AuditService/AddCosignature": MethodRule((Role.OPERATOR, Role.AUDITOR)),
        "/clearway.v1.FeedService/ListQuarantinedRows": MethodRule(FEEDS, look=True),
        "/clearway.v1.FeedService/GetQuarantinedRow": MethodRule(FEEDS, look=True),
        "/clearway.v1.FeedService/CorrectRow": MethodRule(REGISTRAR),
        "/clearway.v1.FeedService/DismissRow": MethodRule(REGISTRAR),
        "/clearway.v1.FeedService/ListWaitingLists": MethodRule(FEEDS, look=True),
        "/clearway.v1.FeedService/ConfirmList": MethodRule(REGISTRAR),
        "/clearway.v1.FeedService/DiscardList": MethodRule(REGISTRAR),
        "/clearway.v1.OperatorService/ListFeeds": MethodRule((Role.OPERATOR, *FEEDS), look=True),
        "/clearway.v1.OperatorService/GetNode": MethodRule(OPERATOR),
        "/clearway.v1.OperatorService/ListNodes": MethodRule(OPERATOR),
        "/clearway.v1.AccessService/GetCaller": MethodRule(openness=Openness.KNOWN),
        "/clearway.v1.AccessService/GetSession": MethodRule(openness=Openness.KNOWN),
        "/clearway.v1.AccessService/EndSession": MethodRule(openness=Openness.KNOWN),
        "/grpc.health.v1.Health/Check": MethodRule(openness=Openness.EVERYBODY),
        "/grpc.health.v1.Health/Watch": MethodRule(openness=Openness.EVERYBODY),
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": MethodRule(openness=Openness.KNOWN),
    }
)
"""Method, as gRPC names it → its row. A test holds the table to the contract, and every cell to the wire."""

UNLISTED = MethodRule()
"""The row of a method that has none: nobody may call it."""


def rule_of(method: str) -> MethodRule:
    """The row of a method, as gRPC names it."""
    return METHODS.get(method, UNLISTED)


def short(method: str) -> str:
    """A method's name for people and rows: `CheckService/CheckSubject`."""
    service, _, name = method.removeprefix("/").rpartition("/")
    return f"{service.rpartition('.')[2]}/{name}"


def methods_named(name: str) -> tuple[str, ...]:
    """The methods that a person means by a name: whole, `CheckService/CheckSubject` or `CheckSubject`."""
    return tuple(known for known in METHODS if name in (known, short(known), known.rpartition("/")[2]))
