"""`clearway audit report`: figures of checking over a period."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from clearway.cli.audit.question import ask, asking, choices, set_moment, since_option, until_option
from clearway.cli.exits import Exit
from clearway.cli.output import as_json, console, fail, plain, print_json, print_table
from clearway.cli.spreadsheets import disarmed
from clearway.gen.v1 import audit_reports_pb2 as pb

KINDS = choices(pb.ReportKind)
DIMENSIONS = choices(pb.Dimension)
FIELDS = {
    "authority": "authority",
    "item": "item_code",
    "region": "region_code",
    "month": "month",
    "reason": "reason",
    "regime": "regime",
}
"""Dimension → its field in a group."""

FOLDED = "(small groups together)"
TOTAL = "(all)"


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@since_option
@until_option
@click.option("--by", default="", metavar="DIMENSION,…", help=f"Divided by: {', '.join(DIMENSIONS)}; as the kind has.")
@click.option("--authority", default="", help="Only this authority.")
@click.option("--item", "item_code", default="", help="Only this licence item.")
@click.option("--region", "region_code", default="", help="Only this region.")
@click.option("--fold-below", default=0, show_default=True, help="Take groups smaller than this together.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="CSV file of the groups.")
@asking
def report(
    kind: str,
    since: datetime,
    until: datetime,
    by: str,
    authority: str,
    item_code: str,
    region_code: str,
    fold_below: int,
    out: Path | None,
    server: str | None,
    language: str | None,
    timeout: float,
    json_wanted: bool,
) -> None:
    """Report figures of checking. They measure checking, and are no number of restrictions to reach."""
    dimensions = [name.strip() for name in by.split(",") if name.strip()]
    unknown = [name for name in dimensions if name not in DIMENSIONS]
    if unknown:
        fail(f"no report is divided by {', '.join(unknown)}", Exit.INVALID)
    request = pb.ReportFiguresRequest(
        kind=KINDS[kind],
        group_by=[DIMENSIONS[name] for name in dimensions],
        authority=authority,
        item_code=item_code,
        region_code=region_code,
        fold_below=fold_below,
    )
    set_moment(request.since, since)
    set_moment(request.until, until)
    found = ask(
        lambda stub, patience, metadata: stub.ReportFigures(request, timeout=patience, metadata=metadata),
        server,
        language,
        timeout,
        json_wanted,
    )
    if out is not None:
        with out.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows([disarmed(cell) for cell in row] for row in sheet_of(found, dimensions))
    if json_wanted:
        print_json(as_json(found))
    else:
        print_report(found, dimensions)


def sheet_of(found: pb.ReportFiguresResponse, dimensions: Sequence[str]) -> Iterator[list[str]]:
    """The headings, each group, and the total, as cells."""
    yield [*dimensions, *(definition.name for definition in found.definitions)]
    if dimensions:
        for group in found.groups:
            yield [*places_of(group, dimensions), *values_of(group)]
    yield [TOTAL if place == 0 else "" for place in range(len(dimensions))] + values_of(found.total)


def places_of(group: pb.ReportGroup, dimensions: Sequence[str]) -> list[str]:
    """Where a group stands."""
    if group.folded:
        return [FOLDED if place == 0 else "" for place in range(len(dimensions))]
    return [str(getattr(group, FIELDS[name])) for name in dimensions]


def values_of(group: pb.ReportGroup) -> list[str]:
    """A group's figures; empty where there is nothing to divide by or measured."""
    return [number_of(figure) for figure in group.figures]


def number_of(figure: pb.FigureValue) -> str:
    """A figure's value: a count as it is, anything else with four digits."""
    if not figure.HasField("value"):
        return ""
    return str(int(figure.value)) if figure.value.is_integer() else f"{figure.value:.4g}"


def print_report(found: pb.ReportFiguresResponse, dimensions: Sequence[str]) -> None:
    """The table, and under it what its figures mean."""
    headings, *rows = sheet_of(found, dimensions)
    print_table(headings, rows)
    for definition in found.definitions:
        console.print(f"[bold]{plain(definition.name)}[/]: {plain(definition.definition)}", soft_wrap=True)
