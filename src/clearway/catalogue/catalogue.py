"""A checked edition, compiled so that every question a check asks of it is a dictionary read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from typing import assert_never
from zoneinfo import ZoneInfo

from clearway.catalogue.model import (
    Authority,
    CleanRecordRoute,
    Edition,
    Incentive,
    LegalBasis,
    LicenceItem,
    ListKind,
    Measure,
    MeasureForce,
    MeasureKind,
    Regime,
    TrustedListingRoute,
)
from clearway.subjects.regions import RegionTable
from clearway.subjects.workdays import ChineseCalendar, WeekendCalendar, WorkingCalendar

EVERY_ITEM = "*"


class Catalogue:
    """What follows from a listing, under one edition. Made by `clearway.catalogue.loader`, which has checked it.

    `content_hash` is the SHA-256 of the edition file's bytes, in hex; `zone` is the registry's; `regions` is None where
    the edition tells no regions apart. Nothing here depends on the day: whether a measure holds is asked of its dates.
    """

    def __init__(self, edition: Edition, content_hash: str, regions: RegionTable | None) -> None:
        self.edition = edition
        self.content_hash = content_hash
        self.zone = ZoneInfo(edition.zone)
        self.regions = regions
        self.calendar = working_calendar(edition)
        self._items = {item.code: item for item in edition.items}
        self._regimes = {regime.code: regime for regime in edition.regimes}
        self._bases = {basis.code: basis for basis in edition.legal_bases}
        self._authorities = {authority.code: authority for authority in edition.authorities}
        self._measures = _measures_by_regime_and_item(edition)
        self._incentives = _incentives_by_item(edition)
        self._materials = {item.code: _material_codes(item) for item in edition.items}
        self._bearing = {item.code: self._bearing_regimes(item.code) for item in edition.items}
        self._clean_record_years = {code: _clean_years(found) for code, found in self._incentives.items()}
        self._turning_days = {item.code: _turning_days(edition, item.code) for item in edition.items}

    def holds_on(self, day: date) -> bool:
        """Whether the edition itself is valid on `day`, a day in its zone."""
        return self.edition.valid_from <= day and (self.edition.valid_to is None or day < self.edition.valid_to)

    def has_region(self, code: str, day: date) -> bool:
        """Whether `code` is a region in use on `day`; any code is where the edition tells no regions apart."""
        return self.regions is None or self.regions.get(code, day) is not None

    def item(self, code: str) -> LicenceItem | None:
        """The licence item, or None where the edition has none of that code."""
        return self._items.get(code)

    def regime(self, code: str) -> Regime | None:
        """The regime, or None where the edition has none of that code."""
        return self._regimes.get(code)

    def measures(self, regime_code: str, item_code: str) -> tuple[Measure, ...]:
        """Measures that a listing under this regime carries for this item, whatever the day, kind, region or adopter.

        Licence bars come first, mandatory before recommended, then in the file's order.
        """
        return self._measures.get((regime_code, item_code), ())

    def incentives(self, item_code: str) -> tuple[Incentive, ...]:
        """Incentives that exist for this item, in the file's order."""
        return self._incentives.get(item_code, ())

    def materials(self, item_code: str) -> frozenset[str]:
        """Codes of every material of this item, essential and deferrable."""
        return self._materials.get(item_code, frozenset())

    def next_turning_day(self, item_code: str, day: date) -> date | None:
        """The first day after `day` on which the edition, or a measure or incentive for this item, begins or ends."""
        days = self._turning_days.get(item_code, ())
        position = bisect_right(days, day)
        return days[position] if position < len(days) else None

    def clean_record_years(self, item_code: str) -> tuple[int, ...]:
        """How many years each clean-record route of this item asks for."""
        return self._clean_record_years.get(item_code, ())

    def bearing_regimes(self, item_code: str) -> frozenset[str]:
        """The regimes under which a listing could change an answer on this item, whatever the day, kind or region.

        Those with a measure or an incentive for it and, where a clean record opens one, every serious regime.
        """
        return self._bearing.get(item_code, frozenset())

    def naming_regimes(self, item_code: str) -> frozenset[str]:
        """The regimes whose listings have something of their own to say of this item, whatever the day, kind or region.

        Those with a measure for it, or with an incentive that a listing opens.
        """
        found = {regime.code for regime in self.edition.regimes if self.measures(regime.code, item_code)}
        for incentive in self.incentives(item_code):
            if isinstance(incentive.route, TrustedListingRoute):
                found.update(incentive.route.regimes)
        return frozenset(found)

    def _bearing_regimes(self, item_code: str) -> frozenset[str]:
        found = set(self.naming_regimes(item_code))
        for incentive in self.incentives(item_code):
            match incentive.route:
                case TrustedListingRoute():
                    pass
                case CleanRecordRoute():
                    found.update(regime.code for regime in self.edition.regimes if regime.kind is ListKind.SERIOUS)
                case never:
                    assert_never(never)
        return frozenset(found)

    def basis(self, code: str) -> LegalBasis:
        """The legal basis. KeyError where the edition has none; a code taken from the edition always has one."""
        return self._bases[code]

    def authority(self, code: str) -> Authority:
        """The authority. KeyError where the edition has none; a code taken from the edition always has one."""
        return self._authorities[code]

    def find_authority(self, code: str) -> Authority | None:
        """The authority, or None for a code from elsewhere that the edition does not have."""
        return self._authorities.get(code)


def working_calendar(edition: Edition) -> WorkingCalendar:
    """The working days that the edition's deadlines are counted in."""
    return ChineseCalendar() if edition.calendar == "cn" else WeekendCalendar()


def codes_named(patterns: Iterable[str], every: Iterable[str]) -> tuple[str, ...]:
    """The item codes that `patterns` name, each once; `*` names `every`."""
    named = tuple(patterns)
    return tuple(dict.fromkeys(every if EVERY_ITEM in named else named))


def _weight(measure: Measure) -> tuple[bool, bool]:
    return measure.kind is not MeasureKind.LICENCE_BAR, measure.force is not MeasureForce.MANDATORY


def _measures_by_regime_and_item(edition: Edition) -> dict[tuple[str, str], tuple[Measure, ...]]:
    found: dict[tuple[str, str], list[Measure]] = {}
    every = tuple(item.code for item in edition.items)
    for measure in sorted(edition.measures, key=_weight):
        for item_code in codes_named(measure.items, every):
            for regime_code in dict.fromkeys(measure.regimes):
                found.setdefault((regime_code, item_code), []).append(measure)
    return {pair: tuple(measures) for pair, measures in found.items()}


def _incentives_by_item(edition: Edition) -> dict[str, tuple[Incentive, ...]]:
    found: dict[str, list[Incentive]] = {}
    every = tuple(item.code for item in edition.items)
    for incentive in edition.incentives:
        for item_code in codes_named(incentive.items, every):
            found.setdefault(item_code, []).append(incentive)
    return {code: tuple(incentives) for code, incentives in found.items()}


def _clean_years(incentives: tuple[Incentive, ...]) -> tuple[int, ...]:
    return tuple(i.route.years for i in incentives if isinstance(i.route, CleanRecordRoute))


def _material_codes(item: LicenceItem) -> frozenset[str]:
    return frozenset(material.code for material in (*item.essential_materials, *item.deferrable_materials))


def _turning_days(edition: Edition, item_code: str) -> tuple[date, ...]:
    rules: tuple[Measure | Incentive, ...] = (*edition.measures, *edition.incentives)
    dated = [rule for rule in rules if EVERY_ITEM in rule.items or item_code in rule.items]
    days = {edition.valid_from, *(rule.valid_from for rule in dated)}
    ends = (edition.valid_to, *(rule.valid_to for rule in dated))
    return tuple(sorted(days.union(end for end in ends if end is not None)))
