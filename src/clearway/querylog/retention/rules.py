"""Reads a file of retention rules and holds it to the catalogue. Complaints name line and rule, as an edition's do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, not_, or_, true

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import Complaint, Path
from clearway.catalogue.document import Document, document_at, read_document
from clearway.catalogue.model import Code
from clearway.catalogue.shapes import shaped
from clearway.querylog.central import check_log, checks_only

LEAST_YEARS = 1
MOST_YEARS = 100
RULES = ("rule-once", "authority-known", "item-known", "years-within")
"""Ids of the complaints besides those about text and shapes (`clearway.catalogue.loader.FILE_RULES`)."""

Outcome = Literal["RESTRICTION", "DEFERRED_ACCEPTANCE", "GREEN_CHANNEL", "ORDINARY", "UNDETERMINED", "REFUSED"]
"""What was answered; REFUSED: the check was."""
Years = Annotated[int, Field(ge=LEAST_YEARS, le=MOST_YEARS)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Model):
    """Rows of these authorities, items and outcomes (each where given) are erased so many years after the decision."""

    id: Code
    authorities: list[Code] | None = Field(default=None, min_length=1)
    items: list[Code] | None = Field(default=None, min_length=1)
    outcomes: list[Outcome] | None = Field(default=None, min_length=1)
    records: Literal["checks", "others"] = "checks"
    """Checks, or refusals of something else and looks at the record."""
    keep_years: int

    def covers(self) -> ColumnElement[bool]:
        """The rows that the rule is about, however old."""
        conditions = [checks_only() if self.records == "checks" else check_log.c.method > ""]
        if self.authorities is not None:
            conditions.append(check_log.c.authority.in_(self.authorities))
        if self.items is not None:
            conditions.append(check_log.c.item_code.in_(self.items))
        if self.outcomes is not None:
            names = [f"OUTCOME_{name}" for name in self.outcomes if name != "REFUSED"]
            refused = check_log.c.error_reason > ""
            fits = check_log.c.outcome.in_(names)
            conditions.append(or_(fits, refused) if "REFUSED" in self.outcomes else fits)
        return and_(*conditions)


class Retention(_Model):
    """The rules; of those that cover a row the first one counts, and a row that none covers is kept."""

    floor_years: Years
    maximum_years: Years
    rules: list[Rule] = Field(min_length=1, max_length=1000)

    def due(self, number: int, now: datetime) -> ColumnElement[bool]:
        """The rows that the rule in that place lets go by now."""
        rule = self.rules[number]
        earlier = [not_(one.covers()) for one in self.rules[:number]]
        return and_(true(), *earlier, rule.covers(), check_log.c.decided_at < years_before(now, rule.keep_years))


@dataclass(frozen=True, slots=True)
class Report:
    """What came of checking a file of rules: complaints in line order, or the rules."""

    file: str
    complaints: tuple[Complaint, ...]
    retention: Retention | None


def years_before(now: datetime, years: int) -> datetime:
    """The same day so many years ago; of February 29 the 28th where there is none, so that nothing goes early."""
    moment = now.astimezone(UTC)
    day = 28 if (moment.month, moment.day) == (2, 29) else moment.day
    return moment.replace(year=moment.year - years, day=day)


def check_retention(path: FilePath, catalogue: Catalogue) -> Report:
    """Everything that is wrong with a file of rules. Never raises for a bad one."""
    return held_to_rules(document_at(path), catalogue)


def check_content(file: str, content: bytes, catalogue: Catalogue) -> Report:
    """Everything that is wrong with the bytes of a file of rules."""
    return held_to_rules(read_document(file, content), catalogue)


def held_to_rules(document: Document, catalogue: Catalogue) -> Report:
    """Everything that is wrong with a file of rules that was taken apart."""
    stated = None if document.complaints else shaped(document, Retention)
    if stated is not None:
        for rule, path, message in _findings(stated, catalogue):
            document.complain(rule, path, message)
    complaints = document.complaints_by_line()
    return Report(document.file, complaints, None if complaints else stated)


def _findings(stated: Retention, catalogue: Catalogue) -> Iterator[tuple[str, Path, str]]:
    if stated.floor_years > stated.maximum_years:
        yield "years-within", ("floor_years",), "the floor is above the maximum"
    known: set[str] = set()
    for number, rule in enumerate(stated.rules):
        here: Path = ("rules", number)
        if rule.id in known:
            yield "rule-once", (*here, "id"), "an earlier rule has this id"
        known.add(rule.id)
        if not stated.floor_years <= rule.keep_years <= stated.maximum_years:
            between = f"must be from {stated.floor_years} to {stated.maximum_years}, as the file's own bounds say"
            yield "years-within", (*here, "keep_years"), between
        for place, authority in enumerate(rule.authorities or ()):
            if catalogue.find_authority(authority) is None:
                yield "authority-known", (*here, "authorities", place), "the catalogue has no such authority"
        for place, item in enumerate(rule.items or ()):
            if catalogue.item(item) is None:
                yield "item-known", (*here, "items", place), "the catalogue has no such licence item"
