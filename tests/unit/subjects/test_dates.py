"""Dates as lists write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clearway.subjects.dates import DayInterval, UnreadableDate, parse_date, parse_end_date

JANUARY_31 = DayInterval(date(2024, 1, 31), date(2024, 2, 1))


@pytest.mark.parametrize(
    "written",
    [
        *("2024-01-31", "2024/1/31", "2024.1.31", "20240131", "2024年1月31日", "2024 年 01 月 31 日"),
        *("31 Jan 2024", "31 January 2024", "31-JAN-2024", "２０２４－０１－３１", " 2024-01-31 "),
        *("2024-01-31 00:00:00", "2024-01-31T23:59:59Z", "2024-01-31T08:00:00.000+08:00", "2024/1/31 0:00"),
        *(20240131, 45322, 45322.75, date(2024, 1, 31), datetime(2024, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_a_day_in_any_shape_covers_that_day(written: str | float | date) -> None:
    assert parse_date(written) == JANUARY_31


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
        ("2024年12月", date(2024, 12, 1), date(2025, 1, 1)),
        ("2024/12", date(2024, 12, 1), date(2025, 1, 1)),
        ("2024", date(2024, 1, 1), date(2025, 1, 1)),
        ("2024年", date(2024, 1, 1), date(2025, 1, 1)),
        ("02 Aug 2021", date(2021, 8, 2), date(2021, 8, 3)),
        ("1 Sept 2021", date(2021, 9, 1), date(2021, 9, 2)),
    ],
)
def test_a_date_covers_as_much_as_it_is_precise(written: str, start: date, end: date) -> None:
    assert parse_date(written) == DayInterval(start, end)


def test_an_interval_holds_its_first_day_and_not_its_end() -> None:
    interval = parse_date("2024-02")
    assert date(2024, 2, 1) in interval
    assert date(2024, 2, 29) in interval
    assert date(2024, 3, 1) not in interval


@pytest.mark.parametrize(
    "written",
    [
        *("", "soon", "01/02/2024", "31.01.2024", "2024-02-30", "2024-13", "2024-00", "2024-1-0", "9999-99-99"),
        *("0000-01-01", "2024-01/31", "24-01-31", "2024-01-31 noon", "31 Foo 2024", "202401311", "45322", "二〇二四年"),
        *("2024-01-31\x00", "٢٠٢٤x", "9999-12-31", True, float("nan"), float("inf"), -5, 10**30),
    ],
)
def test_what_cannot_be_read_with_certainty_is_refused(written: str | float) -> None:
    with pytest.raises(UnreadableDate):
        parse_date(written)


@pytest.mark.parametrize("written", ["45322", "45322.5", "４５３２２"])
def test_five_digits_of_text_are_a_serial_where_the_list_says_so(written: str) -> None:
    assert parse_date(written, serials=True) == JANUARY_31


@pytest.mark.parametrize(
    ("written", "first_day_after"),
    [
        ("2024-01-31", date(2024, 2, 1)),
        ("2024-02", date(2024, 3, 1)),
        ("2024", date(2025, 1, 1)),
        (45322, date(2024, 2, 1)),
        ("2098-12-31", date(2099, 1, 1)),
        (date(2024, 1, 31), date(2024, 2, 1)),
    ],
)
def test_an_end_runs_to_the_end_of_what_it_states(written: str | float | date, first_day_after: date) -> None:
    assert parse_end_date(written) == first_day_after


@pytest.mark.parametrize(
    "written",
    [
        *(None, "", "  ", "Permanent", "ONGOING", "Indefinite", "长期", "永久", "2999-12-31", "2099-12-31"),
        *("9999-12-31", "9999/12/31", "99991231", "2099年12月31日", "9999年12月31日", "31 Dec 2999", 99991231),
        *(date(2099, 12, 31), date.max, "9999-12-31 00:00:00"),
    ],
)
def test_every_writing_of_no_end_is_no_end(written: str | float | date | None) -> None:
    assert parse_end_date(written) is None


@pytest.mark.parametrize("written", ["until further notice", "9999-99-99", "2024-02-30", "-", "null"])
def test_an_unreadable_end_is_refused_and_never_taken_for_no_end(written: str) -> None:
    with pytest.raises(UnreadableDate):
        parse_end_date(written)
