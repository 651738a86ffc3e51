"""A mapping: which column of a table is which field of ours, as data. A mapping file is one such model in YAML.

Most of our own formats are mappings too; they lie in `clearway.registry.feeds.formats`. A mapping speaks of tables (a
CSV file, a sheet, JSON objects) that have a header row; docs/feeds.md is its reference for people.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clearway.catalogue.document import read_document
from clearway.decision.facts import AdverseKind, Severity
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.subjects.schemes.roster import find_scheme

MAX_MAPPING_BYTES = 1 << 20
"""A mapping file is no longer than this."""

MAX_COMPLAINTS = 20
"""Complaints shown of one file, at most."""

Text = Annotated[str, Field(min_length=1, max_length=512)]
"""1 to 512 signs."""

Headers = Annotated[tuple[Text, ...], Field(max_length=64)]
"""Names that a column goes by, the preferred one first; compared without space, colons, width and case."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(StrEnum):
    """What every row of the table states."""

    LISTING = "listing"
    ADVERSE = "adverse"
    KNOWN = "known"


class Value(_Model):
    """Where a field's text comes from: a column, or the same for every row.

    `needed`: a row without that column is no header row, and a row without a text there is set aside. `words` turn the
    file's text into our value: that of the word which the text contains; of several, the gravest for a severity, else
    the first written here. `otherwise` is the value of a text that has none of them. `separator` parts several values
    in one cell. `footnotes`: a mark such as `*12` behind the text is no part of it.
    """

    headers: Headers = ()
    constant: str = Field("", max_length=512)
    needed: bool = False
    words: dict[Text, Text] = {}
    otherwise: str = Field("", max_length=512)
    separator: str = Field("", max_length=8)
    footnotes: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.headers) == bool(self.constant):
            raise ValueError("needs headers or a constant, one of the two")
        if self.constant and (self.needed or self.words or self.separator):
            raise ValueError("a constant has neither needed, words nor separator")
        return self


class Where(_Model):
    """Rows in which a column holds one of some texts (between separators `;`), in any case."""

    headers: Headers
    any_of: tuple[Text, ...] = Field(min_length=1)


class CodeColumn(_Model):
    """A column of codes. The first code column that has one gives the subject's leading code.

    `needed`: a row without that column is no header row; whether a row needs a code, `without_code` says.
    `certain`: the column mixes numbers of many kinds, and only what is valid under the scheme is taken; the rest is
    passed over. Without it an invalid code sets the row aside. `where` limits the column to some rows.
    """

    scheme: Text
    headers: Headers = Field(min_length=1)
    needed: bool = False
    separator: str = Field("", max_length=8)
    certain: bool = False
    where: Where | None = None


class Kinds(_Model):
    """A column that tells organisations, natural persons and things apart, by its exact text in any case.

    `otherwise` is what a text named in neither means: an organisation, a natural person, or a thing (a ship) that is
    nobody's subject.
    """

    headers: Headers = Field(min_length=1)
    needed: bool = False
    organisations: tuple[Text, ...] = ()
    persons: tuple[Text, ...] = ()
    otherwise: Literal["organisation", "person", "thing"] = "organisation"


class NameWords(_Model):
    """For tables that do not say who is a natural person: words that tell by the name.

    A name that begins with a word of `persons` and has none of `organisations` is a natural person's. One that has both
    or neither may be, and is set aside.
    """

    persons: tuple[Text, ...] = ()
    organisations: tuple[Text, ...] = Field(min_length=1)


class Mapping(_Model):
    """Which column is which field. Fields that a fact does not have are refused; docs/feeds.md explains each field."""

    states: Fact
    full_list: bool = False
    date_formats: tuple[Text, ...] = Field((), max_length=16)
    codes: tuple[CodeColumn, ...] = Field((), max_length=64)
    kinds: Kinds | None = None
    name_words: NameWords | None = None
    personal: Headers = ()
    without_code: Literal["set_aside", "by_name"] = "set_aside"
    name: Value | None = None
    other_names: Value | None = None
    known_since: Value | None = None
    id: Value | None = None
    id_of: tuple[Text, ...] = Field((), max_length=16)
    also: dict[Text, Value] = {}
    regime: Value | None = None
    document_number: Value | None = None
    document_date: Value | None = None
    designating_authority: Value | None = None
    effective_from: Value | None = None
    expires_on: Value | None = None
    confirmed_on: Value | None = None
    record_kind: Value | None = None
    severity: Value | None = None
    display_ends_on: Value | None = None

    def values(self) -> dict[str, Value]:
        """Every field that is given, by name."""
        given = {name: value for name in type(self).model_fields if isinstance(value := getattr(self, name), Value)}
        return given | dict(self.also)

    @model_validator(mode="after")
    def _has_what_its_fact_has(self) -> Self:
        foreign = sorted(_FIELDS_OF_FACTS & set(self.values()) - _FIELDS_OF[self.states])
        if foreign:
            raise ValueError(f"{self.states} has no {', '.join(foreign)}")
        if self.full_list and self.states is not Fact.LISTING:
            raise ValueError(f"full_list: {self.states} rows do not end when they go from a list")
        missing = [name for name in _NEEDED_BY.get(self.states, ()) if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.states} needs {', '.join(missing)}")
        for name, kind in (("severity", Severity), ("record_kind", AdverseKind)):
            _require_members(name, getattr(self, name), kind)
        return self

    @model_validator(mode="after")
    def _names_its_subject(self) -> Self:
        if self.without_code == "by_name" and (self.name is None or self.kinds is None is self.name_words):
            raise ValueError("without_code: by_name needs a name, and kinds or name_words that tell who is no person")
        if self.without_code == "by_name" and self.states is Fact.KNOWN:
            raise ValueError("without_code: a subject known by name alone is known for its listing or adverse record")
        if not self.codes and self.without_code == "set_aside":
            raise ValueError("codes: needed, unless without_code is by_name")
        columns = (*self.values().values(), *self.codes, *((self.kinds,) if self.kinds else ()))
        if not any(column.needed for column in columns):
            raise ValueError("some column must be needed, or a header row could not be told from a note")
        return self

    @model_validator(mode="after")
    def _has_sound_parts(self) -> Self:
        parts = {"subject", *self.values()} - {"id"}
        if strange := [part for part in self.id_of if part not in parts]:
            raise ValueError(f"id_of: {', '.join(strange)} is neither subject nor a field given here")
        if self.id is not None and self.id_of:
            raise ValueError("id_of: there is an id already")
        if clash := sorted(set(self.also) & set(type(self).model_fields)):
            raise ValueError(f"also: {', '.join(clash)} is a field's name")
        for column in self.codes:
            if find_scheme(column.scheme) is None:
                raise ValueError(f"codes: there is no scheme {column.scheme}")
        for written in self.date_formats:
            if not _says_a_day(written):
                raise ValueError(f"date_formats: {written} does not say year, month and day")
        return self


_FIELDS_OF = {
    Fact.LISTING: frozenset(
        {"regime", "document_number", "document_date", "designating_authority"}
        | {"effective_from", "expires_on", "confirmed_on"}
    ),
    Fact.ADVERSE: frozenset({"record_kind", "severity", "document_number", "document_date", "display_ends_on"}),
    Fact.KNOWN: frozenset({"document_number"}),
}
_FIELDS_OF_FACTS = frozenset[str]().union(*_FIELDS_OF.values())
_NEEDED_BY = {Fact.ADVERSE: ("record_kind", "severity", "document_date")}


def _require_members(name: str, value: Value | None, kind: type[StrEnum]) -> None:
    if value is None:
        return
    results = [*value.words.values(), *filter(None, (value.constant, value.otherwise))]
    if strange := sorted(set(results) - set(kind)):
        raise ValueError(f"{name}: {', '.join(strange)} is none of {', '.join(kind)}")


def _says_a_day(written: str) -> bool:
    day = date(2001, 2, 3)
    try:
        return datetime.strptime(day.strftime(written), written).date() == day  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return False


class InvalidMapping(RegistryError):
    """A mapping file that cannot be used; the detail names each field."""

    def __init__(self, detail: str) -> None:
        super().__init__(RegistryReason.INVALID_FEED, detail)


def read_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises `InvalidMapping`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MAPPING_BYTES + 1)
    except OSError as error:
        raise InvalidMapping(f"the mapping file cannot be read: {error.strerror}") from error
    if len(content) > MAX_MAPPING_BYTES:
        raise InvalidMapping(f"the mapping file is longer than {MAX_MAPPING_BYTES} bytes")
    return mapping_in(path.name, content)


def mapping_in(file: str, content: bytes) -> Mapping:
    """The mapping in the bytes of a YAML file. Raises `InvalidMapping` with file, line and field of each complaint."""
    document = read_document(file, content)
    if not document.complaints:
        try:
            return Mapping.model_validate(document.tree)
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False, include_context=False):
                document.complain("value", found["loc"], found["msg"])
    raise InvalidMapping("; ".join(map(str, document.complaints[:MAX_COMPLAINTS])))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a mapping file, for editors."""
    shapes = Mapping.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **shapes, "title": "Clearway feed mapping"}
