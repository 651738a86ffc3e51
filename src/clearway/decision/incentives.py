"""Which routes to green channel and deferred acceptance are open to a subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from clearway.catalogue import model as catalogue_model
from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import CleanRecordRoute, ListKind, TrustedListingRoute
from clearway.decision.answer import Incentive, Notice, NoticeCode, Restriction, Term
from clearway.decision.facts import CheckRequest, SubjectProfile
from clearway.decision.measures import holds_in, holds_on
from clearway.decision.terms import InForce, Instant, by_years, usable


def open_routes(
    profile: SubjectProfile,
    standings: Sequence[InForce],
    request: CheckRequest,
    catalogue: Catalogue,
    now: Instant,
    *,
    clean_records: bool = True,
) -> list[Incentive]:
    """Every incentive whose route is open, one for each trusted listing that opens it, whatever may withhold it.

    `clean_records` is false where a source has not been read in time: then no record is known to be clean.
    """
    routes: list[Incentive] = []
    for incentive in catalogue.incentives(request.item):
        if not holds_on(incentive, now.day) or not holds_in(incentive.regions, request.region, catalogue, now.day):
            continue
        match incentive.route:
            case TrustedListingRoute() as route:
                routes += by_trusted_listing(incentive, route, standings)
            case CleanRecordRoute() as route:
                if clean_records:
                    routes += by_clean_record(incentive, route, profile, standings, catalogue, now)
            case never:
                assert_never(never)
    return routes


def by_trusted_listing(
    incentive: catalogue_model.Incentive, route: TrustedListingRoute, standings: Sequence[InForce]
) -> list[Incentive]:
    """The route by a trusted listing in force that lacks nothing."""
    return [
        Incentive(incentive, standing.term, standing.regime, standing.listing)
        for standing in standings
        if standing.effective and standing.regime.kind is ListKind.TRUSTED and standing.regime.code in route.regimes
    ]


def by_clean_record(
    incentive: catalogue_model.Incentive,
    route: CleanRecordRoute,
    profile: SubjectProfile,
    standings: Sequence[InForce],
    catalogue: Catalogue,
    now: Instant,
) -> list[Incentive]:
    """The route by consecutive years known throughout and clean: absence of data is not a clean record."""
    if profile.known_since is None or now.day < by_years(profile.known_since, route.years):
        return []
    if any(standing.effective and standing.regime.kind is ListKind.SERIOUS for standing in standings):
        return []
    display = catalogue.edition.adverse_display
    if any(
        usable(record, display, now) and now.day < by_years(record.document_date, route.years)
        for record in profile.adverse_records
    ):
        return []
    return [Incentive(incentive, Term(starts=by_years(now.day, -route.years), ends=None))]


def withhold(
    routes: Sequence[Incentive], restrictions: Sequence[Restriction]
) -> tuple[tuple[Incentive, ...], list[Notice]]:
    """The routes granted, and notices of those that a restriction in force withholds by their own rule."""
    if not restrictions:
        return tuple(routes), []
    granted = tuple(route for route in routes if not route.incentive.withheld_by_restriction)
    notices = [
        Notice(
            NoticeCode.INCENTIVE_WITHHELD,
            route.listing.listing_id if route.listing else "",
            route.regime.code if route.regime else "",
            {"incentive": route.incentive.code, "because": "restriction", "measure": restrictions[0].measure.code},
        )
        for route in routes
        if route.incentive.withheld_by_restriction
    ]
    return granted, notices
