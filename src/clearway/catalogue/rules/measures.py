"""Measures: what a restriction rests on, whom it binds, what it names, and where it stops."""

from __future__ import annotations

from collections.abc import Iterator

from clearway.catalogue.model import (
    BasisRank,
    ListKind,
    Measure,
    MeasureEffect,
    MeasureForce,
    MeasureKind,
)
from clearway.catalogue.rules.draft import RESTRICTING_RANKS, STATUTORY_RANKS, Draft, Finding


def measure_regime_kind(draft: Draft) -> Iterator[Finding]:
    """Only a serious list restricts. A trusted list, or the loss of a place on one, never does."""
    for at, measure in enumerate(draft.edition.measures):
        for position, code in enumerate(measure.regimes):
            regime = draft.regimes.get(code)
            if regime is not None and regime.kind is not ListKind.SERIOUS:
                path = ("measures", at, "regimes", position)
                yield Finding(path, f"{code} is a trusted list; a measure follows from a serious list only")


def measure_no_wildcard(draft: Draft) -> Iterator[Finding]:
    """A measure that reduces rights names its licence items: improper coupling is banned (禁止不当联结)."""
    for at, measure in enumerate(draft.edition.measures):
        if _reduces(measure) and "*" in measure.items:
            path = ("measures", at, "items", measure.items.index("*"))
            yield Finding(path, "a measure that reduces rights must name its licence items, one by one")


def measure_basis_rank(draft: Draft) -> Iterator[Finding]:
    """Rights are reduced only by law, administrative regulation, central policy document or local regulation.

    国办发〔2020〕49号: a memorandum, a municipal notice or a departmental rule never suffices.
    """
    for at, measure in enumerate(draft.edition.measures):
        basis = draft.bases.get(measure.basis)
        if measure.kind is MeasureKind.LICENCE_BAR or basis is None:
            continue  # A bar needs more: bar-basis-rank.
        if _reduces(measure) and basis.rank not in RESTRICTING_RANKS:
            yield Finding(
                ("measures", at, "basis"),
                f"{basis.code} is of rank {basis.rank}; a measure that reduces rights needs a law, an administrative "
                "regulation, a central policy document or a local regulation in its own region",
            )


def bar_basis_rank(draft: Draft) -> Iterator[Finding]:
    """A licence is refused outright only on a law or administrative regulation (行政许可法 articles 12 to 16)."""
    for at, measure in enumerate(draft.edition.measures):
        basis = draft.bases.get(measure.basis)
        if measure.kind is MeasureKind.LICENCE_BAR and basis is not None and basis.rank not in STATUTORY_RANKS:
            yield Finding(
                ("measures", at, "basis"),
                f"{basis.code} is of rank {basis.rank}; a licence bar needs a law or an administrative regulation",
            )


def bar_binds(draft: Draft) -> Iterator[Finding]:
    """A licence bar takes a right away, and does so for everybody: it is neither management nor a recommendation."""
    for at, measure in enumerate(draft.edition.measures):
        if measure.kind is not MeasureKind.LICENCE_BAR:
            continue
        if measure.effect is not MeasureEffect.RIGHTS_REDUCING:
            yield Finding(("measures", at, "effect"), "a licence bar reduces rights; write rights_reducing")
        if measure.force is not MeasureForce.MANDATORY:
            yield Finding(("measures", at, "force"), "a licence bar is set by statute; write mandatory")


def measure_adopted_by(draft: Draft) -> Iterator[Finding]:
    """A mandatory measure binds every implementing authority; adoption is for recommended ones (措施清单)."""
    for at, measure in enumerate(draft.edition.measures):
        if measure.force is MeasureForce.MANDATORY and measure.adopted_by:
            message = "a mandatory measure binds without adoption; remove adopted_by, or make the measure recommended"
            yield Finding(("measures", at, "adopted_by"), message)


def local_regulation_reach(draft: Draft) -> Iterator[Finding]:
    """What rests on a local regulation holds inside that regulation's region only (立法法 articles 80 to 82)."""
    for section, at, rule in draft.measures_and_incentives():
        basis = draft.bases.get(rule.basis)
        if basis is not None and basis.rank is BasisRank.LOCAL_REGULATION and basis.region is not None:
            yield from _confined(draft, section, at, rule.regions, basis.region, f"local regulation {basis.code}")


def local_authority_reach(draft: Draft) -> Iterator[Finding]:
    """What a local authority implements stays in its region: powers end where jurisdiction ends."""
    for section, at, rule in draft.measures_and_incentives():
        authority = draft.authorities.get(rule.implementing_authority)
        if authority is not None and authority.region is not None:
            yield from _confined(draft, section, at, rule.regions, authority.region, f"authority {authority.code}")


def local_regime_reach(draft: Draft) -> Iterator[Finding]:
    """A local list restricts inside its own region only (国办发〔2020〕49号)."""
    for at, measure in enumerate(draft.edition.measures):
        for code in measure.regimes:
            regime = draft.regimes.get(code)
            if regime is not None and regime.region is not None:
                yield from _confined(draft, "measures", at, measure.regions, regime.region, f"list {code}")


def _reduces(measure: Measure) -> bool:
    return measure.effect is MeasureEffect.RIGHTS_REDUCING


def _confined(
    draft: Draft, section: str, at: int, regions: tuple[str, ...], region: str, because: str
) -> Iterator[Finding]:
    if not regions:
        yield Finding((section, at), f"{because} holds in {region} only; add regions within it")
    for position, code in enumerate(regions):
        if draft.outside(code, region):
            yield Finding((section, at, "regions", position), f"{because} holds in {region} only, not in {code}")
