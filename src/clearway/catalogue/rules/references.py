"""Every code is defined once, and every code referred to is defined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from clearway.catalogue.complaints import Path
from clearway.catalogue.model import Authority, LegalBasis, Regime, TrustedListingRoute
from clearway.catalogue.rules.draft import Draft, Finding

Reference = tuple[Path, str]


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


def code_unique(draft: Draft) -> Iterator[Finding]:
    """One code, one meaning: an answer names its regime, measure and basis by code, and must be readable later."""
    edition = draft.edition
    sections: list[tuple[Path, Sequence[_Coded]]] = [
        (("authorities",), edition.authorities),
        (("legal_bases",), edition.legal_bases),
        (("regimes",), edition.regimes),
        (("measures",), edition.measures),
        (("incentives",), edition.incentives),
        (("items",), edition.items),
    ]
    for at, item in enumerate(edition.items):
        sections.append((("items", at, "essential_materials"), item.essential_materials))
        sections.append((("items", at, "deferrable_materials"), item.deferrable_materials))
    for section, nodes in sections:
        seen: set[str] = set()
        for at, node in enumerate(nodes):
            if node.code in seen:
                yield Finding((*section, at, "code"), f"{node.code} is defined twice; give each its own code")
            seen.add(node.code)


def authority_known(draft: Draft) -> Iterator[Finding]:
    """Whoever designates, implements, adopts or hears an objection is named in full: the subject must know whom to ask.

    行政许可法 article 5 (publicity); 国办发〔2020〕49号, on relief.
    """
    for path, code in _authority_references(draft):
        if code not in draft.authorities:
            yield Finding(path, f"there is no authority {code}; define it under authorities")


def basis_known(draft: Draft) -> Iterator[Finding]:
    """No list, measure or incentive without a legal basis that the answer can cite (国办发〔2020〕49号)."""
    for path, code in _basis_references(draft):
        if code not in draft.bases:
            yield Finding(path, f"there is no legal basis {code}; define it under legal_bases")


def regime_known(draft: Draft) -> Iterator[Finding]:
    """A measure or incentive follows only from a list that exists, with its entry and exit."""
    for path, code in _regime_references(draft):
        if code not in draft.regimes:
            yield Finding(path, f"there is no regime {code}; define it under regimes")


def item_known(draft: Draft) -> Iterator[Finding]:
    """A measure or incentive names licence items that exist."""
    for section, at, rule in draft.measures_and_incentives():
        for position, code in enumerate(rule.items):
            if code != "*" and code not in draft.items:
                yield Finding((section, at, "items", position), f"there is no licence item {code} under items")


def region_known(draft: Draft) -> Iterator[Finding]:
    """A region is one of the edition's region table on the edition's first day: regions are data, never cut digits."""
    for path, code in _region_references(draft):
        if draft.edition.regions is None:
            yield Finding(path, f"region {code} is named, but the edition names no region table; set regions")
        elif draft.regions is not None and not draft.knows_region(code):
            yield Finding(path, f"region table {draft.edition.regions} has no region {code} on {draft.day}")


def _authority_references(draft: Draft) -> Iterator[Reference]:
    edition = draft.edition
    for at, regime in enumerate(edition.regimes):
        yield ("regimes", at, "designating_authority"), regime.designating_authority
        if regime.objection is not None:
            yield ("regimes", at, "objection", "channel", "authority"), regime.objection.channel.authority
        if regime.repair is not None:
            yield ("regimes", at, "repair", "authority"), regime.repair.authority
    for at, measure in enumerate(edition.measures):
        yield ("measures", at, "implementing_authority"), measure.implementing_authority
        for position, code in enumerate(measure.adopted_by):
            yield ("measures", at, "adopted_by", position), code
    for at, incentive in enumerate(edition.incentives):
        yield ("incentives", at, "implementing_authority"), incentive.implementing_authority
    for at, item in enumerate(edition.items):
        yield ("items", at, "implementing_authority"), item.implementing_authority


def _basis_references(draft: Draft) -> Iterator[Reference]:
    edition = draft.edition
    for at, regime in enumerate(edition.regimes):
        yield ("regimes", at, "basis"), regime.basis
    for section, at, rule in draft.measures_and_incentives():
        yield (section, at, "basis"), rule.basis
    for at, item in enumerate(edition.items):
        if item.natural_persons is not None:
            yield ("items", at, "natural_persons"), item.natural_persons


def _regime_references(draft: Draft) -> Iterator[Reference]:
    for at, measure in enumerate(draft.edition.measures):
        for position, code in enumerate(measure.regimes):
            yield ("measures", at, "regimes", position), code
    for at, incentive in enumerate(draft.edition.incentives):
        if isinstance(incentive.route, TrustedListingRoute):
            for position, code in enumerate(incentive.route.regimes):
                yield ("incentives", at, "route", "regimes", position), code


def _region_references(draft: Draft) -> Iterator[Reference]:
    edition = draft.edition
    places: dict[str, Sequence[Authority | LegalBasis | Regime]] = {
        "authorities": edition.authorities,
        "legal_bases": edition.legal_bases,
        "regimes": edition.regimes,
    }
    for section, nodes in places.items():
        for at, node in enumerate(nodes):
            if node.region is not None:
                yield (section, at, "region"), node.region
    for section, at, rule in draft.measures_and_incentives():
        for position, code in enumerate(rule.regions):
            yield (section, at, "regions", position), code
