"""`clearway audit patterns`: what in the checks of a period is worth a person's look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import click

from clearway.cli.audit.question import ask, asking, last_of, set_moment, since_option, until_option
from clearway.cli.deferrals import Command
from clearway.cli.erased import OF_THE_PERIOD, tell_erased
from clearway.cli.output import as_json, console, print_json, print_table
from clearway.gen.v1 import audit_reports_pb2 as pb

WHAT = {
    pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES: "cases of one subject",
    pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS: "checks outside working hours",
    pb.PATTERN_KIND_WALK_OVER_CODES: "codes not listed or not valid, in one hour",
    pb.PATTERN_KIND_WITHOUT_OUTCOME: "cases without an outcome that is due",
}


def at_least(name: str, usual: int) -> Callable[[Command], Command]:
    """An option that says from how many on something is listed."""
    return click.option(name, type=click.IntRange(1), default=usual, show_default=True, help="At least so many.")


@click.command()
@since_option
@until_option
@click.option("--authority", default="", help="Only this authority.")
@click.option("--item", "item_code", default="", help="Only this licence item.")
@click.option("--region", "region_code", default="", help="Only this region.")
@at_least("--cases-of-one-subject", 5)
@at_least("--checks-outside-hours", 10)
@at_least("--codes-an-hour", 50)
@click.option(
    "--cases-without-outcome", type=click.IntRange(1), default=20, show_default=True, help="At least so many."
)
@click.option("--work-begins", type=click.IntRange(0, 23), default=7, show_default=True, help="O'clock, in its zone.")
@click.option("--work-ends", type=click.IntRange(1, 24), default=20, show_default=True, help="O'clock, in its zone.")
@asking
def patterns(
    since: datetime,
    until: datetime,
    server: str | None,
    language: str | None,
    timeout: float,
    json_wanted: bool,
    **wanted: str | int,
) -> None:
    """List what is worth a person's look in the checks of a period. Nothing in it is a wrong by itself."""
    request = pb.ListUnusualPatternsRequest(**wanted)  # type: ignore[arg-type]
    set_moment(request.since, since)
    set_moment(request.until, until)
    found = ask(
        lambda stub, patience, metadata: stub.ListUnusualPatterns(request, timeout=patience, metadata=metadata),
        server,
        language,
        timeout,
        json_wanted,
    )
    tell_erased(found.erased_rows, OF_THE_PERIOD)
    if json_wanted:
        print_json([as_json(pattern) | {"kind": last_of(pb.PatternKind, pattern.kind)} for pattern in found.patterns])
        return
    rows = [(who(pattern), what(pattern), f"{pattern.first_check_id}\n{pattern.subject}") for pattern in found.patterns]
    print_table(("authority, who", "what", "first check, subject"), rows)
    console.print("None of these is a wrong by itself: look at the checks, and ask.")


def who(pattern: pb.UnusualPattern) -> str:
    """Whose pattern it is."""
    return f"{pattern.authority}\n{pattern.officer or pattern.caller}"


def what(pattern: pb.UnusualPattern) -> str:
    """What was found, out of how many."""
    hour = f"\nfrom {pattern.hour.ToDatetime(UTC):%Y-%m-%d %H:%M} UTC" if pattern.HasField("hour") else ""
    return f"{pattern.count} {WHAT[pattern.kind]}\nof {pattern.out_of}{hour}"
