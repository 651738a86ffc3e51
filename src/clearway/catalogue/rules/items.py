"""Licence items and incentives: materials, deadlines, natural persons, and the lists that open a route."""

from __future__ import annotations

from collections.abc import Iterator

from clearway.catalogue.model import BasisRank, ListKind, TrustedListingRoute
from clearway.catalogue.rules.draft import Draft, Finding


def incentive_regime_kind(draft: Draft) -> Iterator[Finding]:
    """Only a trusted list opens the green channel (国发〔2016〕33号, part 2)."""
    for at, incentive in enumerate(draft.edition.incentives):
        if not isinstance(incentive.route, TrustedListingRoute):
            continue
        for position, code in enumerate(incentive.route.regimes):
            regime = draft.regimes.get(code)
            if regime is not None and regime.kind is not ListKind.TRUSTED:
                path = ("incentives", at, "route", "regimes", position)
                yield Finding(path, f"{code} is a serious list; an incentive follows from a trusted list only")


def deferral_deadline(draft: Draft) -> Iterator[Finding]:
    """A deferred material is due within the item's own processing limit: the licence waits for it (容缺受理)."""
    for at, item in enumerate(draft.edition.items):
        for position, material in enumerate(item.deferrable_materials):
            if material.deadline > item.processing_limit:
                yield Finding(
                    ("items", at, "deferrable_materials", position, "deadline"),
                    f"{material.deadline} working days exceed the item's processing limit of {item.processing_limit}",
                )


def materials_disjoint(draft: Draft) -> Iterator[Finding]:
    """What law or regulation demands up front cannot follow later: a material is essential or deferrable, not both."""
    for at, item in enumerate(draft.edition.items):
        essential = {material.code for material in item.essential_materials}
        for position, material in enumerate(item.deferrable_materials):
            if material.code in essential:
                path = ("items", at, "deferrable_materials", position, "code")
                yield Finding(path, f"{material.code} is among the essential materials too; keep it in one of the two")


def natural_persons_basis(draft: Draft) -> Iterator[Finding]:
    """A natural person is checked only where a law bars that person from the item; nothing less opens that door.

    个人信息保护法 article 13: personal information is handled where a law makes it necessary.
    """
    for at, item in enumerate(draft.edition.items):
        basis = None if item.natural_persons is None else draft.bases.get(item.natural_persons)
        if basis is not None and basis.rank is not BasisRank.LAW:
            path = ("items", at, "natural_persons")
            yield Finding(path, f"{basis.code} is of rank {basis.rank}; natural persons are checked under a law only")
