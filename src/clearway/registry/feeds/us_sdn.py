"""`us-sdn`: the list of Specially Designated Nationals of the United States, as published in SDN.CSV.

Twelve columns without a header; `-0-` is null. The file is the whole list. Entities are taken; individuals are turned
away, as are ships and aircraft, which apply for nothing. The list gives no document, so none is stated. Codes and some
further names stand in the remarks, as `LABEL VALUE (Country);` and `a.k.a. 'NAME';`: only labels whose meaning is
certain are read as codes (`clearway.registry.feeds.us_csl.CODES`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain

from clearway.registry.errors import UnreadableFeed
from clearway.registry.events import ListingFacts
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
from clearway.registry.feeds.us_csl import CODES, MAX_NAME
from clearway.subjects.identifiers import Identifier, InvalidIdentifier, parse_identifier

REGIME = "US-SDN"

SPEC = FeedSpec(
    name="us-sdn",
    format="us-sdn",
    regime=REGIME,
    designating_authority="Office of Foreign Assets Control, Department of the Treasury",
)
"""The feed that needs no configuration."""

COLUMNS = (
    "ent_num",
    "SDN_Name",
    "SDN_Type",
    "Program",
    "Title",
    "Call_Sign",
    "Vess_type",
    "Tonnage",
    "GRT",
    "Vess_flag",
    "Vess_owner",
    "Remarks",
)
"""The columns in their order."""

KEPT = ("ent_num", "SDN_Name", "SDN_Type", "Program", "Remarks")
"""The columns that are read; a row set aside keeps no others."""

NULL = "-0-"
END_OF_FILE = "\x1a"
"""The published file ends with this sign, alone on its line."""

COUNTRIES = {"China": "CN", "Russia": "RU", "United States": "US", "": ""}
"""Countries of codes that we read, as remarks write them."""

_REMARK = re.compile(
    rf"(?P<label>{'|'.join(sorted({re.escape(label) for _, label in CODES}))}):? (?P<value>[^()]+?)"
    r"(?: \((?P<country>[^()]+)\))?\.?"
)
_ALSO = re.compile(r"[af]\.k\.a\. (?:'(?P<single>[^']+)'|\"(?P<double>[^\"]+)\")")


class UsSdn:
    """The adapter."""

    def __init__(self, spec: FeedSpec = SPEC) -> None:
        self.name = spec.name
        self.full_list = True if spec.full_list is None else spec.full_list
        self.limits = spec.limits
        self.regimes = (spec.regime or SPEC.regime or "",)
        self.states: Fact | None = Fact.LISTING
        self._spec = spec

    def open(self, lines: Iterator[tuple[int, list[str]]]) -> UsSdnSheet:
        """Take up the rows. Raises `UnreadableFeed` where the first is not of this form."""
        first = next(lines, None)
        if first is None:
            return UsSdnSheet(self._spec, COLUMNS, lines)
        number, cells = first
        if set(map(str.strip, cells)) >= {"ent_num", "SDN_Name", "SDN_Type"}:
            return UsSdnSheet(self._spec, tuple(map(str.strip, cells)), lines)
        if len(cells) != len(COLUMNS) or not cells[0].strip().isdigit():
            raise UnreadableFeed(f"the first line is no row of {len(COLUMNS)} columns that begins with a number")
        return UsSdnSheet(self._spec, COLUMNS, chain([(number, cells)], lines))


class UsSdnSheet:
    """The list, as published."""

    def __init__(self, spec: FeedSpec, columns: tuple[str, ...], lines: Iterator[tuple[int, list[str]]]) -> None:
        self._spec = spec
        self._columns = columns
        self._lines = lines

    def rows(self) -> Iterator[Row]:
        """The rows in order."""
        width = len(self._columns)
        for number, cells in self._lines:
            if cells == [END_OF_FILE]:
                continue
            if len(cells) != width or any("\0" in cell for cell in cells):
                detail = f"the row has {len(cells)} cells, the list {width}, or signs that are no text"
                yield Row(number, cells, Fault(Disposition.REJECTED, RowReason.MALFORMED, detail))
                continue
            yield Row(number, cells, self._content(self._named(cells)))

    def original(self, row: Row) -> Mapping[str, str]:
        """The row by column."""
        return {column: cell for column, cell in zip(self._columns, row.cells, strict=False) if column in KEPT}

    def column(self, field: str) -> str:
        """Fields are named by their columns."""
        return field if field in self._columns else ""

    def _named(self, cells: list[str]) -> dict[str, str]:
        texts = (" ".join(cell.split()) for cell in cells)
        return {column: "" if text == NULL else text for column, text in zip(self._columns, texts, strict=False)}

    def _content(self, cells: dict[str, str]) -> ListingStated | Fault:
        try:
            kind = cells["SDN_Type"].lower()
            if kind == "individual":
                detail = "SDN_Type: a natural person is never known by name alone"
                raise RowFault(RowReason.NATURAL_PERSON, detail, Disposition.REJECTED)
            if kind:
                raise RowFault(RowReason.NOT_A_SUBJECT, "SDN_Type: a ship or an aircraft", Disposition.REJECTED)
            if not cells["ent_num"].isdigit() or len(cells["ent_num"]) > 12:
                raise RowFault(RowReason.MISSING_VALUE, "ent_num: needed, and no number")
        except RowFault as fault:
            return fault.fault
        listing_id = f"{self._spec.name}:{cells['ent_num']}"
        try:
            return self._listing(cells, listing_id)
        except RowFault as fault:
            why = fault.fault
            return Fault(why.disposition, why.reason, why.detail, listing_id)

    def _listing(self, cells: dict[str, str], listing_id: str) -> ListingStated:
        name = cells["SDN_Name"]
        if not name:
            raise RowFault(RowReason.MISSING_VALUE, "SDN_Name: needed, and empty")
        remarks = cells.get("Remarks", "")
        others = tuple(dict.fromkeys(found["single"] or found["double"] for found in _ALSO.finditer(remarks)))
        if max(map(len, (name, *others))) > MAX_NAME:
            raise RowFault(RowReason.OVERLONG_VALUE, f"a name of more than {MAX_NAME} signs")
        own_number = _identifier("ent_num", f"src.{self._spec.name}", cells["ent_num"])
        identifiers = tuple(dict.fromkeys((*_codes(remarks), own_number)))
        regime = self._spec.regime or SPEC.regime or ""
        facts = ListingFacts(
            regime, designating_authority=self._spec.designating_authority or SPEC.designating_authority
        )
        return ListingStated(SubjectDescribed(identifiers, name, others), listing_id, facts)


def _codes(remarks: str) -> Iterator[Identifier]:
    for remark in remarks.split(";"):
        found = _REMARK.fullmatch(remark.strip())
        country = COUNTRIES.get(found["country"] or "") if found else None
        if found is None or country is None:
            continue
        scheme, shape = CODES.get((country, found["label"]), ("", None))
        if shape is not None and shape.match(found["value"]):
            yield _identifier("Remarks", scheme, found["value"])


def _identifier(column: str, scheme: str, value: str) -> Identifier:
    try:
        return parse_identifier(scheme, value)
    except InvalidIdentifier as error:
        raise RowFault(of_fault(error.fault), f"{column}, {scheme}: {error.detail}") from error
