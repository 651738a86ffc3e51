"""`clearway cases coverage`: a CSV of decided cases in; which were checked before, after, or never."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import grpc

from clearway.catalogue.loader import load_catalogue
from clearway.cli.connection import audit_service, fail_call
from clearway.cli.deferrals import server_option
from clearway.cli.erased import tell_erased
from clearway.cli.exits import Exit
from clearway.cli.output import console, errors, fail, print_facts, print_json, print_table
from clearway.cli.registry import json_option
from clearway.cli.settings import settings_from
from clearway.gen.v1 import audit_service_pb2 as pb
from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.files import FeedFile
from clearway.server.spreadsheets import disarmed
from clearway.subjects.dates import UnreadableDate, parse_date

AT_ONCE = 1000
"""Cases in one call: well within the largest message."""

COLUMNS = {
    "case_number": ("case_number", "case", "办件编号"),
    "item_code": ("item_code", "item", "事项编码"),
    "decided_at": ("decided_at", "decided", "决定时间", "决定日期", "办结时间"),
}
"""Column → the headings it may have."""

REQUIRED = ("case_number", "decided_at")
WRITTEN = ("case_number", "item_code", "decided_at", "coverage", "check_id", "checked_at")
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Decided:
    """A row of the file."""

    line: int
    case_number: str
    item_code: str
    written: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that cannot be counted, and why."""

    line: int
    reason: str


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="CSV file of every case's coverage.")
@click.option("--zone", default="", help="Zone of moments that name none; by default the catalogue's.")
@server_option
@click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait for each thousand.")
@json_option
def coverage(source: Path, out: Path | None, zone: str, server: str | None, timeout: float, json_wanted: bool) -> None:
    """Say of every decided case in the CSV file SOURCE whether it was checked before the decision, after it, or never.

    Columns: case_number, decided_at, and item_code where only checks for that item count. A decision given by its day
    alone was taken at the day's end. Exit code 1 where a row could not be read.
    """
    wall = zone_named(zone)
    read = [decided_case(row, wall) for row in rows_of(source)]
    cases = [found for found in read if isinstance(found, pb.DecidedCase)]
    unread = [found for found in read if isinstance(found, Unread)]
    covered, erased = ask(cases, server, timeout, json_wanted)
    if out is not None:
        with out.open("w", newline="", encoding="utf-8-sig") as file:
            write(file, cases, covered)
    summary = summary_of(covered, len(read), unread) | {"erased_rows": erased}
    if json_wanted:
        print_json(summary | {"cases": [row_of(case, found) for case, found in zip(cases, covered, strict=True)]})
    else:
        print_summary(summary, cases, covered)
    tell_erased(erased, "made before these decisions")
    if unread:
        raise SystemExit(Exit.FAILED)


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name, or the catalogue's; leaves where there is none."""
    try:
        return ZoneInfo(name) if name else load_catalogue(settings_from({}).catalogue).zone
    except (ZoneInfoNotFoundError, ValueError):
        fail(f"there is no time zone {name}", Exit.INVALID)


def rows_of(source: Path) -> Iterator[Decided]:
    """The rows of the file; leaves where it cannot be read or a required column is missing."""
    try:
        with FeedFile(source) as file:
            lines = file.lines()
            places = places_of(next(lines, (1, []))[1])
            missing = [column for column in REQUIRED if column not in places]
            if missing:
                fail(f"{source.name}: missing column {', '.join(missing)}", Exit.INVALID)
            for line, cells in lines:
                found = {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
                yield Decided(line, found["case_number"], found.get("item_code", ""), found["decided_at"])
    except UnreadableFeed as fault:
        fail(f"{source.name}: {fault.detail}", Exit.INVALID)


def places_of(headings: Sequence[str]) -> dict[str, int]:
    """Column → its place, by any of its headings."""
    plain = [unicodedata.normalize("NFKC", heading).strip().casefold().replace(" ", "_") for heading in headings]
    return {
        column: place for column, names in COLUMNS.items() for place, heading in enumerate(plain) if heading in names
    }


def decided_case(row: Decided, zone: ZoneInfo) -> pb.DecidedCase | Unread:
    """The case that a row speaks of, or why it cannot be counted."""
    if not 1 <= len(row.case_number) <= 128:
        return Unread(row.line, "no case number of at most 128 signs")
    if len(row.item_code) > 64:
        return Unread(row.line, "no item code of at most 64 signs")
    try:
        moment = moment_of(row.written, zone)
    except (UnreadableDate, OverflowError):
        return Unread(row.line, "no moment that can be read with certainty")
    case = pb.DecidedCase(case_number=row.case_number, item_code=row.item_code)
    case.decided_at.FromDatetime(moment)
    return case


def moment_of(written: str, zone: ZoneInfo) -> datetime:
    """The moment written: as it stands, or in `zone`; of a day alone, its last. Raises `UnreadableDate`."""
    text = unicodedata.normalize("NFKC", written).strip()
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        moment = None
    if moment is None or not set(text) & {":", "T"}:
        end = datetime.combine(parse_date(text).end, time(), zone)
        return end.astimezone(UTC) - timedelta(microseconds=1)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def ask(
    cases: Sequence[pb.DecidedCase], server: str | None, timeout: float, json_wanted: bool
) -> tuple[list[pb.CoveredCase], int]:
    """How each case was covered, a thousand to a call; and how many rows made before the last decision were erased."""
    covered: list[pb.CoveredCase] = []
    erased = 0
    try:
        with audit_service(server) as stub:
            for first in range(0, len(cases), AT_ONCE):
                request = pb.ReportCoverageRequest(cases=cases[first : first + AT_ONCE])
                found = stub.ReportCoverage(request, timeout=timeout)
                covered += found.cases
                erased = max(erased, found.erased_rows)
    except grpc.RpcError as error:
        fail_call(error, json_wanted)
    return covered, erased


def summary_of(covered: Sequence[pb.CoveredCase], rows: int, unread: Sequence[Unread]) -> dict[str, Any]:
    """The counts, which add up to the file's rows, and the share checked before their decision."""
    counts = {
        name: sum(case.coverage == kind for case in covered)
        for name, kind in (("before", pb.COVERAGE_BEFORE), ("after", pb.COVERAGE_AFTER), ("never", pb.COVERAGE_NEVER))
    }
    share = counts["before"] / len(covered) if covered else None
    unread_rows = [{"line": row.line, "reason": row.reason} for row in unread]
    return {"rows": rows, **counts, "unread": len(unread), "coverage": share, "unread_rows": unread_rows}


def row_of(case: pb.DecidedCase, covered: pb.CoveredCase) -> dict[str, str]:
    """One case's row."""
    at = covered.checked_at.ToDatetime(UTC).isoformat() if covered.check_id else ""
    kind = pb.Coverage.Name(covered.coverage).removeprefix("COVERAGE_").lower()
    decided = case.decided_at.ToDatetime(UTC).isoformat()
    cells = (case.case_number, case.item_code, decided, kind, covered.check_id, at)
    return dict(zip(WRITTEN, cells, strict=True))


def write(file: IO[str], cases: Sequence[pb.DecidedCase], covered: Sequence[pb.CoveredCase]) -> None:
    """Every case and its coverage, as CSV that a spreadsheet may open."""
    writer = csv.writer(file)
    writer.writerow(WRITTEN)
    for case, found in zip(cases, covered, strict=True):
        writer.writerow([disarmed(cell) for cell in row_of(case, found).values()])


def print_summary(summary: dict[str, Any], cases: Sequence[pb.DecidedCase], covered: Sequence[pb.CoveredCase]) -> None:
    """The counts, the share, and the first cases that were not checked before their decision."""
    for row in summary["unread_rows"][:SHOWN]:
        errors.print(f"[yellow]line {row['line']}: {row['reason']}[/]", soft_wrap=True)
    share = summary["coverage"]
    print_facts(
        {
            "rows": summary["rows"],
            "checked before the decision": summary["before"],
            "only after it": summary["after"],
            "never": summary["never"],
            "not read": summary["unread"] or "",
            "coverage": "" if share is None else f"{share:.1%}",
        },
        title="coverage",
    )
    lacking = [
        (case.case_number, case.item_code, "after" if found.check_id else "never")
        for case, found in zip(cases, covered, strict=True)
        if found.coverage != pb.COVERAGE_BEFORE
    ]
    if lacking:
        print_table(("case", "item", "checked"), lacking[:SHOWN], title="not checked before the decision")
    if len(lacking) > SHOWN:
        console.print(f"… and {len(lacking) - SHOWN} more; --out FILE has all", soft_wrap=True)
