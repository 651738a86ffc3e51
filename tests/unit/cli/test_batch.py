"""`clearway batch`: rows in, decisions out, in order; spreadsheets are never handed a formula."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import grpc
import pytest

from clearway.cli import batch
from clearway.cli.exits import Exit
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server import spreadsheets
from clearway.server.errors import Refusal, status_of
from tests.unit.cli.answers import CASES, response_to
from tests.unit.cli.running import CODE, Failed, run, service

HEADER = "scheme,id,name,item,case,officer,materials,kind,region,request_id"


class Answering:
    """A service that answers every check but those of case `bad`."""

    def __init__(self, fails: Failed | None = None) -> None:
        self.sizes: list[int] = []
        self._fails = fails

    def BatchCheckSubjects(self, request: pb.BatchCheckSubjectsRequest, *, timeout: float) -> Any:  # noqa: N802
        if self._fails is not None:
            raise self._fails
        self.sizes.append(len(request.checks))
        return pb.BatchCheckSubjectsResponse(results=[result_of(check) for check in request.checks])


def result_of(check: pb.CheckSubjectRequest) -> pb.BatchCheckResult:
    if check.case_number == "bad":
        return pb.BatchCheckResult(error=status_of(Refusal(ErrorReason.ERROR_REASON_UNKNOWN_ITEM, "no such item")))
    return pb.BatchCheckResult(response=response_to(CASES[0]))


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Answering:
    answering = Answering()
    monkeypatch.setattr(batch, "check_service", service(answering))
    return answering


def sheet(path: Path, *rows: str, header: str = HEADER) -> Path:
    file = path / "checks.csv"
    file.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    return file


def row(case: str, name: str = "虚构") -> str:
    return f"cn-uscc,{CODE},{name},FOOD-OPERATION,{case},o-7,A;B,renewal,110000,R-{case}"


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_is_a_request() -> None:
    (given,) = csv.DictReader(io.StringIO(f"{HEADER}\n{row('C-1')}\n"))
    request = batch.request_of(given)
    assert (request.subject.identifier.scheme, request.subject.identifier.value) == ("cn-uscc", CODE)
    assert (request.item_code, request.case_number, request.officer) == ("FOOD-OPERATION", "C-1", "o-7")
    assert list(request.supplied_materials) == ["A", "B"]
    assert request.application_kind == pb.APPLICATION_KIND_RENEWAL
    assert (request.region_code, request.request_id, request.subject.name) == ("110000", "R-C-1", "虚构")


def test_what_a_row_leaves_out_has_its_default() -> None:
    request = batch.request_of({"name": "虚构", "item": "I", "case": "C", "officer": "o"})
    assert not request.subject.HasField("identifier")
    assert request.application_kind == pb.APPLICATION_KIND_NEW
    assert len(request.request_id) == 36


def test_a_kind_that_is_none_is_left_to_the_service_to_refuse() -> None:
    assert batch.request_of({"kind": "transfer"}).application_kind == pb.APPLICATION_KIND_UNSPECIFIED


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_disarmed(cell: str) -> None:
    assert spreadsheets.disarmed(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", CODE, "虚构", "a=b"])
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert spreadsheets.disarmed(cell) == cell


def test_rows_come_back_in_order_with_their_answers(stub: Answering, tmp_path: Path) -> None:
    result = run("batch", sheet(tmp_path, row("C-1"), row("C-2", name="=cmd")))
    assert result.exit_code == Exit.DONE
    first, second = cells(result.stdout)
    assert (first["case"], second["case"], second["name"]) == ("C-1", "C-2", "'=cmd")
    assert (first["outcome"], first["standing"]) == ("OUTCOME_RESTRICTION", "STANDING_LISTED")
    assert first["measures"] == "SAMR-ENHANCED-REVIEW"
    assert first["check_id"]
    assert "2 checked, 0 refused" in result.stderr


def test_a_refused_row_has_its_reason_and_the_exit_code_says_so(stub: Answering, tmp_path: Path) -> None:
    result = run("batch", sheet(tmp_path, row("C-1"), row("bad")))
    assert result.exit_code == Exit.FAILED
    refused = cells(result.stdout)[1]
    assert (refused["outcome"], refused["error_reason"]) == ("", "UNKNOWN_ITEM")


def test_json_is_one_result_a_line(stub: Answering, tmp_path: Path) -> None:
    result = run("batch", sheet(tmp_path, row("C-1"), row("bad")), "--json")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert "response" in first
    assert "error" in second


def test_answers_go_to_a_file_where_one_is_named(stub: Answering, tmp_path: Path) -> None:
    out = tmp_path / "answers.csv"
    result = run("batch", sheet(tmp_path, row("C-1")), "--out", out)
    assert result.stdout == ""
    assert cells(out.read_text("utf-8"))[0]["case"] == "C-1"


def test_rows_go_out_a_hundred_at_a_time(stub: Answering, tmp_path: Path) -> None:
    run("batch", sheet(tmp_path, *(row(f"C-{number}") for number in range(205))))
    assert stub.sizes == [100, 100, 5]


def test_a_byte_order_mark_is_passed_over(stub: Answering, tmp_path: Path) -> None:
    file = sheet(tmp_path, "I,C,o", header="item,case,officer")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert run("batch", file).exit_code == Exit.DONE


def test_a_missing_column_is_named(stub: Answering, tmp_path: Path) -> None:
    result = run("batch", sheet(tmp_path, "1", header="id"))
    assert result.exit_code == Exit.INVALID
    assert "item, case, officer" in result.stderr


def test_a_file_in_another_encoding_is_refused_with_advice(stub: Answering, tmp_path: Path) -> None:
    file = tmp_path / "gbk.csv"
    file.write_bytes(f"{HEADER}\n{row('C-1')}\n".encode("gb18030"))
    result = run("batch", file)
    assert result.exit_code == Exit.INVALID
    assert "UTF-8" in result.stderr


def test_a_service_that_is_not_there_gives_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nobody = Answering(Failed(grpc.StatusCode.UNAVAILABLE, "nobody is there"))
    monkeypatch.setattr(batch, "check_service", service(nobody))
    assert run("batch", sheet(tmp_path, row("C-1"))).exit_code == Exit.NO_ANSWER
