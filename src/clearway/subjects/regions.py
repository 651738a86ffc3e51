"""Regions with their history: which region lies within which, on a given day.

A table is a CSV file with the columns `code,parent,name,valid_from,valid_to,successor`. Parents are stated, never
derived from the digits of a code: 659001 has no 659000 above it. A region is valid on [valid_from, valid_to), open
where blank; a code that went out of use names its successor.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from itertools import pairwise

_COLUMNS = ["code", "parent", "name", "valid_from", "valid_to", "successor"]
_TABLES = "clearway.subjects.tables"


class RegionTableRejected(ValueError):
    """A region table that contradicts itself. The message names the line or the code."""


class UnknownRegionTable(LookupError):
    """No region table of that name is shipped."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region under one code over one period. `parent` is None for the root of a table."""

    code: str
    parent: str | None
    name: str
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None

    def valid(self, day: date) -> bool:
        """Whether the code is in use on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


class RegionTable:
    """All regions of a table. Raises `RegionTableRejected` for periods that overlap, and for parents and successors
    that are missing or go round in a circle.
    """

    __slots__ = ("_by_code",)

    def __init__(self, regions: Iterable[Region]) -> None:
        by_code: dict[str, tuple[Region, ...]] = {}
        for region in sorted(regions, key=lambda region: region.valid_from or date.min):
            by_code[region.code] = (*by_code.get(region.code, ()), region)
        self._by_code: Mapping[str, tuple[Region, ...]] = by_code
        self._require_sound()

    def __contains__(self, code: str) -> bool:
        return code in self._by_code

    def __len__(self) -> int:
        return len(self._by_code)

    def get(self, code: str, day: date) -> Region | None:
        """The region that `code` names on `day`, or None where the code is unknown or not in use on that day."""
        return next((region for region in self._by_code.get(code, ()) if region.valid(day)), None)

    def successor_of(self, code: str) -> str | None:
        """The code that took the place of `code`, or None where it is in use or unknown."""
        return next((region.successor for region in reversed(self._by_code.get(code, ())) if region.successor), None)

    def within(self, code: str, ancestor: str, day: date) -> bool:
        """Whether `code` is `ancestor` or lies within it on `day`. A code out of use stands for its successor."""
        wanted = self._in_use(ancestor, day)
        region = self._in_use(code, day)
        while region is not None and wanted is not None:
            if region.code == wanted.code:
                return True
            region = None if region.parent is None else self._in_use(region.parent, day)
        return False

    def _in_use(self, code: str, day: date) -> Region | None:
        seen: str | None = code
        while seen is not None:
            if (region := self.get(seen, day)) is not None:
                return region
            # A successor stands in for a code only once the code has gone out of use.
            gone = next(
                (r for r in reversed(self._by_code.get(seen, ())) if r.valid_to is not None and r.valid_to <= day), None
            )
            seen = None if gone is None else gone.successor
        return None

    def _require_sound(self) -> None:
        for code, periods in self._by_code.items():
            _require_no_overlap(periods)
            for region in periods:
                for link, other in (("parent", region.parent), ("successor", region.successor)):
                    if other is not None and other not in self._by_code:
                        raise RegionTableRejected(f"region {code} names the {link} {other}, which is not in the table")
        parents = {(code, r.parent) for code, periods in self._by_code.items() for r in periods if r.parent}
        successors = {(code, r.successor) for code, periods in self._by_code.items() for r in periods if r.successor}
        for link, pairs in (("parent", parents), ("successor", successors)):
            _require_no_circle(link, pairs)


def parse_regions(lines: Iterable[str]) -> RegionTable:
    """The table that CSV lines state, header first. Raises `RegionTableRejected` with the line at fault."""
    rows = csv.reader(lines)
    header = next(rows, [])
    if header != _COLUMNS:
        raise RegionTableRejected(f"line 1: the columns must be {','.join(_COLUMNS)}")
    return RegionTable([_parse_region(row, rows.line_num) for row in rows if row])


@cache
def shipped_regions(name: str) -> RegionTable:
    """The region table shipped as `tables/regions-<name>.csv`: `cn-demo` or `us`. Raises `UnknownRegionTable`."""
    shipped = {entry.name: entry for entry in resources.files(_TABLES).iterdir()}
    table = shipped.get(f"regions-{name}.csv")
    if table is None:
        raise UnknownRegionTable(f"no region table named {name!r} is shipped")
    return parse_regions(table.read_text(encoding="utf-8").splitlines())


def _parse_region(row: list[str], line: int) -> Region:
    if len(row) != len(_COLUMNS):
        raise RegionTableRejected(f"line {line}: {len(row)} columns instead of {len(_COLUMNS)}")
    code, parent, name, valid_from, valid_to, successor = (cell.strip() for cell in row)
    if not (code and name):
        raise RegionTableRejected(f"line {line}: a region needs a code and a name")
    try:
        since = date.fromisoformat(valid_from) if valid_from else None
        until = date.fromisoformat(valid_to) if valid_to else None
    except ValueError:
        raise RegionTableRejected(f"line {line}: dates are written 2015-01-31") from None
    if since and until and since >= until:
        raise RegionTableRejected(f"line {line}: region {code} ends before it begins")
    return Region(code, parent or None, name, since, until, successor or None)


def _require_no_overlap(periods: tuple[Region, ...]) -> None:
    for earlier, later in pairwise(periods):
        if earlier.valid_to is None or later.valid_from is None or later.valid_from < earlier.valid_to:
            raise RegionTableRejected(f"region {earlier.code} has two entries for the same day")


def _require_no_circle(link: str, pairs: set[tuple[str, str]]) -> None:
    """Strip codes that lead nowhere until none is left; what stays leads round in a circle."""
    while pairs:
        origins = {origin for origin, _ in pairs}
        leading = {(origin, target) for origin, target in pairs if target in origins}
        if leading == pairs:
            raise RegionTableRejected(f"region {min(origins)} comes back to itself by its {link}")
        pairs = leading
