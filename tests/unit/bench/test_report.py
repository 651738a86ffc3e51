"""What was measured, kept, and put on the page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import report
from bench.plan import QUICK, WHOLE
from bench.results import HEADLINES, LATEST, keep, read

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_part_replaces_what_it_found_before_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results" / "latest.json"
    keep(file, "throughput", {"ratio": 0.5}, "a", NOW)
    keep(file, "freshness", {"p99_ms": 100.0}, "b", NOW)
    whole = keep(file, "throughput", {"ratio": 0.6}, "a", NOW)
    assert whole == json.loads(file.read_text("utf-8"))
    assert whole["check_over_echo_throughput"] == 0.6
    assert whole["visible_ms_p99"] == 100.0
    assert whole["start_seconds_ten_million"] is None


def test_every_headline_comes_from_a_part_that_is_measured_and_shown() -> None:
    assert {part for part, _ in HEADLINES.values()} <= set(command.PARTS)
    assert set(report.AIMS) == set(HEADLINES)
    assert set(report.TABLES) == set(report.TITLES) == set(command.PARTS)


def test_the_kept_results_have_every_headline() -> None:
    assert set(HEADLINES) <= set(read(LATEST))


def test_the_page_shows_the_kept_results() -> None:
    page = report.PAGE.read_text("utf-8")
    assert report.put_in(page, read(LATEST)) == page, "python -m bench.report brings it up to date"


def test_a_page_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        report.put_in("# Performance", {})


def test_figures_on_the_page_are_replaced_not_added_to() -> None:
    once = report.put_in(f"before\n{report.BEGIN}\nold\n{report.END}\nafter", {})
    assert report.put_in(once, {}) == once
    assert "old" not in once
    assert once.startswith("before")
    assert once.endswith("after")


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, "not measured"), ("50 %", "50 %"), (10_000_000, "10,000,000"), (12345.6, "12,346"), (0.98765, "0.9877")],
)
def test_cells(value: object, cell: str) -> None:
    assert report.shown(value) == cell


def test_sizes_ascend_so_that_the_last_is_the_largest() -> None:
    for plan in (WHOLE, QUICK):
        assert list(plan.sizes) == sorted(set(plan.sizes))
    assert (WHOLE.sizes[0], WHOLE.sizes[-1]) == (10_000, 10_000_000)
