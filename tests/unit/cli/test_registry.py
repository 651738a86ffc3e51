"""`clearway registry`: acts from the command line, each one a revision, and the record read back."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clearway.cli.exits import Exit
from clearway.server.keys import KEY_FILE
from tests.unit.cli.running import CODE, OTHER_CODE, document, run
from tests.unit.registry.making import CITIZEN

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
    correction = ("--regime", "SAMR-SERIOUS", "--document", "虚构文1号", "--document-date", "2025-01-31")
    act(folder, "correct", "L-1", *correction)
    act(folder, "repair", "L-1")
    found = shown(folder)
    assert found["profile"]["listings"][0]["ended_at"] is not None
    assert found["facts"]["L-1"]["status"] == "repaired"


def test_a_repair_before_the_shortest_publicity_is_over_is_refused_with_the_first_day(folder: Path) -> None:
    lately = str(date.today())  # noqa: DTZ011 - a year off either way
    act(folder, "correct", "L-1", "--regime", "SAMR-SERIOUS", "--document", "虚构文1号", "--document-date", lately)
    result = run("registry", "repair", "L-1", "--data-dir", folder)
    assert result.exit_code == Exit.INVALID
    assert "repair_too_early" in result.stderr
    act(folder, "revoke", "L-1")
    assert shown(folder)["facts"]["L-1"]["status"] == "revoked"


def test_every_act_has_its_document_in_the_history(folder: Path) -> None:
    document_of = ("--document", "虚构决定2号", "--document-date", "2026-03-01", "--note", "why")
    until = str(date.today() + timedelta(days=30))  # noqa: DTZ011
    acts = (
        ("confirm", "L-1", "--on", "2026-03-01"),
        ("object", "L-1", "O-1", "--grounds", "wrong"),
        ("resolve", "L-1", "O-1", "--resolution", "rejected"),
        ("lift", "L-1", "U-1", "--until", until),
        ("end-lifting", "L-1", "U-1"),
        ("adverse", *SUBJECT, "--record", "A-1", "--severity", "minor"),
        ("withdraw-adverse", "A-1"),
        ("delist", "L-1"),
    )
    for arguments in acts:
        act(folder, *arguments, *document_of)
    entries = shown(folder)["history"][2:]
    assert [entry["kind"] for entry in entries] == [
        "confirmed", "objection_opened", "objection_resolved", "lifted", "lifting_ended", "adverse_recorded",
        "withdrawn", "delisted",
    ]  # fmt: skip
    assert {(e["document_number"], e["document_date"], e["note"]) for e in entries} == {
        ("虚构决定2号", "2026-03-01", "why")
    }


def test_the_statuses_are_those_of_the_moment_asked_for(folder: Path) -> None:
    act(folder, "object", "L-1", "O-1", "--grounds", "wrong", "--effective-at", "2026-03-02T01:00:00")

    def at(moment: str) -> dict[str, Any]:
        found: dict[str, Any] = shown(folder, "--effective-at", moment)["facts"]["L-1"]
        return found

    assert [at(day)["status"] for day in ("2026-01-15", "2026-02-15", "2026-03-10", "2030-01-01")] == [
        "not_begun", "in_force", "stayed", "expired",
    ]  # fmt: skip
    clock = at("2026-03-10")["objections"]["O-1"]
    assert (clock["grounds"], clock["open"], clock["due_on"], clock["overdue"]) == ("wrong", True, "2026-03-30", False)
    assert at("2026-03-31")["objections"]["O-1"]["overdue"]
    assert (at("2026-03-10")["publicity_min_end"], at("2026-03-10")["publicity_max_end"]) == (
        "2027-01-31",
        "2029-01-31",
    )


def test_a_lifting_lasts_to_the_end_of_its_last_day_in_the_zone(folder: Path) -> None:
    act(folder, "lift", "L-1", "U-1", "--until", "2099-06-30")
    (lifting,) = shown(folder)["profile"]["listings"][0]["liftings"]
    assert lifting[2] == "2099-06-30T16:00:00Z"
    assert shown(folder)["facts"]["L-1"]["status"] == "lifted"


def test_the_record_is_read_as_it_was_recorded_at_a_moment(folder: Path) -> None:
    recorded = shown(folder)["history"][-1]["recorded_at"]
    time.sleep(0.01)
    act(folder, "delist", "L-1")
    result = run("registry", "show", *SUBJECT, "--recorded-at", "2020-01-01", "--data-dir", folder)
    assert (result.exit_code, "no such subject" in result.stderr) == (Exit.FAILED, True)
    second = (datetime.fromisoformat(recorded) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    assert shown(folder, "--recorded-at", second)["profile"]["listings"]


def test_where_a_fact_comes_from_is_shown(folder: Path) -> None:
    whence = shown(folder)["facts"]["L-1"]["provenance"]
    assert (whence["feed"], whence["file_name"], whence["revision"]) == ("", "", 2)


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
        (("lift", "L-1", "U-1", "--until", "2020-01-01"), Exit.INVALID, "invalid_time"),
        (("end-lifting", "L-1", "U-9"), Exit.INVALID, "unknown_lifting"),
        (("revoke", "L-9"), Exit.INVALID, "unknown_record"),
        (("adverse", *SUBJECT, "--record", "A-1", "--severity", "minor"), Exit.INVALID, "--document-date"),
        (("show", *SUBJECT, "--catalogue", "nowhere"), Exit.FAILED, "catalogue"),
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


def test_keys_are_shown_with_who_still_needs_them(tmp_path: Path) -> None:
    act(tmp_path, "register", "cn-ric", CITIZEN)
    (first,) = document(run("registry", "keys", "--data-dir", tmp_path, "--json"))
    assert (first["state"], first["numbers"], first["waiting"], first["only_here"]) == ("current", 1, 0, 1)
    made = run("registry", "rotate-key", "--data-dir", tmp_path)
    assert made.exit_code == Exit.DONE
    act(tmp_path, "register", "cn-uscc", CODE)
    new, old = document(run("registry", "keys", "--data-dir", tmp_path, "--json"))
    assert (new["key_id"], new["state"], new["numbers"]) == (made.stdout.strip(), "current", 0)
    assert (old["key_id"], old["state"], old["waiting"], old["only_here"]) == (first["key_id"], "former", 1, 1)
    file = tmp_path / KEY_FILE
    file.write_text(file.read_text().splitlines()[0])
    result = run("registry", "keys", "--data-dir", tmp_path)
    assert result.exit_code == Exit.FAILED
    assert "not given" in result.stdout
    refused = run("registry", "list", "--data-dir", tmp_path)
    assert refused.exit_code == Exit.FAILED
    assert f"{first['key_id']} (1)" in "".join(refused.output.split("\n"))


def test_there_are_no_keys_to_show_before_there_is_a_record(tmp_path: Path) -> None:
    assert run("registry", "keys", "--data-dir", tmp_path).exit_code == Exit.FAILED
    assert not list(tmp_path.iterdir())
