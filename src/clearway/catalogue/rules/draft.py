"""An edition whose shapes are right and whose rules are still to be checked, and what a rule finds in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from clearway.catalogue.complaints import Path
from clearway.catalogue.model import Authority, BasisRank, Edition, Incentive, LegalBasis, LicenceItem, Measure, Regime
from clearway.subjects.regions import RegionTable

RESTRICTING_RANKS = frozenset(
    (
        BasisRank.LAW,
        BasisRank.ADMINISTRATIVE_REGULATION,
        BasisRank.CENTRAL_POLICY_DOCUMENT,
        BasisRank.LOCAL_REGULATION,
    )
)
"""Ranks that a serious list or a reduction of rights may rest on (国办发〔2020〕49号)."""

STATUTORY_RANKS = frozenset((BasisRank.LAW, BasisRank.ADMINISTRATIVE_REGULATION))
"""Ranks that may refuse a licence outright (行政许可法 articles 12 to 16)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a rule is broken, and what is wrong and needed."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition with its codes resolved: of two nodes with one code the first counts (`code-unique` has the other).

    `regions` is None where the edition names no region table, or one that is not shipped.
    """

    edition: Edition
    authorities: Mapping[str, Authority]
    bases: Mapping[str, LegalBasis]
    regimes: Mapping[str, Regime]
    items: Mapping[str, LicenceItem]
    regions: RegionTable | None

    @classmethod
    def of(cls, edition: Edition, regions: RegionTable | None) -> Draft:
        """The draft of an edition, with the region table it names."""
        return cls(
            edition=edition,
            authorities={authority.code: authority for authority in reversed(edition.authorities)},
            bases={basis.code: basis for basis in reversed(edition.legal_bases)},
            regimes={regime.code: regime for regime in reversed(edition.regimes)},
            items={item.code: item for item in reversed(edition.items)},
            regions=regions,
        )

    def measures_and_incentives(self) -> Iterator[tuple[str, int, Measure | Incentive]]:
        """Every rule that holds for items and regions: its section, its place there, and itself."""
        yield from (("measures", at, measure) for at, measure in enumerate(self.edition.measures))
        yield from (("incentives", at, incentive) for at, incentive in enumerate(self.edition.incentives))

    @property
    def day(self) -> date:
        """The day on which regions are looked up: the edition's first."""
        return self.edition.valid_from

    def knows_region(self, code: str) -> bool:
        """Whether the region exists when the edition begins."""
        return self.regions is not None and self.regions.get(code, self.day) is not None

    def outside(self, code: str, ancestor: str) -> bool:
        """Whether a region lies outside another. False where either is unknown, which `region-known` complains of."""
        if self.regions is None or not (self.knows_region(code) and self.knows_region(ancestor)):
            return False
        return not self.regions.within(code, ancestor, self.day)


Rule = Callable[[Draft], Iterator[Finding]]
"""A rule looks at a draft and yields what breaks it. Its id is its name with hyphens; see `rule_id`."""


def rule_id(rule: Rule) -> str:
    """The stable id that complaints carry, for example `measure-basis-rank`."""
    return rule.__name__.replace("_", "-")
