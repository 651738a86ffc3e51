"""Why a person should look at a whole list before it is loaded: a code, the counts behind it, and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import assert_never


class Doubt(StrEnum):
    """What is odd about a whole list. Stable: programs switch on it, never on the sentence."""

    OLDER_LIST = "older_list"
    """It speaks of an earlier day than the one loaded."""
    EMPTY_LIST = "empty_list"
    MISSING_AND_UNREAD = "missing_and_unread"
    """Listings are missing, and some rows could not be read so far as to tell whether they are those."""
    SHRUNK_LIST = "shrunk_list"
    """More listings are missing than the feed's limits allow."""
    GROWN_LIST = "grown_list"
    """There are more new listings than the feed's limits allow."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A doubt about a list, with what it goes by.

    `gone` of the `held_before` listings are missing; the list states `holds_now` of them. It is as of the day `as_of`,
    and the one loaded last as of `loaded_as_of`, where that is the doubt.
    """

    doubt: Doubt
    gone: int = 0
    held_before: int = 0
    holds_now: int = 0
    as_of: date | None = None
    loaded_as_of: date | None = None

    @property
    def words(self) -> str:
        """The same as an English sentence, for logs and the command line."""
        match self.doubt:
            case Doubt.OLDER_LIST:
                return f"the list is as of {self.as_of}, and one as of {self.loaded_as_of} is loaded"
            case Doubt.EMPTY_LIST:
                return "the list is empty"
            case Doubt.MISSING_AND_UNREAD:
                return f"{self.gone} listings are missing, and some rows could not be read"
            case Doubt.SHRUNK_LIST:
                return f"{self.gone} of {self.held_before} listings are missing"
            case Doubt.GROWN_LIST:
                return f"the list grew from {self.held_before} to {self.holds_now} listings"
            case unknown:
                assert_never(unknown)
