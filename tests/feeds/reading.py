"""The fixtures of feeds: a file as it is published, and beside it, in YAML, what must come of it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import yaml

from clearway.decision.facts import AdverseRecord, Listing, SubjectProfile
from clearway.registry.feeds.spec import FeedSpec
from clearway.registry.importer import ImportReport
from clearway.registry.registry import Registry

FOLDER = Path(__file__).parent
LISTED = ("regime", "document_number", "document_date", "designating_authority", "effective_from", "expires_on")
RECORDED = ("kind", "severity", "document_number", "document_date", "display_ends_on")
COUNTS = ("rows", "accepted", "unchanged", "quarantined", "rejected")


@dataclass(frozen=True)
class Fixture:
    """`wanted` is the YAML file: `feed` (its configuration), `as` (how the file is written), and what comes of it."""

    path: Path
    wanted: dict[str, Any]

    @property
    def spec(self) -> FeedSpec:
        feed = dict(self.wanted["feed"])
        if "mapping" in feed:
            feed["mapping"] = self.path.parent / feed["mapping"]
        return FeedSpec.model_validate(feed)

    def written(self, folder: Path) -> Path:
        """The file as it is to be read."""
        (source,) = (file for file in self.path.parent.glob(f"{self.path.stem}.*") if file.suffix != ".yaml")
        match self.wanted.get("as"):
            case None:
                return source
            case "xlsx":
                return as_workbook(source, folder / f"{self.path.stem}.xlsx")
            case "gbk" | "bom" as encoding:
                copy = folder / source.name
                copy.write_text(source.read_text("utf-8"), {"gbk": "gbk", "bom": "utf-8-sig"}[encoding], newline="")
                return copy
            case other:
                raise ValueError(other)


def fixtures() -> list[Fixture]:
    paths = sorted(path for path in FOLDER.glob("*/*.yaml") if path.stem != "mapping")
    return [Fixture(path, yaml.safe_load(path.read_text("utf-8"))) for path in paths]


def as_workbook(source: Path, target: Path) -> Path:
    """A CSV file as a workbook: `#` begins a number, `@` a day; the first row is merged if it holds one text."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    with source.open(encoding="utf-8", newline="") as text:
        for cells in csv.reader(text):
            sheet.append([as_cell(cell) for cell in cells])
            if sheet.max_row == 1 and not any(cells[1:]):
                sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(cells))
    workbook.save(target)
    return target


def as_cell(text: str) -> str | float | date | None:
    if text.startswith("#"):
        return float(text[1:])
    return date.fromisoformat(text[1:]) if text.startswith("@") else text or None


def outcome(registry: Registry, report: ImportReport) -> dict[str, Any]:
    """What came of a file, in the shape of the YAML files."""
    assert report.revision is not None
    aside = [
        {"row": row.row_number, "reason": row.reason, "original": {k: v for k, v in row.original.items() if v}}
        for row in registry.quarantined(report.revision)
    ]
    return {
        "report": {**{count: getattr(report, count) for count in COUNTS}, "reasons": report.reasons},
        "set_aside": aside,
        "subjects": [described(subject) for subject in registry.list_subjects(limit=1000)],
    }


def described(subject: SubjectProfile) -> dict[str, Any]:
    """A subject without its number and its facts' ids; what is empty is left out."""
    told = {
        "code": f"{subject.scheme}:{subject.code}",
        "masked": subject.masked,
        "name": subject.name,
        "other_names": list(subject.other_names),
        "known_since": subject.known_since,
        "listings": [_fact(listing, LISTED) for listing in subject.listings],
        "records": [_fact(record, RECORDED) for record in subject.adverse_records],
    }
    return {name: value for name, value in told.items() if value}


def _fact(fact: Listing | AdverseRecord, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: plain for name in fields if (plain := getattr(fact, name))}
