"""`clearway check`: the flags become one request; any answer is success; what fails has its exit code."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from clearway.cli import check, connection
from clearway.cli.exits import Exit
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import CODES, Refusal, Violation, code_of, status_of
from tests.unit.cli.answers import CASES, Case, response_to
from tests.unit.cli.running import CODE, Failed, document, run, service

PURPOSE = ("--item", "FOOD-OPERATION", "--case", "C-1", "--officer", "o-7")
SUBJECT = ("--scheme", "cn-uscc", "--id", CODE)


class Answering:
    """A service that keeps what it was asked and gives one answer, or fails."""

    def __init__(self, answer: pb.CheckSubjectResponse | Failed) -> None:
        self.answer = answer
        self.request = pb.CheckSubjectRequest()
        self.metadata: tuple[Any, ...] = ()
        self.timeout = 0.0

    def CheckSubject(self, request: pb.CheckSubjectRequest, *, timeout: float, metadata: Any) -> Any:  # noqa: N802
        self.request, self.timeout, self.metadata = request, timeout, metadata
        if isinstance(self.answer, Failed):
            raise self.answer
        return self.answer


def answering(monkeypatch: pytest.MonkeyPatch, answer: pb.CheckSubjectResponse | Failed) -> Answering:
    stub = Answering(answer)
    monkeypatch.setattr(check, "check_service", service(stub))
    return stub


def failed(refusal: Refusal) -> Failed:
    return Failed(code_of(refusal), refusal.message, status_of(refusal))


def test_the_flags_make_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = answering(monkeypatch, response_to(CASES[0]))
    more = ("--name", "虚构", "--material", "A", "--material", "B", "--kind", "renewal", "--region", "110000")
    fresh = ("--request-id", "R-1", "--at-least-as-fresh", "r1.db.7", "--language", "zh-CN", "--timeout", "2")
    assert run("check", *SUBJECT, *PURPOSE, *more, *fresh).exit_code == Exit.DONE
    wanted = pb.CheckSubjectRequest(
        item_code="FOOD-OPERATION",
        application_kind=pb.APPLICATION_KIND_RENEWAL,
        region_code="110000",
        case_number="C-1",
        officer="o-7",
        supplied_materials=["A", "B"],
        request_id="R-1",
    )
    wanted.subject.identifier.scheme, wanted.subject.identifier.value = "cn-uscc", CODE
    wanted.subject.name = "虚构"
    wanted.consistency.at_least_as_fresh = "r1.db.7"
    assert stub.request == wanted
    assert (stub.timeout, stub.metadata) == (2.0, (("accept-language", "zh-CN"),))


def test_every_check_carries_an_id_for_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = answering(monkeypatch, response_to(CASES[0]))
    run("check", *SUBJECT, *PURPOSE)
    assert len(stub.request.request_id) == 36


def test_a_name_alone_names_no_identifier(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = answering(monkeypatch, response_to(CASES[5]))
    run("check", "--name", "虚构", *PURPOSE)
    assert not stub.request.subject.HasField("identifier")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.outcome)
def test_any_answer_is_success(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    answering(monkeypatch, response_to(case))
    result = run("check", *SUBJECT, *PURPOSE, "--json")
    assert result.exit_code == Exit.DONE
    assert document(result)["decision"]["outcome"] == f"OUTCOME_{case.outcome}"


@pytest.mark.parametrize("reason", [reason for reason in ErrorReason.values() if reason])
def test_a_refusal_is_the_callers_mistake_or_no_answer(
    monkeypatch: pytest.MonkeyPatch, reason: ErrorReason.ValueType
) -> None:
    answering(monkeypatch, failed(Refusal(reason, "words", {"suggestion": CODE}, [Violation("item_code", "wrong")])))
    result = run("check", *SUBJECT, *PURPOSE, "--json")
    mistake = CODES[reason] in connection.ASKED_WRONGLY
    assert result.exit_code == (Exit.INVALID if mistake else Exit.NO_ANSWER)
    error = document(result)["error"]
    assert error["reason"] == ErrorReason.Name(reason).removeprefix("ERROR_REASON_")
    assert error["code"] == CODES[reason].name
    assert error["metadata"] == {"suggestion": CODE}
    assert error["violations"] == [{"field": "item_code", "description": "wrong"}]


def test_people_get_the_reason_the_suggestion_and_the_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = ErrorReason.ERROR_REASON_INVALID_IDENTIFIER
    answering(monkeypatch, failed(Refusal(reason, "words", {"suggestion": CODE}, [Violation("f", "wrong")])))
    result = run("check", *SUBJECT, *PURPOSE)
    assert result.stdout == ""
    assert "INVALID_IDENTIFIER: words" in result.stderr
    assert f"Did you mean {CODE}?" in result.stderr
    assert "f: wrong" in result.stderr


def test_a_service_that_is_not_there_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, Failed(grpc.StatusCode.UNAVAILABLE, "nobody is there"))
    result = run("check", *SUBJECT, *PURPOSE, "--json")
    assert result.exit_code == Exit.NO_ANSWER
    assert document(result)["error"] == {"code": "UNAVAILABLE", "reason": "", "message": "nobody is there"}


@pytest.mark.parametrize("missing", ["--item", "--case", "--officer"])
def test_a_check_without_its_purpose_is_an_invalid_command_line(missing: str) -> None:
    at = PURPOSE.index(missing)
    result = run("check", *SUBJECT, *PURPOSE[:at], *PURPOSE[at + 2 :])
    assert result.exit_code == Exit.INVALID
    assert missing in result.stderr
