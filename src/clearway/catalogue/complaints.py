"""What is wrong with an edition file, or another one read as such: where, by which rule, and what is needed."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where a node stands in an edition file: keys and zero-based positions from the top."""


def written(path: Path) -> str:
    """A path as people write it, `measures[3].basis`; empty for the whole file."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step[:64]}" if text else step[:64]
    return text


@dataclass(frozen=True, slots=True)
class Complaint:
    """One reason why a file is refused. `line` counts from 1; `path` is as `written` gives it."""

    file: str
    line: int
    rule: str
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: [{self.rule}] {where}{self.message}"


class Rejected(ValueError):
    """A file that breaks at least one rule. `complaints` holds all that were found, in line order."""

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        super().__init__("\n".join(str(complaint) for complaint in complaints))
        self.complaints = complaints


class CatalogueRejected(Rejected):
    """It is an edition that cannot be used."""
