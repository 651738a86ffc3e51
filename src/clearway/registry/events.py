"""What can happen to a subject: the events that the record keeps, each a frozen struct stored as tagged JSON.

An event says what a source stated or an authority did. It is never changed: a correction is another event. Moments are
aware and in UTC; days are days in the registry's zone. The structs hold no cycles, so the collector need not look.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import get_args

import msgspec

from clearway.decision.facts import AdverseKind, Severity


class Code(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A code by which a source names a subject. For a natural person `code` is a keyed hash, `masked` its display."""

    scheme: str
    code: str
    masked: str = ""

    @property
    def personal(self) -> bool:
        """Whether it names a natural person."""
        return bool(self.masked)


class Description(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """How one source statement describes its subject; a later one under the same fact replaces it whole.

    `masked` is a code the source itself published masked. `known_since` is the first day for which the source gives
    evidence that the subject existed under observation.
    """

    codes: tuple[Code, ...] = ()
    name: str = ""
    other_names: tuple[str, ...] = ()
    known_since: date | None = None
    masked: str = ""


class ListingFacts(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a source states of a listing. `expires_on` is the first day on which it no longer binds."""

    regime: str
    document_number: str = ""
    document_date: date | None = None
    designating_authority: str = ""
    effective_from: date | None = None
    expires_on: date | None = None


class AdverseFacts(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a source states of an adverse record. On `display_ends_on` it publishes it no more."""

    adverse_kind: AdverseKind
    severity: Severity
    document_number: str
    document_date: date
    display_ends_on: date | None = None


class ObjectionGrounds(StrEnum):
    """异议理由: why a listing is objected to."""

    WRONG = "wrong"
    MISSING = "missing"
    DUPLICATE = "duplicate"
    SHOULD_NOT_BE_PUBLIC = "should_not_be_public"
    PAST_ITS_TERM = "past_its_term"
    DIFFERS_FROM_AUTHORITY = "differs_from_authority"


class Resolution(StrEnum):
    """How an objection ended. UPHELD withdraws the listing from its beginning; CORRECTED goes with a correction."""

    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"
    UPHELD = "upheld"


class DelistingCause(StrEnum):
    """移出: why a listing ended before its term."""

    AUTHORITY = "authority"
    OBJECTION_UPHELD = "objection_upheld"
    GONE_FROM_LIST = "gone_from_list"
    REVOKED_IN_ERROR = "revoked_in_error"


class _Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, tag_field="event"):
    fact_id: str


class Known(_Event, frozen=True, gc=False, tag="known"):
    """A source knows the subject. `fact_id` names the statement, not a listing.

    `row` is the line of the imported file that says so, here and below; 0 where no file does.
    """

    description: Description
    row: int = 0


class Rehashed(_Event, frozen=True, gc=False, tag="rehashed"):
    """A natural person's number was brought again, and hashed with further keys. `code` goes on naming it.

    `tokens` is what stands for it under each key, by the key's id. `fact_id` names the number, not a listing.
    """

    scheme: str
    code: str
    tokens: dict[str, str]


class Listed(_Event, frozen=True, gc=False, tag="listed"):
    """列入: the subject was put on a list; again, after it had gone from one and come back."""

    listing: ListingFacts
    feed: str = ""
    description: Description | None = None
    confirmed_on: date | None = None
    row: int = 0


class AdverseRecorded(_Event, frozen=True, gc=False, tag="adverse_recorded"):
    """An adverse record was entered."""

    adverse: AdverseFacts
    feed: str = ""
    description: Description | None = None
    row: int = 0


class Corrected(_Event, frozen=True, gc=False, tag="corrected"):
    """更正: a source restates a listing or adverse record; what is given replaces the earlier statement whole."""

    listing: ListingFacts | None = None
    adverse: AdverseFacts | None = None
    description: Description | None = None
    row: int = 0


class Confirmed(_Event, frozen=True, gc=False, tag="confirmed"):
    """The source confirmed that the listing still stands on `on`."""

    on: date


class ObjectionOpened(_Event, frozen=True, gc=False, tag="objection_opened"):
    """异议: an objection was opened at `at`."""

    objection_id: str
    grounds: ObjectionGrounds
    at: datetime


class ObjectionResolved(_Event, frozen=True, gc=False, tag="objection_resolved"):
    """The objection was resolved at `at`."""

    objection_id: str
    resolution: Resolution
    at: datetime


class Repaired(_Event, frozen=True, gc=False, tag="repaired"):
    """信用修复: a listing or adverse record is repaired from `at` on: no display, no sharing, no measures."""

    at: datetime


class Delisted(_Event, frozen=True, gc=False, tag="delisted"):
    """移出: a listing ended at `at`."""

    at: datetime
    cause: DelistingCause


class Withdrawn(_Event, frozen=True, gc=False, tag="withdrawn"):
    """撤销: an adverse record was withdrawn at `at`; `in_error` where it was wrong from its beginning."""

    at: datetime
    in_error: bool = False


class Lifted(_Event, frozen=True, gc=False, tag="lifted"):
    """A listing's measures are lifted for a time: from `at` until `until`."""

    lifting_id: str
    at: datetime
    until: datetime


class LiftingEnded(_Event, frozen=True, gc=False, tag="lifting_ended"):
    """A provisional lifting ended at `at`, before its time."""

    lifting_id: str
    at: datetime


Event = (
    Known
    | Rehashed
    | Listed
    | AdverseRecorded
    | Corrected
    | Confirmed
    | ObjectionOpened
    | ObjectionResolved
    | Repaired
    | Delisted
    | Withdrawn
    | Lifted
    | LiftingEnded
)
"""Everything that can happen to a subject."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


_LISTING_EVENTS = (Listed, Corrected)
_KINDS: dict[type[Event], str] = {kind: str(kind.__struct_config__.tag) for kind in get_args(Event)}


def encode(event: Event) -> str:
    """The event as stored: tagged JSON."""
    return _encoder.encode(event).decode()


def decode(body: str) -> Event:
    """The event as it was stored. Raises `msgspec.DecodeError` on anything else."""
    return _decoder.decode(body)


def kind_of(event: Event) -> str:
    """The event's tag, as it stands in the `kind` column."""
    return _KINDS[type(event)]


def kind_named(event: type[Event]) -> str:
    """The tag of events of this type."""
    return _KINDS[event]


def regime_of(event: Event) -> str | None:
    """The regime an event puts the subject under, if it does."""
    if isinstance(event, _LISTING_EVENTS) and event.listing is not None:
        return event.listing.regime
    return None
