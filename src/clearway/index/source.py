"""What the index asks of whoever feeds it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Protocol

from clearway.decision.facts import RegisteredSubject


class Source(Protocol):
    """Where the index's subjects come from: the registry's change feed, or anything of that shape.

    Revisions are whole numbers that only grow, 0 meaning that nothing has been recorded. Every answer for a given
    revision stays the same however often it is asked for. Whoever hands subjects over makes sure first that each of
    them could be found with the keys that the index is written with, and raises where one could not.
    """

    def database_id(self) -> str:
        """The identity of the database behind the revisions; a restored copy that goes its own way has another."""
        ...

    def first_key(self) -> str:
        """The id of the subject key that the database was first opened with (`SubjectKeys.fingerprint`)."""
        ...

    def head(self) -> int:
        """The latest revision."""
        ...

    def changed(self, after: int, upto: int) -> Iterator[RegisteredSubject]:
        """Every subject touched in (after, upto], once, as of `upto`; one with no facts left is handed over too."""
        ...

    def everything(self, upto: int) -> Iterator[RegisteredSubject]:
        """Every subject, once, as of `upto`. Ascending subject ids build fastest; any order is right."""
        ...

    def confirmations(self, upto: int) -> dict[str, date]:
        """Feed name → the day on which its source last confirmed its whole list, as of `upto`."""
        ...

    def reads(self, upto: int) -> dict[str, datetime]:
        """Feed name → the moment, in UTC, at which its source was last read, as of `upto`."""
        ...

    def count_changed(self, after: int, upto: int) -> int:
        """How many subjects `changed(after, upto)` would hand over."""
        ...
