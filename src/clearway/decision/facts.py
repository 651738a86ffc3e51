"""What is known of a subject: the facts a decision rests on, and how well they are known.

Facts are frozen `msgspec` structs: slotted and immutable like a dataclass, and encoded as they are into the index and
the log, so that an answer can be replayed from the very facts it used. Nothing here is a status: whether a listing is
in force is computed from its dates at the moment of the question (`clearway.decision.standing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

import msgspec

from clearway.catalogue.model import ApplicationKind


class Severity(StrEnum):
    """轻微 / 一般 / 严重: how grave an adverse record is, which sets how long it may be displayed."""

    MINOR = "minor"
    GENERAL = "general"
    SERIOUS = "serious"


class AdverseKind(StrEnum):
    """What an adverse record is about."""

    PENALTY = "penalty"
    BROKEN_COMMITMENT = "broken_commitment"
    OTHER = "other"


class Objection(msgspec.Struct, frozen=True, array_like=True):
    """异议: open on the half-open interval [opened_at, resolved_at), both aware datetimes in UTC."""

    objection_id: str
    opened_at: datetime
    resolved_at: datetime | None = None

    def open_at(self, moment: datetime) -> bool:
        """Whether the objection is open at `moment`."""
        return self.opened_at <= moment and (self.resolved_at is None or moment < self.resolved_at)


class Lifting(msgspec.Struct, frozen=True, array_like=True):
    """A listing's measures lifted for a time, on the half-open interval [begins_at, ends_at), in UTC."""

    lifting_id: str
    begins_at: datetime
    ends_at: datetime

    def holds_at(self, moment: datetime) -> bool:
        """Whether the measures are lifted at `moment`."""
        return self.begins_at <= moment < self.ends_at


class Listing(msgspec.Struct, frozen=True, array_like=True):
    """A subject's entry on a list, as its designating authority published it.

    Dates are days in the registry's zone. `expires_on` is the first day on which the listing no longer binds, or None
    where the source states no end; whether that is allowed is the regime's to say. `ended_at` is when repair,
    delisting or revocation took effect. A listing that was wrong from its beginning is `annulled`: never in force.
    """

    listing_id: str
    regime: str
    document_number: str = ""
    document_date: date | None = None
    designating_authority: str = ""
    effective_from: date | None = None
    expires_on: date | None = None
    confirmed_on: date | None = None
    feed: str = ""
    ended_at: datetime | None = None
    objections: tuple[Objection, ...] = ()
    liftings: tuple[Lifting, ...] = ()
    annulled: bool = False


class AdverseRecord(msgspec.Struct, frozen=True, array_like=True):
    """不良信用记录: a recorded penalty or broken commitment. `ended_at` is when repair or withdrawal took effect.

    A record that was wrong from its beginning is `annulled`: never to be used.
    `display_ends_on` is the first day on which its source no longer publishes it, where the source says so.
    """

    record_id: str
    kind: AdverseKind
    severity: Severity
    document_number: str
    document_date: date
    ended_at: datetime | None = None
    annulled: bool = False
    display_ends_on: date | None = None


class SubjectProfile(msgspec.Struct, frozen=True, array_like=True):
    """Everything the registry holds of one subject at one revision.

    `scheme` and `code` are its primary identifier (empty where the source names it by name alone; a masked code stands
    in `masked`). For a natural person `code` is a keyed hash and `masked` its display form. `known_since` is the first
    day for which there is evidence that the subject existed under observation.
    """

    subject_id: int
    scheme: str
    code: str
    name: str
    known_since: date | None = None
    listings: tuple[Listing, ...] = ()
    adverse_records: tuple[AdverseRecord, ...] = ()
    masked: str = ""
    other_names: tuple[str, ...] = ()


class CheckRequest(msgspec.Struct, frozen=True):
    """What is asked: a licence item, for an authority, with what has been supplied. Valid by construction."""

    item: str
    application_kind: ApplicationKind
    authority: str
    region: str
    supplied_materials: frozenset[str] = frozenset()
    name: str = ""


class Known(msgspec.Struct, frozen=True, tag=True):
    """The identifier names this subject exactly. `through` is the scheme of another of its codes, if found by that."""

    profile: SubjectProfile
    through: str = ""
    resembling: tuple[SubjectProfile, ...] = ()


class NotKnown(msgspec.Struct, frozen=True, tag=True):
    """The identifier is valid, the data is fresh, and no such subject is recorded."""

    resembling: tuple[SubjectProfile, ...] = ()


class Unidentified(StrEnum):
    """Why a request names nobody exactly."""

    NAME_ONLY = "name_only"
    MASKED = "masked"


class Resembling(msgspec.Struct, frozen=True, tag=True):
    """The request names nobody exactly; these entries resemble what it gives."""

    because: Unidentified
    candidates: tuple[SubjectProfile, ...] = ()


class Stale(msgspec.Struct, frozen=True, tag=True):
    """The index has not been in step with the registry for `age` seconds; `limit` is the longest allowed."""

    age: float
    limit: float


class NoData(msgspec.Struct, frozen=True, tag=True):
    """Nothing has been loaded yet."""


Evidence = Known | NotKnown | Resembling | Stale | NoData
"""What a look-up can find: five different things, never confused."""

Confirmations = Mapping[str, date]
"""Feed name → the day on which the feed's source last confirmed everything on its list."""


class SourceState(msgspec.Struct, frozen=True, array_like=True):
    """A feed that is read on a schedule: which regimes it carries, when it was last read, and until when that will do.

    Both moments are in UTC; `read_at` is None where it never was read. `regimes` empty: it may carry any. From
    `overdue_at` on, what the feed says and does not say is stale.
    """

    feed: str
    regimes: tuple[str, ...]
    read_at: datetime | None
    overdue_at: datetime


Sources = tuple[SourceState, ...]
"""The scheduled feeds behind an answer."""


class RegisteredSubject(msgspec.Struct, frozen=True):
    """A subject as the registry hands it to the index: its profile, every code that names it, every name it goes by.

    `identifiers` are (scheme, normalised code) pairs, the primary one first; a natural person's code is its keyed hash.
    `contained` are the codes that stand inside those and lead to it as well, unless someone else has them for his own.
    `numbers` are those of the identifiers that stand for natural persons' numbers, and the keyed hashes of each by the
    id of the key; without any where only one key was ever used on it.
    """

    profile: SubjectProfile
    identifiers: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    contained: tuple[tuple[str, str], ...] = ()
    numbers: dict[tuple[str, str], dict[str, str]] = {}
