"""JSON over HTTP: the same answers, records and refusals as over gRPC, and bounds for who asks wrongly."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import grpc
import httpx
import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.querylog.central import open_central
from clearway.querylog.reader import Log
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of
from clearway.web.json.connect import HTTP_STATUS
from clearway.web.json.methods import offered
from tests.contract.loaded import a_check, listing, load, outcome
from tests.contract.speaking import (
    CHECK,
    GET_CHECK,
    JSON,
    PATIENCE,
    WATCH,
    nested,
    post,
    reason_in,
    violations_in,
)  # fmt: skip
from tests.node import RunningNode
from tests.processes import parts

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node-2")]

OWN = 77_000_001
"""A subject of these tests' own."""


@pytest.fixture(scope="module", autouse=True)
def _still_serving(served: tuple[RunningNode, Registry]) -> Iterator[None]:
    """After all of it the node answers as before, in the same processes."""
    node, _ = served
    yield
    assert post(node, CHECK, a_check()).status_code == 200
    assert "process_died" not in node.log.read_text()
    assert '"fault"' not in node.log.read_text()


# The same service


def test_a_check_is_answered_and_is_on_the_record(node: RunningNode) -> None:
    answer = post(node, CHECK, a_check(Character.SERIOUS))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    response = json_format.Parse(answer.content, pb.CheckSubjectResponse())
    assert outcome(response) == "RESTRICTION"
    recorded = node.checks().GetCheck(pb.GetCheckRequest(check_id=response.check_id), timeout=PATIENCE)
    assert recorded.response == response


def test_the_language_asked_for_is_the_one_answered_in(node: RunningNode) -> None:
    answer = post(node, CHECK, a_check(), accept_language="zh-CN")
    assert answer.json()["decision"]["explanation"]["language"] == "zh-CN"


def test_a_method_that_only_reads_takes_a_get(node: RunningNode) -> None:
    check_id = post(node, CHECK, a_check()).json()["checkId"]
    message = json.dumps({"checkId": check_id})
    plain = {"encoding": "json", "message": message}
    packed = {"base64": "1", "encoding": "json", "message": base64.urlsafe_b64encode(message.encode()).decode()}
    for query in (plain, packed):
        answer = httpx.get(f"http://{node.web}{GET_CHECK}", params=query, timeout=PATIENCE)
        assert answer.json()["response"]["checkId"] == check_id
    assert httpx.get(f"http://{node.web}{CHECK}", params=plain, timeout=PATIENCE).status_code == 405


def test_protobufs_own_bytes_are_taken_and_answered_in_kind(node: RunningNode) -> None:
    answer = post(node, CHECK, a_check().SerializeToString(), content_type="application/proto")
    assert answer.headers["content-type"] == "application/proto"
    assert outcome(pb.CheckSubjectResponse.FromString(answer.content)) == "ORDINARY"


def test_every_method_of_the_contract_answers_in_json(node: RunningNode) -> None:
    for method in offered().values():
        if not method.streams:
            answer = post(node, method.path, "{}")
            assert answer.headers["content-type"] == "application/json"
            assert answer.status_code == 200 or reason_in(answer) == "INVALID_REQUEST", method.path


def test_the_document_that_is_served_has_every_method(node: RunningNode) -> None:
    document = httpx.get(f"http://{node.web}/openapi.json", timeout=PATIENCE).json()
    assert set(document["paths"]) | {"/grpc.health.v1.Health/Check"} == set(offered())


def test_health(node: RunningNode) -> None:
    assert httpx.get(f"http://{node.web}/healthz", timeout=PATIENCE).status_code == 200


# Refusals


def test_a_refusal_has_the_reason_the_fields_and_the_bytes_of_its_details(node: RunningNode) -> None:
    answer = post(node, CHECK, a_check(case_number=""))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")
    assert reason_in(answer) == "INVALID_REQUEST"
    assert ("case_number", "string.min_len") in violations_in(answer)
    detail = answer.json()["details"][0]
    raw = base64.b64decode(detail["value"] + "=" * (-len(detail["value"]) % 4))
    assert error_details_pb2.ErrorInfo.FromString(raw).reason == "INVALID_REQUEST"


def test_what_is_not_found_is_404(node: RunningNode) -> None:
    answer = post(node, GET_CHECK, pb.GetCheckRequest(check_id=str(uuid4())))
    assert (answer.status_code, reason_in(answer)) == (404, "CHECK_NOT_FOUND")


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_every_code_has_an_http_status(code: grpc.StatusCode) -> None:
    assert code is grpc.StatusCode.OK or HTTP_STATUS[code] >= 400


BROKEN: dict[str, tuple[str | bytes, tuple[str, str]]] = {
    "nothing that is JSON": ("{", ("", "json.syntax")),
    "no UTF-8": (b'{"caseNumber": "\xff"}', ("", "json.syntax")),
    "a field that is not known": ('{"suppliedMaterial": ["A"]}', ("suppliedMaterial", "json.field")),
    "a value of another kind": ('{"caseNumber": 7}', ("caseNumber", "json.value")),
    "a list": ("[]", ("", "json.message")),
    "a text": ('"{}"', ("", "json.message")),
    "a number with 5,000 digits": ('{"caseNumber": ' + "9" * 5000 + "}", ("", "json.syntax")),
    "nesting": (nested(100_000), ("", "json.syntax")),
    "shallower nesting": (nested(500), ("subject", "json.value")),
    "a key that comes twice": ('{"officer": "a", "officer": "b"}', ("", "json.message")),
}


@pytest.mark.parametrize("case", BROKEN)
def test_json_that_is_no_message_is_refused_and_says_where(node: RunningNode, case: str) -> None:
    body, violation = BROKEN[case]
    answer = post(node, CHECK, body)
    assert (answer.status_code, reason_in(answer)) == (400, "MALFORMED_REQUEST")
    assert violations_in(answer) == [violation]


def test_a_check_whose_json_is_no_message_is_on_the_log_like_bytes_that_are_none(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, web_listen="127.0.0.1:0") as node:
        post(node, CHECK, '{"suppliedMaterial": []}')
        (row,) = Log(open_central(node.data_dir / "log.db"), node.data_dir / "journal").newest(limit=10)
    assert row.record.error_reason == "ERROR_REASON_MALFORMED_REQUEST"


def test_values_are_never_repeated(node: RunningNode) -> None:
    secret = "11010519491231002X"
    for body in (f'{{"caseNumber": {{"x": "{secret}"}}}}', f'{{"applicationKind": "{secret}"}}', f'{{"a{secret}b": 1'):
        assert secret not in post(node, CHECK, body).text


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", ""]
)
def test_another_type_of_body(node: RunningNode, kind: str) -> None:
    answer = post(node, CHECK, "{}", content_type=kind)
    assert (answer.status_code, reason_in(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_encoded_body(node: RunningNode) -> None:
    assert post(node, CHECK, "{}", content_encoding="gzip").status_code == 415


def test_a_body_that_is_too_long_whether_it_says_so_or_not(node: RunningNode) -> None:
    body = b" " * 2_000_000
    answer = post(node, CHECK, body)
    assert (answer.status_code, reason_in(answer)) == (413, "REQUEST_TOO_LARGE")

    def in_parts() -> Iterator[bytes]:
        for at in range(0, len(body), 100_000):
            yield body[at : at + 100_000]

    # The connection may be gone before the caller has said all of it.
    with contextlib.suppress(httpx.TransportError):
        assert httpx.post(f"http://{node.web}{CHECK}", content=in_parts(), headers=JSON).status_code == 413


@pytest.mark.parametrize(
    ("name", "value"),
    [("connect_timeout_ms", "soon"), ("connect_timeout_ms", "1" * 11), ("grpc_timeout", "1"), ("traceparent", "é"),
     ("authorization", "x" * 9000), ("connect_protocol_version", "2")],
)  # fmt: skip
def test_a_header_that_is_none(node: RunningNode, name: str, value: str) -> None:
    headers = [(name.replace("_", "-").encode(), value.encode("latin-1")), (b"content-type", b"application/json")]
    answer = httpx.post(f"http://{node.web}{CHECK}", content="{}", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, reason_in(answer)) == (400, "INVALID_REQUEST")
    assert violations_in(answer) == [(name.replace("_", "-"), "header")]


def test_a_deadline_that_has_passed(node: RunningNode) -> None:
    answer = post(node, CHECK, a_check(), connect_timeout_ms="0")
    assert (answer.status_code, reason_in(answer)) == (504, "DEADLINE_EXCEEDED")


def test_an_address_that_is_nothing_of_ours(node: RunningNode) -> None:
    for path in ("/", "/nothing", "/clearway.v1.CheckService/ListSubjects", "/a/b/c", "/%00/%ff"):
        answer = post(node, path, "{}")
        assert (answer.status_code, reason_in(answer)) == (404, "UNKNOWN_METHOD"), path
    assert httpx.put(f"http://{node.web}{CHECK}", content="{}", timeout=PATIENCE).status_code == 405


# Pages


def test_a_strangers_page_may_not_call_even_under_a_name_turned_to_us(node: RunningNode) -> None:
    for headers in ({"origin": "https://elsewhere.example"}, {"origin": "null"}, {"host": "elsewhere.example"}):
        answer = post(node, CHECK, a_check(), **headers)
        assert (answer.status_code, reason_in(answer)) == (403, "ORIGIN_REFUSED"), headers
    assert post(node, CHECK, a_check(), origin=f"http://{node.web}").status_code == 200


def test_a_page_of_an_origin_that_is_named_may_call(tmp_path: Path) -> None:
    ours = "https://licensing.example"
    with load(tmp_path), RunningNode(tmp_path, web_listen="127.0.0.1:0", web_origins=ours) as node:
        asks = {
            "origin": ours,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        }
        first = httpx.options(f"http://{node.web}{CHECK}", headers=asks, timeout=PATIENCE)
        assert (first.status_code, first.headers["access-control-allow-origin"]) == (200, ours)
        answer = post(node, CHECK, a_check(), origin=ours)
        assert answer.headers["access-control-allow-origin"] == ours
        assert post(node, CHECK, a_check(), host="licensing.example").status_code == 200
        assert post(node, CHECK, a_check(), origin="https://licensing.example.elsewhere.example").status_code == 403


# Streams


def events(response: httpx.Response) -> Iterator[dict[str, str]]:
    """The events of a stream, as they come."""
    event: dict[str, str] = {}
    for line in response.iter_lines():
        if not line and event:
            yield event
            event = {}
        elif line:
            name, _, value = line.partition(": ")
            event[name] = value


def change_told(node: RunningNode, case: str, after: str) -> dict[str, str]:
    """The event of a change in the case, of a stream that goes on after an event. The time limit is the test's own."""
    body, headers = json.dumps({"caseNumber": case}), {"last-event-id": after} | JSON
    with httpx.stream("POST", f"http://{node.web}{WATCH}", content=body, headers=headers, timeout=PATIENCE) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        return next(event for event in events(stream) if "change" in json.loads(event["data"]))


def test_a_change_in_a_pending_case_is_an_event_and_comes_again_to_who_goes_on_from_before_it(
    served: tuple[RunningNode, Registry],
) -> None:
    node, registry = served
    case, now = f"CASE-{uuid4().hex}", datetime.now(UTC)
    registry.execute(commands.RegisterSubject("cn-uscc", code_of(OWN)), actor="test", moment=now)
    with httpx.stream("POST", f"http://{node.web}{WATCH}", content="{}", headers=JSON, timeout=PATIENCE) as stream:
        first = next(events(stream))
    assert json.loads(first["data"])["cursor"] == first["id"]
    assert post(node, CHECK, a_check(OWN, case_number=case)).json()["decision"]["outcome"] != "OUTCOME_RESTRICTION"
    registry.execute(
        listing(OWN, "SAMR-SERIOUS", now.date() - timedelta(days=2)), actor="test", moment=datetime.now(UTC)
    )
    told = change_told(node, case, first["id"])
    change = json.loads(told["data"])["change"]
    assert (change["caseNumber"], change["after"]["outcome"]) == (case, "OUTCOME_RESTRICTION")
    assert told["id"] != first["id"]
    assert change_told(node, case, first["id"]) == told


def test_a_stream_that_is_refused_has_its_status(node: RunningNode) -> None:
    answer = post(node, WATCH, '{"after": "nothing"}')
    assert (answer.status_code, reason_in(answer)) == (400, "INVALID_CURSOR")
    query = {"encoding": "json", "message": "{}"}
    with httpx.stream("GET", f"http://{node.web}{WATCH}", params=query, timeout=PATIENCE) as stream:
        assert stream.status_code == 200


# Callers who are slow, or say nothing


def talk(node: RunningNode, *parts: bytes, within: float) -> bytes:
    """What comes back for some bytes, until the connection is closed."""
    host, _, port = node.web.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=within) as line:
        for part in parts:
            line.sendall(part)
        answer = b""
        while True:
            try:
                more = line.recv(65536)
            except ConnectionResetError:
                return answer
            if not more:
                return answer
            answer += more


HEAD = f"POST {CHECK} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n".encode()


def test_who_says_nothing_or_half_of_it_is_not_waited_for(node: RunningNode) -> None:
    """All at once, as each waits as long as anybody may."""
    answers: dict[str, bytes] = {}
    said = {"nothing": b"", "half a head": HEAD, "half a body": HEAD + b"content-length: 100\r\n\r\n{"}

    def wait_for(name: str) -> None:
        answers[name] = talk(node, said[name], within=60.0)

    waiting = [threading.Thread(target=wait_for, args=(name,)) for name in said]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join(60.0)
    assert answers["nothing"] == answers["half a head"] == b""
    assert answers["half a body"].startswith(b"HTTP/1.1 408 ")
    assert b"DEADLINE_EXCEEDED" in answers["half a body"]


def test_a_head_without_an_end_is_cut_off(node: RunningNode) -> None:
    host, _, port = node.web.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as line:
        line.sendall(HEAD + b"x-long: ")
        last = time.monotonic() + PATIENCE
        sent = 0
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while time.monotonic() < last and sent < 64 * 1024 * 1024:
                line.sendall(b"a" * 65536)
                sent += 65536
    assert sent < 64 * 1024 * 1024


def test_bytes_that_are_no_http(node: RunningNode) -> None:
    assert talk(node, b"\x16\x03\x01\x02\x00\x01\x00" * 10, within=PATIENCE).startswith(b"HTTP/1.1 400 ")


# Workers that come and go


def test_a_worker_that_dies_is_found_again(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, web_listen="127.0.0.1:0", workers=2) as node:
        for _ in range(4):
            assert post(node, CHECK, a_check()).status_code == 200
        os.kill(parts(node.pid, workers=2, beside=("web",))["worker-1"], signal.SIGKILL)
        last = time.monotonic() + 60.0
        answered = 0
        while answered < 6 and time.monotonic() < last:
            answer = post(node, CHECK, a_check(case_number=code_of(1)))
            assert answer.status_code == 200 or reason_in(answer) in {"NO_WORKER", "INDEX_UNAVAILABLE"}
            answered = answered + 1 if answer.status_code == 200 else 0
        assert answered == 6
        assert node.stop() == 0
