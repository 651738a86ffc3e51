"""`clearway replay`: past answers computed again from the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.loader import load_catalogue
from clearway.cli.exits import Exit
from clearway.cli.log import MOMENT, as_utc, opened
from clearway.cli.output import console, errors, fail, plain, print_json, print_json_line, print_table
from clearway.cli.registry import data_dir_option, json_option
from clearway.cli.settings import settings_from
from clearway.querylog.filter import Filter
from clearway.querylog.record import CheckRecord
from clearway.server.recomputing import Recomputed, Recomputing, Tally, Verdict

WRONG = (Verdict.DIFFERS, Verdict.NOT_ASKABLE, Verdict.UNREADABLE)
"""What no answer may come to that is computed again by its own edition."""

TOLD_AT_ONCE = 500


@click.command()
@click.option("--catalogue", "editions", multiple=True, metavar="EDITION|FILE", help="One that answered (the node's).")
@click.option("--what-if", metavar="EDITION|FILE", help="Another edition: report what it would have answered instead.")
@click.option("--since", type=MOMENT, help="Decided at or after this moment (UTC).")
@click.option("--until", type=MOMENT, help="Decided before this moment (UTC).")
@click.option("--item", "item_code", help="Only checks for this licence item.")
@click.option("--authority", help="Only checks of this authority.")
@click.option("--limit", type=click.IntRange(min=1), help="The first so many.")
@click.option("--each", is_flag=True, help="Print a line of JSON for each answer that is not the same.")
@data_dir_option
@json_option
def replay(
    editions: tuple[str, ...],
    what_if: str | None,
    since: datetime | None,
    until: datetime | None,
    item_code: str | None,
    authority: str | None,
    limit: int | None,
    each: bool,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Compute past answers again from their records.

    By the edition that gave them they must agree, to the byte: code 1 where one does not. With --what-if the report is
    what another edition would have answered, by item, authority and regime; code 0 whatever it says. Rows of the period
    that were erased are counted, whatever they were.
    """
    wanted = Filter(since=as_utc(since), until=as_utc(until), item_code=item_code, authority=authority, error_reason="")
    other = None if what_if is None else edition(what_if)
    recomputing = Recomputing(edition(name) for name in editions or (settings_from({}).catalogue,))
    tally, checks = Tally(), opened(data_dir)
    last: datetime | None = None
    for record in followed(one.record for one in islice(checks.export(wanted), limit)):
        last = record.decided_at
        found = recomputing.as_then(record) if other is None else recomputing.as_if(record, other)
        tally.add(record, found)
        if each and found.verdict not in (Verdict.AGREES, Verdict.OTHER_EDITION):
            print_json_line(line_of(record, found))
    # Of the first so many only those are told that were made before the last of them.
    tally.verdicts[Verdict.ERASED] = checks.erased(wanted.since, wanted.until if limit is None else last)
    tell(tally, what_if, each, json_wanted)


def edition(name: str) -> Catalogue:
    """An edition; leaves where it is rejected."""
    try:
        return load_catalogue(name)
    except CatalogueRejected as rejected:
        fail(f"the catalogue is rejected; run `clearway catalogue check`: {rejected}", Exit.INVALID)


def followed(records: Iterator[CheckRecord]) -> Iterator[CheckRecord]:
    """The records, while a person sees how many are done."""
    columns = (SpinnerColumn(), TextColumn("{task.completed} computed again"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("", total=None)
        for number, record in enumerate(records, 1):
            yield record
            if number % TOLD_AT_ONCE == 0:
                progress.update(task, completed=number)


def tell(tally: Tally, what_if: str | None, each: bool, json_wanted: bool) -> None:
    """Print what it came to, and leave with the exit code that it deserves."""
    if json_wanted:
        print_json(document_of(tally))
    elif not each:
        for verdict in Verdict:
            if tally.verdicts[verdict]:
                console.print(f"{verdict.value}: {tally.verdicts[verdict]}")
        for title, counted in tables_of(tally).items():
            if counted:
                print_table((title, "answered", "would be", "checks"), rows_of(counted))
    if what_if is None and any(tally.verdicts[verdict] for verdict in WRONG):
        raise SystemExit(Exit.FAILED)


def tables_of(tally: Tally) -> dict[str, Counter[tuple[str, str, str]]]:
    """What is counted of answers that are not the same."""
    return {"item": tally.by_item, "authority": tally.by_authority, "regime": tally.by_regime}


def rows_of(counted: Counter[tuple[str, str, str]]) -> list[tuple[str, str, str, int]]:
    """The most frequent turn first."""
    return [(plain(name), before, after, checks) for (name, before, after), checks in counted.most_common()]


def document_of(tally: Tally) -> dict[str, Any]:
    """A tally as JSON."""
    changed = {
        f"by_{title}": [
            {title: name, "before": before, "after": after, "checks": checks}
            for (name, before, after), checks in counted.most_common()
        ]
        for title, counted in tables_of(tally).items()
    }
    return {"verdicts": {verdict.value: tally.verdicts[verdict] for verdict in Verdict}} | changed


def line_of(record: CheckRecord, found: Recomputed) -> dict[str, Any]:
    """One answer that is not the same, as JSON."""
    return {
        "check_id": record.check_id,
        "verdict": found.verdict.value,
        "case_number": record.case_number,
        "item_code": record.item_code,
        "authority": record.authority,
        "differs": list(found.differs),
        "before": found.before,
        "after": found.after,
        "regimes": list(found.regimes),
    }
