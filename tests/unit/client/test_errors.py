"""A failed call becomes one of a few kinds, each with one remedy; what a proxy makes of it does no harm."""

from __future__ import annotations

import pickle
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from clearway.client import (
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
    validate_identifier,
)
from clearway.client.errors import failure_of_call, failure_of_status
from clearway.testing.refusals import refused
from tests.unit.cli.running import CODE, Failed

Code = grpc.StatusCode


def failed(code: grpc.StatusCode, status: status_pb2.Status | None = None) -> ClearwayError:
    return failure_of_call(Failed(code, status.message if status else "words", status))


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (ErrorReason.INVALID_REQUEST, InvalidRequest),
        (ErrorReason.UNKNOWN_ITEM, InvalidRequest),
        (ErrorReason.INVALID_IDENTIFIER, InvalidIdentifier),
        (ErrorReason.UNKNOWN_SCHEME, InvalidIdentifier),
        (ErrorReason.REQUEST_ID_REUSED, RequestIdReused),
        (ErrorReason.CHECK_NOT_FOUND, NotFound),
        (ErrorReason.REPAIR_TOO_EARLY, StateForbids),
        (ErrorReason.FACT_EXISTS, StateForbids),
        (ErrorReason.UNKNOWN_METHOD, NotSupported),
        (ErrorReason.INDEX_BEHIND, Unavailable),
        (ErrorReason.AUDIT_UNAVAILABLE, Unavailable),
        (ErrorReason.OVERLOADED, Overloaded),
        (ErrorReason.DEADLINE_EXCEEDED, DeadlineExceeded),
        (ErrorReason.CREDENTIALS_MISSING, NotPermitted),
        (ErrorReason.ACCESS_DENIED, NotPermitted),
        (ErrorReason.RATE_LIMITED, Overloaded),
        (ErrorReason.IDENTITY_UNAVAILABLE, Unavailable),
    ],
)
def test_a_reason_has_its_kind(reason: ErrorReason, kind: type[ClearwayError]) -> None:
    error = failure_of_status(refused(reason, "words").status)
    assert type(error) is kind
    assert error.reason is reason


@pytest.mark.parametrize("reason", list(ErrorReason))
def test_a_reason_asks_for_another_request_or_another_caller_or_left_the_question_open(reason: ErrorReason) -> None:
    error = failure_of_status(refused(reason, "words").status)
    assert sum(isinstance(error, kind) for kind in (RequestRefused, NotPermitted, NotAnswered)) == 1


def test_when_to_ask_again_is_at_hand() -> None:
    status = refused(ErrorReason.RATE_LIMITED, "words").status
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(1500)
    status.details.add().Pack(retry)
    error = failure_of_status(status)
    assert (type(error), error.retry_after) == (Overloaded, 1.5)
    assert failure_of_status(refused(ErrorReason.OVERLOADED, "words").status).retry_after is None


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_a_status_without_a_reason_has_the_kind_of_its_code(code: grpc.StatusCode) -> None:
    error = failed(code)
    assert isinstance(error, RequestRefused | NotPermitted | NotAnswered)
    assert (error.code, error.reason, error.message) == (code, None, "words")


@pytest.mark.parametrize("code", [Code.INTERNAL, Code.UNKNOWN, Code.CANCELLED, Code.ABORTED, Code.DATA_LOSS])
def test_what_the_way_there_says_is_no_answer(code: grpc.StatusCode) -> None:
    assert type(failed(code)) is NotAnswered


@pytest.mark.parametrize("code", [Code.UNAUTHENTICATED, Code.PERMISSION_DENIED])
def test_a_caller_who_may_not_ask_is_neither_refused_nor_unanswered(code: grpc.StatusCode) -> None:
    assert type(failed(code)) is NotPermitted


def test_metadata_violations_and_suggestion_are_at_hand() -> None:
    metadata = {"scheme": "cn-uscc", "fault": "alphabet", "suggestion": CODE}
    violations = (Violation("subject.identifier.value", "wrong", "alphabet"), Violation("", "words"))
    status = refused(ErrorReason.INVALID_IDENTIFIER, "words", metadata, violations).status
    error = failed(Code.INVALID_ARGUMENT, status)
    assert isinstance(error, InvalidIdentifier)
    assert (error.fault, error.suggestion, error.metadata) == ("alphabet", CODE, metadata)
    assert error.violations == violations
    assert str(error).splitlines() == [
        "INVALID_IDENTIFIER: words",
        f"Did you mean {CODE}? Nothing was corrected; ask again with the right code.",
        "  subject.identifier.value: wrong",
    ]


def test_a_reason_of_a_later_contract_keeps_its_name_and_the_kind_of_its_code() -> None:
    status = status_pb2.Status(code=9, message="words")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="SOMETHING_NEW", domain="clearway"))
    error = failed(Code.FAILED_PRECONDITION, status)
    assert type(error) is StateForbids
    assert (error.reason, error.reason_name) == (None, "SOMETHING_NEW")


def foreign() -> status_pb2.Status:
    status = status_pb2.Status(code=14, message="words")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="UNKNOWN_ITEM", domain="proxy.example"))
    return status


def of_another_code() -> status_pb2.Status:
    return status_pb2.Status(code=3, message="words")


def undecodable() -> status_pb2.Status:
    status = status_pb2.Status(code=14, message="words")
    status.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff")
    return status


@pytest.mark.parametrize("status", [foreign(), of_another_code(), undecodable()])
def test_details_that_are_not_clearways_say_nothing(status: status_pb2.Status) -> None:
    error = failed(Code.UNAVAILABLE, status)
    assert type(error) is Unavailable
    assert (error.reason_name, error.metadata, error.violations) == ("", {}, ())


def test_a_trailer_that_is_no_status_says_nothing() -> None:
    class Garbled(Failed):
        def trailing_metadata(self) -> Any:
            return (("grpc-status-details-bin", b"\xff\xff"),)

    assert type(failure_of_call(Garbled(Code.UNAVAILABLE, "words"))) is Unavailable


def test_an_error_survives_the_way_out_of_another_process() -> None:
    status = refused(ErrorReason.UNKNOWN_ITEM, "words", {"a": "b"}, [Violation("item_code", "wrong")]).status
    error = failure_of_status(status, "R-1")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)


def test_a_code_can_be_looked_at_before_it_is_sent() -> None:
    assert validate_identifier("cn-uscc", f" {CODE.lower()} ") == CODE
    with pytest.raises(InvalidIdentifier) as refusal:
        validate_identifier("cn-uscc", CODE.replace("0", "O", 1))
    assert refusal.value.reason is ErrorReason.INVALID_IDENTIFIER
    assert refusal.value.suggestion == CODE
    assert refusal.value.violations[0].field == "subject.identifier.value"
    assert CODE.replace("0", "O", 1) not in str(refusal.value)
    with pytest.raises(InvalidIdentifier) as unknown:
        validate_identifier("no-such", "1")
    assert unknown.value.reason is ErrorReason.UNKNOWN_SCHEME
