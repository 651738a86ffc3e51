"""The display form of a code that must not be shown whole."""

from __future__ import annotations

import re

from clearway.subjects.text import normalise_code

HIDDEN = "*"
_SHOWN_AT_MOST = 6
_ANY_SIGN = frozenset("*＊﹡∗⁎•●×")

BIRTHDAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
"""Month and day, as they stand in a citizen's number."""

_CITIZEN_NUMBER = re.compile(rf"\d{{6}}(?:(?:18|19|20)\d{{2}}{BIRTHDAY}\d{{3}}[\dXx]|\d{{2}}{BIRTHDAY}\d{{3}}(?!\d))")


def mask(value: str) -> str:
    """The code with all but at most six of its signs, and at most a third of them, replaced by `*`.

    As long as the original. Two thirds of what is shown stands at the front, the rest at the end: of 18 signs the first
    four and the last two, so that neither a date of birth nor a sequence number is legible.
    """
    shown = min(_SHOWN_AT_MOST, len(value) // 3)
    tail = shown // 3
    head = shown - tail
    return value[:head] + HIDDEN * (len(value) - shown) + value[len(value) - tail :]


def without_citizen_numbers(text: str) -> str:
    """Text with whatever has the shape of a citizen's number masked."""
    return _CITIZEN_NUMBER.sub(lambda found: mask(found[0]), text)


def fits_mask(masked: str, value: str) -> bool:
    """Whether a masked code could be `value`: as long, and the same sign wherever neither hides it.

    `value` may be masked itself. A fit is a resemblance, never an identity.
    """
    one, other = normalise_code(masked), normalise_code(value)
    return len(one) == len(other) and all(
        a == b or a in _ANY_SIGN or b in _ANY_SIGN for a, b in zip(one, other, strict=True)
    )
