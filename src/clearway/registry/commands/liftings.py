"""A listing's measures lifted for a time, while the listing stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clearway.decision.facts import Lifting, Listing
from clearway.registry.commands.desk import MAX_FACT_ID, Desk, require_text
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import Lifted, LiftingEnded


@dataclass(frozen=True, slots=True)
class LiftProvisionally:
    """Lift a listing's measures from `effective_at` until the moment `until`: they are told of and not applied."""

    listing_id: str
    lifting_id: str
    until: datetime
    effective_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """Begin the lifting."""
        require_text("lifting id", self.lifting_id, MAX_FACT_ID)
        record, listing = desk.listing(self.listing_id)
        desk.require_live(listing)
        if any(known.lifting_id == self.lifting_id for known in listing.liftings):
            raise RegistryError(RegistryReason.LIFTING_EXISTS, "the listing already has a lifting of this id")
        at, until = desk.effective(self.effective_at), desk.effective(self.until)
        if until <= max(at, desk.moment):
            raise RegistryError(RegistryReason.INVALID_TIME, "the lifting would be over before it begins")
        desk.append(record, Lifted(self.listing_id, self.lifting_id, at, until))


@dataclass(frozen=True, slots=True)
class EndLifting:
    """End a provisional lifting before its time: the measures apply again from `effective_at` on."""

    listing_id: str
    lifting_id: str
    effective_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """End the lifting."""
        record, listing = desk.listing(self.listing_id)
        lifting = _lifting(listing, self.lifting_id)
        at = desk.effective(self.effective_at)
        if lifting.ends_at <= max(at, desk.moment):
            raise RegistryError(RegistryReason.LIFTING_OVER, "the lifting has already ended")
        desk.append(record, LiftingEnded(self.listing_id, self.lifting_id, at))


def _lifting(listing: Listing, lifting_id: str) -> Lifting:
    for lifting in listing.liftings:
        if lifting.lifting_id == lifting_id:
            return lifting
    raise RegistryError(RegistryReason.UNKNOWN_LIFTING, "the listing has no lifting of this id")
