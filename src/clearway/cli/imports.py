"""`clearway import`: load a published list, all of it or nothing, and say what became of every row."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from clearway.cli.exits import Exit
from clearway.cli.output import console, errors, fail, plain, print_facts, print_json, print_table
from clearway.cli.registry import opened
from clearway.registry.errors import RegistryError
from clearway.registry.feeds.adapters import FORMATS
from clearway.registry.feeds.spec import FeedSpec
from clearway.registry.importer import ImportReport, SuspiciousList


@click.command("import", epilog=f"Formats: {', '.join(FORMATS)}.")
@click.argument("feed")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Report what would happen and keep nothing.")
@click.option("--confirm", is_flag=True, help="Load a list even though it is empty or greatly changed.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day on which the source stated the list; today.")
@click.option("--format", "list_format", help="Format of the file; the one that FEED names, if left out.")
@click.option("--regime", help="Regime of the list, where its file does not say it.")
@click.option("--authority", help="Designating authority, where the file does not say it.")
@click.option("--mapping", type=click.Path(path_type=Path), help="Mapping file, for the format `mapped`.")
@click.option("--note", default="", help="Why, for the history.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of all state (./var).")
@click.option("--json", "json_wanted", is_flag=True, help="Print the report as one JSON object.")
def import_feed(
    feed: str,
    file: Path,
    dry_run: bool,
    confirm: bool,
    as_of: datetime | None,
    list_format: str | None,
    regime: str | None,
    authority: str | None,
    mapping: Path | None,
    note: str,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Import FILE as a list of FEED, as one revision.

    FEED is a format, or a name of your own for a list that --format, --regime and the others describe.
    """
    now = datetime.now(UTC)
    spec = configured(feed, list_format, regime, authority, mapping)
    try:
        with opened(data_dir) as registry, told_progress() as progress:
            report = registry.import_feed(
                spec,
                file,
                actor=getpass.getuser(),
                moment=now,
                as_of=None if as_of is None else as_of.date(),
                confirm=confirm,
                dry_run=dry_run,
                note=note,
                progress=progress,
            )
    except SuspiciousList as suspicious:
        refuse(suspicious, suspicious.report, json_wanted)
    except RegistryError as error:
        refuse(error, None, json_wanted)
    show(report, json_wanted)


def configured(
    feed: str, list_format: str | None, regime: str | None, authority: str | None, mapping: Path | None
) -> str | FeedSpec:
    """The feed that the command line describes: a name alone is a format that needs no configuration."""
    said = {"format": list_format, "regime": regime, "designating_authority": authority, "mapping": mapping}
    given = {name: value for name, value in said.items() if value is not None}
    if not given:
        return feed
    try:
        return FeedSpec.model_validate({"name": feed, "format": feed, **given})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        fail(f"the feed's {first['loc'][0]}: {first['msg']}", Exit.INVALID)


@contextmanager
def told_progress() -> Iterator[Callable[[int, float], None]]:
    """Tell, while an import runs, how many rows are done, how fast, and how much time is left by the bytes read."""
    since = datetime.now(UTC)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("importing", total=1.0)

        def tell(rows: int, share: float) -> None:
            seconds = (datetime.now(UTC) - since).total_seconds()
            progress.update(task, description=rate(rows, share, seconds), completed=share)

        yield tell


def rate(rows: int, share: float, seconds: float) -> str:
    """How far an import has come: rows done of about how many there are, by the share of the file that was read."""
    about = f" of about {rows / share:,.0f}" if 0 < share < 1 else ""
    return f"importing: {rows:,}{about} rows, {rows / max(seconds, 0.001):,.0f} rows/s"


def refuse(error: RegistryError, report: ImportReport | None, json_wanted: bool) -> None:
    """Leave with the reason; a suspicious list also shows what it would have done."""
    document: dict[str, object] = {"error": {"reason": error.reason.value, "message": error.detail}}
    if report is not None:
        document |= as_document(report)
        if not json_wanted:
            show(report, json_wanted=False)
    advice = " Look at it, then import it again with --confirm." if report is not None else ""
    fail(f"{error.detail}{advice}", Exit.FAILED, as_json_document=document if json_wanted else None)


def as_document(report: ImportReport) -> dict[str, Any]:
    """The report as JSON."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(report).items()}


def most_first(pair: tuple[str, int]) -> int:
    """Sorts reasons by how many rows they cost."""
    return -pair[1]


def show(report: ImportReport, json_wanted: bool) -> None:
    """The report: counts that add up, then the reasons of what was not taken."""
    if json_wanted:
        print_json(as_document(report))
        return
    kept = "nothing kept (dry run)" if report.revision is None else f"revision {report.revision}"
    console.print(f"[bold]{plain(report.feed)}[/] {plain(report.file_name)}: {kept}")
    counts = {
        "rows": report.rows,
        "accepted": f"{report.accepted} ({report.added} new, {report.changed} changed)",
        "unchanged": report.unchanged,
        "quarantined": report.quarantined,
        "rejected": report.rejected,
        "gone from the list": report.gone,
    }
    print_facts(counts)
    if report.reasons:
        reasons = sorted(report.reasons.items(), key=most_first)
        print_table(("reason", "rows"), reasons)
