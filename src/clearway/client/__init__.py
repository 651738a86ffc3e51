"""The plug: Clearway from Python, sync and async, typed.

`Clearway` and `AsyncClearway` put a question (`Check`) and get an `Answer`: frozen, with enums that a type checker can
exhaust. Every call has a deadline; a check has an id, so that retries ask for the very same check; certificates and
tokens are read again when their files change. What happens when no answer comes is chosen when the client is made:
`Raise()`, or `GoOnByHand(handler)`, whose `NoAnswer` no type checker lets pass for an answer.

May import `clearway.gen` and, to look at a code before it is sent, `clearway.subjects`. Nothing else of Clearway: an
integrator's process loads no server, no database, no catalogue. `clearway.testing` has a fake for integrators' tests.
"""

from __future__ import annotations

from clearway.client.answer import (
    Answer,
    Authority,
    Channel,
    Document,
    LegalBasis,
    Material,
    Notice,
    Reason,
    RecordedCheck,
    Term,
)
from clearway.client.async_clearway import AsyncClearway
from clearway.client.check import Check
from clearway.client.clearway import Clearway
from clearway.client.config import ConnectConfig, KeepAliveConfig, RetryConfig, TLSConfig
from clearway.client.deferrals import Deferral, DeferralNotice, Lapsed, PromisedMaterial
from clearway.client.errors import (
    ClearwayError,
    DeadlineExceeded,
    ErrorReason,
    InvalidIdentifier,
    InvalidRequest,
    NotAnswered,
    NotFound,
    NotPermitted,
    NotSupported,
    Overloaded,
    RequestIdReused,
    RequestRefused,
    StateForbids,
    Unavailable,
    Violation,
)
from clearway.client.identifiers import validate_identifier
from clearway.client.outcomes import MeasureOutcome, OutcomeReport, ReportedOutcome
from clearway.client.terms import (
    ApplicationKind,
    BasisRank,
    CaseResult,
    DeferralState,
    DepartureReason,
    MeasureEffect,
    MeasureForce,
    MeasureKind,
    MeasureResult,
    NoticeCode,
    Outcome,
    ReasonCode,
    Standing,
)
from clearway.client.unavailable import GoOnByHand, NoAnswer, OnUnavailable, Raise
from clearway.client.views import View
from clearway.client.watching import After, CaseChange, FromNow, SinceRevision

__all__ = [
    "After",
    "Answer",
    "ApplicationKind",
    "AsyncClearway",
    "Authority",
    "BasisRank",
    "CaseChange",
    "CaseResult",
    "Channel",
    "Check",
    "Clearway",
    "ClearwayError",
    "ConnectConfig",
    "DeadlineExceeded",
    "Deferral",
    "DeferralNotice",
    "DeferralState",
    "DepartureReason",
    "Document",
    "ErrorReason",
    "FromNow",
    "GoOnByHand",
    "InvalidIdentifier",
    "InvalidRequest",
    "KeepAliveConfig",
    "Lapsed",
    "LegalBasis",
    "Material",
    "MeasureEffect",
    "MeasureForce",
    "MeasureKind",
    "MeasureOutcome",
    "MeasureResult",
    "NoAnswer",
    "NotAnswered",
    "NotFound",
    "NotPermitted",
    "NotSupported",
    "Notice",
    "NoticeCode",
    "OnUnavailable",
    "Outcome",
    "OutcomeReport",
    "Overloaded",
    "PromisedMaterial",
    "Raise",
    "Reason",
    "ReasonCode",
    "RecordedCheck",
    "ReportedOutcome",
    "RequestIdReused",
    "RequestRefused",
    "RetryConfig",
    "SinceRevision",
    "Standing",
    "StateForbids",
    "TLSConfig",
    "Term",
    "Unavailable",
    "View",
    "Violation",
    "validate_identifier",
]
