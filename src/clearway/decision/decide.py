"""`decide`: what follows for this subject, this licence item, at this moment. The order of precedence stands here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import assert_never

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import LicenceItem, ListKind
from clearway.decision.answer import (
    Decision,
    Incentive,
    Materials,
    Notice,
    NoticeCode,
    Outcome,
    Restriction,
    Standing,
)
from clearway.decision.expiry import expires_at
from clearway.decision.facts import (
    CheckRequest,
    Confirmations,
    Evidence,
    Known,
    Listing,
    NoData,
    NotKnown,
    Objection,
    Resembling,
    Sources,
    Stale,
    SubjectProfile,
    Unidentified,
)
from clearway.decision.incentives import open_routes, withhold
from clearway.decision.materials import deferral_exclusions, materials_of, with_deadlines
from clearway.decision.measures import gravest_first, restrictions_from
from clearway.decision.sources import (
    NOTHING_OVERDUE,
    overdue_at,
    overdue_notices,
    with_those_of_listings,
)
from clearway.decision.terms import (
    InForce,
    Instant,
    has_ended,
    in_force,
    review_ends,
)
from clearway.subjects.text import normalise_name

NO_CONFIRMATIONS: Confirmations = MappingProxyType({})
POSSIBLE_MATCHES_SHOWN = 5
TICK = timedelta(microseconds=1)


class UnknownItem(LookupError):
    """The catalogue has no such licence item."""


def decide(
    evidence: Evidence,
    request: CheckRequest,
    catalogue: Catalogue,
    moment: datetime,
    confirmations: Confirmations = NO_CONFIRMATIONS,
    sources: Sources = (),
) -> Decision:
    """The decision on `request`, from what is known and the catalogue's rules, at `moment` (aware).

    `confirmations` says when each feed's source last confirmed its whole list, `sources` until when what each scheduled
    feed says will do: an overdue one supports no restriction, no incentive and no clear answer. Raises `UnknownItem`.
    """
    item = catalogue.item(request.item)
    if item is None:
        raise UnknownItem(request.item)
    now = Instant.at(moment, catalogue.zone)
    materials = materials_of(item, request)
    if not catalogue.holds_on(now.day):
        notice = Notice(NoticeCode.STALE_DATA, details={"stale": "catalogue"})
        turns = expires_at((), request.item, Outcome.UNDETERMINED, catalogue, now, confirmations)
        return undetermined(Standing.UNKNOWN, [notice], materials, turns)
    match evidence:
        case NoData():
            return undetermined(Standing.UNKNOWN, [Notice(NoticeCode.NO_DATA)], materials)
        case Stale(age=age, limit=limit):
            details = {"stale": "index", "age_seconds": f"{age:.0f}", "limit_seconds": f"{limit:.0f}"}
            return undetermined(Standing.UNKNOWN, [Notice(NoticeCode.STALE_DATA, details=details)], materials)
        case Resembling(because=because, candidates=candidates):
            return resembling_only(because, candidates, request, materials, catalogue, now, confirmations, sources)
        case NotKnown(resembling=resembling):
            return on_unknown_subject(resembling, request, materials, catalogue, now, confirmations, sources)
        case Known():
            return on_known_subject(evidence, request, item, materials, catalogue, now, confirmations, sources)
        case _ as never:
            assert_never(never)


def undetermined(
    standing: Standing, notices: Sequence[Notice], materials: Materials, turns: datetime | None = None
) -> Decision:
    """The answer that the data cannot support an answer: it restricts nothing, grants nothing and clears nothing."""
    return Decision(Outcome.UNDETERMINED, standing, None, (), (), tuple(notices), materials, turns)


def resembling_only(
    because: Unidentified,
    candidates: Sequence[SubjectProfile],
    request: CheckRequest,
    materials: Materials,
    catalogue: Catalogue,
    now: Instant,
    confirmations: Confirmations,
    sources: Sources,
) -> Decision:
    """The answer to a name or a masked code: at most a possible match, for a person to judge."""
    match because:
        case Unidentified.NAME_ONLY:
            notice = Notice(NoticeCode.NAME_ONLY)
        case Unidentified.MASKED:
            notice = Notice(NoticeCode.MASKED_IDENTIFIER)
        case never:
            assert_never(never)
    matches = possible_matches(candidates, catalogue, now, confirmations)
    standing = Standing.POSSIBLE_MATCH if matches else Standing.UNKNOWN
    late = overdue_notices(overdue_at(sources, request.item, catalogue, now)) if sources else []
    turns = expires_at(candidates, request.item, Outcome.UNDETERMINED, catalogue, now, confirmations, sources)
    return undetermined(standing, [notice, *late, *matches], materials, turns)


def on_unknown_subject(
    resembling: Sequence[SubjectProfile],
    request: CheckRequest,
    materials: Materials,
    catalogue: Catalogue,
    now: Instant,
    confirmations: Confirmations,
    sources: Sources,
) -> Decision:
    """The answer on a valid identifier that names no recorded subject: no evidence of a clean record either."""
    matches = possible_matches(resembling, catalogue, now, confirmations)
    late = overdue_notices(overdue_at(sources, request.item, catalogue, now)) if sources else []
    if late:
        standing = Standing.POSSIBLE_MATCH if matches else Standing.UNKNOWN
        turns = expires_at(resembling, request.item, Outcome.UNDETERMINED, catalogue, now, confirmations, sources)
        return undetermined(standing, [*late, *matches], materials, turns)
    return Decision(
        outcome=Outcome.ORDINARY,
        standing=Standing.POSSIBLE_MATCH if matches else Standing.NOT_LISTED,
        known_since=None,
        restrictions=(),
        incentives=(),
        notices=tuple(matches),
        materials=materials,
        expires_at=expires_at(resembling, request.item, Outcome.ORDINARY, catalogue, now, confirmations, sources),
    )


def on_known_subject(
    known: Known,
    request: CheckRequest,
    item: LicenceItem,
    materials: Materials,
    catalogue: Catalogue,
    now: Instant,
    confirmations: Confirmations,
    sources: Sources,
) -> Decision:
    """The answer on a subject that an exact, valid identifier names."""
    profile = known.profile
    overdue = overdue_at(sources, request.item, catalogue, now) if sources else NOTHING_OVERDUE
    standings, notices = identity_and_listings(known, request, catalogue, now, confirmations, overdue.feeds)
    if overdue.feeds:
        overdue = with_those_of_listings(overdue, sources, standings, request.item, catalogue)
        notices = [*overdue_notices(overdue), *notices]
    restrictions: list[Restriction] = []
    for standing in standings:
        if standing.regime.kind is ListKind.SERIOUS and standing.effective:
            found, said = restrictions_from(standing, request, catalogue, now)
            restrictions += found
            notices += said
    clear = not overdue.bearing
    routes = open_routes(profile, standings, request, catalogue, now, clean_records=clear)
    incentives, withheld = withhold(routes, restrictions)
    notices += withheld
    if clear or restrictions:
        outcome, materials, said = weigh(restrictions, incentives, materials, item, profile, catalogue, now)
        notices += said
    else:
        # What an overdue source does not say may be a restriction, which would withhold any incentive.
        outcome, incentives = Outcome.UNDETERMINED, ()
    resembling = possible_matches(known.resembling, catalogue, now, confirmations)
    return Decision(
        outcome=outcome,
        standing=standing_of(profile, standings, bool(resembling), catalogue, now, clear=clear),
        known_since=profile.known_since,
        restrictions=gravest_first(restrictions) if len(restrictions) > 1 else tuple(restrictions),
        incentives=incentives,
        notices=(*notices, *resembling),
        materials=materials,
        expires_at=expires_at(
            (profile, *known.resembling), request.item, outcome, catalogue, now, confirmations, sources
        ),
    )


def identity_and_listings(
    known: Known,
    request: CheckRequest,
    catalogue: Catalogue,
    now: Instant,
    confirmations: Confirmations,
    overdue: frozenset[str],
) -> tuple[list[InForce], list[Notice]]:
    """The subject's listings in force, with a notice for all that is to be said of identity and of each listing."""
    profile = known.profile
    notices: list[Notice] = []
    if known.through:
        details = {"scheme": known.through, "primary_scheme": profile.scheme}
        notices.append(Notice(NoticeCode.MATCHED_THROUGH, details=details))
    if request.name and profile.name and name_differs(request.name, profile):
        notices.append(Notice(NoticeCode.NAME_DIFFERS, details={"recorded_name": profile.name}))
    standings: list[InForce] = []
    for listing in profile.listings:
        regime = catalogue.regime(listing.regime)
        if regime is None:
            if not has_ended(listing, now):
                notices.append(Notice(NoticeCode.UNKNOWN_REGIME, listing.listing_id, listing.regime))
        elif (standing := in_force(listing, regime, now, confirmations, overdue)) is not None:
            standings.append(standing)
            notices += listing_notices(standing, catalogue, now)
    kinds = {standing.regime.kind for standing in standings if standing.effective}
    if len(kinds) == len(ListKind):
        notices.append(Notice(NoticeCode.TRUSTED_AND_SERIOUS))
    return standings, notices


def listing_notices(standing: InForce, catalogue: Catalogue, now: Instant) -> list[Notice]:
    """What is to be said of a listing in force, apart from its measures: its lacks, its objections, its liftings."""
    listing_id, regime = standing.listing.listing_id, standing.regime.code
    notices = []
    if standing.lacks:
        details = {"missing": ",".join(standing.lacks)}
        notices.append(Notice(NoticeCode.INFORMATION_ONLY, listing_id, regime, details))
    if standing.objection is not None:
        code = NoticeCode.STAYED_UNDER_OBJECTION if standing.stayed else NoticeCode.UNDER_OBJECTION
        notices.append(Notice(code, listing_id, regime, objection_clock(standing.objection, standing, catalogue, now)))
    if standing.lifted_until is not None:
        details = {"until": now.day_of(standing.lifted_until - TICK).isoformat()}
        notices.append(Notice(NoticeCode.LIFTED_PROVISIONALLY, listing_id, regime, details))
    return notices


def objection_clock(objection: Objection, standing: InForce, catalogue: Catalogue, now: Instant) -> dict[str, str]:
    """When an open objection was opened and is to be resolved by; empty where the regime sets no term."""
    due = review_ends(objection, standing.regime, catalogue.calendar, now)
    if due is None:
        return {}
    clock = {
        "objection_id": objection.objection_id,
        "opened_on": now.day_of(objection.opened_at).isoformat(),
        "due_on": due.day.isoformat(),
    }
    if due.provisional:
        clock["provisional"] = "true"
    if now.day > due.day:
        clock["overdue"] = "true"
    return clock


def name_differs(name: str, profile: SubjectProfile) -> bool:
    """Whether `name`, normalised, is none of the names the subject goes by."""
    if name == profile.name:
        return False
    given = normalise_name(name)
    return all(given != normalise_name(recorded) for recorded in (profile.name, *profile.other_names))


def possible_matches(
    candidates: Sequence[SubjectProfile], catalogue: Catalogue, now: Instant, confirmations: Confirmations
) -> list[Notice]:
    """A notice for each entry in force that the request resembles; what is not in force is not shown."""
    notices = []
    for candidate in candidates:
        listing = first_in_force(candidate, catalogue, now, confirmations)
        if listing is not None:
            details = {"recorded_name": candidate.name}
            if candidate.masked:
                details["masked_identifier"] = candidate.masked
            notices.append(Notice(NoticeCode.POSSIBLE_MATCH, listing.listing_id, listing.regime, details))
    return notices[:POSSIBLE_MATCHES_SHOWN]


def first_in_force(
    profile: SubjectProfile, catalogue: Catalogue, now: Instant, confirmations: Confirmations
) -> Listing | None:
    """The subject's first listing in force, of whatever kind; under a regime the catalogue lacks, by its own dates."""
    for listing in profile.listings:
        regime = catalogue.regime(listing.regime)
        stands = not has_ended(listing, now) if regime is None else in_force(listing, regime, now, confirmations)
        if stands:
            return listing
    return None


def standing_of(
    profile: SubjectProfile,
    standings: Sequence[InForce],
    resembles: bool,
    catalogue: Catalogue,
    now: Instant,
    *,
    clear: bool,
) -> Standing:
    """What is known of an exactly named subject. A listing under a regime the catalogue lacks is still a listing.

    `clear` says that every source that matters was read in time: otherwise no listing is not the same as not listed.
    """
    if standings:
        return Standing.LISTED
    if any(catalogue.regime(listing.regime) is None and not has_ended(listing, now) for listing in profile.listings):
        return Standing.LISTED
    if resembles:
        return Standing.POSSIBLE_MATCH
    return Standing.NOT_LISTED if clear else Standing.UNKNOWN


def weigh(
    restrictions: Sequence[Restriction],
    incentives: Sequence[Incentive],
    materials: Materials,
    item: LicenceItem,
    profile: SubjectProfile,
    catalogue: Catalogue,
    now: Instant,
) -> tuple[Outcome, Materials, list[Notice]]:
    """The order of precedence: a restriction first, then what an open incentive route allows, then ordinary."""
    if restrictions:
        return Outcome.RESTRICTION, materials, []
    if not incentives or materials.missing_essential:
        return Outcome.ORDINARY, materials, []
    if not materials.deferrable:
        return Outcome.GREEN_CHANNEL, materials, []
    excluded = deferral_exclusions(item, profile, catalogue, now)
    if excluded:
        return Outcome.ORDINARY, materials, excluded
    materials, provisional = with_deadlines(materials, catalogue, now)
    return Outcome.DEFERRED_ACCEPTANCE, materials, provisional
