"""One normaliser for feeds and queries: two writings of a code, or of a name, become one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_MASKED = re.compile("[*＊﹡∗⁎•●]|××|(?<=[0-9])×(?=[0-9])")
"""Signs that hide others. `X` is not one of them: it is a letter of several schemes."""

_ASCII_FILL = {ord(sign): None for sign in map(chr, range(128)) if sign.isspace() or sign == "-"}
_MINUS = "\u2212"

_NAME_SIGNS = frozenset("&*•●")
"""Punctuation that tells names apart or hides part of them; the rest is how one clerk or another writes."""

_APOSTROPHES = frozenset("'’`´\u02bc")
_IDEOGRAPH = "\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACE_BY_IDEOGRAPH = re.compile(f"(?<=[{_IDEOGRAPH}]) | (?=[{_IDEOGRAPH}])")


_SETTLED_NAME = re.compile("[a-z0-9\u4e00-\u9fff]+")
"""Signs that stay what they are in every step below: many names, and most in Chinese, have no others."""


# Both fold until nothing changes: a sign dropped can bring two others together that then combine.


def normalise_code(value: str) -> str:
    """The code in NFKC and upper case, without spaces, hyphens and invisible signs. Idempotent.

    Nothing is corrected: an O stays an O.
    """
    if value.isascii():
        return value.upper().translate(_ASCII_FILL)
    while (folded := _fold_code(value)) != value:
        value = folded
    return value


def normalise_name(name: str) -> str:
    """The name as it is compared, never as it is shown. Idempotent.

    NFKC, case folded, punctuation and runs of space as one space, no space beside an ideograph, apostrophes dropped.
    A name of punctuation alone stays as it is, so that it equals no other.
    """
    while not _SETTLED_NAME.fullmatch(name) and (folded := _fold_name(name)) != name:
        name = folded
    return name


def is_masked(value: str) -> bool:
    """Whether some signs of a code or name are hidden: by `*`, `＊`, `•`, `●`, or by `×` between digits or doubled."""
    return _MASKED.search(value) is not None


def _fold_code(value: str) -> str:
    folded = unicodedata.normalize("NFKC", value).upper()
    return "".join(sign for sign in folded if not _is_fill(sign))


def _is_fill(sign: str) -> bool:
    return sign.isspace() or sign == _MINUS or unicodedata.category(sign) in {"Pd", "Cf"}


def _fold_name(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    words = " ".join(folded.translate(_NAME_SIGN).split())
    if " " in words:
        words = _SPACE_BY_IDEOGRAPH.sub("", words)
    return words or " ".join(folded.translate(_VISIBLE).split())


class _Signs(dict[int, str]):
    """What becomes of each sign, by its number: worked out when first met, and kept for the signs in daily use."""

    def __init__(self, become: Callable[[str], str]) -> None:
        super().__init__()
        self._become = become

    def __missing__(self, number: int) -> str:
        became = self._become(chr(number))
        if number <= _KEPT:
            self[number] = became
        return became


def _name_sign(sign: str) -> str:
    category = unicodedata.category(sign)
    if sign in _APOSTROPHES or category == "Cf":
        return ""
    return sign if sign in _NAME_SIGNS or not category.startswith(("P", "Z", "Cc")) else " "


def _visible(sign: str) -> str:
    return "" if unicodedata.category(sign) == "Cf" else sign


_KEPT = 0xFFFF
_NAME_SIGN, _VISIBLE = _Signs(_name_sign), _Signs(_visible)
