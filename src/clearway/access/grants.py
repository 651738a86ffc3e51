"""What a principal may do, on what, for whom; and what a grant lacks for a call that it does not reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clearway.access.methods import Role

Within = Callable[[str, str], bool]
"""Whether a region (first) is another (second) or lies within it, on the day of the call."""


class Lack(StrEnum):
    """What a principal is missing for a call. Those further down come nearer to being granted."""

    METHOD = "method"
    """Nobody may call it."""
    ROLE = "role"
    """No grant has a role that the method is open to."""
    ITEM = "item"
    """The grants with such a role are for other licence items."""
    REGION = "region"
    """They are for other regions."""
    REGIME = "regime"
    """They are for other regimes."""
    ADVERSE_RECORDS = "adverse_records"
    """They do not extend to adverse records."""
    OFFICER = "officer"
    """They do not let the principal speak for that officer or registrar."""


CLOSENESS = tuple(Lack)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a call reaches for. None and empty: nothing of the kind, so no grant limits it there.

    `whole`: all of the authority's cases. `region` is empty where it is the whole country, or no region of the table.
    """

    item: str | None = None
    region: str | None = None
    regimes: tuple[str, ...] = ()
    adverse_records: bool = False
    officer: str = ""
    whole: bool = False


NOTHING = Reach()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, and how far it goes. None: without a limit of that kind."""

    role: Role
    items: frozenset[str] | None = None
    regions: tuple[str, ...] | None = None
    regimes: frozenset[str] | None = None
    adverse_records: bool = False
    officers: frozenset[str] | None = None

    def lack(self, reach: Reach, within: Within) -> Lack | None:
        """What it lacks for the call, or None where it reaches it."""
        if self.items is not None and (reach.whole or (reach.item is not None and reach.item not in self.items)):
            return Lack.ITEM
        if self.regions is not None and (reach.whole or not self._in_regions(reach.region, within)):
            return Lack.REGION
        if self.regimes is not None and not self.regimes.issuperset(reach.regimes):
            return Lack.REGIME
        if reach.adverse_records and not self.adverse_records:
            return Lack.ADVERSE_RECORDS
        if self.officers is not None and reach.officer and reach.officer not in self.officers:
            return Lack.OFFICER
        return None

    def _in_regions(self, region: str | None, within: Within) -> bool:
        granted = self.regions or ()
        # Most calls are about a region that is granted by name: the table is asked for the others only.
        return region is None or region in granted or any(within(region, wider) for wider in granted)


@dataclass(frozen=True, slots=True)
class Granted:
    """A call that may go on: by this grant, or by none where the method is open to more than roles."""

    grant: Grant | None


@dataclass(frozen=True, slots=True)
class Denied:
    """A call that may not: what is missing, and the roles that the method is open to."""

    lack: Lack
    needed: tuple[Role, ...]


def reaching(grants: Sequence[Grant], reach: Reach, within: Within) -> Grant | Lack:
    """The first grant that reaches the call; else what the one that comes nearest lacks."""
    nearest = Lack.ROLE
    for grant in grants:
        lack = grant.lack(reach, within)
        if lack is None:
            return grant
        nearest = max(nearest, lack, key=CLOSENESS.index)
    return nearest
