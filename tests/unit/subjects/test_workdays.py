"""Where a deadline in working days falls."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from clearway.subjects.workdays import ChineseCalendar, Deadline, WeekendCalendar, WorkingCalendar

CHINA = ChineseCalendar(last_published_year=2026)


@pytest.mark.parametrize(
    ("start", "days", "deadline"),
    [
        (date(2026, 9, 28), 5, date(2026, 10, 10)),  # across the National Day holiday, onto a make-up Saturday
        (date(2026, 9, 21), 1, date(2026, 9, 22)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),  # a Friday
        (date(2026, 3, 6), 0, date(2026, 3, 6)),
    ],
)
def test_holidays_and_make_up_days_count_as_published(start: date, days: int, deadline: date) -> None:
    assert CHINA.add(start, days) == Deadline(deadline)


def test_a_deadline_in_a_year_not_yet_published_is_provisional_and_favours_the_applicant() -> None:
    assert CHINA.add(date(2026, 12, 29), 5) == Deadline(date(2027, 1, 6), provisional=True)


def test_a_deadline_on_the_last_published_day_is_settled() -> None:
    assert CHINA.add(date(2026, 12, 29), 2) == Deadline(date(2026, 12, 31))


@pytest.mark.parametrize("year", [y for y in range(2009, 2027) if y != 2015])
def test_a_provisional_deadline_never_comes_after_it_is_told(year: int) -> None:
    # 2015 had a holiday ordered once, for an anniversary, which nobody could have expected.
    before = ChineseCalendar(last_published_year=year - 1)
    published = ChineseCalendar(last_published_year=year)
    for offset in range(0, 330, 3):
        start = date(year, 1, 1) + timedelta(days=offset)
        for days in (1, 5, 15):
            assert published.add(start, days).day <= before.add(start, days).day, (start, days)


def test_weekend_calendar_knows_no_holidays() -> None:
    assert WeekendCalendar().add(date(2026, 9, 28), 5) == Deadline(date(2026, 10, 5))


@pytest.mark.parametrize("calendar", [CHINA, WeekendCalendar()])
def test_a_term_of_negative_length_is_refused(calendar: WorkingCalendar) -> None:
    with pytest.raises(ValueError, match="-1 working days"):
        calendar.add(date(2026, 1, 1), -1)
