"""The answer to a check, free of language and wire: outcome, standing, typed reasons, notices, materials.

Reasons refer to the catalogue's own objects; `clearway.decision.explain` puts an answer into words and the server's
translation puts it on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

import msgspec

from clearway.catalogue import model as catalogue
from clearway.decision.facts import Listing


class Outcome(StrEnum):
    """What the officer is advised to do next, the weightiest first."""

    RESTRICTION = "RESTRICTION"
    DEFERRED_ACCEPTANCE = "DEFERRED_ACCEPTANCE"
    GREEN_CHANNEL = "GREEN_CHANNEL"
    ORDINARY = "ORDINARY"
    UNDETERMINED = "UNDETERMINED"


class Standing(StrEnum):
    """What is known of the subject, apart from what follows from it."""

    LISTED = "LISTED"
    NOT_LISTED = "NOT_LISTED"
    POSSIBLE_MATCH = "POSSIBLE_MATCH"
    UNKNOWN = "UNKNOWN"


class NoticeCode(StrEnum):
    """What a notice tells the officer; see `proto/clearway/v1/decision.proto` for each."""

    STAYED_UNDER_OBJECTION = "STAYED_UNDER_OBJECTION"
    UNDER_OBJECTION = "UNDER_OBJECTION"
    INFORMATION_ONLY = "INFORMATION_ONLY"
    NAME_DIFFERS = "NAME_DIFFERS"
    RECOMMENDED_NOT_ADOPTED = "RECOMMENDED_NOT_ADOPTED"
    INCENTIVE_WITHHELD = "INCENTIVE_WITHHELD"
    TRUSTED_AND_SERIOUS = "TRUSTED_AND_SERIOUS"
    POSSIBLE_MATCH = "POSSIBLE_MATCH"
    NAME_ONLY = "NAME_ONLY"
    MASKED_IDENTIFIER = "MASKED_IDENTIFIER"
    STALE_DATA = "STALE_DATA"
    NO_DATA = "NO_DATA"
    NO_MEASURE_HERE = "NO_MEASURE_HERE"
    MATCHED_THROUGH = "MATCHED_THROUGH"
    DEFERRAL_EXCLUDED = "DEFERRAL_EXCLUDED"
    DEADLINE_PROVISIONAL = "DEADLINE_PROVISIONAL"
    UNKNOWN_REGIME = "UNKNOWN_REGIME"
    LIFTED_PROVISIONALLY = "LIFTED_PROVISIONALLY"
    SOURCE_OVERDUE = "SOURCE_OVERDUE"


class Term(msgspec.Struct, frozen=True):
    """The half-open interval [starts, ends) of days on which a reason is in force.

    `ends` is None where an event ends it; then `confirmed_on` is the source's last confirmation. For a clean record
    `starts` is the first day of the clean period.
    """

    starts: date | None
    ends: date | None
    confirmed_on: date | None = None


class Restriction(msgspec.Struct, frozen=True):
    """One measure in force on this application, because of one listing."""

    measure: catalogue.Measure
    regime: catalogue.Regime
    listing: Listing
    term: Term


class Incentive(msgspec.Struct, frozen=True):
    """One incentive open to the subject: by a trusted listing, or (`listing` None) by a clean record."""

    incentive: catalogue.Incentive
    term: Term
    regime: catalogue.Regime | None = None
    listing: Listing | None = None


class Notice(msgspec.Struct, frozen=True):
    """Something the officer should know that neither restricts nor grants."""

    code: NoticeCode
    listing_id: str = ""
    regime: str = ""
    details: Mapping[str, str] = {}


class DeferredMaterial(msgspec.Struct, frozen=True):
    """A deferrable material not yet supplied, and the last day to supply it: None where no deferral route is open."""

    material: catalogue.DeferrableMaterial
    deadline: date | None
    provisional: bool


class Materials(msgspec.Struct, frozen=True):
    """What the application still lacks."""

    missing_essential: tuple[catalogue.Material, ...] = ()
    deferrable: tuple[DeferredMaterial, ...] = ()


class Decision(msgspec.Struct, frozen=True):
    """What follows for this subject, this licence item, at this moment."""

    outcome: Outcome
    standing: Standing
    known_since: date | None
    restrictions: tuple[Restriction, ...]
    incentives: tuple[Incentive, ...]
    notices: tuple[Notice, ...]
    materials: Materials
    expires_at: datetime | None
