"""`clearway feeds`: the file checked, feeds read, lists confirmed, rows mended, each as an operator does it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clearway.cli.exits import Exit
from clearway.registry.feeds.flat_csv import COLUMNS
from tests.unit.cli.running import document, run
from tests.unit.registry.fetching.sources import content, drop
from tests.unit.registry.making import CITIZEN, code, listing_row, write_csv

WRONG = code(9)[:-1] + ("0" if code(9)[-1] != "0" else "1")
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    drop(folder, "1.csv", content(range(10)), LONG_AGO)
    return folder


@pytest.fixture
def at(tmp_path: Path, inbox: Path) -> tuple[object, ...]:
    """The options that name the folder and the feeds file."""
    file = tmp_path / "feeds.yaml"
    source = f"{{folder: {inbox}, newest_by: modified}}"
    file.write_text(f"feeds:\n  - name: csl\n    format: us-csl\n    every: 1d\n    source: {source}\n")
    return ("--data-dir", tmp_path / "var", "--feeds", file)


def test_a_feeds_file_is_checked(tmp_path: Path, at: tuple[object, ...]) -> None:
    assert run("feeds", "check", at[3]).exit_code == Exit.DONE
    bad = tmp_path / "bad.yaml"
    bad.write_text("feeds:\n  - name: csl\n    every: soon\n")
    result = run("feeds", "check", bad, "--json")
    assert result.exit_code == Exit.FAILED
    found = document(result)
    assert (found["valid"], [c["line"] for c in found["complaints"]]) == (False, [2, 2, 3])
    assert f"{bad}:3" in run("feeds", "check", bad).stderr


def test_a_feed_is_read_now_and_its_status_shown(at: tuple[object, ...]) -> None:
    before = run("feeds", "status", *at, "--json")
    assert (before.exit_code, document(before)[0]["overdue"]) == (Exit.FAILED, True)
    done = run("feeds", "fetch", "csl", *at, "--json")
    (fetched,) = document(done)
    assert (done.exit_code, fetched["outcome"], fetched["report"]["accepted"]) == (Exit.DONE, "loaded", 10)
    after = run("feeds", "status", *at, "--json")
    (status,) = document(after)
    assert (after.exit_code, status["overdue"], status["rows"]) == (Exit.DONE, False, 10)
    assert status["last_attempt"]["outcome"] == "loaded"
    assert 0 <= status["age_seconds"] < 60
    shown = run("feeds", "status", *at)
    assert "csl" in shown.stdout


def test_a_dry_run_reads_and_keeps_nothing(at: tuple[object, ...], tmp_path: Path) -> None:
    done = run("feeds", "fetch", *at, "--dry-run", "--json")
    assert document(done)[0]["report"]["accepted"] == 10
    assert document(run("registry", "list", *at[:2], "--json")) == []
    assert document(run("feeds", "status", *at, "--json"))[0]["last_attempt"] is None


def test_an_empty_list_waits_until_it_is_confirmed(at: tuple[object, ...], inbox: Path) -> None:
    run("feeds", "fetch", *at)
    drop(inbox, "2.csv", content(()), LONG_AGO + timedelta(minutes=1))
    waits = run("feeds", "fetch", *at)
    assert waits.exit_code == Exit.FAILED
    assert "the list is empty" in waits.stdout
    (status,) = document(run("feeds", "status", *at, "--json"))
    assert (status["waiting"]["suspicion"], status["waiting"]["report"]["gone"]) == ("the list is empty", 10)
    assert "clearway feeds confirm csl" in " ".join(run("feeds", "status", *at).stderr.split())
    confirmed = run("feeds", "confirm", "csl", *at, "--json")
    assert (confirmed.exit_code, document(confirmed)["report"]["gone"]) == (Exit.DONE, 10)
    again = run("feeds", "confirm", "csl", *at, "--json")
    assert (again.exit_code, document(again)["error"]["reason"]) == (Exit.FAILED, "nothing_waiting")


def test_a_list_is_discarded(at: tuple[object, ...], inbox: Path) -> None:
    run("feeds", "fetch", *at)
    drop(inbox, "2.csv", content(()), LONG_AGO + timedelta(minutes=1))
    run("feeds", "fetch", *at)
    assert document(run("feeds", "discard", "csl", *at, "--json"))["outcome"] == "discarded"
    failed = run("feeds", "fetch", *at)
    assert failed.exit_code == Exit.FAILED
    assert "discarded" in " ".join(failed.stdout.split())


def test_a_feed_that_is_not_configured_is_an_invalid_command_line(at: tuple[object, ...]) -> None:
    assert run("feeds", "fetch", "gazette", *at).exit_code == Exit.INVALID
    assert run("feeds", "confirm", "gazette", *at).exit_code == Exit.INVALID
    assert run("feeds", "fetch", *at[:2]).exit_code == Exit.INVALID


def test_a_rejected_feeds_file_is_an_invalid_setting(at: tuple[object, ...], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("feeds: none\n")
    assert run("feeds", "status", *at[:2], "--feeds", bad).exit_code == Exit.INVALID


# Rows set aside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder in which an import set three rows aside, one of them about a natural person."""
    rows = [
        listing_row(1),
        listing_row(9, code=WRONG, name="=cmd()"),
        listing_row(8, document_date="some day"),
        listing_row(7, scheme="cn-ric", code=CITIZEN, document_date="some day"),
    ]
    run("import", "flat-csv", write_csv(tmp_path / "list.csv", COLUMNS, rows), "--data-dir", tmp_path / "var")
    return tmp_path / "var"


def aside(folder: Path, *options: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = document(
        run("feeds", "quarantine", "list", "--data-dir", folder, "--json", *options)
    )
    return found


def test_rows_set_aside_are_listed_and_shown(folder: Path) -> None:
    assert [row["reason"] for row in aside(folder)] == ["identifier_check_sign", "date", "date"]
    assert [row["row_number"] for row in aside(folder, "--reason", "date")] == [4, 5]
    assert aside(folder, "--feed", "us-csl") == aside(folder, "--revision", 9) == []
    assert len(aside(folder, "--limit", 1)) == 1
    table = run("feeds", "quarantine", "list", "--data-dir", folder)
    assert "date" in table.stdout
    shown = run("feeds", "quarantine", "show", 1, "--data-dir", folder)
    assert WRONG in shown.stdout
    missing = run("feeds", "quarantine", "show", 99, "--data-dir", folder, "--json")
    assert (missing.exit_code, document(missing)["error"]["reason"]) == (Exit.FAILED, "unknown_row")


def test_a_row_is_corrected_by_its_id(folder: Path) -> None:
    done = run("feeds", "quarantine", "correct", 1, "--set", f"code={code(9)}", "--data-dir", folder, "--json")
    assert (done.exit_code, document(done)[0]["taken"]) == (Exit.DONE, [1])
    assert [row["row_id"] for row in aside(folder, "--state", "corrected")] == [1]
    assert run("registry", "show", "cn-uscc", code(9), "--data-dir", folder).exit_code == Exit.DONE


def test_a_row_that_is_still_wrong_says_why(folder: Path) -> None:
    done = run("feeds", "quarantine", "correct", 2, "--set", "document_date=soon", "--data-dir", folder, "--json")
    (of_feed,) = document(done)
    assert (done.exit_code, of_feed["revision"], of_feed["refused"][0]["reason"]) == (Exit.FAILED, None, "date")


def test_a_masked_row_is_refused_with_its_reason(folder: Path) -> None:
    done = run("feeds", "quarantine", "correct", 3, "--set", "document_date=2026-01-01", "--data-dir", folder, "--json")
    assert (done.exit_code, document(done)["error"]["reason"]) == (Exit.FAILED, "masked_row")


def test_an_export_is_corrected_and_handed_back(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "aside.csv"
    exported = run("feeds", "quarantine", "export", "--out", file, "--data-dir", folder)
    assert "1 rows may be about natural persons" in " ".join(exported.stderr.split())
    assert CITIZEN not in file.read_text("utf-8-sig")
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["name"][:1] for row in rows] == ["'", "虚"], "a formula is defused"
    rows[0]["code"], rows[1]["document_date"] = code(9), "2026-01-31"
    with file.open("w", encoding="gb18030", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    done = run("feeds", "quarantine", "correct", "--file", file, "--data-dir", folder, "--json")
    assert (done.exit_code, document(done)[0]["taken"]) == (Exit.DONE, [1, 2])
    profile = document(run("registry", "show", "cn-uscc", code(9), "--data-dir", folder, "--json"))["profile"]
    assert profile["name"] == "=cmd()", "what a spreadsheet would have run is what the source wrote"


def test_an_export_goes_to_standard_output(folder: Path) -> None:
    result = run("feeds", "quarantine", "export", "--reason", "identifier_check_sign", "--data-dir", folder)
    assert result.stdout.startswith("row_id,feed,revision")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (1,),
        (1, "--set", "no equals sign"),
        ("--set", "code=1"),
    ],
)
def test_a_correction_without_a_row_or_a_cell_is_invalid(folder: Path, arguments: tuple[object, ...]) -> None:
    done = run("feeds", "quarantine", "correct", *arguments, "--data-dir", folder)
    assert done.exit_code == Exit.INVALID


@pytest.mark.parametrize("text", ["code\n1\n", "row_id,code\nx,1\n", "row_id,code\n1,1\n1,2\n"])
def test_a_file_that_is_no_export_is_invalid(folder: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "other.csv").write_text(text)
    done = run("feeds", "quarantine", "correct", "--file", tmp_path / "other.csv", "--data-dir", folder)
    assert done.exit_code == Exit.INVALID


def test_rows_are_dismissed_for_a_reason(folder: Path) -> None:
    command = ("feeds", "quarantine", "dismiss", 1, 2, "--data-dir", folder)
    assert run(*command).exit_code == Exit.INVALID
    assert document(run(*command, "--note", "test rows", "--json"))["dismissed"] == [1, 2]
    assert [row["row_id"] for row in aside(folder)] == [3]
    again = run(*command, "--note", "again", "--json")
    assert (again.exit_code, document(again)["error"]["reason"]) == (Exit.FAILED, "row_resolved")
