"""`clearway audit patterns`: what in the checks of a period is worth a person's look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from clearway.cli.audit.question import ask, asking, choices, last_of, set_moment, since_option, until_option
from clearway.cli.deferrals import Command
from clearway.cli.erased import OF_THE_PERIOD, tell_erased
from clearway.cli.exits import Exit
from clearway.cli.output import as_json, console, errors, fail, plain, print_json, print_table
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.server.reports.kinds import OF_CHECKS
from clearway.server.reports.tables import PATTERN_FORMS
from clearway.server.reports.thresholds import FIELDS, Thresholds

WHAT = {
    pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES: "cases of one subject",
    pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS: "checks outside working hours",
    pb.PATTERN_KIND_WALK_OVER_CODES: "codes not listed or not valid, in one hour",
    pb.PATTERN_KIND_WITHOUT_OUTCOME: "cases without an outcome that is due",
}

DIMENSIONS = {name: value for name, value in choices(pb.Dimension).items() if value in OF_CHECKS}
USUAL = Thresholds()


def thresholds(command: Command) -> Command:
    """The options that say from how many on something is listed, and when work is done."""
    hour = "Hour of the day, in the catalogue's zone."
    command = option_of("work_ends", click.IntRange(1, 24), hour)(command)
    command = option_of("work_begins", click.IntRange(0, 23), hour)(command)
    for field in reversed(tuple(FIELDS.values())):
        command = option_of(field, click.IntRange(1), "At least so many.")(command)
    return command


def option_of(field: str, span: click.IntRange, words: str) -> Callable[[Command], Command]:
    """The option for a threshold, which is what it usually is unless given."""
    name = "--" + field.replace("_", "-")
    return click.option(name, field, type=span, default=getattr(USUAL, field), show_default=True, help=words)


@click.command()
@since_option
@until_option
@click.option("--by", default="", metavar="DIMENSION,…", help=f"Looked for in each: {', '.join(DIMENSIONS)}.")
@click.option("--authority", default="", help="Only this authority.")
@click.option("--item", "item_code", default="", help="Only this licence item.")
@click.option("--region", "region_code", default="", help="Only this region.")
@thresholds
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File for them: .csv, .ndjson or .xlsx.")
@asking
def patterns(
    since: datetime,
    until: datetime,
    by: str,
    out: Path | None,
    server: str | None,
    language: str | None,
    timeout: float,
    json_wanted: bool,
    **wanted: str | int,
) -> None:
    """List what is worth a person's look in the checks of a period. Nothing in it is a wrong by itself."""
    if out is not None and out.suffix not in PATTERN_FORMS:
        fail(f"--out must end in {', '.join(PATTERN_FORMS)}", Exit.INVALID)
    dimensions = [name.strip() for name in by.split(",") if name.strip()]
    unknown = [name for name in dimensions if name not in DIMENSIONS]
    if unknown:
        fail(f"patterns are not divided by {', '.join(unknown)}", Exit.INVALID)
    request = pb.ListUnusualPatternsRequest(
        group_by=[DIMENSIONS[name] for name in dimensions],
        **wanted,  # type: ignore[arg-type]
    )
    set_moment(request.since, since)
    set_moment(request.until, until)
    found = ask(
        lambda stub, patience, metadata: stub.ListUnusualPatterns(request, timeout=patience, metadata=metadata),
        server,
        language,
        timeout,
        json_wanted,
    )
    if out is not None:
        out.write_bytes(PATTERN_FORMS[out.suffix](found))
    tell_erased(found.erased_rows, OF_THE_PERIOD)
    for one in found.definitions:
        if one.cut:
            errors.print(f"{plain(one.name)}: there are more than are given; these are the largest.", soft_wrap=True)
    if json_wanted:
        print_json([as_json(pattern) | {"kind": last_of(pb.PatternKind, pattern.kind)} for pattern in found.patterns])
    else:
        print_patterns(found)


def print_patterns(found: pb.ListUnusualPatternsResponse) -> None:
    """The table, and under it what was looked for."""
    rows = [(who(pattern), what(pattern), f"{pattern.first_check_id}\n{pattern.subject}") for pattern in found.patterns]
    print_table(("authority, who", "what", "first check, subject"), rows)
    for one in found.definitions:
        console.print(f"[bold]{plain(one.name)}[/]: {plain(one.definition)}.", soft_wrap=True)
    console.print("None of these is a wrong by itself: look at the checks, and ask.")


def who(pattern: pb.UnusualPattern) -> str:
    """Whose pattern it is, and in what it was looked for."""
    place = " ".join(filter(None, (pattern.item_code, pattern.region_code, pattern.month)))
    return "\n".join(filter(None, (pattern.authority, place, pattern.officer or pattern.caller)))


def what(pattern: pb.UnusualPattern) -> str:
    """What was found, out of how many."""
    hour = f"\nfrom {pattern.hour.ToDatetime(UTC):%Y-%m-%d %H:%M} UTC" if pattern.HasField("hour") else ""
    return f"{pattern.count} {WHAT[pattern.kind]}\nof {pattern.out_of}{hour}"
