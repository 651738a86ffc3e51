"""A report's sheet: groups add up to the total, however it is divided and folded."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.server.errors import Refusal
from clearway.server.reports.definitions import DEFINITIONS, NAMES
from clearway.server.reports.kinds import KINDS
from clearway.server.reports.period import months, period_of
from clearway.server.reports.sheet import FIELDS, Place, Sheet, quantile

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGUN = datetime(2020, 1, 1, tzinfo=UTC)
LENGTHS = timedelta(0), timedelta(400)
SIZE, PART = pb.FIGURE_CHECKS, pb.FIGURE_REFUSED
NAMES_OF_PLACES = st.sampled_from(["", "a", "b", "c"])
PLACES = st.builds(Place, *([NAMES_OF_PLACES] * len(Place._fields)))
COUNTED = st.lists(st.tuples(PLACES, st.integers(1, 9), st.booleans()), max_size=40)
DIMENSIONS = st.sets(st.sampled_from(Place._fields))


def sheet_of(counted: list[tuple[Place, int, bool]], dimensions: set[str]) -> Sheet:
    sheet = Sheet(dimensions)
    for place, times, refused in counted:
        sheet.at(place).count(SIZE, times)
        sheet.at(place).count(PART, times if refused else 0)
        sheet.at(place).measure(pb.FIGURE_LATENCY_P50_MS, times * 1000)
    return sheet


@given(COUNTED, DIMENSIONS)
def test_the_groups_add_up_to_the_total(counted: list[tuple[Place, int, bool]], dimensions: set[str]) -> None:
    sheet = sheet_of(counted, dimensions)
    total = sheet.total()
    assert total.value(SIZE) == sum(times for _, times, _ in counted)
    assert total.value(PART) == sum(times for _, times, refused in counted if refused)
    assert total.value(SIZE) == sum(tally.counts[SIZE] for tally in sheet.groups.values())
    assert all(place._replace(**dict.fromkeys(dimensions, "")) == Place() for place in sheet.groups)


@given(COUNTED, DIMENSIONS, st.integers(1, 20))
def test_no_small_group_is_left_and_none_is_lost(
    counted: list[tuple[Place, int, bool]], dimensions: set[str], below: int
) -> None:
    sheet = sheet_of(counted, dimensions)
    total = sheet.total()
    folded = sheet.fold(SIZE, below)
    assert all(tally.counts[SIZE] >= below for tally in sheet.groups.values())
    sum_of_groups = sum(tally.counts[SIZE] for tally in sheet.groups.values())
    held = folded.counts[SIZE] if folded else 0
    assert sum_of_groups + held == total.counts[SIZE]
    if folded is not None:
        assert held >= below or not sheet.groups, "what was folded cannot be told from the total"


def test_one_small_group_takes_the_next_one_with_it() -> None:
    sheet = Sheet({"authority"})
    for authority, times in (("small", 2), ("next", 10), ("large", 90)):
        sheet.at(Place(authority)).count(SIZE, times)
    folded = sheet.fold(SIZE, 5)
    assert [place.authority for place in sheet.groups] == ["large"]
    assert folded is not None
    assert folded.counts[SIZE] == 12


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([0.5, 0.99]))
def test_a_quantile_is_the_least_value_that_enough_are_not_above(values: list[int], share: float) -> None:
    found = quantile(Counter(values), share)
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values)


def test_what_cannot_be_divided_or_measured_has_no_value() -> None:
    tally = Sheet(()).at(Place())
    assert tally.value(pb.FIGURE_COVERAGE_SHARE) is None
    assert tally.value(pb.FIGURE_LATENCY_P99_MS) is None
    assert tally.value(pb.FIGURE_CHECKS) == 0


@given(
    st.integers(0, 10 * 366 * 86_400).map(lambda seconds: BEGUN + timedelta(seconds=seconds)), st.timedeltas(*LENGTHS)
)
def test_months_part_a_period_without_a_gap(since: datetime, length: timedelta) -> None:
    parts = list(months(since, since + length, SHANGHAI))
    ends = [since, *(until for _, _, until in parts)]
    assert [begins for _, begins, _ in parts] == ends[:-1]
    assert ends[-1] == since + length
    assert len({name for name, _, _ in parts}) == len(parts)
    for name, begins, until in parts:
        last = until - timedelta(microseconds=1)
        assert {f"{moment.astimezone(SHANGHAI):%Y-%m}" for moment in (begins, last)} == {name}


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_period_is_neither_empty_nor_longer_than_a_year(days: int) -> None:
    since, until = Timestamp(), Timestamp()
    since.FromDatetime(BEGUN)
    until.FromDatetime(BEGUN + timedelta(days=days))
    with pytest.raises(Refusal):
        period_of(since, until)


def test_every_figure_is_named_defined_and_given_by_one_report() -> None:
    figures = {value for value in pb.Figure.values() if value}
    given_by = [figure for kind in KINDS.values() for figure in kind.figures]
    assert sorted(given_by) == sorted(figures)
    assert set(NAMES) == set(DEFINITIONS) == figures
    assert set(KINDS) == {value for value in pb.ReportKind.values() if value}
    assert set(FIELDS) == {value for value in pb.Dimension.values() if value}
