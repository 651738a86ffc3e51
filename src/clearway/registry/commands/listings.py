"""列入, 更正, 移出: listings entered, restated, confirmed, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from clearway.registry.commands.desk import Desk, require_text
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import Confirmed, Corrected, Delisted, DelistingCause, Listed, ListingFacts
from clearway.registry.ledger import LISTING

MAX_DOCUMENT_NUMBER = 512
"""Signs in a document's number, at most."""

MAX_AUTHORITY = 256
"""Signs in an authority's code or name, at most."""


@dataclass(frozen=True, slots=True)
class ListSubject:
    """列入: put a registered subject on a list. `expires_on` is the first day on which the listing no longer binds."""

    scheme: str
    code: str
    listing_id: str
    regime: str
    document_number: str = ""
    document_date: date | None = None
    designating_authority: str = ""
    effective_from: date | None = None
    expires_on: date | None = None
    confirmed_on: date | None = None

    def enact(self, desk: Desk) -> None:
        """Enter the listing under its own id."""
        record = desk.subject(self.scheme, self.code)
        facts = _stated(self)
        desk.enter(record, self.listing_id, LISTING)
        desk.append(record, Listed(self.listing_id, facts, confirmed_on=self.confirmed_on))


@dataclass(frozen=True, slots=True)
class CorrectListing:
    """更正: restate a listing whole. One that has ended is no longer corrected."""

    listing_id: str
    regime: str
    document_number: str = ""
    document_date: date | None = None
    designating_authority: str = ""
    effective_from: date | None = None
    expires_on: date | None = None

    def enact(self, desk: Desk) -> None:
        """Replace what is stated of the listing."""
        record, listing = desk.listing(self.listing_id)
        desk.require_live(listing)
        desk.append(record, Corrected(self.listing_id, listing=_stated(self)))


@dataclass(frozen=True, slots=True)
class Delist:
    """移出: end a listing, from `effective_at` on."""

    listing_id: str
    effective_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """End the listing."""
        record, listing = desk.listing(self.listing_id)
        at = desk.effective(self.effective_at)
        desk.require_live(listing, at)
        desk.append(record, Delisted(self.listing_id, at, DelistingCause.AUTHORITY))


@dataclass(frozen=True, slots=True)
class Confirm:
    """Note that the source confirmed, on a day, that a listing still stands."""

    listing_id: str
    on: date

    def enact(self, desk: Desk) -> None:
        """Note the confirmation."""
        record, listing = desk.listing(self.listing_id)
        desk.require_live(listing)
        desk.append(record, Confirmed(self.listing_id, self.on))


def hold_to_shape(facts: ListingFacts) -> ListingFacts:
    """The statement itself, where it holds together. Raises INVALID_TEXT, INVALID_TERM."""
    require_text("regime", facts.regime, 64)
    if facts.document_number:
        require_text("document number", facts.document_number, MAX_DOCUMENT_NUMBER)
    if facts.designating_authority:
        require_text("designating authority", facts.designating_authority, MAX_AUTHORITY)
    check_term(facts.effective_from, facts.expires_on)
    return facts


def check_term(effective_from: date | None, expires_on: date | None) -> None:
    """Refuse a listing that would end before it begins. Raises INVALID_TERM."""
    if effective_from is not None and expires_on is not None and expires_on <= effective_from:
        raise RegistryError(RegistryReason.INVALID_TERM, "the listing would end before it begins")


def _stated(stated: ListSubject | CorrectListing) -> ListingFacts:
    return hold_to_shape(
        ListingFacts(
            stated.regime,
            stated.document_number,
            stated.document_date,
            stated.designating_authority,
            stated.effective_from,
            stated.expires_on,
        )
    )
