"""Every reason for which a call fails: it has a status, a true example on the page, and a test that provokes it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import grpc
import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.layout import IndexLayout
from clearway.registry.synthetic import Character, code_of
from clearway.server.call import Call, Gate, Method, Proceed, Wrapper
from clearway.server.errors import CODES, PREFIX
from clearway.server.interceptors import compose
from clearway.server.interceptors.admission import Admission
from clearway.server.interceptors.deadline import deadline
from clearway.server.interceptors.faults import faults
from clearway.server.listener import handlers_of, options
from tests.contract.loaded import a_check, by_code, load, outcome, refusal_in
from tests.node import NO_PROXY, SERVICE, RunningNode
from tests.processes import parts

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
REASONS = [name.removeprefix(PREFIX) for name in ErrorReason.keys() if not name.endswith("_UNSPECIFIED")]  # noqa: SIM118
PATIENCE = 10.0
GATES = {"deadline"}
A_PERSON = "11010519491231002X"
"""The standard's own example of a citizen number."""

Document = dict[str, Any]


def fresh(token: str) -> pb.Consistency:
    return pb.Consistency(at_least_as_fresh=token)


ASKED: dict[str, Callable[[str], pb.CheckSubjectRequest]] = {
    "INVALID_REQUEST": lambda _: a_check(case_number=""),
    "UNKNOWN_SCHEME": lambda _: by_code("cn-nothing", "91999999000000000G"),
    "INVALID_IDENTIFIER": lambda _: by_code("cn-uscc", code_of(Character.SERIOUS).replace("0", "O", 1)),
    "UNKNOWN_ITEM": lambda _: a_check(item_code="FOOD-OPERATIONS"),
    "UNKNOWN_REGION": lambda _: a_check(region_code="990000"),
    "UNKNOWN_MATERIAL": lambda _: a_check(supplied_materials=["APPLICATION-FORM", "DRAWINGS-APPROVED"]),
    "NATURAL_PERSON_NOT_ACCEPTED": lambda _: by_code("cn-ric", A_PERSON, item_code="TRAVEL-AGENCY"),
    "INVALID_REVISION": lambda _: a_check(consistency=fresh("yesterday")),
    "FOREIGN_REVISION": lambda _: a_check(consistency=fresh(f"r1.{'0' * 32}.1")),
    "INDEX_BEHIND": lambda token: a_check(consistency=fresh(token.rpartition(".")[0] + ".999999")),
}
"""What one request provokes on a node that has nothing wrong with it; given a revision token of that node."""


def examples() -> dict[str, Document]:
    """Reason → the example that stands under its heading on the page."""
    found = re.findall(r"^### ([A-Z_]+)\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return {reason: example_in(text) for reason, text in found}


def example_in(text: str) -> Document:
    block = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert block, text[:80]
    document: Document = json.loads(block[1])["error"]
    return document


def as_documented(error: grpc.RpcError, reason: str) -> Document:
    """Holds a failed call to its reason, its code and the example on the page; gives it as a document."""
    found, example = refusal_in(error), examples()[reason]
    assert found["reason"] == reason
    assert found["code"] == CODES[ErrorReason.Value(PREFIX + reason)].name
    assert (found["code"], found["message"]) == (example["code"], example["message"])
    assert found["metadata"].keys() == example["metadata"].keys()
    assert fields_of(found) == fields_of(example)
    return found


def fields_of(document: Document) -> list[tuple[str, str]]:
    return [(violation["field"], violation["description"]) for violation in document.get("violations", [])]


def failing(call: Callable[[], object]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value


# The whole enum


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_status(reason: str) -> None:
    assert ErrorReason.Value(PREFIX + reason) in CODES


def test_no_status_says_internal_or_unknown() -> None:
    assert not {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.OK} & set(CODES.values())


def test_the_page_has_every_reason_in_the_order_of_the_enum() -> None:
    assert list(examples()) == REASONS


@pytest.mark.parametrize("reason", REASONS)
def test_the_page_shows_each_with_its_code_and_what_to_do(reason: str) -> None:
    example = examples()[reason]
    assert (example["reason"], example["code"]) == (reason, CODES[ErrorReason.Value(PREFIX + reason)].name)
    entry = PAGE.read_text().partition(f"### {reason}\n")[2].partition("\n### ")[0]
    assert f"`{example['code']}`" in entry
    assert "**When.**" in entry
    assert "**What to do.**" in entry


def test_every_reason_is_provoked_here() -> None:
    assert {*ASKED, *PROVOKED_ELSEWHERE} == set(REASONS)


# On a sound node


@pytest.mark.parametrize("reason", ASKED)
def test_a_request_at_fault_is_told_its_reason(node: RunningNode, reason: str) -> None:
    token = node.checks().CheckSubject(a_check(), timeout=PATIENCE).revision
    as_documented(failing(lambda: node.checks().CheckSubject(ASKED[reason](token), timeout=0.5)), reason)


def test_bytes_that_are_no_message(node: RunningNode) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = node.channel().unary_unary(f"/{SERVICE}/CheckSubject")
    as_documented(failing(lambda: call(b"\xff\xff", timeout=PATIENCE)), "MALFORMED_REQUEST")


def test_a_request_id_with_another_body(node: RunningNode) -> None:
    request_id = uuid4().hex
    node.checks().CheckSubject(a_check(request_id=request_id), timeout=PATIENCE)
    again = a_check(request_id=request_id, case_number="CASE-2")
    as_documented(failing(lambda: node.checks().CheckSubject(again, timeout=PATIENCE)), "REQUEST_ID_REUSED")


def test_a_check_that_was_never_made(node: RunningNode) -> None:
    wanted = pb.GetCheckRequest(check_id=str(uuid4()))
    as_documented(failing(lambda: node.checks().GetCheck(wanted, timeout=PATIENCE)), "CHECK_NOT_FOUND")


def test_a_cursor_that_is_none(node: RunningNode) -> None:
    wanted = pb.WatchCasesRequest(after="yesterday")
    as_documented(failing(lambda: next(iter(node.checks().WatchCases(wanted, timeout=PATIENCE)))), "INVALID_CURSOR")


def test_a_method_that_does_not_exist(node: RunningNode) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = node.channel().unary_unary(f"/{SERVICE}/ListSubjects")
    as_documented(failing(lambda: call(b"", timeout=PATIENCE)), "UNKNOWN_METHOD")


# On a node in trouble


def test_no_index_is_unavailable_and_never_not_listed(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path) as node:
        os.kill(parts(node.pid)["follower"], signal.SIGSTOP)
        IndexLayout(tmp_path).pointer.unlink()
        eventually(lambda: not node.serving())
        error = failing(lambda: node.checks().CheckSubject(a_check(), timeout=PATIENCE))
        as_documented(error, "INDEX_UNAVAILABLE")


def test_a_journal_that_cannot_be_written_means_no_answer_until_it_can(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path) as node:
        worker = parts(node.pid)["worker-1"]
        before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (1, before[1]))  # as a full disk would
        error = failing(lambda: node.checks().CheckSubject(a_check(), timeout=PATIENCE))
        as_documented(error, "AUDIT_UNAVAILABLE")
        eventually(lambda: not node.serving())
        resource.prlimit(worker, resource.RLIMIT_FSIZE, before)
        eventually(node.serving)
        assert outcome(node.checks().CheckSubject(a_check(), timeout=PATIENCE)) == "ORDINARY"


def test_one_call_too_many(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, max_in_flight=1) as node:
        token = node.checks().CheckSubject(a_check(), timeout=PATIENCE).revision
        waiting = node.checks().CheckSubject.future(ASKED["INDEX_BEHIND"](token), timeout=3)
        time.sleep(0.3)
        error = failing(lambda: node.checks().CheckSubject(a_check(), timeout=PATIENCE))
        assert as_documented(error, "OVERLOADED")["metadata"] == {"limit": "1"}
        waiting.cancel()
        eventually(lambda: bool(node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id), grpc.RpcError)


def eventually(holds: Callable[[], bool], *passing: type[Exception], within: float = PATIENCE) -> None:
    last = time.monotonic() + within
    while time.monotonic() < last:
        try:
            if holds():
                return
        except passing:
            pass
        time.sleep(0.05)
    raise AssertionError("did not come about in time")


# On a server of this test's own: what no caller can bring about at will


async def served_by(steps: dict[str, Gate | Wrapper], servicer: Proceed) -> grpc.RpcError:
    """The error a caller gets from a server that passes each call through these steps, in this order, to a servicer."""
    gates = {name: cast("Gate", step) for name, step in steps.items() if name in GATES}
    wrappers = {name: cast("Wrapper", step) for name, step in steps.items() if name not in GATES}
    server = grpc.aio.server(options=options(1 << 20, 300.0))
    method = Method(f"/{SERVICE}/CheckSubject", pb.CheckSubjectRequest, is_check=True)
    server.add_generic_rpc_handlers((handlers_of(SERVICE, {method: compose([*steps], gates, wrappers, servicer)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        return await asyncio.to_thread(ask_once, f"127.0.0.1:{port}")
    finally:
        await server.stop(None)


def ask_once(address: str) -> grpc.RpcError:
    with grpc.insecure_channel(address, options=NO_PROXY) as channel:
        return failing(lambda: CheckServiceStub(channel).CheckSubject(a_check(), timeout=PATIENCE))


async def never(call: Call) -> bytes:
    raise AssertionError("the call was to be refused before")


async def test_a_fault_of_our_own_tells_the_caller_nothing_but_that() -> None:
    async def broken(call: Call) -> bytes:
        raise ZeroDivisionError("the secret text of a planted fault")

    error = await served_by({"faults": faults}, broken)
    as_documented(error, "SERVER_FAULT")
    assert "secret" not in str(error)


async def test_a_draining_server_sends_callers_elsewhere() -> None:
    admission = Admission(10)
    admission.draining = True
    as_documented(await served_by({"faults": faults, "admission": admission}, never), "SHUTTING_DOWN")


async def test_a_call_that_comes_too_late_is_not_begun() -> None:
    # A caller's own gRPC ends the call at its deadline, so the server's word is heard by proxies only: the step that
    # reads the clock is given a call whose time has passed.
    class Late:
        def time_remaining(self) -> float:
            return 0.0

    def of_a_late_call(call: Call) -> None:
        deadline(Call(call.method, call.raw, Late()))  # type: ignore[arg-type]

    as_documented(await served_by({"faults": faults, "deadline": of_a_late_call}, never), "DEADLINE_EXCEEDED")


PROVOKED_ELSEWHERE = {
    "MALFORMED_REQUEST": test_bytes_that_are_no_message,
    "REQUEST_ID_REUSED": test_a_request_id_with_another_body,
    "CHECK_NOT_FOUND": test_a_check_that_was_never_made,
    "INVALID_CURSOR": test_a_cursor_that_is_none,
    "UNKNOWN_METHOD": test_a_method_that_does_not_exist,
    "INDEX_UNAVAILABLE": test_no_index_is_unavailable_and_never_not_listed,
    "AUDIT_UNAVAILABLE": test_a_journal_that_cannot_be_written_means_no_answer_until_it_can,
    "OVERLOADED": test_one_call_too_many,
    "SERVER_FAULT": test_a_fault_of_our_own_tells_the_caller_nothing_but_that,
    "SHUTTING_DOWN": test_a_draining_server_sends_callers_elsewhere,
    "DEADLINE_EXCEEDED": test_a_call_that_comes_too_late_is_not_begun,
}
"""What takes more than one request."""
