"""`clearway log erase`, `hold`, `retention check`: from a rule to what `log verify` says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.cli.exits import Exit
from clearway.querylog.central import open_central
from clearway.querylog.transparency.folders import TileFolder
from tests.contract.querylog.trees import Tree
from tests.unit.cli.running import document, run
from tests.unit.querylog.records import NOON, a_check_id

RULES = "floor_years: 1\nmaximum_years: 30\nrules:\n  - {id: soon, keep_years: 1}\n"
CITIZEN = "110101199003070011"
"""Digits in the shape of a citizen's number, of nobody: the check sign is false."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of ten checks of March 2026, signed."""
    central = open_central(tmp_path / "log.db")
    Tree(central, tmp_path / "journal", TileFolder(tmp_path / "tlog")).grow(10)
    central.dispose()
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


@pytest.fixture
def decades_later(monkeypatch: pytest.MonkeyPatch) -> None:
    later = NOON.replace(year=2036)

    class Later(type(later)):  # type: ignore[misc]
        @classmethod
        def now(cls, tz: object = None) -> object:
            return later

    monkeypatch.setattr("clearway.cli.retention.datetime", Later)


def on_order(folder: Path, number: int, *more: str, reason: str = "an order") -> object:
    given = ("--order", "2026-17", "--by", "operator", "--reason", reason, "--really")
    return run("log", "erase", a_check_id(number), *given, *more, "--data-dir", folder)


@pytest.mark.usefixtures("decades_later")
def test_a_dry_run_counts_by_rule_and_month_and_erases_nothing(folder: Path) -> None:
    result = run("log", "erase", "--dry-run", "--rules", folder / "rules.yaml", "--data-dir", folder, "--json")
    assert document(result)["due"] == [{"rule": "soon", "month": "2026-03", "would_go": 9}]
    assert document(run("log", "verify", "--data-dir", folder, "--json"))["rows"] == 10


@pytest.mark.usefixtures("decades_later")
def test_what_the_rules_let_go_is_erased_but_for_what_is_held(folder: Path) -> None:
    words = ("--by", "counsel", "--reason", "a suit", "--data-dir", folder)
    assert run("log", "hold", "add", "--case", "CASE-3", *words).stdout == "1\n"
    erasing = ("log", "erase", "--really", "--by", "operator", "--data-dir", folder, "--json")
    result = document(run(*erasing, CLEARWAY_RETENTION=str(folder / "rules.yaml")))
    assert result == {"erased": {"soon": 8}, "held": {"soon": 1}, "files_clean": True}
    verified = document(run("log", "verify", "--data-dir", folder, "--json"))
    assert verified["sound"]
    assert [(erased["rule"], erased["leaves"]) for erased in verified["erased"]] == [("soon", [0, 1, 3, 4, 5, 6, 7, 8])]
    assert run("log", "hold", "lift", "1", *words).exit_code == 0
    assert document(run("log", "hold", "list", "--data-dir", folder, "--json")) == []
    assert document(run(*erasing, "--rules", folder / "rules.yaml"))["erased"] == {"soon": 1}


def test_an_order_erases_one_row_and_everything_says_so(folder: Path) -> None:
    assert on_order(folder, 3).exit_code == 0  # type: ignore[attr-defined]
    shown = run("log", "show", a_check_id(3), "--data-dir", folder)
    assert shown.exit_code == Exit.FAILED
    assert "erased by order 2026-17" in shown.stderr
    verified = run("log", "verify", "--data-dir", folder)
    assert verified.exit_code == 0
    assert "erased by order 2026-17 on day" in verified.stdout
    assert "leaves 2" in verified.stdout
    listed = document(run("log", "list", "--data-dir", folder, "--json"))
    assert a_check_id(3) not in {row["check_id"] for row in listed}
    assert len(listed) == 9


def test_words_that_are_published_have_no_citizens_number(folder: Path) -> None:
    assert on_order(folder, 3, reason=f"asked by {CITIZEN}").exit_code == 0  # type: ignore[attr-defined]
    (erased,) = document(run("log", "verify", "--data-dir", folder, "--json"))["erased"]
    assert CITIZEN not in erased["reason"]
    assert erased["reason"].startswith("asked by 1101")


def test_a_held_row_is_refused_with_the_holds_number(folder: Path) -> None:
    words = ("--by", "counsel", "--reason", "a suit", "--data-dir", folder)
    run("log", "hold", "add", "--check", a_check_id(3), *words)
    result = on_order(folder, 3)
    assert result.exit_code == Exit.FAILED  # type: ignore[attr-defined]
    assert "hold 1" in result.stderr  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "given",
    [
        (),
        ("--dry-run", "--really"),
        ("--really",),
        ("--really", "--by", "operator"),
        ("0195a0b0-0000-7000-8000-000000000003", "--really", "--by", "operator", "--order", "17"),
        ("0195a0b0-0000-7000-8000-000000000003", "--dry-run", "--order", "17", "--reason", "so"),
        ("--dry-run", "--by", "two\nlines"),
    ],
)
def test_half_a_command_erases_nothing(folder: Path, given: tuple[str, ...]) -> None:
    assert run("log", "erase", *given, "--data-dir", folder).exit_code == Exit.INVALID
    assert document(run("log", "verify", "--data-dir", folder, "--json"))["rows"] == 10


@pytest.mark.parametrize("given", [(), ("--subject-key", "no")])
def test_a_hold_of_nothing_in_particular_is_refused(folder: Path, given: tuple[str, ...]) -> None:
    result = run("log", "hold", "add", *given, "--by", "counsel", "--reason", "so", "--data-dir", folder)
    assert result.exit_code == Exit.INVALID


def test_a_file_of_rules_is_checked(folder: Path) -> None:
    assert run("log", "retention", "check", folder / "rules.yaml").exit_code == 0
    (folder / "rules.yaml").write_text(RULES.replace("keep_years: 1", "keep_years: 31"))
    result = run("log", "retention", "check", folder / "rules.yaml", "--json")
    assert result.exit_code == Exit.FAILED
    assert [(one["line"], one["rule"]) for one in document(result)["complaints"]] == [(4, "years-within")]
    erasing = run("log", "erase", "--dry-run", "--rules", folder / "rules.yaml", "--data-dir", folder)
    assert erasing.exit_code == Exit.FAILED
