"""What is wrong with a file that was checked: JSON for scripts, and lines that an editor jumps to for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from clearway.catalogue.complaints import Complaint
from clearway.cli.output import errors, plain


def verdict(file: str, complaints: Sequence[Complaint], more: Mapping[str, object] | None = None) -> dict[str, object]:
    """What came of checking the file, as JSON; `more` is said of it besides."""
    return {"file": file, "valid": not complaints, **(more or {}), "complaints": list(map(asdict, complaints))}


def show_complaints(complaints: Sequence[Complaint]) -> None:
    """Each complaint with its place, its rule and what is needed, and how many there are."""
    for complaint in complaints:
        where = f"{complaint.file}:{complaint.line}"
        errors.print(f"{plain(where)}: [bold]{plain(complaint.rule)}[/] {plain(complaint.path)}", soft_wrap=True)
        errors.print(f"    {plain(complaint.message)}", soft_wrap=True)
    errors.print(f"[red]{len(complaints)} complaint(s)[/]")
