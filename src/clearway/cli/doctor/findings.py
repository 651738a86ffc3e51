"""What an examination says: how it stands, in words, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a part of the node stands."""

    SOUND = "sound"
    ATTENTION = "attention"
    """It works, and somebody should look at it."""
    WRONG = "wrong"
    """Checks are not answered, answers are undetermined, or evidence or record are in danger."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `remedy` is what to do; empty where nothing is to be done."""

    state: State
    says: str
    remedy: str = ""


def sound(says: str) -> Finding:
    """All is well."""
    return Finding(State.SOUND, says)


def attention(says: str, remedy: str) -> Finding:
    """Somebody should look."""
    return Finding(State.ATTENTION, says, remedy)


def wrong(says: str, remedy: str) -> Finding:
    """Something has to be done."""
    return Finding(State.WRONG, says, remedy)
