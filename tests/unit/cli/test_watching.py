"""`clearway watch` goes on from where it was; `clearway webhooks` holds the file to its rules and shows who is owed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from clearway.cli import watching
from clearway.cli.exits import Exit
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry.case_changes import CaseChange
from clearway.registry.deliveries import Attempt
from clearway.registry.registry import Registry
from clearway.server.errors import Refusal, code_of, status_of
from clearway.server.keys import load_keys
from clearway.server.settings import Settings
from tests.unit.cli.answers import CASES, response_to
from tests.unit.cli.running import Failed, document, lines, run, service

SECRET = base64.b64encode(bytes(32)).decode()


def heartbeat(cursor: str) -> pb.WatchCasesResponse:
    return pb.WatchCasesResponse(cursor=cursor)


def change(case_number: str, cursor: str) -> pb.WatchCasesResponse:
    before, after = (response_to(case).decision for case in CASES[:2])
    told = pb.CaseChange(case_number=case_number, before=before, after=after, differs=["outcome"])
    return pb.WatchCasesResponse(change=told, cursor=cursor)


class Streaming:
    """A service that gives these streams one after another; an error in one ends it."""

    def __init__(self, *streams: list[pb.WatchCasesResponse | Failed]) -> None:
        self.streams = list(streams)
        self.requests: list[pb.WatchCasesRequest] = []

    def WatchCases(self, request: pb.WatchCasesRequest) -> Iterator[pb.WatchCasesResponse]:  # noqa: N802
        asked = pb.WatchCasesRequest()
        asked.CopyFrom(request)
        self.requests.append(asked)
        for message in self.streams.pop(0):
            if isinstance(message, Failed):
                raise message
            yield message


def refused(reason: ErrorReason.ValueType) -> Failed:
    refusal = Refusal(reason, "words")
    return Failed(code_of(refusal), refusal.message, status_of(refusal))


def streaming(monkeypatch: pytest.MonkeyPatch, *streams: Any) -> Streaming:
    stub = Streaming(*streams)
    monkeypatch.setattr(watching, "check_service", service(stub))
    return stub


def test_it_goes_on_after_what_it_heard_last_where_a_stream_is_cut_or_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    draining = refused(ErrorReason.ERROR_REASON_SHUTTING_DOWN)
    stub = streaming(
        monkeypatch,
        [heartbeat("c1.db.1"), change("C-1", "c1.db.2"), draining],
        [draining],
        [heartbeat("c1.db.3")],
        [heartbeat("c1.db.3"), change("C-2", "c1.db.4")],
    )
    result = run("watch", "--limit", 2, "--json")
    assert result.exit_code == Exit.DONE
    assert [line["change"]["caseNumber"] for line in lines(result)] == ["C-1", "C-2"]
    assert [request.after for request in stub.requests] == ["", "c1.db.2", "c1.db.2", "c1.db.3"]


def test_where_to_begin_and_which_case_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = streaming(monkeypatch, [change("C-1", "c1.db.2")])
    assert run("watch", "--since-revision", "r1.db.7", "--case", "C-1", "--limit", 1).exit_code == Exit.DONE
    assert stub.requests == [pb.WatchCasesRequest(since_revision="r1.db.7", case_number="C-1")]
    assert run("watch", "--since-revision", "r", "--after", "c").exit_code == Exit.INVALID


def test_a_change_is_printed_from_what_to_what(monkeypatch: pytest.MonkeyPatch) -> None:
    streaming(monkeypatch, [change("C-[1]", "c1.db.2")])
    printed = run("watch", "--limit", 1).stdout
    assert "C-[1]" in printed
    assert "→" in printed
    assert response_to(CASES[1]).decision.explanation.text[:20] in printed


def test_a_cursor_that_is_refused_is_the_caller_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    streaming(monkeypatch, [refused(ErrorReason.ERROR_REASON_INVALID_CURSOR)])
    result = run("watch", "--after", "yesterday", "--json")
    assert result.exit_code == Exit.INVALID
    assert document(result)["error"]["reason"] == "INVALID_CURSOR"


def test_a_service_that_does_not_come_back_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.0)
    streaming(monkeypatch, [Failed(grpc.StatusCode.UNAVAILABLE, "nobody there")])
    assert run("watch").exit_code == Exit.NO_ANSWER


# webhooks


def endpoints_file(folder: Path, **changes: object) -> Path:
    entry = {
        "name": "licensing",
        "url": "https://licensing.example/changes",
        "authority": "DEMO-LICENSING",
        "secret_env": "A_WEBHOOK_SECRET",
    }
    file = folder / "webhooks.yaml"
    file.write_text(json.dumps({"endpoints": [entry | changes]}))
    return file


def noticed(number: int) -> CaseChange:
    decision = decision_pb2.Decision().SerializeToString()
    moment = datetime.now(UTC)
    return CaseChange(
        f"id-{number}", 1, "DEMO-LICENSING", "C-1", "I", "check", "o", moment, ("outcome",), decision, decision
    )


def test_it_shows_what_an_endpoint_was_told_and_is_owed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with Registry.open(settings.registry_url, load_keys(settings), moment=datetime.now(UTC)) as registry:
        registry.case_changes.append([noticed(1), noticed(2), noticed(3)])
        registry.deliveries.record(Attempt("licensing", 1, datetime.now(UTC), True, "HTTP 204"))
        registry.deliveries.record(Attempt("licensing", 2, datetime.now(UTC), False, "HTTP 503"))
    flags = ("webhooks", "--file", endpoints_file(tmp_path), "--data-dir", tmp_path)
    (found,) = document(run(*flags, "--json", A_WEBHOOK_SECRET=SECRET))
    assert (found["delivered"], found["owed"], found["last_result"]) == (1, 2, "HTTP 503")
    assert "licensing" in run(*flags, A_WEBHOOK_SECRET=SECRET).stdout


def test_a_file_that_breaks_a_rule_is_refused(tmp_path: Path) -> None:
    file = endpoints_file(tmp_path, url="http://licensing.example/changes")
    result = run("webhooks", "--file", file, "--data-dir", tmp_path, A_WEBHOOK_SECRET=SECRET)
    assert result.exit_code == Exit.FAILED
    assert "use https" in result.stderr.replace("\n", " ")
    assert run("webhooks", "--data-dir", tmp_path).exit_code == Exit.INVALID
