"""Lists: what a serious list rests on, how far it reaches, and how a subject gets off it."""

from __future__ import annotations

from collections.abc import Iterator

from clearway.catalogue.model import BasisRank, ListKind
from clearway.catalogue.rules.draft import RESTRICTING_RANKS, Draft, Finding


def local_regulation_region(draft: Draft) -> Iterator[Finding]:
    """A local regulation is law only where its congress sits (立法法 articles 80 to 82): it must say where that is."""
    for at, basis in enumerate(draft.edition.legal_bases):
        if basis.rank is BasisRank.LOCAL_REGULATION and basis.region is None:
            yield Finding(("legal_bases", at), "a local regulation needs its region; add region")


def regime_basis_rank(draft: Draft) -> Iterator[Finding]:
    """A serious list rests on law, administrative regulation or central policy document; a local one on a regulation.

    国办发〔2020〕49号: nobody may set up or extend one on less, and a local regulation founds a list of its own region.
    """
    for at, regime in enumerate(draft.edition.regimes):
        basis = draft.bases.get(regime.basis)
        if regime.kind is not ListKind.SERIOUS or basis is None:
            continue
        path = ("regimes", at, "basis")
        if basis.rank not in RESTRICTING_RANKS:
            yield Finding(
                path,
                f"{basis.code} is of rank {basis.rank}; a serious list needs a law, an administrative regulation, "
                "a central policy document or, for a local list, a local regulation",
            )
        elif basis.rank is BasisRank.LOCAL_REGULATION and basis.region is not None:
            if regime.region is None:
                yield Finding(path, f"{basis.code} is local; give the regime a region within {basis.region}")
            elif draft.outside(regime.region, basis.region):
                yield Finding(path, f"{basis.code} holds in {basis.region} only, not in {regime.region}")


def regime_remedies(draft: Draft) -> Iterator[Finding]:
    """A serious list has a way to object and a way to repair (国办发〔2020〕49号; 信用修复管理办法)."""
    for at, regime in enumerate(draft.edition.regimes):
        if regime.kind is not ListKind.SERIOUS:
            continue
        if regime.objection is None:
            yield Finding(("regimes", at), f"{regime.code} restricts, so it needs an objection channel; add objection")
        if regime.repair is None:
            yield Finding(("regimes", at), f"{regime.code} restricts, so it needs a repair channel; add repair")


def regime_within_authority(draft: Draft) -> Iterator[Finding]:
    """A local authority designates for its own region and no further: powers end where jurisdiction ends."""
    for at, regime in enumerate(draft.edition.regimes):
        authority = draft.authorities.get(regime.designating_authority)
        if authority is None or authority.region is None:
            continue
        if regime.region is None:
            message = f"{authority.code} is local; give the regime a region within {authority.region}"
            yield Finding(("regimes", at), message)
        elif draft.outside(regime.region, authority.region):
            yield Finding(("regimes", at, "region"), f"{authority.code} has powers in {authority.region} only")
