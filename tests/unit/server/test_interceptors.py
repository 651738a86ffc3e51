from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import permutations
from typing import Any, cast

import grpc
import pytest
import structlog
from google.rpc import error_details_pb2, status_pb2

from clearway.access.limits import Exceeded, Limits
from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.gen.v1.transparency_pb2 import GetTileRequest
from clearway.querylog.group_commit import AuditUnavailable, Unavailability
from clearway.server import worker
from clearway.server.access_records import AccessRecords
from clearway.server.call import Call, Caller, Gate, Method, Proceed, Wrapper, preferred_language
from clearway.server.checks import Checks
from clearway.server.errors import CODES, Refusal
from clearway.server.identity.callers import LocalCallers
from clearway.server.interceptors import ORDER, compose
from clearway.server.interceptors.admission import Admission
from clearway.server.interceptors.deadline import deadline
from clearway.server.interceptors.evidence import Evidence
from clearway.server.interceptors.faults import Faults
from clearway.server.interceptors.identity import Identity, anybody_of
from clearway.server.interceptors.parsing import parsing
from clearway.server.interceptors.permission import Permission
from clearway.server.interceptors.validation import require_valid, validation
from clearway.server.rights import within_by
from clearway.server.view_tokens import ViewTokens
from tests.unit.server.calls import CITIZEN_NUMBER, METHOD, NOON, Aborted, Context, a_call, a_request, catalogue


async def answered(call: Call) -> bytes:
    return b"answer"


def failing_with(error: Exception) -> Callable[[Call], Awaitable[bytes]]:
    async def fail(call: Call) -> bytes:
        raise error

    return fail


def reason(name: str) -> ErrorReason.ValueType:
    return ErrorReason.Value(f"ERROR_REASON_{name}")


# Order


def test_faults_are_outermost_and_evidence_sees_what_parsing_refuses() -> None:
    assert ORDER[0] == "faults"
    assert ORDER.index("evidence") < ORDER.index("parsing")


def test_who_asks_is_known_before_anything_else_and_whoever_is_kept_out_is_recorded() -> None:
    assert ORDER.index("evidence") < ORDER.index("identity") < ORDER.index("permission") < ORDER.index("parsing")
    assert ORDER[-2:] == ("scope", "view")


@pytest.mark.parametrize("order", [*permutations("WXgh"), ("g",), ("W",), ("g", "h"), ()])
async def test_a_call_passes_gates_and_wrappers_outermost_first(order: tuple[str, ...]) -> None:
    passed: list[str] = []

    def gate(name: str) -> Gate:
        return lambda call: passed.append(name)

    def wrapper(name: str) -> Wrapper:
        def around(proceed: Proceed) -> Proceed:
            async def pass_on(call: Call) -> bytes:
                passed.append(name)
                answer = await proceed(call)
                passed.append(f"/{name}")
                return answer

            return pass_on

        return around

    chain = compose(order, {n: gate(n) for n in "gh"}, {n: wrapper(n) for n in "WX"}, answered)
    assert await chain(a_call()) == b"answer"
    assert passed == [*order, *(f"/{name}" for name in reversed(order) if name in "WX")]


async def test_a_gate_that_raises_keeps_the_call_from_what_is_behind_it() -> None:
    def refuse(call: Call) -> None:
        raise Refusal(reason("UNKNOWN_ITEM"), "words")

    def never(call: Call) -> None:
        raise AssertionError("passed a gate that refused")

    with pytest.raises(Refusal):
        await compose(["a", "b"], {"a": refuse, "b": never}, {}, answered)(a_call())


def test_a_step_that_nobody_supplies_is_an_error_when_the_server_is_built() -> None:
    with pytest.raises(KeyError):
        compose(["a"], {}, {}, answered)


def test_a_worker_composes_exactly_the_steps_of_the_order() -> None:
    source = inspect.getsource(worker.Worker._services)
    assert "compose(order, gates, around, " in source
    assert sorted(re.findall(r'"([a-z]+)": ', source)) == sorted(ORDER)


# Faults


async def aborted_with(error: Exception) -> tuple[grpc.StatusCode, str, status_pb2.Status]:
    context = Context()
    with pytest.raises(Aborted):
        await Faults()(failing_with(error))(a_call(context=context))
    assert context.aborted is not None
    code, text, details = context.aborted
    return code, text, status_pb2.Status.FromString(dict(details)["grpc-status-details-bin"])


async def test_an_unknown_error_is_a_server_fault_whose_text_stays_here() -> None:
    with structlog.testing.capture_logs() as lines:
        code, text, status = await aborted_with(RuntimeError(f"broke on {CITIZEN_NUMBER}"))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert CITIZEN_NUMBER not in text + str(status) + str(lines)
    assert [line["error"] for line in lines] == ["RuntimeError"]
    assert "test_interceptors.py" in lines[0]["at"]


@pytest.mark.parametrize("name", [name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()[1:]])
async def test_every_refusal_leaves_with_its_code_and_reason(name: str) -> None:
    code, text, status = await aborted_with(Refusal(reason(name), "words", {"part": "1"}))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (code, text, info.reason, info.domain) == (CODES[reason(name)], "words", name, "clearway")
    assert status.code == code.value[0]
    assert info.metadata == {"part": "1"}


async def test_an_abort_passes_untouched() -> None:
    context = Context()
    with pytest.raises(grpc.aio.AbortError):
        await Faults()(failing_with(grpc.aio.AbortError()))(a_call(context=context))
    assert context.aborted is None


# Admission and deadline


async def test_calls_beyond_the_limit_are_refused_at_once_and_room_comes_back() -> None:
    admission = Admission(1)

    async def another(call: Call) -> bytes:
        with pytest.raises(Refusal) as refused:
            await admission(answered)(call)
        assert refused.value.reason == reason("OVERLOADED")
        return b"first"

    assert await admission(another)(a_call()) == b"first"
    with pytest.raises(ValueError, match="x"):
        await admission(failing_with(ValueError("x")))(a_call())
    assert admission.in_flight == 0
    assert await admission(answered)(a_call()) == b"answer"


async def test_a_draining_worker_admits_nothing() -> None:
    admission = Admission(1)
    admission.draining = True
    with pytest.raises(Refusal) as refused:
        await admission(answered)(a_call())
    assert refused.value.reason == reason("SHUTTING_DOWN")


@pytest.mark.parametrize("remaining", [None, 0.001, 60.0])
def test_a_call_in_time_is_begun(remaining: float | None) -> None:
    deadline(a_call(context=Context(remaining)))


@pytest.mark.parametrize("remaining", [0.0, -1.0])
def test_a_call_that_is_too_late_is_not_begun(remaining: float) -> None:
    with pytest.raises(Refusal) as refused:
        deadline(a_call(context=Context(remaining)))
    assert refused.value.reason == reason("DEADLINE_EXCEEDED")


# Identity and language


def views() -> ViewTokens:
    return ViewTokens(bytes(32), timedelta(minutes=1), lambda: NOON)


async def test_every_caller_is_the_local_one_and_binary_metadata_is_left_out() -> None:
    metadata = (("accept-language", "zh"), ("x-bin", b"\xff"), ("authorization", "Bearer of nothing"))
    call = Call(METHOD, b"", Context(metadata=metadata))  # type: ignore[arg-type]
    local = LocalCallers("DEMO-LICENSING", catalogue(), within_by(catalogue(), lambda: NOON))
    assert await Identity(local, views())(answered)(call) == b"answer"
    caller = call.known_caller()
    assert (caller.principal, caller.authority, caller.region) == ("local", "DEMO-LICENSING", "110000")
    assert caller.allowance is None
    assert call.accept_language == "zh"
    assert call.language(Language.EN) is Language.ZH_CN


def of_method(name: str, **metadata: str) -> Call:
    method = Method(f"/clearway.v1.AuditService/{name}", GetTileRequest, False)
    return Call(method, b"", Context(metadata=tuple(metadata.items())))  # type: ignore[arg-type]


class Nobody:
    """Knows nobody."""

    async def of(self, authorization: str, context: object) -> Caller:
        raise Refusal(reason("CREDENTIALS_MISSING"), "nobody")

    async def begin(self) -> None: ...

    async def tick(self) -> None: ...


@pytest.mark.parametrize("name", ["GetCheckpoint", "GetTile"])
async def test_where_the_tree_is_public_whoever_comes_without_credentials_may_read_it_and_has_no_grant(
    name: str,
) -> None:
    call = of_method(name)
    await Identity(Nobody(), views(), anybody_of("DEMO-LICENSING"))(answered)(call)
    Permission()(call)
    assert call.known_caller().principal == "public"
    assert call.grants == ()


@pytest.mark.parametrize(
    ("name", "shown", "is_public"),
    [("GetTile", "", False), ("GetTile", "Bearer x", True), ("GetEntry", "", True), ("SearchChecks", "", True)],
)
async def test_nothing_else_is_public(name: str, shown: str, is_public: bool) -> None:
    call = of_method(name, **({"authorization": shown} if shown else {}))
    with pytest.raises(Refusal) as refused:
        await Identity(Nobody(), views(), anybody_of("DEMO-LICENSING") if is_public else None)(answered)(call)
    assert refused.value.reason == reason("CREDENTIALS_MISSING")


async def test_all_without_credentials_share_the_limits_of_one() -> None:
    identity = Identity(Nobody(), views(), anybody_of("DEMO-LICENSING"))
    one, another = of_method("GetTile"), of_method("GetCheckpoint")
    for call in (one, another):
        await identity(answered)(call)
    allowance = one.known_caller().allowance
    assert allowance is not None
    allowance.spend(Limits().burst, 0.0)
    with pytest.raises(Exceeded):
        Permission(lambda: 0.0)(another)


@pytest.mark.parametrize(
    ("ranges", "language"),
    [("zh-CN", "zh-CN"), ("zh", "zh-CN"), ("EN-us", "en"), ("fr,zh", "zh-CN"), ("fr;q=1, en;q=0.1", "en"), ("fr", "en"),
     ("", "en"), (",;", "en")],
)  # fmt: skip
def test_the_first_supported_language_is_spoken(ranges: str, language: str) -> None:
    assert preferred_language(ranges.split(","), Language.EN) == language


# Parsing and validation


@pytest.mark.parametrize("raw", [b"\xff", b"\x12\x02\xff\xfe", b"\x0a\x05"])
def test_bytes_that_are_no_message_are_malformed(raw: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parsing(a_call(raw))
    assert refused.value.reason == reason("MALFORMED_REQUEST")


def test_a_valid_request_passes() -> None:
    call = a_call(a_request().SerializeToString())
    parsing(call)
    validation(call)
    assert call.message == a_request()


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"case_number": ""}, "case_number"), ({"officer": "a\nb"}, "officer"), ({"item_code": "-"}, "item_code"),
     ({"application_kind": 0}, "application_kind"), ({"supplied_materials": ["A", "A"]}, "supplied_materials"),
     ({"supplied_materials": ["A", "?"]}, "supplied_materials[1]"), ({"annotations": {"": "x"}}, "annotations[]"),
     ({"request_id": "with space"}, "request_id"),
     ({"scheme": "CN"}, "subject.identifier.scheme"),
     ({"consistency": pb.Consistency()}, "consistency.requirement")],
)  # fmt: skip
def test_a_field_that_breaks_its_rule_is_named_and_its_value_is_not(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        require_valid(a_request(**changes))
    assert {violation.field for violation in refused.value.violations} == {field}
    assert refused.value.message == f"invalid: {field}"


# Evidence


class Kept:
    """Stands for `Checks`: keeps what it is asked to record, or cannot."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.refusals: list[tuple[pb.CheckSubjectRequest | None, str]] = []

    async def record_refusal(self, call: Call, request: pb.CheckSubjectRequest | None, refusal: Refusal) -> None:
        if self.fault is not None:
            raise self.fault
        self.refusals.append((request, refusal.reason_name))

    def counted(self, call: Call, refusal: Refusal) -> Refusal | None:
        return refusal


def evidence(kept: Kept, error: Exception | None = None) -> Proceed:
    """The step that records, around a servicer that answers, or fails with `error`."""
    return Evidence(cast("Checks", kept), cast("AccessRecords", kept))(
        answered if error is None else failing_with(error)
    )


async def test_a_refused_check_is_recorded_before_its_refusal_leaves() -> None:
    kept, call = Kept(), a_call()
    call.message = a_request()
    with pytest.raises(Refusal):
        await evidence(kept, Refusal(reason("UNKNOWN_ITEM"), "words"))(call)
    assert kept.refusals == [(a_request(), "UNKNOWN_ITEM")]


async def test_a_fault_of_our_own_is_recorded_too() -> None:
    kept = Kept()
    with pytest.raises(ZeroDivisionError):
        await evidence(kept, ZeroDivisionError())(a_call())
    assert kept.refusals == [(None, "SERVER_FAULT")]


async def test_that_nothing_can_be_recorded_is_not_recorded() -> None:
    kept = Kept()
    with pytest.raises(AuditUnavailable):
        await evidence(kept, AuditUnavailable(Unavailability.QUEUE_FULL))(a_call())
    assert kept.refusals == []


async def test_a_refusal_that_cannot_be_recorded_becomes_audit_unavailable() -> None:
    kept = Kept(AuditUnavailable(Unavailability.COMMIT_FAILED))
    with pytest.raises(AuditUnavailable):
        await evidence(kept, Refusal(reason("UNKNOWN_ITEM"), "words"))(a_call())


async def test_an_answered_check_is_not_recorded_here() -> None:
    kept = Kept()
    assert await evidence(kept)(a_call()) == b"answer"
    assert kept.refusals == []
