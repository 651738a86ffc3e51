"""Cells as lists hold them: what a header means, what a code says, and what must not be kept of either.

A cell is text. One that a spreadsheet holds as a number is a `SheetNumber`, because there a number can be a day, and a
code that was once typed as a number may have lost digits.
"""

from __future__ import annotations

import re
import unicodedata

from clearway.registry.feeds.rows import RowFault, RowReason
from clearway.subjects.masking import BIRTHDAY
from clearway.subjects.text import normalise_code

EXACT_DIGITS = 15
"""A spreadsheet keeps so many digits of a number; the rest become zeros."""

BLANKS = frozenset({"", "-", "--", "—", "——", "/", "\\", "0", "无", "暂无", "空", "null", "none", "n/a", "na", "-0-"})
"""What clerks write into a column of codes where there is no code, in NFKC and lower case."""

_JOINS = re.compile(r"[-‐‑‒–—−_]+")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_HEADER_FILL = re.compile(r"[\s:;*'\"“”。、,]+")
_AS_TEXT = re.compile(r"=\"(?P<text>[^\"]*)\"")
_EXPONENT = re.compile(r"[+-]?\d+(?:\.\d+)?[eE]\+\d+")
_WITH_FRACTION = re.compile(r"(?P<digits>\d+)\.0*")
_WHOLE_CITIZEN_NUMBER = re.compile(rf"\d{{6}}(?:18|19|20)\d{{2}}{BIRTHDAY}\d{{3}}[\dX]")
_HIDDEN_SIGN = re.compile("[*＊﹡∗⁎•●×]")


class SheetNumber(str):
    """The text of a cell that a spreadsheet holds as a number."""

    __slots__ = ()


def number_text(number: float) -> str:
    """A number as it would have been typed where that is certain: whole, and of at most 15 digits; else as a float."""
    if isinstance(number, int) or (number.is_integer() and abs(number) < 10**EXACT_DIGITS):
        return str(int(number))
    return repr(number)


def header_key(text: str) -> str:
    """A header as it is compared: NFKC, lower case, no space, colons or marks, every dash an underscore."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _JOINS.sub("_", _HEADER_FILL.sub("", plain)).strip("_")


def without_brackets(key: str) -> str:
    """A header's key without what stands in brackets."""
    return _IN_BRACKETS.sub("", key).strip("_")


def plain(cell: str) -> str:
    """The text of a cell: NFKC, without outer space, out of the `="…"` that keeps a spreadsheet from counting."""
    text = cell.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).strip()
    wrapped = _AS_TEXT.fullmatch(text)
    return wrapped["text"].strip() if wrapped else text


def as_written(cell: str) -> str:
    """A name or document number as it is kept: the signs of its language, one space for each run of them."""
    wrapped = _AS_TEXT.fullmatch(cell.strip())
    return " ".join((wrapped["text"] if wrapped else cell).split())


def code_text(field: str, cell: str) -> str:
    """The code in a cell, or "" where there is none. Raises `RowFault` where a spreadsheet has rounded it."""
    text = plain(cell).lstrip("'")
    if text.casefold() in BLANKS:
        return ""
    if fraction := _WITH_FRACTION.fullmatch(text):
        text = fraction["digits"]
        if len(text) > EXACT_DIGITS:
            raise _rounded(field)
    if _EXPONENT.fullmatch(text) or (isinstance(cell, SheetNumber) and not text.isdigit()):
        raise _rounded(field)
    return text


def holds_citizen_number(text: str) -> bool:
    """Whether text has the shape of a citizen's number of 18 signs in it: digits that hold a day of birth."""
    return _WHOLE_CITIZEN_NUMBER.search(normalise_code(text)) is not None


def may_hide_a_citizen(masked: str) -> bool:
    """Whether a masked code could be a citizen's number; in doubt, yes."""
    code = normalise_code(masked)
    if len(code) not in (15, 18):
        return True
    shown = [None if _HIDDEN_SIGN.fullmatch(sign) else sign for sign in code]
    last = shown.pop() if len(code) == 18 else None
    if any(sign is not None and not sign.isdigit() for sign in shown) or (last and last not in "0123456789X"):
        return False
    if len(code) == 15:
        return True
    return any(_could_read(shown[6:8], century) for century in ("18", "19", "20"))


def _could_read(shown: list[str | None], wanted: str) -> bool:
    return all(sign is None or sign == digit for sign, digit in zip(shown, wanted, strict=True))


def _rounded(field: str) -> RowFault:
    detail = f"{field}: a spreadsheet has made a number of the code and lost digits; format the column as text"
    return RowFault(RowReason.IDENTIFIER_ROUNDED, detail)
