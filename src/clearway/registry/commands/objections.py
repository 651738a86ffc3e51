"""异议: objections opened and resolved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clearway.decision.facts import Listing, Objection
from clearway.registry.commands.desk import MAX_FACT_ID, Desk, require_text
from clearway.registry.commands.listings import hold_to_shape
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import (
    Corrected,
    Delisted,
    DelistingCause,
    ListingFacts,
    ObjectionGrounds,
    ObjectionOpened,
    ObjectionResolved,
    Resolution,
)
from clearway.registry.fold import SubjectRecord


@dataclass(frozen=True, slots=True)
class OpenObjection:
    """异议: note that the subject objects to a listing. What that does to its measures is the regime's to say."""

    listing_id: str
    objection_id: str
    grounds: ObjectionGrounds
    opened_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """Open the objection."""
        require_text("objection id", self.objection_id, MAX_FACT_ID)
        record, listing = desk.listing(self.listing_id)
        desk.require_live(listing)
        if any(known.objection_id == self.objection_id for known in listing.objections):
            raise RegistryError(RegistryReason.OBJECTION_EXISTS, "the listing already has an objection of this id")
        at = desk.effective(self.opened_at)
        desk.append(record, ObjectionOpened(self.listing_id, self.objection_id, self.grounds, at))


@dataclass(frozen=True, slots=True)
class ResolveObjection:
    """End an objection. If it is upheld, the listing is withdrawn from its beginning: no measure comes back.

    A CORRECTED one may bring what the listing states from now on, in the same revision.
    """

    listing_id: str
    objection_id: str
    resolution: Resolution
    resolved_at: datetime | None = None
    corrected: ListingFacts | None = None

    def enact(self, desk: Desk) -> None:
        """Resolve the objection; withdraw the listing where it was upheld, restate it where it was corrected."""
        record, listing = desk.listing(self.listing_id)
        objection = _open_objection(listing, self.objection_id)
        upheld = self.resolution is Resolution.UPHELD
        at = desk.at_once(self.resolved_at) if upheld else desk.effective(self.resolved_at)
        if at < objection.opened_at:
            raise RegistryError(RegistryReason.INVALID_TIME, "an objection is resolved after it was opened")
        desk.append(record, ObjectionResolved(self.listing_id, self.objection_id, self.resolution, at))
        if upheld and not listing.annulled:
            desk.append(record, Delisted(self.listing_id, at, DelistingCause.OBJECTION_UPHELD))
        if self.corrected is not None:
            self._correct(desk, record, listing)

    def _correct(self, desk: Desk, record: SubjectRecord, listing: Listing) -> None:
        if self.resolution is not Resolution.CORRECTED or self.corrected is None:
            detail = "only an objection that ends with a correction restates the listing"
            raise RegistryError(RegistryReason.INVALID_RESOLUTION, detail)
        desk.require_live(listing)
        desk.append(record, Corrected(self.listing_id, listing=hold_to_shape(self.corrected)))


def _open_objection(listing: Listing, objection_id: str) -> Objection:
    for objection in listing.objections:
        if objection.objection_id == objection_id:
            if objection.resolved_at is not None:
                raise RegistryError(RegistryReason.ALREADY_RESOLVED, "the objection has already been resolved")
            return objection
    raise RegistryError(RegistryReason.UNKNOWN_OBJECTION, "the listing has no objection of this id")
