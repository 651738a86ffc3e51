"""A mapping: which column of a table is which field of ours, as data. A mapping file is one such model in YAML.

Most of our own formats are mappings too; they lie in `clearway.registry.feeds.formats`. A mapping speaks of tables (a
CSV file, a sheet, JSON objects) that have a header row; docs/feeds.md is its reference for people.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clearway.registry.errors import RegistryError, RegistryReason

MAX_MAPPING_BYTES = 1 << 20
"""A mapping file is no longer than this."""

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

    `needed`: a row without that column is no header row. `words` turn the file's text into our value: the value of a
    word that the text contains; of several, for a severity the gravest, else the first written here. `otherwise` is the
    value where the text has none of them. `separator` parts several values in one cell.
    """

    headers: Headers = ()
    constant: str = Field("", max_length=512)
    needed: bool = False
    words: dict[Text, Text] = {}
    otherwise: str = Field("", max_length=512)
    separator: str = Field("", max_length=8)

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

    A name that begins with a word of `persons` is a natural person's. One with none of `organisations` may be, and is
    set aside.
    """

    persons: tuple[Text, ...] = ()
    organisations: tuple[Text, ...] = Field(min_length=1)


class Mapping(_Model):
    """Which column is which field. Fields a fact does not have are refused; see docs/feeds.md for each field."""

    states: Fact
    full_list: bool = False
    date_formats: tuple[Text, ...] = ()
    codes: tuple[CodeColumn, ...] = ()
    kinds: Kinds | None = None
    name_words: NameWords | None = None
    without_code: Literal["set_aside", "by_name"] = "set_aside"
    name: Value | None = None
    other_names: Value | None = None
    known_since: Value | None = None
    id: Value | None = None
    id_of: tuple[Text, ...] = ()
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


class InvalidMapping(RegistryError):
    """A mapping file that cannot be used; the detail names each field."""

    def __init__(self, detail: str) -> None:
        super().__init__(RegistryReason.INVALID_FEED, detail)


def read_mapping(path: Path) -> Mapping:
    """The mapping in a file. Raises `InvalidMapping`."""
    raise NotImplementedError
