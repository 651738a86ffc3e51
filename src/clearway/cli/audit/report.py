"""`clearway audit report`: figures of checking over a period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from clearway.cli.audit.question import ask, asking, choices, set_moment, since_option, until_option
from clearway.cli.erased import OF_THE_PERIOD, tell_erased
from clearway.cli.exits import Exit
from clearway.cli.output import as_json, console, fail, plain, print_json, print_table
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.server.reports.tables import filed_rows, report_rows
from clearway.server.spreadsheets import BYTE_ORDER_MARK, csv_of

KINDS = choices(pb.ReportKind)
DIMENSIONS = choices(pb.Dimension)


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
        rows = filed_rows(found, request.group_by)
        out.write_text(BYTE_ORDER_MARK + csv_of(rows), encoding="utf-8", newline="")
    if json_wanted:
        print_json(as_json(found))
    else:
        print_report(found, request.group_by)
    tell_erased(found.erased_rows, OF_THE_PERIOD)


def print_report(found: pb.ReportFiguresResponse, dimensions: Sequence[pb.Dimension.ValueType]) -> None:
    """The table, and under it what its figures mean."""
    headings, *rows = report_rows(found, dimensions)
    print_table(headings, rows)
    for definition in found.definitions:
        console.print(f"[bold]{plain(definition.name)}[/]: {plain(definition.definition)}", soft_wrap=True)
