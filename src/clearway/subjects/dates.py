"""Dates as lists write them: of day, month or year precision, as half-open intervals.

A date is a day on the wall calendar of the registry's zone. What cannot be read with certainty is not read:
`01/02/2024` is two different days in two countries, and is refused.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_ONE_DAY = timedelta(days=1)

_CLOCK = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?)?"
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_CLOCK}",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        rf"(?P<year>\d{{4}})\s*年\s*(?:(?P<month>\d{{1,2}})\s*月\s*(?:(?P<day>\d{{1,2}})\s*[日号])?)?{_CLOCK}",
        r"(?P<day>\d{1,2})[ -](?P<month>[A-Za-z]{3,9})\.?[ -](?P<year>\d{4})",
        r"(?P<year>\d{4})(?:[-/.](?P<month>\d{1,2}))?",
    )
)
_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS = {writing: number for number, name in enumerate(_MONTH_NAMES, 1) for writing in (name, name[:3])} | {"sept": 9}

_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_SERIAL_EPOCH = date(1899, 12, 30)
"""Day 0 of the spreadsheets' 1900 system, for days after its 29 February 1900, which never was."""

_NO_END = frozenset(
    {"", "permanent", "permanently", "ongoing", "indefinite", "长期", "长期有效", "永久", "永久有效", "无限期"}
)
_NO_END_DAYS = frozenset({date(2099, 12, 31), date(2999, 12, 31)})
_LAST_YEAR = date.max.year


class UnreadableDate(ValueError):
    """Text that is no date in any shape that can be read with certainty."""


@dataclass(frozen=True, slots=True)
class DayInterval:
    """The days a written date covers: [start, end). A day covers one, `2024-01` thirty-one, `2024` the year."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def parse_date(written: str | float | date, *, serials: bool = False) -> DayInterval:
    """The days that `written` covers.

    Text in the shapes `2024-01-31`, `2024/1/31`, `2024.1.31`, `20240131`, `2024年1月31日`, `31 Jan 2024`, with or
    without a time of day behind it, which is ignored; months `2024-01`, `2024年1月`; years `2024`, `2024年`. Numbers of
    five digits are spreadsheet serials of the 1900 system; text of five digits is, too, where `serials` says so.
    Raises `UnreadableDate` for anything else.
    """
    if isinstance(written, date):
        day = written.date() if isinstance(written, datetime) else written
        return _interval(day.year, day.month, day.day)
    text = _number_text(written) if isinstance(written, int | float) else _plain(written)
    if (serial := _SERIAL.fullmatch(text)) and (serials or not isinstance(written, str)):
        return _day(_SERIAL_EPOCH + timedelta(days=int(serial[1])))
    for shape in _SHAPES:
        if found := shape.fullmatch(text):
            parts = found.groupdict()
            month, day_of_month = parts["month"], parts.get("day")
            return _interval(
                int(parts["year"]),
                None if month is None else _month(month),
                None if day_of_month is None else int(day_of_month),
            )
    raise _unreadable(text)


def parse_end_date(written: str | float | date | None, *, serials: bool = False) -> date | None:
    """The first day after an end as lists write it, or None for no end.

    A day runs to its end, a month or a year to its own. No end: blank, `Permanent`, `Ongoing`, `Indefinite`, `长期`,
    `永久`, and the last days of 2099, 2999 and 9999. Raises `UnreadableDate` for anything else that is no date.
    """
    if written is None or (isinstance(written, str) and _plain(written).casefold() in _NO_END):
        return None
    if _year_9999(written):
        return None
    end = parse_date(written, serials=serials).end
    return None if end - _ONE_DAY in _NO_END_DAYS else end


def _year_9999(written: str | float | date) -> bool:
    """Whether this is the last day the calendar has, which has no day after it."""
    if isinstance(written, date):
        return written.year == _LAST_YEAR
    text = _number_text(written) if isinstance(written, int | float) else _plain(written)
    return re.fullmatch(rf"9999(?:(?P<mark>[-/.])12(?P=mark)31{_CLOCK}|1231|年12月31日)?", text) is not None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _number_text(number: float) -> str:
    """A number cell as text without its fraction, which in a serial is the time of day."""
    if isinstance(number, bool) or not math.isfinite(number):
        raise _unreadable(str(number))
    return str(math.floor(number))


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    try:
        return _MONTHS[text.lower()]
    except KeyError:
        raise _unreadable(text) from None


def _interval(year: int, month: int | None, day: int | None) -> DayInterval:
    try:
        if month is None:
            return DayInterval(date(year, 1, 1), date(year + 1, 1, 1))
        if day is None:
            return DayInterval(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))
        return _day(date(year, month, day))
    except (ValueError, OverflowError):
        raise _unreadable("-".join(str(part) for part in (year, month, day) if part is not None)) from None


def _day(day: date) -> DayInterval:
    return DayInterval(day, day + _ONE_DAY)


def _unreadable(text: str) -> UnreadableDate:
    return UnreadableDate(f"not a date that can be read with certainty: {text[:40]!r}")
