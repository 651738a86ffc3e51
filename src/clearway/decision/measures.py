"""What a listing in force restricts: this item, this kind of application, this region, this authority, this day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import Incentive, Measure, MeasureForce, MeasureKind
from clearway.decision.answer import Notice, NoticeCode, Restriction
from clearway.decision.facts import CheckRequest
from clearway.decision.terms import InForce, Instant


def restrictions_from(
    standing: InForce, request: CheckRequest, catalogue: Catalogue, now: Instant
) -> tuple[list[Restriction], list[Notice]]:
    """The restrictions that an effective serious listing puts on the application; what to say where it puts none."""
    listing, regime = standing.listing, standing.regime
    restrictions: list[Restriction] = []
    notices: list[Notice] = []
    for measure in catalogue.measures(regime.code, request.item):
        if not applies(measure, request, catalogue, now):
            continue
        if measure.force is MeasureForce.RECOMMENDED and request.authority not in measure.adopted_by:
            details = {"measure": measure.code}
            notices.append(Notice(NoticeCode.RECOMMENDED_NOT_ADOPTED, listing.listing_id, regime.code, details))
        else:
            restrictions.append(Restriction(measure, regime, listing, standing.term))
    if not restrictions and not notices:
        notices.append(Notice(NoticeCode.NO_MEASURE_HERE, listing.listing_id, regime.code))
    return restrictions, notices


def applies(measure: Measure, request: CheckRequest, catalogue: Catalogue, now: Instant) -> bool:
    """Whether a measure holds for this kind of application, on this day, in this region."""
    return (
        request.application_kind in measure.application_kinds
        and holds_on(measure, now.day)
        and holds_in(measure.regions, request.region, catalogue, now.day)
    )


def holds_on(rule: Measure | Incentive, day: date) -> bool:
    """Whether a measure or incentive is valid on `day`: the half-open interval [valid_from, valid_to)."""
    return rule.valid_from <= day and (rule.valid_to is None or day < rule.valid_to)


def holds_in(regions: tuple[str, ...], region: str, catalogue: Catalogue, day: date) -> bool:
    """Whether `region` lies in one of `regions`; none named means everywhere."""
    if not regions:
        return True
    if catalogue.regions is None:
        return region in regions
    return any(catalogue.regions.within(region, ancestor, day) for ancestor in regions)


def gravest_first(restrictions: Iterable[Restriction]) -> tuple[Restriction, ...]:
    """Bars before reviews, mandatory before recommended, then the oldest document first."""

    def gravity(restriction: Restriction) -> tuple[bool, bool, date, str]:
        return (
            restriction.measure.kind is not MeasureKind.LICENCE_BAR,
            restriction.measure.force is not MeasureForce.MANDATORY,
            restriction.listing.document_date or date.max,
            restriction.listing.listing_id,
        )

    return tuple(sorted(restrictions, key=gravity))
