"""Reads an edition file, holds it to every rule, and compiles it.

Complaints come in three tiers, each complete: the text (is this plain YAML?), the shapes (is every field there and of
its type?), the rules (does it keep to the law of the catalogue?). A tier is reported when the one before it is clean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import CatalogueRejected, Complaint
from clearway.catalogue.document import Document, bytes_at, read_document
from clearway.catalogue.editions import edition_file, edition_names
from clearway.catalogue.model import Edition
from clearway.catalogue.rules import RULES
from clearway.catalogue.rules.draft import Draft, rule_id
from clearway.catalogue.shapes import shaped
from clearway.subjects.regions import RegionTable, UnknownRegionTable, shipped_regions

FILE_RULES = (
    "source",
    "size",
    "encoding",
    "syntax",
    "duplicate-key",
    "alias",
    "tag",
    "missing-field",
    "unknown-field",
    "value",
)
"""Ids of the complaints about text and shapes; `RULES` has the others."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of checking an edition: complaints in line order, or the catalogue."""

    file: str
    content_hash: str
    complaints: tuple[Complaint, ...]
    catalogue: Catalogue | None


def load_catalogue(source: str | Path) -> Catalogue:
    """The catalogue of a shipped edition's name, or of a file's path. Raises `CatalogueRejected`."""
    report = check_catalogue(source)
    if report.catalogue is None:
        raise CatalogueRejected(report.complaints)
    return report.catalogue


def check_catalogue(source: str | Path) -> Report:
    """Everything that is wrong with an edition, given by a shipped name or a path. Never raises for a bad file."""
    try:
        file, content = _read(source)
    except (OSError, ValueError) as error:  # ValueError: a path that no file system could hold.
        shipped = ", ".join(edition_names())
        reason = getattr(error, "strerror", None) or str(error)
        message = f"cannot be read ({reason}); give a file's path or a shipped edition: {shipped}"
        return Report(str(source), "", (Complaint(str(source), 1, "source", "", message),), None)
    return check_content(file, content)


def check_content(file: str, content: bytes, tables: Callable[[str], RegionTable | None] | None = None) -> Report:
    """Everything that is wrong with the bytes of an edition file. `tables` finds a region table by name."""
    content_hash = hashlib.sha256(content).hexdigest()
    document = read_document(file, content)
    edition = None if document.complaints else shaped(document, Edition)
    catalogue = None
    if edition is not None:
        regions = (tables or region_table)(edition.regions) if edition.regions is not None else None
        _hold_to_rules(document, edition, regions)
        if not document.complaints:
            catalogue = Catalogue(edition, content_hash, regions)
    return Report(file, content_hash, document.complaints_by_line(), catalogue)


def region_table(name: str) -> RegionTable | None:
    """The region table shipped under a name, or None where there is none."""
    try:
        return shipped_regions(name)
    except UnknownRegionTable:
        return None


def _read(source: str | Path) -> tuple[str, bytes]:
    if isinstance(source, str) and source in edition_names():
        return edition_file(source)
    return str(source), bytes_at(Path(source))


def _hold_to_rules(document: Document, edition: Edition, regions: RegionTable | None) -> None:
    draft = Draft.of(edition, regions)
    for rule in RULES:
        for finding in rule(draft):
            document.complain(rule_id(rule), finding.path, finding.message)
