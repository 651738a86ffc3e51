"""A row of a table, read under a mapping.

In this order: is the row about a natural person or a thing; which codes does it give; what is the subject called; then
the fact's own fields. The first thing that is wrong sets the row aside. What the mapping does not name is read past and
kept nowhere, not even of a row that is set aside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import TypeVar, assert_never

import msgspec

from clearway.decision.facts import AdverseKind, Severity
from clearway.registry.events import AdverseFacts, ListingFacts
from clearway.registry.feeds.cells import BLANKS, SheetNumber, as_written, code_text, plain
from clearway.registry.feeds.code_columns import Unreadable, read_code, require_one_subject
from clearway.registry.feeds.days import end_day, first_day
from clearway.registry.feeds.flat_csv import may_number_persons
from clearway.registry.feeds.header import Header
from clearway.registry.feeds.mapping import CodeColumn, Fact, Mapping, Value
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
from clearway.subjects.identifiers import Identifier, InvalidIdentifier, parse_identifier
from clearway.subjects.masking import mask, without_citizen_numbers
from clearway.subjects.schemes.source_ids import LONGEST as LONGEST_NUMBER
from clearway.subjects.text import normalise_name

LONGEST = {
    "name": 512,
    "other_names": 16_384,
    "document_number": 512,
    "designating_authority": 256,
    "regime": 64,
    "id": 160,
}
"""Signs in a field, at most; in any other, as many as in a name."""

_GRAVITY: dict[str, int] = {severity.value: gravity for gravity, severity in enumerate(Severity)}

_FOOTNOTE = re.compile(r"\s*\*+\s*\d*$")

E = TypeVar("E", bound=StrEnum)


class RowReader:
    """Reads the rows of one file: a mapping together with the columns that the file's header has for it."""

    def __init__(self, spec: FeedSpec, mapping: Mapping, header: Header, telling: Sequence[int] = ()) -> None:
        """`telling` are the columns that tell how the others are to be read, and are not read themselves."""
        self.header = header
        self._feed = spec.name
        self._mapping = mapping
        self._constants = {"regime": spec.regime or "", "designating_authority": spec.designating_authority}
        self._values = mapping.values()
        self._columns = {name: header.find(value.headers) for name, value in self._values.items()}
        self._codes = [(column, at) for column in mapping.codes if (at := header.find(column.headers)) is not None]
        self._where = {
            column.where.headers: header.find(column.where.headers) for column in mapping.codes if column.where
        }
        self._kind = None if mapping.kinds is None else header.find(mapping.kinds.headers)
        self._personal = [at for name in mapping.personal if (at := header.find((name,))) is not None]
        read: set[int | None] = {*self._columns.values(), *self._where.values(), self._kind}
        read |= {at for _, at in self._codes}
        self._kept = sorted({at for at in read if at is not None})
        self._telling = [at for at in telling if at not in self._kept]

    def read(self, cells: list[str]) -> Statement | Fault:
        """What the row states, or what is wrong with it."""
        given = ""
        try:
            given = self._text(cells, "id")
            return self._statement(cells, given)
        except RowFault as fault:
            return self._placed(fault.fault, given)

    def _placed(self, fault: Fault, given: str) -> Fault:
        """A row that is set aside is still on its list, where its id can be told."""
        if fault.fact_id or not given or fault.disposition is Disposition.REJECTED:
            return fault
        return msgspec.structs.replace(fault, fact_id=f"{self._feed}:{given}")

    def original(self, row: Row) -> dict[str, str]:
        """The columns that are read, with the numbers of natural persons masked; names too, where it may be one's."""
        public = {at for column, at in self._codes if _names_an_organisation(column, row.cells[at])}
        hidden: set[int | None] = set()
        if self._may_be_about_a_person(row):
            hidden.update(at for _, at in self._codes)
            hidden.update(self._columns.get(name) for name in ("name", "other_names", "id"))
        kept = {}
        for at in self._kept:
            cell = row.cells[at].strip()
            if at not in public:
                cell = mask(cell) if at in hidden else without_citizen_numbers(cell)
            kept[self.header.cells[at]] = cell
        # Without them, the header of the row read again would not say what this one says.
        return kept | {self.header.cells[at]: "" for at in self._telling}

    def column(self, field: str) -> str:
        """The header's name of the column that a fault's field is read from; empty where there is none.

        Codes go by the first name of their column in the mapping, everything else by our own name of the field.
        """
        at = self._columns.get(field)
        if at is None:
            at = next((place for column, place in self._codes if column.headers[0] == field), None)
        return "" if at is None else self.header.cells[at]

    def _may_be_about_a_person(self, row: Row) -> bool:
        """Whether nothing shows that a row set aside is about an organisation."""
        if isinstance(row.content, Fault) and row.content.reason is RowReason.NATURAL_PERSON:
            return True
        given = [column for column, at in self._codes if plain(row.cells[at]).casefold() not in BLANKS]
        if not given:
            return self._mapping.without_code == "set_aside"
        return any(may_number_persons(column.scheme) for column in given)

    # The statement

    def _statement(self, cells: list[str], given: str) -> Statement:
        self._require_organisation(cells)
        identifiers, masked = self._identifiers(cells)
        name = self._text(cells, "name")
        self._require_organisations_name(name, identifiers)
        if not identifiers:
            self._require_known_by_name(name, masked)
        own_id = given or self._made_id(cells, identifiers, name, masked)
        if not identifiers:
            number = own_id if len(own_id) <= LONGEST_NUMBER else _digest([own_id])
            identifiers = (_parsed("id", f"src.{self._feed}", number),)
        subject = SubjectDescribed(
            identifiers, name, self._other_names(cells, name), self._day(cells, "known_since"), masked
        )
        match self._mapping.states:
            case Fact.KNOWN:
                return SubjectKnown(subject, own_id)
            case Fact.LISTING:
                return self._listing(cells, subject, f"{self._feed}:{own_id}")
            case Fact.ADVERSE:
                return self._adverse(cells, subject, f"{self._feed}:{own_id}")
            case _:
                assert_never(self._mapping.states)

    def _listing(self, cells: list[str], subject: SubjectDescribed, listing_id: str) -> ListingStated:
        try:
            regime = self._text(cells, "regime")
            if not regime:
                raise RowFault(RowReason.MISSING_VALUE, "regime: needed, and empty")
            effective_from, expires_on = self._day(cells, "effective_from"), self._end(cells, "expires_on")
            if effective_from is not None and expires_on is not None and expires_on <= effective_from:
                raise RowFault(RowReason.TERM, "expires_on: the listing would end before it begins")
            facts = ListingFacts(
                regime,
                self._text(cells, "document_number"),
                self._day(cells, "document_date"),
                self._text(cells, "designating_authority"),
                effective_from,
                expires_on,
            )
            return ListingStated(subject, listing_id, facts, self._day(cells, "confirmed_on"))
        except RowFault as raised:
            why = raised.fault
            raise RowFault(why.reason, why.detail, why.disposition, listing_id) from None

    def _adverse(self, cells: list[str], subject: SubjectDescribed, record_id: str) -> AdverseStated:
        document_date = self._day(cells, "document_date")
        if document_date is None:
            raise RowFault(RowReason.MISSING_VALUE, "document_date: needed, and empty")
        display_ends_on = self._end(cells, "display_ends_on")
        if display_ends_on is not None and display_ends_on <= document_date:
            raise RowFault(RowReason.TERM, "display_ends_on: the record would end before its document")
        facts = AdverseFacts(
            _member("record_kind", self._text(cells, "record_kind"), AdverseKind),
            _member("severity", self._text(cells, "severity"), Severity),
            self._text(cells, "document_number"),
            document_date,
            display_ends_on,
        )
        return AdverseStated(subject, record_id, facts)

    def _made_id(self, cells: list[str], identifiers: tuple[Identifier, ...], name: str, masked: str) -> str:
        """The row's id where its source gives none: a hash of what tells it from the others, the same every time."""
        parts = self._mapping.id_of or _ID_OF[self._mapping.states]
        if parts and any(identifier.personal for identifier in identifiers):
            # Without a secret, a hash of a person's number would give the number away.
            raise RowFault(RowReason.MISSING_VALUE, "id: a natural person's row needs an id of its own")
        if not parts:
            return ""
        leading = (
            f"{identifiers[0].scheme}:{identifiers[0].value}" if identifiers else f"{normalise_name(name)}:{masked}"
        )
        return _digest([leading if part == "subject" else normalise_name(self._text(cells, part)) for part in parts])

    # Who

    def _require_organisation(self, cells: list[str]) -> None:
        kinds = self._mapping.kinds
        if kinds is None:
            return
        kind = plain(cells[self._kind]).casefold() if self._kind is not None else ""
        is_organisation = any(kind == text.casefold() for text in kinds.organisations)
        is_person = any(kind == text.casefold() for text in kinds.persons)
        if is_person or (kinds.otherwise == "person" and not is_organisation):
            raise _natural_person("the row is about a natural person")
        if kinds.otherwise == "thing" and not is_organisation:
            raise RowFault(
                RowReason.NOT_A_SUBJECT, "the row is about no person and no organisation", Disposition.REJECTED
            )

    def _identifiers(self, cells: list[str]) -> tuple[tuple[Identifier, ...], str]:
        """The codes of the row, and the masked one where it has no other."""
        found: dict[Identifier, None] = {}
        masked = ""
        personal = False
        for column, at in self._codes:
            if not self._is_where(column, cells):
                continue
            for written in cells[at].split(column.separator) if column.separator else (cells[at],):
                text = code_text(column.headers[0], written)
                match read_code(column, text) if text else None:
                    case Identifier() as identifier:
                        found.setdefault(identifier)
                    case Unreadable.MASKED:
                        masked = masked or text
                    case Unreadable.PERSONAL:
                        personal = True
                    case None:
                        pass
        if not found and (personal or any(plain(cells[at]) for at in self._personal)):
            raise _natural_person("the row names its subject by a natural person's number")
        require_one_subject(found)
        return tuple(found), "" if found else masked

    def _is_where(self, column: CodeColumn, cells: list[str]) -> bool:
        if column.where is None:
            return True
        at = self._where[column.where.headers]
        texts = plain(cells[at]).casefold().split(";") if at is not None else []
        return not {text.strip() for text in texts}.isdisjoint(wanted.casefold() for wanted in column.where.any_of)

    def _other_names(self, cells: list[str], name: str) -> tuple[str, ...]:
        text = self._text(cells, "other_names")
        value = self._mapping.other_names
        parts = text.split(value.separator) if value is not None and value.separator else (text,)
        return tuple(dict.fromkeys(part for part in map(str.strip, parts) if part and part != name))

    def _require_organisations_name(self, name: str, identifiers: tuple[Identifier, ...]) -> None:
        words = self._mapping.name_words
        if words is None or identifiers:
            return
        compared = f" {normalise_name(name)} "
        is_person = any(compared.startswith(f" {normalise_name(word)} ") for word in words.persons)
        is_organisation = any(_holds_word(compared, word) for word in words.organisations)
        if is_person and not is_organisation:
            raise _natural_person("the name is a natural person's")
        if is_person or not is_organisation:
            raise RowFault(RowReason.NATURAL_PERSON, "the name does not say whether it is a natural person's")

    def _require_known_by_name(self, name: str, masked: str) -> None:
        if masked and self._mapping.states is Fact.KNOWN:
            raise RowFault(RowReason.IDENTIFIER_MASKED, "the code is masked: it can name nobody exactly")
        if not masked and self._mapping.without_code == "set_aside":
            raise RowFault(RowReason.MISSING_VALUE, "the row has no code that names its subject")
        if not masked and not name:
            raise RowFault(RowReason.MISSING_VALUE, "name: needed, and empty")

    # Fields

    def _text(self, cells: list[str], field: str) -> str:
        value = self._values.get(field)
        if value is None or value.constant:
            return self._constants.get(field) or (value.constant if value is not None else "")
        at = self._columns[field]
        text = as_written(cells[at]) if at is not None else ""
        if not text and value.needed:
            raise RowFault(RowReason.MISSING_VALUE, f"{field}: needed, and empty")
        if value.footnotes:
            text = _FOOTNOTE.sub("", text)
        if value.words or value.otherwise:
            text = _by_words(value, text)
        if len(text) > LONGEST.get(field, LONGEST["name"]):
            raise RowFault(RowReason.OVERLONG_VALUE, f"{field}: more than {LONGEST.get(field, LONGEST['name'])} signs")
        return text or self._constants.get(field, "")

    def _day(self, cells: list[str], field: str) -> date | None:
        text, serials = self._date_text(cells, field)
        if not text:
            return None
        try:
            return self._by_format(text) or first_day(text, serials)
        except UnreadableDate as error:
            raise RowFault(RowReason.DATE, f"{field}: no date we can read") from error

    def _end(self, cells: list[str], field: str) -> date | None:
        text, serials = self._date_text(cells, field)
        try:
            last = self._by_format(text)
            return end_day(text, serials) if last is None else end_day(last.isoformat())
        except UnreadableDate as error:
            raise RowFault(RowReason.END_DATE, f"{field}: no end date we can read") from error

    def _date_text(self, cells: list[str], field: str) -> tuple[str, bool]:
        """The text of a date, and whether a number is a spreadsheet's serial."""
        text = plain(self._text(cells, field))
        at = self._columns.get(field)
        return text, at is not None and isinstance(cells[at], SheetNumber)

    def _by_format(self, text: str) -> date | None:
        for written in self._mapping.date_formats:
            try:
                return datetime.strptime(text, written).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
        return None


_ID_OF: dict[Fact, tuple[str, ...]] = {
    Fact.LISTING: ("subject", "regime", "document_number"),
    Fact.ADVERSE: ("subject", "document_number"),
    Fact.KNOWN: (),
}
"""What an id is made of, where a mapping does not say."""


def _names_an_organisation(column: CodeColumn, cell: str) -> bool:
    try:
        code = read_code(column, plain(cell))
    except RowFault:
        return False
    return isinstance(code, Identifier) and not code.personal


def _parsed(field: str, scheme: str, value: str) -> Identifier:
    try:
        return parse_identifier(scheme, value)
    except InvalidIdentifier as error:
        raise RowFault(of_fault(error.fault), f"{field}: {error.detail}") from error


def _by_words(value: Value, text: str) -> str:
    compared = plain(text).casefold()
    found = [result for word, result in value.words.items() if word.casefold() in compared]
    if not found:
        return value.otherwise
    return max(found, key=lambda result: _GRAVITY.get(result, -1))


def _member(field: str, text: str, kind: type[E]) -> E:
    try:
        return kind(text.lower())
    except ValueError as error:
        raise RowFault(RowReason.UNKNOWN_VALUE, f"{field}: want one of {', '.join(kind)}") from error


def _holds_word(compared: str, word: str) -> bool:
    word = normalise_name(word)
    return f" {word} " in compared if word.isascii() else word in compared


def _digest(parts: list[str]) -> str:
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def _natural_person(detail: str) -> RowFault:
    return RowFault(RowReason.NATURAL_PERSON, detail, Disposition.REJECTED)
