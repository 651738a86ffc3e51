"""What a numbering scheme is: how its codes are written, what makes one valid, and whom it numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _everyone(_code: str) -> bool:
    return True


def _nobody(_code: str) -> bool:
    return False


numbers_persons = _everyone
numbers_organisations = _nobody

DIGIT_LOOK_ALIKES: Mapping[int, int] = str.maketrans("OI", "01")
"""Letters read for digits, for a suggestion only."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A numbering scheme.

    `normalise` brings a code as written to the form that `check` reads; `check` returns the code in its one canonical
    writing or raises `InvalidIdentifier`; `personal` says whether a canonical code numbers a natural person.
    `look_alikes` maps letters to the signs they are mistaken for. An `opaque` scheme's codes are any printable text.
    """

    name: str
    normalise: Callable[[str], str]
    check: Callable[[str], str]
    personal: Callable[[str], bool] = numbers_persons
    look_alikes: Mapping[int, int] = field(default_factory=lambda: DIGIT_LOOK_ALIKES)
    opaque: bool = False
