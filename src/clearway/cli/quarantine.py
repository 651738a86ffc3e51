"""`clearway feeds quarantine`: rows that imports set aside: look at them, correct them, dismiss them."""

from __future__ import annotations

import csv
import getpass
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, TextIO

import click

from clearway.cli.exits import Exit
from clearway.cli.output import as_builtins, console, errors, fail, plain, print_facts, print_json, print_table
from clearway.cli.registry import data_dir_option, json_option, opened
from clearway.cli.settings import settings_from
from clearway.registry.errors import RegistryError
from clearway.registry.feeds.adapters import adapter_of
from clearway.registry.feeds.files import FeedFile
from clearway.registry.quarantine import Corrected, RowState, SetAside
from clearway.registry.registry import Registry
from clearway.registry.schedule import FeedsRejected, ScheduledFeed
from clearway.server.sources import scheduled_feeds
from clearway.server.spreadsheets import disarmed, restored

ABOUT = ("row_id", "feed", "revision", "file_name", "row_number", "reason", "detail")
"""The columns of an export that say which row it is and why; the row's own follow."""

feeds_option = click.option(
    "--feeds",
    "feeds_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The feeds file; by default the setting `feeds`.",
)
which_options = (
    click.option("--feed", help="Only rows of this feed."),
    click.option("--revision", type=int, help="Only rows that the import of this revision set aside."),
    click.option("--reason", help="Only rows set aside for this reason."),
    click.option(
        "--state",
        type=click.Choice([*(state.value for state in RowState), "all"]),
        default=RowState.WAITING.value,
        show_default=True,
        help="Only rows in this state.",
    ),
    click.option("--limit", default=100, show_default=True, help="Rows at most."),
    click.option("--after", default=0, help="Continue after this row's id."),
)


def chosen(command: click.decorators.FC) -> click.decorators.FC:
    """The options that choose rows."""
    for option in reversed(which_options):
        command = option(command)
    return command


@click.group()
def quarantine() -> None:
    """Rows set aside by imports: list, show, export, correct, dismiss."""


@quarantine.command("list")
@chosen
@data_dir_option
@json_option
def list_(data_dir: Path | None, json_wanted: bool, **which: str | int | None) -> None:
    """List rows that were set aside, those that wait by default."""
    with opened(data_dir) as registry:
        found = rows_chosen(registry, which)
    if json_wanted:
        print_json([as_builtins(asdict(row)) for row in found])
        return
    print_table(
        ("id", "feed", "revision", "file", "row", "reason", "detail", "state"),
        ((r.row_id, r.feed, r.revision, r.file_name, r.row_number, r.reason, r.detail, r.state.value) for r in found),
        unbroken=("id",),
    )


def rows_chosen(registry: Registry, which: Mapping[str, str | int | None]) -> tuple[SetAside, ...]:
    """The rows that the options choose."""
    state = None if which["state"] == "all" else RowState(str(which["state"]))
    rest = {name: value for name, value in which.items() if name != "state"}
    return registry.quarantine.list(state=state, **rest)  # type: ignore[arg-type]


@quarantine.command()
@click.argument("row_id", type=int, metavar="ID")
@data_dir_option
@json_option
def show(row_id: int, data_dir: Path | None, json_wanted: bool) -> None:
    """Show a row as it came, and why it was set aside."""
    with opened(data_dir) as registry:
        try:
            row = registry.quarantine.get(row_id)
        except RegistryError as error:
            refuse(error, json_wanted)
    if json_wanted:
        print_json(as_builtins(asdict(row)))
        return
    console.print(f"[bold]{row.row_id}[/] {plain(row.feed)} {plain(row.file_name)}, row {row.row_number}")
    print_facts({"reason": row.reason, "detail": row.detail, "state": row.state.value, "masked": row.masked})
    print_facts({column: cell for column, cell in row.original.items() if cell}, title="as it came")
    if row.resolution is not None:
        done = row.resolution
        about = {"by": done.actor, "at": done.recorded_at.isoformat(), "why": done.note, "revision": done.revision}
        print_facts(about, title=row.state.value)
        print_facts(done.changes, title="changed to")


@quarantine.command()
@chosen
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output.")
@data_dir_option
def export(out: Path | None, data_dir: Path | None, **which: str | int | None) -> None:
    """Export rows as CSV, to be corrected in a spreadsheet and handed to `correct`. Masked rows are left out."""
    with opened(data_dir) as registry:
        found = rows_chosen(registry, which)
    kept = [row for row in found if not row.masked]
    if len(kept) < len(found):
        left = len(found) - len(kept)
        errors.print(f"{left} rows may be about natural persons, are kept masked, and are left out", soft_wrap=True)
    if out is None:
        write_rows(sys.stdout, kept)
        return
    # With a byte order mark: spreadsheets take a file without one for the local encoding.
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        write_rows(file, kept)
    errors.print(f"{len(kept)} rows to {plain(out)}", soft_wrap=True)


def write_rows(file: TextIO, rows: Iterable[SetAside]) -> None:
    """The rows as CSV, formulas defused."""
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row.original))
    writer = csv.writer(file)
    writer.writerow(map(disarmed, (*ABOUT, *columns)))
    for row in rows:
        about = (str(getattr(row, name)) for name in ABOUT)
        writer.writerow(map(disarmed, (*about, *(row.original.get(column, "") for column in columns))))


@quarantine.command()
@click.argument("row_id", type=int, required=False, metavar="[ID]")
@click.option("--set", "cells", multiple=True, metavar="COLUMN=VALUE", help="A cell of the row ID, corrected.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A corrected export: each row says by its row_id which it is.",
)
@feeds_option
@click.option("--note", default="", help="Why, for the history.")
@data_dir_option
@json_option
def correct(
    row_id: int | None,
    cells: tuple[str, ...],
    file: Path | None,
    feeds_file: Path | None,
    note: str,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Correct rows and run them through their feed's format again: the row ID, or every row of a corrected export.

    What is taken is one revision a feed. Exit code 1 where a row is still refused; it stays as it came.
    """
    if (row_id is None) == (file is None) or (row_id is not None) != bool(cells):
        fail("give ID and --set COLUMN=VALUE, or --file", Exit.INVALID)
    try:
        changes = changes_in(file) if file is not None else {int(row_id or 0): dict(map(assignment, cells))}
        feeds = configured_feeds(feeds_file)
        with opened(data_dir) as registry:
            done = [
                (
                    feed,
                    registry.quarantine.correct(
                        adapter_of(feed, feeds),
                        some,
                        actor=getpass.getuser(),
                        moment=datetime.now(UTC),
                        note=note,
                    ),
                )
                for feed, some in by_feed(registry, changes)
            ]
    except RegistryError as error:
        refuse(error, json_wanted)
    tell(done, json_wanted)
    if any(corrected.refused for _, corrected in done):
        raise SystemExit(Exit.FAILED)


def assignment(text: str) -> tuple[str, str]:
    """`COLUMN=VALUE` in its two parts; leaves where it is not that."""
    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        fail("--set wants COLUMN=VALUE", Exit.INVALID)
    return column.strip(), value


def changes_in(file: Path) -> dict[int, dict[str, str]]:
    """Row id → its cells, of a corrected export; leaves where it is none. Raises `UnreadableFeed`."""
    with FeedFile(file) as opened_file:
        lines = opened_file.lines()
        _, header = next(lines, (0, []))
        columns = [restored(cell.strip()) for cell in header]
        if "row_id" not in columns:
            fail("the file has no column row_id: correct an export", Exit.INVALID)
        changes: dict[int, dict[str, str]] = {}
        for number, cells in lines:
            row = {c: restored(cell) for c, cell in zip(columns, cells, strict=False)}
            if not row["row_id"].strip().isdecimal() or int(row["row_id"]) in changes:
                fail(f"line {number}: row_id is no number, or stands twice", Exit.INVALID)
            changes[int(row["row_id"])] = {c: cell for c, cell in row.items() if c not in ABOUT}
    return changes


def configured_feeds(feeds_file: Path | None) -> tuple[ScheduledFeed, ...]:
    """The feeds that are configured."""
    try:
        return scheduled_feeds(settings_from({"feeds": feeds_file}))
    except FeedsRejected as rejected:
        fail(f"the feeds file is rejected: {rejected}", Exit.INVALID)


def by_feed(
    registry: Registry, changes: Mapping[int, Mapping[str, str]]
) -> Iterator[tuple[str, dict[int, dict[str, str]]]]:
    """The changes of each feed, without the empty cells of columns that the row never had."""
    feeds: dict[str, dict[int, dict[str, str]]] = {}
    for row_id, cells in changes.items():
        row = registry.quarantine.get(row_id)
        own = {column: cell for column, cell in cells.items() if cell or column in row.original}
        feeds.setdefault(row.feed, {})[row_id] = own
    yield from feeds.items()


def tell(done: list[tuple[str, Corrected]], json_wanted: bool) -> None:
    """What was taken, and why the others were not."""
    if json_wanted:
        print_json(
            [
                {
                    "feed": feed,
                    "revision": corrected.revision,
                    "taken": list(corrected.taken),
                    "refused": [
                        {"row_id": row_id, "reason": fault.reason.value, "detail": fault.detail}
                        for row_id, fault in corrected.refused.items()
                    ],
                }
                for feed, corrected in done
            ]
        )
        return
    for feed, corrected in done:
        kept = "nothing kept" if corrected.revision is None else f"revision {corrected.revision}"
        console.print(f"[bold]{plain(feed)}[/]: {len(corrected.taken)} taken, {kept}")
        for row_id, fault in corrected.refused.items():
            errors.print(f"row {row_id}: [bold]{fault.reason.value}[/] {plain(fault.detail)}", soft_wrap=True)


@quarantine.command()
@click.argument("row_ids", type=int, nargs=-1, required=True, metavar="ID…")
@click.option("--note", required=True, help="Why, for the history.")
@data_dir_option
@json_option
def dismiss(row_ids: tuple[int, ...], note: str, data_dir: Path | None, json_wanted: bool) -> None:
    """Turn rows down for good: nothing follows from them."""
    with opened(data_dir) as registry:
        try:
            revision = registry.quarantine.dismiss(
                row_ids, actor=getpass.getuser(), moment=datetime.now(UTC), note=note
            )
        except RegistryError as error:
            refuse(error, json_wanted)
    if json_wanted:
        print_json({"revision": revision, "dismissed": list(row_ids)})
    else:
        console.print(f"{len(row_ids)} dismissed, revision {revision}")


def refuse(error: RegistryError, json_wanted: bool) -> NoReturn:
    """Leave with the registry's reason."""
    document = {"error": {"reason": error.reason.value, "message": error.detail}}
    fail(error.detail, Exit.FAILED, as_json_document=document if json_wanted else None)
