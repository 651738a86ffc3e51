"""A row of a published list, as an adapter understands it: facts about one subject, or what is wrong with the row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Protocol

import msgspec

from clearway.registry.events import AdverseFacts, ListingFacts
from clearway.registry.feeds.mapping import Fact
from clearway.registry.feeds.spec import Limits
from clearway.subjects.identifiers import Identifier, IdentifierFault


class RowReason(StrEnum):
    """Why a row was set aside (quarantined, for correction) or turned away (rejected). A code's own faults are
    `IDENTIFIER_…`.
    """

    IDENTIFIER_EMPTY = "identifier_empty"
    IDENTIFIER_LENGTH = "identifier_length"
    IDENTIFIER_ALPHABET = "identifier_alphabet"
    IDENTIFIER_FORMAT = "identifier_format"
    IDENTIFIER_CHECK_SIGN = "identifier_check_sign"
    IDENTIFIER_UNKNOWN_SCHEME = "identifier_unknown_scheme"
    IDENTIFIER_MASKED = "identifier_masked"
    IDENTIFIER_ROUNDED = "identifier_rounded"
    IDENTIFIER_COLLISION = "identifier_collision"
    FACT_OF_ANOTHER = "fact_of_another"
    ENDED_HERE = "ended_here"
    END_DATE = "end_date"
    DATE = "date"
    TERM = "term"
    MISSING_VALUE = "missing_value"
    OVERLONG_VALUE = "overlong_value"
    UNKNOWN_VALUE = "unknown_value"
    UNKNOWN_FACT = "unknown_fact"
    UNKNOWN_LIST = "unknown_list"
    NATURAL_PERSON = "natural_person"
    NOT_A_SUBJECT = "not_a_subject"
    DUPLICATE = "duplicate"
    MALFORMED = "malformed"


_OF_FAULT = {fault: RowReason(f"identifier_{fault.value.lower()}") for fault in IdentifierFault}


def of_fault(fault: IdentifierFault) -> RowReason:
    """The row's reason for an identifier's fault."""
    return _OF_FAULT[fault]


class Disposition(StrEnum):
    """What becomes of a row that is not taken: kept for correction, or counted only."""

    QUARANTINED = "quarantined"
    REJECTED = "rejected"


class Fault(msgspec.Struct, frozen=True, gc=False):
    """What is wrong with a row. `detail` names fields and shapes, never the row's content.

    `fact_id` is the listing's, where it could be read: a row set aside is still on its list.
    """

    disposition: Disposition
    reason: RowReason
    detail: str
    fact_id: str = ""

    @property
    def field(self) -> str:
        """The field that it is about, by which its detail begins; empty where it is about the row."""
        return field_in(self.detail)


def field_in(detail: str) -> str:
    """The field by which a fault's detail begins; empty where it is about the row."""
    named, colon, _ = detail.partition(": ")
    return named if colon else ""


class RowFault(Exception):
    """Raised inside an adapter to set a row aside."""

    def __init__(
        self, reason: RowReason, detail: str, disposition: Disposition = Disposition.QUARANTINED, fact_id: str = ""
    ) -> None:
        super().__init__(detail)
        self.fault = Fault(disposition, reason, detail, fact_id)


class SubjectDescribed(msgspec.Struct, frozen=True, gc=False):
    """How a row describes its subject. `identifiers` are never empty; the feed's own number counts as one."""

    identifiers: tuple[Identifier, ...]
    name: str = ""
    other_names: tuple[str, ...] = ()
    known_since: date | None = None
    masked: str = ""


class ListingStated(msgspec.Struct, frozen=True, gc=False):
    """The row states a listing."""

    subject: SubjectDescribed
    listing_id: str
    facts: ListingFacts
    confirmed_on: date | None = None


class AdverseStated(msgspec.Struct, frozen=True, gc=False):
    """The row states an adverse record."""

    subject: SubjectDescribed
    record_id: str
    facts: AdverseFacts


class SubjectKnown(msgspec.Struct, frozen=True, gc=False):
    """The row states that the subject is known. `about` tells a feed's several statements about one subject apart."""

    subject: SubjectDescribed
    about: str = ""


Statement = ListingStated | AdverseStated | SubjectKnown
"""What an intelligible row states."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row: its line's number in the file, its cells, and what it states or what is wrong with it."""

    number: int
    cells: list[str]
    content: Statement | Fault


class Sheet(Protocol):
    """A file opened by an adapter."""

    def rows(self) -> Iterator[Row]:
        """The rows in order. Raises `UnreadableFeed` where the file stops making sense."""

    def original(self, row: Row) -> Mapping[str, str]:
        """The row as it came, by column; codes and names of natural persons are masked."""

    def column(self, field: str) -> str:
        """The column that a field of a fault is read from; empty where it is none's."""


class Adapter(Protocol):
    """A format. `full_list`: a file holds everything that its source lists, so what is missing has left the list."""

    @property
    def name(self) -> str:
        """The feed's name."""

    @property
    def full_list(self) -> bool:
        """Whether a file is the whole list."""

    @property
    def limits(self) -> Limits:
        """How far a whole list may change without a person's word."""

    @property
    def states(self) -> Fact | None:
        """What every row states; None where each row says so itself."""

    @property
    def regimes(self) -> tuple[str, ...]:
        """The regimes that its listings may be under; empty where they may be under any, or where it lists nobody."""

    def open(self, lines: Iterator[tuple[int, list[str]]]) -> Sheet:
        """Read the header and hand over the sheet. Raises `UnreadableFeed` where it is not this format."""
