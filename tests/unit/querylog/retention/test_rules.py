"""Files of retention rules: what is taken, and what is complained about, by line and rule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from clearway.catalogue.loader import load_catalogue
from clearway.querylog.retention.rules import RULES, check_content, check_retention, years_before

SOUND = """\
floor_years: 5
maximum_years: 30
rules:
  - id: refused
    authorities: [DEMO-LICENSING]
    items: [FOOD-OPERATION]
    outcomes: [REFUSED, RESTRICTION]
    keep_years: 10
  - {id: looks, records: others, keep_years: 5}
"""
PAGE = Path(__file__).parents[4] / "docs" / "audit.md"


def complaints(text: str) -> list[tuple[int, str]]:
    report = check_content("rules.yaml", text.encode(), load_catalogue("cn-demo"))
    assert (report.retention is None) is bool(report.complaints)
    return [(complaint.line, complaint.rule) for complaint in report.complaints]


def test_a_sound_file_is_taken() -> None:
    report = check_content("rules.yaml", SOUND.encode(), load_catalogue("cn-demo"))
    assert report.complaints == ()
    assert report.retention is not None
    assert [rule.id for rule in report.retention.rules] == ["refused", "looks"]


@pytest.mark.parametrize(
    ("was", "is_", "wanted"),
    [
        ("[DEMO-LICENSING]", "[NOBODY]", (5, "authority-known")),
        ("[FOOD-OPERATION]", "[NOTHING]", (6, "item-known")),
        ("keep_years: 10", "keep_years: 4", (8, "years-within")),
        ("keep_years: 10", "keep_years: 31", (8, "years-within")),
        ("floor_years: 5", "floor_years: 31", (1, "years-within")),
        ("id: looks", "id: refused", (9, "rule-once")),
        ("keep_years: 10", "keep_years: ten", (8, "value")),
        ("keep_years: 10", "keep_years: -1", (8, "years-within")),
        ("floor_years: 5", "floor_years: 0", (1, "value")),
        ("maximum_years: 30", "maximum_years: 101", (2, "value")),
        ("RESTRICTION]", "PERHAPS]", (7, "value")),
        ("keep_years: 10", "keep: 10", (8, "unknown-field")),
    ],
)
def test_what_breaks_a_rule_is_named_by_line(was: str, is_: str, wanted: tuple[int, str]) -> None:
    assert wanted in complaints(SOUND.replace(was, is_, 1))


@pytest.mark.parametrize("text", ["", "- a\n", "rules: [", "\x00", "rules: []\nfloor_years: 1\nmaximum_years: 1\n"])
def test_what_is_no_file_of_rules_is_complained_about(text: str) -> None:
    assert complaints(text)


def test_a_file_that_is_not_there_is_complained_about(tmp_path: Path) -> None:
    (complaint,) = check_retention(tmp_path / "none.yaml", load_catalogue("cn-demo")).complaints
    assert complaint.rule == "source"


@pytest.mark.parametrize("rule", RULES)
def test_the_auditors_guide_names_every_rule(rule: str) -> None:
    assert f"`{rule}`" in PAGE.read_text("utf-8")


@pytest.mark.parametrize(
    ("now", "years", "wanted"),
    [
        (datetime(2036, 3, 2, tzinfo=UTC), 10, datetime(2026, 3, 2, tzinfo=UTC)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 1, datetime(2027, 2, 28, 12, tzinfo=UTC)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 4, datetime(2024, 2, 28, 12, tzinfo=UTC)),
    ],
)
def test_years_are_calendar_years_and_end_no_day_early(now: datetime, years: int, wanted: datetime) -> None:
    assert years_before(now, years) == wanted
