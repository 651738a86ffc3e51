"""`clearway registry`: acts from the command line, each one a revision, and the record read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearway.cli.exits import Exit
from tests.unit.cli.running import CODE, OTHER_CODE, document, run

SUBJECT = ("cn-uscc", CODE)


def act(folder: Path, *arguments: str) -> int:
    """Do an act; gives its revision."""
    result = run("registry", *arguments, "--data-dir", folder, "--json")
    assert result.exit_code == Exit.DONE, result.output
    revision: int = document(result)["revision"]
    return revision


def shown(folder: Path, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = document(run("registry", "show", *SUBJECT, *more, "--data-dir", folder, "--json"))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A registry with one subject on one list: revisions 1 and 2."""
    act(tmp_path, "register", *SUBJECT, "--name", "虚构有限公司", "--known-since", "2020-01-01")
    listing = (
        "--listing",
        "L-1",
        "--regime",
        "SAMR-SERIOUS",
        "--document",
        "虚构文1号",
        "--document-date",
        "2026-01-31",
    )
    term = ("--from", "2026-02-01", "--before", "2029-02-01", "--authority", "SAMR", "--confirmed-on", "2026-02-02")
    act(tmp_path, "add", *SUBJECT, *listing, *term, "--note", "a case")
    return tmp_path


def test_each_act_is_one_revision(folder: Path) -> None:
    assert act(folder, "object", "L-1", "O-1", "--grounds", "wrong") == 3


def test_a_listing_is_shown_as_it_was_stated(folder: Path) -> None:
    (listing,) = shown(folder)["profile"]["listings"]
    assert listing["listing_id"] == "L-1"
    assert (listing["document_number"], listing["document_date"]) == ("虚构文1号", "2026-01-31")
    assert (listing["effective_from"], listing["expires_on"]) == ("2026-02-01", "2029-02-01")
    assert (listing["designating_authority"], listing["confirmed_on"]) == ("SAMR", "2026-02-02")


@pytest.mark.parametrize(("scheme", "old"), [("cn-orgcode", CODE[8:17]), ("cn-taxno", "999999" + CODE[8:17])])
def test_a_subject_is_shown_by_its_old_numbers(folder: Path, scheme: str, old: str) -> None:
    found = document(run("registry", "show", scheme, old, "--data-dir", folder, "--json"))
    assert (found["profile"]["code"], len(found["history"])) == (CODE, 2)


def test_the_history_has_who_and_why(folder: Path) -> None:
    entry = shown(folder)["history"][-1]
    assert (entry["kind"], entry["note"], entry["origin"]) == ("listed", "a case", "command")
    assert entry["actor"]


def test_a_delisted_listing_has_its_end(folder: Path) -> None:
    act(folder, "delist", "L-1")
    assert shown(folder)["profile"]["listings"][0]["ended_at"] is not None


def test_a_repaired_listing_has_its_end(folder: Path) -> None:
    act(folder, "repair", "L-1")
    assert shown(folder)["profile"]["listings"][0]["ended_at"] is not None


def test_the_record_is_read_as_of_an_earlier_revision(folder: Path) -> None:
    act(folder, "delist", "L-1")
    assert shown(folder, "--at-revision", "2")["profile"]["listings"][0]["ended_at"] is None


def test_an_upheld_objection_ends_its_listing(folder: Path) -> None:
    act(folder, "object", "L-1", "O-1", "--grounds", "wrong")
    act(folder, "resolve", "L-1", "O-1", "--resolution", "upheld")
    (listing,) = shown(folder)["profile"]["listings"]
    assert listing["objections"][0][0] == "O-1"
    assert listing["ended_at"] is not None


def test_an_adverse_record_is_shown(folder: Path) -> None:
    document_of = ("--document", "虚构罚1号", "--document-date", "2026-03-01")
    act(folder, "adverse", *SUBJECT, "--record", "A-1", "--severity", "minor", *document_of)
    (record,) = shown(folder)["profile"]["adverse_records"]
    assert (record["record_id"], record["kind"], record["severity"]) == ("A-1", "penalty", "minor")


def test_subjects_are_listed(folder: Path) -> None:
    result = run("registry", "list", "--regime", "SAMR-SERIOUS", "--data-dir", folder, "--json")
    assert [found["code"] for found in document(result)] == [CODE]
    result = run("registry", "list", "--regime", "TAX-A", "--data-dir", folder, "--json")
    assert document(result) == []


def test_people_get_tables(folder: Path) -> None:
    listed = run("registry", "list", "--data-dir", folder)
    whole = run("registry", "show", *SUBJECT, "--data-dir", folder)
    assert (listed.exit_code, whole.exit_code) == (Exit.DONE, Exit.DONE)
    assert CODE in whole.stdout
    assert "history" in whole.stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("show", "cn-uscc", OTHER_CODE), Exit.FAILED, "no such subject"),
        (("show", "cn-uscc", "91"), Exit.INVALID, ""),
        (("show", *SUBJECT, "--at-revision", "99"), Exit.INVALID, "unknown_revision"),
        (("delist", "L-9"), Exit.INVALID, "unknown_listing"),
        (("add", "cn-uscc", OTHER_CODE, "--listing", "L-2", "--regime", "TAX-A"), Exit.INVALID, "unknown_subject"),
        (("add", *SUBJECT, "--listing", "L-1", "--regime", "TAX-A"), Exit.INVALID, "fact_exists"),
        (("object", "L-1", "O-1", "--grounds", "nonsense"), Exit.INVALID, "nonsense"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    folder: Path, arguments: tuple[str, ...], exit_code: Exit, said: str
) -> None:
    result = run("registry", *arguments, "--data-dir", folder)
    assert result.exit_code == exit_code
    assert said in result.stderr


def test_a_registry_of_another_key_is_not_opened(folder: Path) -> None:
    result = run("registry", "list", "--data-dir", folder, CLEARWAY_SUBJECT_KEY="ab" * 32)
    assert result.exit_code == Exit.FAILED
    assert "another secret" in result.stderr


def test_a_key_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    key = tmp_path / "keys" / "subject.key"
    key.parent.mkdir()
    key.write_text("not a key\n")
    result = run("registry", "list", "--data-dir", tmp_path)
    assert result.exit_code == Exit.FAILED
    assert "subject.key" in result.stderr


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert run("registry", "list", "--data-dir", tmp_path / "file").exit_code == Exit.FAILED
