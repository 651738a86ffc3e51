"""Setting out: one console, tables and cards for people, JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import msgspec
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from clearway.cli.exits import Exit

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def as_json(message: Message) -> dict[str, Any]:
    """A message in proto3 JSON, empty fields included, so that a script finds every field."""
    found: dict[str, Any] = MessageToDict(message, always_print_fields_with_no_presence=True)
    return found


def as_builtins(value: object) -> Any:
    """Anything msgspec knows as JSON's own types."""
    return msgspec.to_builtins(value, str_keys=True)


def print_json(value: object) -> None:
    """One JSON document, indented, to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_json_line(value: object) -> None:
    """One JSON document on one line, to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None, unbroken: Collection[str] = ()
) -> None:
    """A table; cells are plain text, never markup. The columns in `unbroken` keep their lines whole."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in unbroken)
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    console.print(table)


def print_facts(facts: Mapping[str, object], title: str | None = None) -> None:
    """Names and values in two columns."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, plain(value))
    console.print(table)


def plain(cell: object) -> str:
    """A cell's text with rich's markup disarmed."""
    return "" if cell is None else escape(str(cell))


def fail(message: str, code: Exit, *, as_json_document: Mapping[str, object] | None = None) -> NoReturn:
    """Say why and leave: to standard error, or as a JSON document to standard output where JSON was asked for."""
    if as_json_document is not None:
        print_json(as_json_document)
    else:
        errors.print(f"[bold red]error:[/] {plain(message)}", soft_wrap=True)
    raise SystemExit(code)


def ago(length: timedelta) -> str:
    """A length of time in its largest fitting unit."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
