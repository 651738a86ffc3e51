"""异议 looked back on: the objections opened in a period, on which lists they were, and their fate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from clearway.registry.database import among
from clearway.registry.events import (
    Corrected,
    Event,
    Listed,
    ListingFacts,
    ObjectionGrounds,
    ObjectionOpened,
    ObjectionResolved,
    Resolution,
    decode,
    kind_named,
)
from clearway.registry.ledger import FEED_ORIGIN, chunks
from clearway.registry.schema import EventRow, RevisionRow

AT_ONCE = 500

TELLING = tuple(kind_named(event) for event in (Listed, Corrected, ObjectionOpened, ObjectionResolved))
"""The kinds of events that tell of objections and what they are about."""


@dataclass(frozen=True, slots=True)
class ObjectionFate:
    """An objection, the list it is about, and how it ended if it has.

    `designating_authority` is the listing's own, as last stated; empty where it leaves that to the regime.
    """

    listing_id: str
    objection_id: str
    regime: str
    designating_authority: str
    grounds: ObjectionGrounds
    opened_at: datetime
    resolution: Resolution | None = None
    resolved_at: datetime | None = None


def opened_between(connection: Connection, since: datetime, until: datetime) -> tuple[ObjectionFate, ...]:
    """The objections whose opening was recorded at or after `since` and before `until`, in that order.

    Looks at registrars' acts of the period only, never at imports: no feed opens an objection.
    """
    event, act = EventRow, RevisionRow
    opened = (
        select(event.seq, event.subject_id)
        .join(act, act.revision == event.revision)
        .where(act.recorded_at >= since, act.recorded_at < until, ~act.origin.startswith(FEED_ORIGIN))
        .where(event.kind == kind_named(ObjectionOpened))
        .order_by(event.seq)
    )
    places = {row.seq: row.subject_id for row in connection.execute(opened)}
    found: dict[int, ObjectionFate] = {}
    for some in chunks(dict.fromkeys(places.values()), AT_ONCE):
        telling = among(event.subject_id, some), event.kind.in_(TELLING)
        query = select(event.seq, event.body).where(*telling).order_by(event.seq)
        found |= fates((seq, decode(body)) for seq, body in connection.execute(query))
    return tuple(found[seq] for seq in places)


def fates(events: Iterable[tuple[int, Event]]) -> dict[int, ObjectionFate]:
    """The number of the event that opened an objection → the objection, as these events, in order, tell it."""
    listings: dict[str, ListingFacts] = {}
    opened: dict[tuple[str, str], tuple[int, ObjectionOpened]] = {}
    resolved: dict[int, ObjectionResolved] = {}
    for seq, event in events:
        match event:
            case Listed(fact_id=fact_id, listing=listing):
                listings[fact_id] = listing
            case Corrected(fact_id=fact_id, listing=ListingFacts() as listing):
                listings[fact_id] = listing
            case ObjectionOpened(fact_id=fact_id, objection_id=name):
                opened[fact_id, name] = seq, event
            case ObjectionResolved(fact_id=fact_id, objection_id=name):
                resolved[opened[fact_id, name][0]] = event
    return {seq: fate_of(event, listings[event.fact_id], resolved.get(seq)) for seq, event in opened.values()}


def fate_of(opened: ObjectionOpened, listing: ListingFacts, resolved: ObjectionResolved | None) -> ObjectionFate:
    """One objection."""
    return ObjectionFate(
        listing_id=opened.fact_id,
        objection_id=opened.objection_id,
        regime=listing.regime,
        designating_authority=listing.designating_authority,
        grounds=opened.grounds,
        opened_at=opened.at,
        resolution=resolved.resolution if resolved else None,
        resolved_at=resolved.at if resolved else None,
    )
