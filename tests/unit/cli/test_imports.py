"""`clearway import`: the report of a list, kept or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.cli.exits import Exit
from clearway.cli.imports import rate
from clearway.registry.feeds.adapters import FORMATS
from clearway.registry.feeds.flat_csv import COLUMNS
from tests.unit.cli.running import document, run
from tests.unit.registry.making import CSL_HEADER, adverse_row, code, csl_row, known_row, listing_row, write_csv


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """Four good rows, one twice over, one with a wrong code, one of no kind."""
    rows = [listing_row(1), listing_row(1), listing_row(2), known_row(3), adverse_row(4)]
    rows += [listing_row(5, code="919999990000000350"), known_row(6, fact="rumour")]
    return write_csv(tmp_path / "list.csv", COLUMNS, rows)


def test_the_counts_of_a_report_add_up(flat: Path, tmp_path: Path) -> None:
    result = run("import", "flat-csv", flat, "--data-dir", tmp_path / "var", "--json")
    assert result.exit_code == Exit.DONE
    report = document(result)
    assert report["rows"] == 7
    assert report["rows"] == sum(report[count] for count in ("accepted", "unchanged", "quarantined", "rejected"))
    assert (report["accepted"], report["unchanged"]) == (4, 1)
    assert (report["quarantined"], report["rejected"]) == (1, 1)
    assert sum(report["reasons"].values()) == report["quarantined"] + report["rejected"]


def test_a_dry_run_gives_the_same_report_and_keeps_nothing(flat: Path, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    dry = document(run("import", "flat-csv", flat, "--data-dir", folder, "--dry-run", "--json"))
    assert document(run("registry", "list", "--data-dir", folder, "--json")) == []
    real = document(run("import", "flat-csv", flat, "--data-dir", folder, "--json"))
    assert (dry["dry_run"], dry["revision"], real["revision"]) == (True, None, 1)
    assert {**dry, "dry_run": False, "revision": 1} == real


def test_a_second_import_of_the_same_file_changes_nothing(flat: Path, tmp_path: Path) -> None:
    for _ in range(2):
        report = document(run("import", "flat-csv", flat, "--data-dir", tmp_path / "var", "--json"))
    assert (report["accepted"], report["unchanged"]) == (0, 5)


def test_people_get_the_counts_and_the_reasons(flat: Path, tmp_path: Path) -> None:
    result = run("import", "flat-csv", flat, "--data-dir", tmp_path / "var", "--dry-run")
    assert "nothing kept (dry run)" in result.stdout
    assert "quarantined" in result.stdout
    assert "check_sign" in result.stdout


def test_an_empty_whole_list_waits_for_confirmation(tmp_path: Path) -> None:
    full = write_csv(tmp_path / "full.csv", CSL_HEADER, [csl_row(1), csl_row(2)])
    empty = write_csv(tmp_path / "empty.csv", CSL_HEADER, [])
    folder = tmp_path / "var"
    assert run("import", "us-csl", full, "--data-dir", folder).exit_code == Exit.DONE
    refused = run("import", "us-csl", empty, "--data-dir", folder, "--json")
    assert refused.exit_code == Exit.FAILED
    assert document(refused)["error"]["reason"] == "suspicious_list"
    confirmed = run("import", "us-csl", empty, "--data-dir", folder, "--confirm", "--json")
    assert (confirmed.exit_code, document(confirmed)["gone"]) == (Exit.DONE, 2)


def test_a_file_that_is_no_list_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear registrar,\n")
    result = run("import", "flat-csv", file, "--data-dir", tmp_path / "var", "--json")
    assert result.exit_code == Exit.FAILED
    assert document(result)["error"]["reason"] == "unreadable_feed"


def test_an_unknown_feed_is_refused_with_the_known_ones(flat: Path, tmp_path: Path) -> None:
    result = run("import", "gazette", flat, "--data-dir", tmp_path / "var")
    assert result.exit_code == Exit.FAILED
    assert "us-csl" in result.stderr


def test_a_feed_of_ones_own_is_described_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"企业名称,统一社会信用代码\n虚构有限公司,{code(1)}\n", encoding="utf-8")
    folder = tmp_path / "var"
    described = ("--format", "trusted-list", "--regime", "TAX-A", "--authority", "虚构税务局")
    report = document(run("import", "tax-a", file, *described, "--data-dir", folder, "--json"))
    assert (report["feed"], report["accepted"]) == ("tax-a", 1)
    (subject,) = document(run("registry", "list", "--regime", "TAX-A", "--data-dir", folder, "--json"))
    assert subject["listings"][0]["designating_authority"] == "虚构税务局"


def test_a_feed_that_is_not_described_enough_is_refused(flat: Path, tmp_path: Path) -> None:
    refused = run("import", "trusted-list", flat, "--data-dir", tmp_path / "var", "--json")
    assert (refused.exit_code, document(refused)["error"]["reason"]) == (Exit.FAILED, "invalid_feed")
    unnamed = run("import", "My Feed", flat, "--format", "trusted-list", "--data-dir", tmp_path / "var")
    assert unnamed.exit_code == Exit.INVALID
    assert "the feed's name" in unnamed.stderr


def test_a_list_is_imported_by_a_mapping_file(tmp_path: Path) -> None:
    mapping, file = tmp_path / "m.yaml", tmp_path / "list.json"
    mapping.write_text("states: known\ncodes: [{scheme: cn-uscc, headers: [id], needed: true}]\n", encoding="utf-8")
    file.write_text(f'[{{"id": "{code(1)}"}}]', encoding="utf-8")
    described = ("--format", "mapped", "--mapping", mapping, "--data-dir", tmp_path / "var", "--json")
    assert document(run("import", "mine", file, *described))["accepted"] == 1
    mapping.write_text("states: known\n", encoding="utf-8")
    refused = document(run("import", "mine", file, *described))
    assert refused["error"]["reason"] == "invalid_feed"
    assert "m.yaml:1" in refused["error"]["message"]


def test_help_names_every_format() -> None:
    text = "".join(run("import", "--help").stdout.split())
    assert all(name in text for name in FORMATS)


def test_a_day_to_come_is_refused(flat: Path, tmp_path: Path) -> None:
    result = run("import", "flat-csv", flat, "--as-of", "2999-01-01", "--data-dir", tmp_path / "var")
    assert result.exit_code == Exit.FAILED


def test_a_file_that_is_not_there_is_an_invalid_command_line(tmp_path: Path) -> None:
    assert run("import", "flat-csv", tmp_path / "none.csv").exit_code == Exit.INVALID


def test_progress_tells_rows_their_likely_number_and_the_rate() -> None:
    assert rate(250, 0.25, 2.0) == "importing: 250 of about 1,000 rows, 125 rows/s"
    assert rate(1000, 1.0, 4.0) == "importing: 1,000 rows, 250 rows/s"
    assert rate(0, 0.0, 0.0) == "importing: 0 rows, 0 rows/s"
