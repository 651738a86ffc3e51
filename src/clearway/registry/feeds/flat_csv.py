"""`flat-csv`: our own flat form, a comma-separated file with a header row; one row states one fact about one subject.

Columns, in any order; those not named here are refused, so that a misspelt one is noticed. An empty cell is the same as
an absent column.

- every row: `fact` (`listing`, `adverse` or `known`), `scheme`, `code`, `name`, `other_names` (separated by `;`),
  `aliases` (further codes of the same subject, as `scheme:code`, separated by `;`), `known_since`;
- `listing` rows: `listing_id`, `regime` (both needed), `document_number`, `document_date`, `designating_authority`,
  `effective_from`, `expires_on` (the last day, or a month or year to whose end it runs, or a word for "no end"),
  `confirmed_on`;
- `adverse` rows: `record_id`, `record_kind`, `severity`, `document_date` (all needed), `document_number`.

A file adds to what is known: what it does not mention stays as it is. A masked code names nobody exactly: the subject
is then known by name alone, under the feed's own number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from clearway.decision.facts import AdverseKind, Severity
from clearway.registry.errors import UnreadableFeed
from clearway.registry.events import AdverseFacts, ListingFacts
from clearway.registry.feeds.cells import holds_citizen_number
from clearway.registry.feeds.days import end_day, first_day
from clearway.registry.feeds.mapping import Fact
from clearway.registry.feeds.rows import (
    AdverseStated,
    Disposition,
    Fault,
    ListingStated,
    Row,
    RowFault,
    RowReason,
    Statement,
    SubjectDescribed,
    SubjectKnown,
    of_fault,
)
from clearway.registry.feeds.spec import FeedSpec
from clearway.subjects.dates import UnreadableDate
from clearway.subjects.identifiers import Identifier, IdentifierFault, InvalidIdentifier, parse_identifier
from clearway.subjects.masking import mask, without_citizen_numbers
from clearway.subjects.schemes.roster import find_scheme
from clearway.subjects.schemes.scheme import numbers_organisations
from clearway.subjects.schemes.stdnum_schemes import ORGANISATION_SCHEMES

COLUMNS = (
    "fact",
    "scheme",
    "code",
    "name",
    "other_names",
    "aliases",
    "known_since",
    "listing_id",
    "regime",
    "document_number",
    "document_date",
    "designating_authority",
    "effective_from",
    "expires_on",
    "confirmed_on",
    "record_id",
    "record_kind",
    "severity",
)
"""Every column the form has."""

SPEC = FeedSpec(name="flat-csv", format="flat-csv")
"""The feed that needs no configuration."""

REQUIRED = ("fact", "scheme", "code")
"""The columns a file must have."""

_LONGEST = {"name": 512, "document_number": 512, "designating_authority": 256, "regime": 64, "listing_id": 200}
_LONGEST["record_id"] = _LONGEST["listing_id"]
_SHORTEST_LIMIT = min(_LONGEST.values())

E = TypeVar("E", bound=StrEnum)


class FlatCsv:
    """The adapter."""

    def __init__(self, spec: FeedSpec = SPEC) -> None:
        self.name = spec.name
        self.full_list = False if spec.full_list is None else spec.full_list
        self.limits = spec.limits
        # Each row names its own.
        self.regimes: tuple[str, ...] = ()
        self.states: Fact | None = None

    def open(self, lines: Iterator[tuple[int, list[str]]]) -> FlatSheet:
        """Read the header. Raises `UnreadableFeed` for a missing, doubled or unknown column."""
        _, header = next(lines, (0, []))
        columns = [cell.strip().lower() for cell in header]
        missing = [column for column in REQUIRED if column not in columns]
        if missing:
            raise UnreadableFeed(f"the header lacks {', '.join(missing)}")
        unknown = sum(column not in COLUMNS for column in columns)
        if unknown or len(set(columns)) < len(columns):
            raise UnreadableFeed(
                f"the header names {unknown} unknown columns, or one twice; known: {', '.join(COLUMNS)}"
            )
        return FlatSheet(columns, lines)


class FlatSheet:
    """A file in the flat form."""

    def __init__(self, columns: list[str], lines: Iterator[tuple[int, list[str]]]) -> None:
        self._columns = columns
        self._lines = lines

    def rows(self) -> Iterator[Row]:
        """The rows in order."""
        width = len(self._columns)
        for number, cells in self._lines:
            if len(cells) > width:
                yield Row(number, cells, _too_wide(width, len(cells)))
                continue
            # Spreadsheets leave out empty cells at the end of a row.
            cells.extend([""] * (width - len(cells)))
            yield Row(number, cells, _content(_named(self._columns, cells)))

    def original(self, row: Row) -> Mapping[str, str]:
        """The row by column; where it may be about a natural person, codes and names are masked.

        In a row that says it is about an organisation, numbers of citizens are masked wherever they stand.
        """
        named = _named(self._columns, row.cells)
        if _may_name_a_person(named):
            for column in ("code", "aliases", "name", "other_names", "listing_id", "record_id"):
                if named.get(column):
                    named[column] = mask(named[column])
            return named
        return {column: _without_persons(named.get("scheme", ""), column, cell) for column, cell in named.items()}

    def column(self, field: str) -> str:
        """Fields and columns have the same names."""
        return field if field in self._columns else ""


def _named(columns: list[str], cells: list[str]) -> dict[str, str]:
    return dict(zip(columns, map(str.strip, cells), strict=False))


def _too_wide(width: int, have: int) -> Fault:
    return Fault(Disposition.REJECTED, RowReason.MALFORMED, f"the row has {have} cells, the header {width}")


def _content(cells: dict[str, str]) -> Statement | Fault:
    try:
        return _statement(cells)
    except RowFault as fault:
        return fault.fault


def _statement(cells: dict[str, str]) -> Statement:
    reader = _READERS.get(cells["fact"].lower())
    if reader is None:
        raise RowFault(
            RowReason.UNKNOWN_FACT, f"fact: want one of {', '.join(_READERS)}", disposition=Disposition.REJECTED
        )
    if max(map(len, cells.values())) > _SHORTEST_LIMIT:
        _check_lengths(cells)
    return reader(cells)


def _check_lengths(cells: dict[str, str]) -> None:
    for column, longest in _LONGEST.items():
        if len(cells.get(column, "")) > longest:
            raise RowFault(RowReason.OVERLONG_VALUE, f"{column}: more than {longest} signs")


def _listing(cells: dict[str, str]) -> Statement:
    listing_id = _needed(cells, "listing_id")
    effective_from = _day(cells, "effective_from")
    expires_on = _end(cells, "expires_on")
    if effective_from is not None and expires_on is not None and expires_on <= effective_from:
        raise RowFault(RowReason.TERM, "expires_on: the listing would end before it begins")
    facts = ListingFacts(
        _needed(cells, "regime"),
        cells.get("document_number", ""),
        _day(cells, "document_date"),
        cells.get("designating_authority", ""),
        effective_from,
        expires_on,
    )
    return ListingStated(_subject(cells, listing_id), listing_id, facts, _day(cells, "confirmed_on"))


def _adverse(cells: dict[str, str]) -> Statement:
    record_id = _needed(cells, "record_id")
    document_date = _day(cells, "document_date")
    if document_date is None:
        raise RowFault(RowReason.MISSING_VALUE, "document_date: needed, and empty")
    facts = AdverseFacts(
        _one_of(cells, "record_kind", AdverseKind),
        _one_of(cells, "severity", Severity),
        cells.get("document_number", ""),
        document_date,
    )
    return AdverseStated(_subject(cells, record_id), record_id, facts)


def _known(cells: dict[str, str]) -> Statement:
    return SubjectKnown(_subject(cells, ""))


_READERS: dict[str, Callable[[dict[str, str]], Statement]] = {
    "listing": _listing,
    "adverse": _adverse,
    "known": _known,
}


def _subject(cells: dict[str, str], fact_id: str) -> SubjectDescribed:
    name = cells.get("name", "")
    other_names = _parts(cells.get("other_names", ""))
    known_since = _day(cells, "known_since")
    try:
        identifiers = [parse_identifier(cells["scheme"], cells["code"])]
    except InvalidIdentifier as error:
        if error.fault is not IdentifierFault.MASKED:
            raise _of_identifier("code", error) from error
        number = _own_number(cells["scheme"], fact_id)
        return SubjectDescribed((number,), name, other_names, known_since, masked=cells["code"])
    for alias in _parts(cells.get("aliases", "")):
        scheme, _, code = alias.partition(":")
        identifiers.append(_identifier("aliases", scheme.strip(), code.strip()))
    return SubjectDescribed(tuple(dict.fromkeys(identifiers)), name, other_names, known_since)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(";")))) if text else ()


def _own_number(scheme: str, fact_id: str) -> Identifier:
    """The feed's own number for a subject whose code is masked: its fact's id. Natural persons are turned away."""
    if may_number_persons(scheme):
        raise RowFault(
            RowReason.NATURAL_PERSON,
            "code: a natural person is never known by name alone, and this code is masked",
            disposition=Disposition.REJECTED,
        )
    if not fact_id:
        raise RowFault(RowReason.IDENTIFIER_MASKED, "code: masked, and the row has no id of its own")
    return _identifier("listing_id", "src.flat-csv", fact_id)


def may_number_persons(scheme: str) -> bool:
    """Whether a code of this scheme that cannot be read might be a natural person's; in doubt, yes."""
    found = find_scheme(scheme)
    return found is None or not (found.personal is numbers_organisations or found.name in ORGANISATION_SCHEMES)


def _identifier(column: str, scheme: str, code: str) -> Identifier:
    try:
        return parse_identifier(scheme, code)
    except InvalidIdentifier as error:
        raise _of_identifier(column, error) from error


def _of_identifier(column: str, error: InvalidIdentifier) -> RowFault:
    return RowFault(of_fault(error.fault), f"{column}: {error.detail}")


def _needed(cells: dict[str, str], column: str) -> str:
    value = cells.get(column, "")
    if not value:
        raise RowFault(RowReason.MISSING_VALUE, f"{column}: needed, and empty")
    return value


def _one_of(cells: dict[str, str], column: str, kind: type[E]) -> E:
    try:
        return kind(_needed(cells, column).lower())
    except ValueError as error:
        raise RowFault(RowReason.UNKNOWN_VALUE, f"{column}: want one of {', '.join(kind)}") from error


def _day(cells: dict[str, str], column: str) -> date | None:
    text = cells.get(column, "")
    if not text:
        return None
    try:
        return first_day(text)
    except UnreadableDate as error:
        raise RowFault(RowReason.DATE, f"{column}: no date we can read") from error


def _end(cells: dict[str, str], column: str) -> date | None:
    try:
        return end_day(cells.get(column, ""))
    except UnreadableDate as error:
        raise RowFault(RowReason.END_DATE, f"{column}: no end date we can read") from error


def _without_persons(scheme: str, column: str, cell: str) -> str:
    if column != "code":
        return without_citizen_numbers(cell)
    try:
        parse_identifier(scheme, cell)
    except InvalidIdentifier:
        return mask(cell) if holds_citizen_number(cell) else without_citizen_numbers(cell)
    return cell


def _may_name_a_person(cells: Mapping[str, str]) -> bool:
    schemes = [
        cells.get("scheme", ""),
        *(part.partition(":")[0] for part in cells.get("aliases", "").split(";") if part),
    ]
    return any(may_number_persons(scheme.strip()) for scheme in schemes)
