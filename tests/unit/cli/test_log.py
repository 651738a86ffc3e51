"""`clearway log`: list, show and export, of rows that are shipped and rows that are not."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from clearway.cli.exits import Exit
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.central import open_central
from clearway.querylog.journal import Journal
from clearway.querylog.record import encode_record
from clearway.querylog.shipper import Shipper
from clearway.server.errors import Refusal, status_of
from clearway.server.spreadsheets import FORMULA_STARTS
from tests.unit.cli.answers import CASES, response_to
from tests.unit.cli.running import document, lines, run
from tests.unit.querylog.records import a_check_id, a_record

ANSWERED, REFUSED = a_check_id(1), a_check_id(2)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A folder as `serve` leaves it before the first check."""
    open_central(tmp_path / "log.db").dispose()
    return tmp_path


@pytest.fixture
def folder(empty: Path) -> Path:
    """One answered check, shipped; one refused check, still in its journal."""
    request = pb.CheckSubjectRequest(case_number="CASE-1", officer="officer 7").SerializeToString()
    response = response_to(CASES[0]).SerializeToString()
    answered = a_record(1, request=request, response=response, outcome="OUTCOME_RESTRICTION")
    status = status_of(Refusal(ErrorReason.ERROR_REASON_UNKNOWN_ITEM, "no such item")).SerializeToString()
    refused = a_record(
        2,
        request=request,
        response=status,
        outcome="",
        standing="",
        error_reason="ERROR_REASON_UNKNOWN_ITEM",
        officer="officer 8",
        facts=b"",
    )
    journal = Journal(empty / "journal", "w0")
    journal.append([encode_record(answered)])
    with Shipper(open_central(empty / "log.db"), empty / "journal") as shipper:
        shipper.step()
    journal.append([encode_record(refused)])
    journal.close()
    return empty


def test_a_folder_without_a_log_is_told_from_an_empty_log(tmp_path: Path, empty: Path) -> None:
    absent = run("log", "export", "--data-dir", tmp_path / "elsewhere")
    assert absent.exit_code == Exit.FAILED
    assert "there is no log" in absent.stderr
    exported = run("log", "export", "--data-dir", empty, "--json")
    assert (exported.exit_code, exported.stdout) == (Exit.DONE, "")


def test_an_empty_log_is_an_empty_list(empty: Path) -> None:
    assert document(run("log", "list", "--data-dir", empty, "--json")) == []


def test_the_newest_check_comes_first(folder: Path) -> None:
    found = document(run("log", "list", "--data-dir", folder, "--json"))
    assert [row["check_id"] for row in found] == [REFUSED, ANSWERED]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("--outcome", "restriction"), [ANSWERED]),
        (("--outcome", "OUTCOME_RESTRICTION"), [ANSWERED]),
        (("--officer", "officer 8"), [REFUSED]),
        (("--case", "CASE-1"), [ANSWERED]),
        (("--item", "DRUG-RETAIL"), []),
        (("--limit", "1"), [REFUSED]),
    ],
)
def test_a_list_is_of_what_was_asked_for(folder: Path, wanted: tuple[str, ...], found: list[str]) -> None:
    rows = document(run("log", "list", *wanted, "--data-dir", folder, "--json"))
    assert [row["check_id"] for row in rows] == found


def test_an_export_has_every_check_once_in_order(folder: Path) -> None:
    rows = lines(run("log", "export", "--data-dir", folder))
    assert [row["check_id"] for row in rows] == [ANSWERED, REFUSED]
    assert {"decided_at", "outcome", "case_number", "request_id"} <= rows[0].keys()
    assert rows[0]["decided_at"].endswith("Z")


def test_an_export_is_of_a_term(folder: Path) -> None:
    assert lines(run("log", "export", "--since", "2026-03-03", "--data-dir", folder)) == []
    kept = lines(run("log", "export", "--until", "2026-03-02T12:00:02", "--data-dir", folder))
    assert [row["check_id"] for row in kept] == [ANSWERED]


def test_a_cloudevent_is_a_check_and_names_no_subject_outside_of_its_data(folder: Path) -> None:
    answered, refused = lines(run("log", "export", "--form", "cloudevents", "--whole", "--data-dir", folder))
    assert (answered["id"], answered["type"]) == (ANSWERED, "clearway.check.recorded.v1")
    assert answered["specversion"] == "1.0"
    assert answered["time"].startswith("2026-03-02T12:00:01")
    assert answered["data"]["response"]["decision"]["outcome"] == "OUTCOME_RESTRICTION"
    assert refused["data"]["error"]["message"] == "no such item"
    outside = {name: value for name, value in answered.items() if name != "data"}
    assert "91350100M000100Y43" not in str(outside)


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_no_cell_of_an_exported_table_is_run_as_a_formula(empty: Path, start: str) -> None:
    journal = Journal(empty / "journal", "w0")
    journal.append([encode_record(a_record(1, case_number=f"{start}HYPERLINK(1)", officer="officer, 7"))])
    journal.close()
    exported = run("log", "export", "--form", "csv", "--data-dir", empty).stdout_bytes.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(exported, newline=""))
    assert row["case_number"] == f"'{start}HYPERLINK(1)"
    assert row["officer"] == "officer, 7"
    assert not any(cell.startswith(FORMULA_STARTS) for cell in row.values())


def test_a_table_is_of_rows_and_has_no_messages(folder: Path) -> None:
    assert run("log", "export", "--form", "csv", "--whole", "--data-dir", folder).exit_code == Exit.INVALID


def test_a_whole_export_has_what_was_asked_and_answered(folder: Path) -> None:
    answered, refused = lines(run("log", "export", "--whole", "--data-dir", folder))
    assert answered["request"]["caseNumber"] == "CASE-1"
    assert answered["response"]["decision"]["outcome"] == "OUTCOME_RESTRICTION"
    assert answered["facts"]
    assert refused["error"]["message"] == "no such item"


def test_a_check_is_shown_as_it_was_answered(folder: Path) -> None:
    result = run("log", "show", ANSWERED, "--data-dir", folder)
    assert result.exit_code == Exit.DONE
    assert "Restriction" in result.stdout
    assert "CASE-1" in result.stdout


def test_a_refused_check_is_shown_with_its_status(folder: Path) -> None:
    assert "no such item" in run("log", "show", REFUSED, "--data-dir", folder).stdout
    assert document(run("log", "show", REFUSED, "--data-dir", folder, "--json"))["error"]["code"] == 3


def test_a_check_nobody_recorded_is_not_shown(folder: Path) -> None:
    assert run("log", "show", a_check_id(9), "--data-dir", folder).exit_code == Exit.FAILED


def test_people_get_a_table(folder: Path) -> None:
    result = run("log", "list", "--data-dir", folder)
    assert result.exit_code == Exit.DONE
    assert "CASE-1" in result.stdout
