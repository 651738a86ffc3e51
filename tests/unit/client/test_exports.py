"""The public names, frozen: a change here is a change for every integrator."""

from __future__ import annotations

import dataclasses
import inspect

import clearway.client
import clearway.testing
from clearway.client import AsyncClearway, Clearway
from clearway.client.deferral_calls import AsyncDeferrals, Deferrals

CLIENT = """
After Answer ApplicationKind AsyncClearway Authority BasisRank CaseChange CaseResult Channel Check Clearway
ClearwayError ConnectConfig DeadlineExceeded Deferral DeferralNotice DeferralState DepartureReason Document
ErrorReason FromNow GoOnByHand InvalidIdentifier InvalidRequest KeepAliveConfig Lapsed LegalBasis Material
MeasureEffect MeasureForce MeasureKind MeasureOutcome MeasureResult NoAnswer NotAnswered NotFound NotPermitted
NotSupported Notice NoticeCode OnUnavailable Outcome OutcomeReport Overloaded PromisedMaterial Raise Reason ReasonCode
Receipt ReceiptInvalid RecordedCheck ReportedOutcome RequestIdReused RequestRefused RetryConfig SinceRevision
Standing StateForbids TLSConfig Term Unavailable View Violation validate_identifier verify_receipt
"""


def public(kind: type) -> dict[str, list[str]]:
    """Its methods, with the names of their parameters."""
    return {
        name: list(inspect.signature(found).parameters)
        for name, found in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def test_the_clients_names_are_these() -> None:
    assert set(clearway.client.__all__) == set(CLIENT.split())
    assert all(hasattr(clearway.client, name) for name in clearway.client.__all__)


def test_the_fakes_names_are_these() -> None:
    assert set(clearway.testing.__all__) == {"FakeClearway", "Received", "Script", "decisions"}


def test_the_clients_methods_are_these() -> None:
    assert public(Clearway) == {
        "check": ["self", "check", "timeout", "language"],
        "check_batch": ["self", "checks", "at_least_as_fresh", "timeout", "language"],
        "get_check": ["self", "check_id", "timeout"],
        "grant_view": ["self", "check_id", "officer", "timeout"],
        "receipt_keys": ["self", "timeout"],
        "report_outcome": ["self", "report", "timeout"],
        "watch_cases": ["self", "start", "case"],
        "call": ["self", "method", "request", "timeout"],
        "close": ["self"],
    }


def test_the_async_client_has_the_same_methods() -> None:
    assert public(AsyncClearway) == public(Clearway)
    assert public(AsyncDeferrals) == public(Deferrals)


def test_settings_are_frozen_and_every_field_of_theirs_is_explained() -> None:
    for kind in (
        clearway.client.ConnectConfig,
        clearway.client.TLSConfig,
        clearway.client.RetryConfig,
        clearway.client.KeepAliveConfig,
        clearway.client.Check,
    ):
        assert vars(kind)["__dataclass_params__"].frozen
        lines = [line.strip() for line in inspect.getsource(kind).splitlines()]
        for field in dataclasses.fields(kind):
            at = next(n for n, line in enumerate(lines) if line.startswith(f"{field.name}: "))
            assert lines[at + 1].startswith('"""'), f"{kind.__name__}.{field.name}"
