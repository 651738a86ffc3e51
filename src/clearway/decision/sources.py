"""Feeds that have not been read in time: what they say and do not say is stale, and supports no answer.

A feed bears on a licence item where a listing it may carry could change the answer. Stale data never restricts, never
grants and never reads as clear: see `clearway.decision.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.answer import Notice, NoticeCode
from clearway.decision.facts import Sources, SourceState, SubjectProfile
from clearway.decision.terms import InForce, Instant, is_over

NEVER = "never"
"""What stands for the moment of the last reading of a feed that never was read."""


class Overdue(msgspec.Struct, frozen=True):
    """The scheduled feeds that are overdue at a moment: all of them, and those that bear on the licence item."""

    feeds: frozenset[str] = frozenset()
    bearing: tuple[SourceState, ...] = ()


NOTHING_OVERDUE = Overdue()


def overdue_at(sources: Sources, item: str, catalogue: Catalogue, now: Instant) -> Overdue:
    """Which of the feeds are overdue at `now`, for this licence item."""
    late = [source for source in sources if source.overdue_at <= now.moment]
    if not late:
        return NOTHING_OVERDUE
    bearing = tuple(source for source in late if bears_on(source, item, catalogue))
    return Overdue(frozenset(source.feed for source in late), bearing)


def bears_on(source: SourceState, item: str, catalogue: Catalogue) -> bool:
    """Whether a listing that the feed may carry could change the answer; one that names no regimes may carry any."""
    return not source.regimes or not catalogue.bearing_regimes(item).isdisjoint(source.regimes)


def with_those_of_listings(
    overdue: Overdue, sources: Sources, standings: Sequence[InForce], item: str, catalogue: Catalogue
) -> Overdue:
    """The same, and the feed of each listing in force that bears on the item though its feed did not say it would."""
    bearing = catalogue.bearing_regimes(item)
    said = {source.feed for source in overdue.bearing}
    unsaid = {s.listing.feed for s in standings if s.listing.feed in overdue.feeds and s.regime.code in bearing} - said
    if not unsaid:
        return overdue
    return Overdue(overdue.feeds, (*overdue.bearing, *(source for source in sources if source.feed in unsaid)))


def overdue_notices(overdue: Overdue) -> list[Notice]:
    """A notice for each overdue feed that bears on the item: which, and when it was last read."""
    return [
        Notice(
            NoticeCode.SOURCE_OVERDUE,
            details={
                "feed": source.feed,
                "read_at": NEVER if source.read_at is None else source.read_at.isoformat(timespec="seconds"),
            },
        )
        for source in overdue.bearing
    ]


def behind(
    sources: Sources, profiles: Iterable[SubjectProfile], item: str, catalogue: Catalogue, now: Instant
) -> list[SourceState]:
    """The feeds whose coming due would change an answer on these profiles."""
    carried = {
        listing.feed
        for profile in profiles
        for listing in profile.listings
        if listing.feed and not is_over(listing, catalogue.regime(listing.regime), now)
    }
    return [source for source in sources if source.feed in carried or bears_on(source, item, catalogue)]
