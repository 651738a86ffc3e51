"""What figures are of, as an address says it: which days, divided by what, of which authority, item and region."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language, say
from clearway.web.console.forms import day_in
from clearway.web.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Both days included. `by` is the dimension's name in the address; empty: not divided."""

    since: date
    until: date
    by: str
    authority: str
    item: str
    region: str

    @classmethod
    def of(cls, visit: Visit, today: date, look_back: timedelta, divisible: Collection[str], usual: str) -> Self:
        """What the address says; it looks back so far, and is divided as usual, where it says nothing that can be."""
        by = visit.asked("by") or usual
        return cls(
            since=day_in(visit.asked("since")) or today - look_back,
            until=day_in(visit.asked("until")) or today,
            by=by if by in divisible else "" if by == "none" else usual,
            authority=visit.asked("authority"),
            item=visit.asked("item"),
            region=visit.asked("region"),
        )

    def parts(self) -> dict[str, str]:
        """The same as parts of an address's query, those that are given."""
        parts = {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "by": self.by or "none",
            "authority": self.authority,
            "item": self.item,
            "region": self.region,
        }
        return {name: value for name, value in parts.items() if value}


def choices(catalogue: Catalogue, language: Language) -> dict[str, list[tuple[str, str]]]:
    """What may be chosen on a page: the codes and names of the catalogue's items and authorities."""
    edition = catalogue.edition
    return {
        "items": [(one.code, say(one.name, language)) for one in edition.items],
        "authorities": [(one.code, say(one.name, language)) for one in edition.authorities],
    }
