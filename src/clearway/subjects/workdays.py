"""Working days: where a deadline of so many of them falls. Counting starts the day after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Protocol

import chinese_calendar
from chinese_calendar.constants import holidays

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5

FIRST_PUBLISHED_YEAR: int = min(holidays).year
LAST_PUBLISHED_YEAR: int = max(holidays).year
"""The last year whose holidays and make-up days are published and loaded."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a term. `provisional` while it depends on a year whose holidays are not yet published."""

    day: date
    provisional: bool = False


class WorkingCalendar(Protocol):
    """A calendar that knows which days are worked."""

    def add(self, start: date, days: int) -> Deadline:
        """The day on which a term of `days` working days (0 or more) ends that begins the day after `start`."""
        ...


@dataclass(frozen=True, slots=True)
class WeekendCalendar:
    """Monday to Friday are worked, whatever holidays there are."""

    def add(self, start: date, days: int) -> Deadline:
        """See `WorkingCalendar.add`. Never provisional."""
        _require_term(days)
        day = start
        while days:
            day += _ONE_DAY
            days -= day.weekday() < _SATURDAY
        return Deadline(day)


@dataclass(frozen=True, slots=True)
class ChineseCalendar:
    """The State Council's calendar: public holidays, and the weekend days worked to make up for them.

    The calendar of a year is published late in the year before. In a year not yet published no weekend day counts as
    worked, and each holiday counts as long as it has ever been, as early as it may fall: the deadline favours the
    applicant, is marked provisional, and comes forward when the year is published.
    """

    last_published_year: int = LAST_PUBLISHED_YEAR

    def add(self, start: date, days: int) -> Deadline:
        """See `WorkingCalendar.add`."""
        _require_term(days)
        return _count_chinese(start, days, self.last_published_year)


@dataclass(frozen=True, slots=True)
class _Holiday:
    """The days of the year, as (month, day), within which a holiday has fallen, and its most days off on weekdays."""

    first: tuple[int, int]
    last: tuple[int, int]
    longest: int


# Observed over the calendars published for 2004 to 2026; a lunar holiday's range is that of its lunar date.
_HOLIDAYS = (
    _Holiday((1, 1), (1, 3), 3),  # New Year
    _Holiday((1, 20), (3, 1), 6),  # Spring Festival
    _Holiday((4, 2), (4, 7), 3),  # Tomb-sweeping
    _Holiday((4, 29), (5, 7), 5),  # Labour Day
    _Holiday((5, 27), (6, 27), 3),  # Dragon Boat
    _Holiday((9, 7), (10, 10), 3),  # Mid-Autumn
    _Holiday((9, 29), (10, 8), 6),  # National Day
    _Holiday((12, 29), (12, 31), 2),  # the next New Year
)


@lru_cache(maxsize=4096)
def _count_chinese(start: date, days: int, last_published_year: int) -> Deadline:
    day, provisional = start, False
    expected: dict[tuple[int, _Holiday], int] = {}
    while days:
        day += _ONE_DAY
        if FIRST_PUBLISHED_YEAR <= day.year <= last_published_year:
            days -= chinese_calendar.is_workday(day)
        else:
            provisional = True
            days -= day.weekday() < _SATURDAY and not _may_be_holiday(day, expected)
    return Deadline(day, provisional)


def _may_be_holiday(day: date, expected: dict[tuple[int, _Holiday], int]) -> bool:
    """Whether a holiday may still fall on this weekday; `expected` keeps how many of its days have been used up."""
    for holiday in _HOLIDAYS:
        if holiday.first <= (day.month, day.day) <= holiday.last:
            used = expected.get((day.year, holiday), 0)
            if used < holiday.longest:
                expected[day.year, holiday] = used + 1
                return True
    return False


def _require_term(days: int) -> None:
    if days < 0:
        raise ValueError(f"a term cannot have {days} working days")
