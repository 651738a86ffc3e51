"""`us-csl`: the Consolidated Screening List of the United States, as published in comma-separated form (29 columns).

The file is the whole list: what is missing from it has been removed by its agency. Each row is one entry on one of the
agencies' lists; an entity on several lists has one `_id` and a row for each, so a listing is named by both.

Codes sit inside the text of `ids`, as `COUNTRY, CODE, LABEL` separated by `;`. Only labels whose meaning is certain are
read as codes (`CODES`); a row without one is known by name alone, under its `_id`.

What the file states of an entry's document:

- Bureau of Industry and Security (Entity List, Military End User List, Unverified List, Denied Persons List): the
  Federal Register notice and its date, where given;
- Military-Industrial Complex Companies: the executive order in the program, and the listing date in `ids`;
- CAPTA and Menu-Based lists: the directive under Executive Order 14024 whose listing date stands in `ids`;
- Sectoral Sanctions: the executive order in the program, and no date (a listing date under Executive Order 14024 is
  another list's);
- Specially Designated Nationals and Foreign Sanctions Evaders: neither.

Nothing is made up for what is missing: an entry without its document is left without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from clearway.registry.errors import UnreadableFeed
from clearway.registry.events import ListingFacts
from clearway.registry.feeds.days import end_day, first_day
from clearway.registry.feeds.mapping import Fact
from clearway.registry.feeds.rows import (
    Disposition,
    Fault,
    ListingStated,
    Row,
    RowFault,
    RowReason,
    SubjectDescribed,
    of_fault,
)
from clearway.registry.feeds.spec import FeedSpec
from clearway.subjects.dates import UnreadableDate
from clearway.subjects.identifiers import Identifier, InvalidIdentifier, parse_identifier

NUMBER_SCHEME = "src.us-csl"
"""The scheme of the list's own `_id`."""

SPEC = FeedSpec(name="us-csl", format="us-csl")
"""The feed that needs no configuration."""

REGIMES = {
    "SDN": "US-SDN",
    "EL": "US-ENTITY-LIST",
    "SSI": "US-SSI",
    "UVL": "US-UNVERIFIED",
    "MEU": "US-MEU",
    "CMIC": "US-CMIC",
    "CAP": "US-CAPTA",
    "NS-MBS": "US-NS-MBS",
    "FSE": "US-FSE",
    "DPL": "US-DPL",
}
"""The abbreviation in `source` → the regime of the list."""

COLUMNS = (
    "_id",
    "source",
    "type",
    "programs",
    "name",
    "federal_register_notice",
    "start_date",
    "end_date",
    "alt_names",
    "ids",
)
"""The columns that are read; the others are passed over."""

MAX_NAME = 512
"""Signs in a name, at most."""

_SOURCE = re.compile(r"\((?P<list>[A-Z-]+)(?: List)?\)(?: List)?(?: - (?P<agency>.+))?$")
_COUNTRY = re.compile(r"(?P<country>[A-Z]{2}), (?P<code>.+)$")
_ORDER = re.compile(r"EO(\d{5})\b")
_DIRECTIVE = re.compile(r"Listing Date \((?P<directive>EO 14024 Directive \w+)\)$")
_EIN = re.compile(r"\d{2}-\d{7}$")
_INN_OF_ORGANISATION = re.compile(r"\d{10}$")
_LEI = re.compile(r"[0-9A-Z]{20}$")
_ANYTHING = re.compile(r".")

CODES: dict[tuple[str, str], tuple[str, re.Pattern[str]]] = {
    ("CN", "Unified Social Credit Code (USCC)"): ("cn-uscc", _ANYTHING),
    ("CN", "United Social Credit Code Certificate (USCCC)"): ("cn-uscc", _ANYTHING),
    ("RU", "Tax ID No."): ("ru.inn", _INN_OF_ORGANISATION),
    ("US", "Tax ID No."): ("us.ein", _EIN),
    ("US", "US FEIN"): ("us.ein", _EIN),
    ("", "US FEIN"): ("us.ein", _EIN),
    ("", "Legal Entity Number"): ("lei", _LEI),
}
"""(country, label) → the scheme, and the shape that tells its codes from others written under the same label."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """One entry of `ids`: what is stated, and under which label."""

    country: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class _Document:
    """What the file states of an entry's document."""

    number: str = ""
    day: date | None = None
    effective_from: date | None = None


class UsConsolidatedScreeningList:
    """The adapter."""

    def __init__(self, spec: FeedSpec = SPEC) -> None:
        self.name = spec.name
        self.full_list = True if spec.full_list is None else spec.full_list
        self.limits = spec.limits
        self.regimes = tuple(REGIMES.values())
        self.states: Fact | None = Fact.LISTING

    def open(self, lines: Iterator[tuple[int, list[str]]]) -> UsCslSheet:
        """Read the header. Raises `UnreadableFeed` where a column is missing."""
        _, columns = next(lines, (0, []))
        missing = [column for column in COLUMNS if column not in columns]
        if missing:
            raise UnreadableFeed(f"the header lacks {', '.join(missing)}")
        return UsCslSheet(columns, lines)


class UsCslSheet:
    """The list, as published."""

    def __init__(self, columns: list[str], lines: Iterator[tuple[int, list[str]]]) -> None:
        self._columns = columns
        self._lines = lines

    def rows(self) -> Iterator[Row]:
        """The rows in order."""
        width = len(self._columns)
        for number, cells in self._lines:
            if len(cells) != width:
                detail = f"the row has {len(cells)} cells, the header {width}"
                yield Row(number, cells, Fault(Disposition.REJECTED, RowReason.MALFORMED, detail))
                continue
            yield Row(number, cells, _content(dict(zip(self._columns, cells, strict=True))))

    def original(self, row: Row) -> Mapping[str, str]:
        """The row by column."""
        return dict(zip(self._columns, row.cells, strict=False))

    def column(self, field: str) -> str:
        """Fields are named by their columns."""
        return field if field in self._columns else ""


def _content(cells: dict[str, str]) -> ListingStated | Fault:
    try:
        regime, agency = _list(cells["source"])
    except RowFault as fault:
        return fault.fault
    listing_id = f"us-csl:{regime}:{cells['_id'].strip()}"
    try:
        return _listing(cells, regime, agency, listing_id)
    except RowFault as fault:
        why = fault.fault
        return Fault(why.disposition, why.reason, why.detail, fact_id=listing_id)


def _list(source: str) -> tuple[str, str]:
    """The regime and the agency behind `source`."""
    found = _SOURCE.search(source)
    if found is None or found["list"] not in REGIMES:
        raise RowFault(RowReason.UNKNOWN_LIST, "source: not a list we have a regime for")
    return REGIMES[found["list"]], found["agency"] or ""


def _listing(cells: dict[str, str], regime: str, agency: str, listing_id: str) -> ListingStated:
    if cells["type"] == "Individual":
        raise RowFault(
            RowReason.NATURAL_PERSON, "type: a natural person is never known by name alone", Disposition.REJECTED
        )
    marks = _marks(cells["ids"])
    document = _document(regime, cells, marks)
    facts = ListingFacts(
        regime,
        document.number,
        document.day,
        agency,
        document.effective_from,
        _end(cells["end_date"]),
    )
    name = _name(cells["name"])
    if not name:
        raise RowFault(RowReason.MISSING_VALUE, "name: needed, and empty")
    own_number = _identifier("_id", NUMBER_SCHEME, cells["_id"].strip())
    identifiers = tuple(dict.fromkeys((*_codes(marks), own_number)))
    return ListingStated(SubjectDescribed(identifiers, name, _alt_names(cells["alt_names"])), listing_id, facts)


def _marks(ids: str) -> tuple[_Mark, ...]:
    marks = []
    for entry in ids.split(";"):
        value, comma, label = entry.strip().rpartition(", ")
        if comma:
            with_country = _COUNTRY.match(value)
            country, code = (with_country["country"], with_country["code"]) if with_country else ("", value)
            marks.append(_Mark(country, code.strip(), label.rstrip(" :")))
    return tuple(marks)


def _codes(marks: tuple[_Mark, ...]) -> Iterator[Identifier]:
    for mark in marks:
        scheme, shape = CODES.get((mark.country, mark.label), ("", _ANYTHING))
        if scheme and shape.match(mark.value):
            yield _identifier("ids", scheme, mark.value)


def _identifier(column: str, scheme: str, value: str) -> Identifier:
    try:
        return parse_identifier(scheme, value)
    except InvalidIdentifier as error:
        raise RowFault(of_fault(error.fault), f"{column}, {scheme}: {error.detail}") from error


def _document(regime: str, cells: dict[str, str], marks: tuple[_Mark, ...]) -> _Document:
    match regime:
        case "US-ENTITY-LIST" | "US-MEU" | "US-UNVERIFIED" | "US-DPL":
            day = _day("start_date", cells["start_date"])
            return _Document(_name(cells["federal_register_notice"]), day, day)
        case "US-CMIC":
            listed, effective = _dated(marks, "Listing Date (CMIC)"), _dated(marks, "Effective Date (CMIC)")
            return _Document(_order(cells["programs"]), listed, effective)
        case "US-CAPTA":
            return _under_directives(marks, ("EO 14024 Directive 2",))
        case "US-NS-MBS":
            return _under_directives(marks, ("EO 14024 Directive 1a", "EO 14024 Directive 3", "EO 14024 Directive 4"))
        case "US-SSI":
            return _Document("EO 13662" if "EO13662" in cells["programs"] else "")
        case _:
            return _Document()


def _under_directives(marks: tuple[_Mark, ...], directives: tuple[str, ...]) -> _Document:
    """The earliest listing under any of the directives."""
    listings = []
    for mark in marks:
        under = _DIRECTIVE.match(mark.label)
        if under is not None and under["directive"] in directives:
            listings.append((_day("ids", mark.value), under["directive"]))
    if not listings:
        return _Document()
    day, directive = min((day, directive) for day, directive in listings if day is not None)
    return _Document(directive, day, _dated(marks, f"Effective Date ({directive})"))


def _dated(marks: tuple[_Mark, ...], label: str) -> date | None:
    return next((_day("ids", mark.value) for mark in marks if mark.label == label), None)


def _order(programs: str) -> str:
    """The executive order in a program code, where there is exactly one."""
    orders = set(_ORDER.findall(programs))
    return f"EO {orders.pop()}" if len(orders) == 1 else ""


def _day(column: str, text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return first_day(text.strip())
    except UnreadableDate as error:
        raise RowFault(RowReason.DATE, f"{column}: no date we can read") from error


def _end(text: str) -> date | None:
    try:
        return end_day(text.strip())
    except UnreadableDate as error:
        raise RowFault(RowReason.END_DATE, "end_date: no end date we can read") from error


def _name(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > MAX_NAME:
        raise RowFault(RowReason.OVERLONG_VALUE, f"a name or notice of more than {MAX_NAME} signs")
    return name


def _alt_names(text: str) -> tuple[str, ...]:
    """The names between `;`; the last of several may begin with "and"."""
    names = [_name(part) for part in text.split(";")]
    if len(names) > 1:
        names[-1] = names[-1].removeprefix("and ")
    return tuple(dict.fromkeys(filter(None, names)))
