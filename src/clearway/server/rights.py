"""What a caller may do, on the day of the call and under the catalogue in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import eq

from clearway.access.grants import Denied, Grant, Lack, Reach, Within, reaching
from clearway.access.methods import Openness, Role, rule_of, short
from clearway.access.principals import Principal
from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal

REGIONS_KEPT = 4096
"""Pairs of regions whose answer is remembered; callers name regions as they like, so there is an end to it."""


def within_by(catalogue: Catalogue, clock: Callable[[], datetime]) -> Within:
    """Whether a region lies within another, by the catalogue's table, on the day that it is in the catalogue's zone."""
    table, zone = catalogue.regions, catalogue.zone
    if table is None:
        return eq
    looked_up = lru_cache(REGIONS_KEPT)(table.within)

    def within(region: str, granted: str) -> bool:
        return region == granted or looked_up(region, granted, clock().astimezone(zone).date())

    return within


@dataclass(frozen=True, slots=True)
class Rights:
    """The grants of one caller. None: nobody's, who may do nothing."""

    principal: Principal | None
    within: Within

    def grants(self, method: str) -> tuple[Grant, ...]:
        """The grants with which the caller may call the method at all. Raises `Refusal` ACCESS_DENIED."""
        found = () if self.principal is None else self.principal.by_method.get(method, ())
        if not found and not (self.principal is not None and rule_of(method).openness is not Openness.ROLES):
            needed = rule_of(method).roles
            raise denied(method, Denied(Lack.ROLE if needed else Lack.METHOD, needed))
        return found

    def reaching(self, method: str, grants: tuple[Grant, ...], reach: Reach) -> Role | None:
        """The role in which the call is made: that of the first grant that reaches it. Raises `Refusal` ACCESS_DENIED.

        None: the method is open to more than roles.
        """
        if not grants:
            return None
        found = reaching(grants, reach, self.within)
        if isinstance(found, Lack):
            raise denied(method, Denied(found, rule_of(method).roles))
        return found.role


def nowhere(region: str, granted: str) -> bool:
    """No region lies within any other: nobody's grants need a table."""
    return False


NO_RIGHTS = Rights(None, nowhere)


def denied(method: str, found: Denied) -> Refusal:
    """A call that no grant of its caller reaches. It says nothing of what there is, as nothing was looked at."""
    metadata = {"method": short(method), "lack": found.lack.value, "needed": ", ".join(found.needed)}
    return Refusal(ErrorReason.ERROR_REASON_ACCESS_DENIED, "no grant of the caller reaches this call", metadata)
