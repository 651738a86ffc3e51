"""Steps of a verification: what each came to, in words, and what it was gone through with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """What came of a step."""

    HOLDS = "holds"
    FAILED = "failed"
    OPEN = "open"


Raw = tuple[tuple[str, str], ...]
"""Word → hash, key or number, as it was gone through."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what came of it, the word that says so and what fills its gaps, and what it was gone through with."""

    result: Result
    word: str
    parts: tuple[tuple[str, object], ...] = ()
    raw: Raw = ()
