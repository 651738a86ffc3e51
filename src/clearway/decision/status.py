"""How a listing or an adverse record stands at a moment, in one word, for those who keep the record."""

from __future__ import annotations

from enum import StrEnum

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.facts import AdverseRecord, Confirmations, Listing
from clearway.decision.terms import InForce, Instant, display_ends, end_of, in_force


class FactStatus(StrEnum):
    """The states there are. None is ever stored: each is computed from dates, for a moment."""

    IN_FORCE = "in_force"
    NOT_BEGUN = "not_begun"
    STAYED = "stayed"
    LIFTED = "lifted"
    INFORMATION_ONLY = "information_only"
    EXPIRED = "expired"
    REPAIRED = "repaired"
    DELISTED = "delisted"
    REVOKED = "revoked"
    UNKNOWN_REGIME = "unknown_regime"


def listing_status(
    listing: Listing, repaired: bool, catalogue: Catalogue, now: Instant, confirmations: Confirmations
) -> FactStatus:
    """How the listing stands at `now`. `repaired` says whether what ended it, if anything did, was a repair."""
    if listing.annulled:
        return FactStatus.REVOKED
    if listing.ended_at is not None and listing.ended_at <= now.moment:
        return FactStatus.REPAIRED if repaired else FactStatus.DELISTED
    if listing.effective_from is not None and now.day < listing.effective_from:
        return FactStatus.NOT_BEGUN
    regime = catalogue.regime(listing.regime)
    ends = listing.expires_on if regime is None else end_of(listing, regime)
    if ends is not None and ends <= now.day:
        return FactStatus.EXPIRED
    standing = None if regime is None else in_force(listing, regime, now, confirmations)
    return FactStatus.UNKNOWN_REGIME if standing is None else standing_status(standing)


def standing_status(standing: InForce) -> FactStatus:
    """How a listing that has begun and not ended stands. What it lacks weighs most: it would not restrict anyhow."""
    if standing.lacks:
        return FactStatus.INFORMATION_ONLY
    if standing.stayed:
        return FactStatus.STAYED
    return FactStatus.IN_FORCE if standing.lifted_until is None else FactStatus.LIFTED


def adverse_status(record: AdverseRecord, repaired: bool, catalogue: Catalogue, now: Instant) -> FactStatus:
    """How the adverse record stands at `now`. `repaired` as for a listing; what else ended it withdrew it."""
    if record.annulled:
        return FactStatus.REVOKED
    if record.ended_at is not None and record.ended_at <= now.moment:
        return FactStatus.REPAIRED if repaired else FactStatus.DELISTED
    if now.day < record.document_date:
        return FactStatus.NOT_BEGUN
    expired = display_ends(record, catalogue.edition.adverse_display) <= now.day
    return FactStatus.EXPIRED if expired else FactStatus.IN_FORCE
