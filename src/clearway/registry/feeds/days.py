"""The days that a list writes, remembered: a list writes the same few over and over."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from clearway.subjects.dates import parse_date, parse_end_date


@lru_cache(maxsize=8192)
def first_day(text: str, serials: bool = False) -> date:
    """The first day of the day, month or year that the text names; `serials` as of `parse_date`.

    Raises `UnreadableDate`.
    """
    return parse_date(text, serials=serials).start


@lru_cache(maxsize=8192)
def end_day(text: str, serials: bool = False) -> date | None:
    """The first day after the text's end, or None for "no end"; `serials` as above. Raises `UnreadableDate`."""
    return parse_end_date(text, serials=serials)
