"""`clearway log retention`, `erase`, `hold`: how long rows are kept, and what is held."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import uuid_utils

from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.loader import load_catalogue
from clearway.cli.complaints import show_complaints, verdict
from clearway.cli.exits import Exit
from clearway.cli.output import console, fail, plain, print_json, print_table
from clearway.cli.registry import data_dir_option, json_option
from clearway.cli.settings import settings_from
from clearway.cli.tree import central_of
from clearway.querylog.central import writing
from clearway.querylog.retention import holds
from clearway.querylog.retention.cleaning import clean_up
from clearway.querylog.retention.erasure import Act, Due, NotErasable, due, erase_by_order, erase_by_rules
from clearway.querylog.retention.holds import Held, Hold, HoldsEverything, NoSuchHold
from clearway.querylog.retention.rules import Report, Retention, check_retention
from clearway.server.settings import Settings
from clearway.subjects.masking import without_citizen_numbers

FILE = click.Path(path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])
LONGEST = 500
"""Signs of a word that is kept or published."""

catalogue_option = click.option("--catalogue", metavar="EDITION|FILE", help="The catalogue in use (as `serve` has it).")


class Words(click.ParamType[str]):
    """Words that are kept: one line, not too long, without citizens' numbers."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The words as they are kept."""
        words = str(value).strip()
        if not words or len(words) > LONGEST or not words.isprintable():
            self.fail(f"must be one line of at most {LONGEST} signs", param, ctx)
        return without_citizen_numbers(words)


by_option = click.option("--by", required=True, type=Words(), help="Who does it, as it is to be recorded.")
reason_option = click.option("--reason", required=True, type=Words(), help="Why, in words.")


@click.group("retention")
def retention() -> None:
    """The rules by which recorded checks are let go."""


@retention.command("check")
@click.argument("file", type=FILE)
@catalogue_option
@json_option
def check(file: Path, catalogue: str | None, json_wanted: bool) -> None:
    """Hold the FILE of retention rules to every rule and to the catalogue. Exit code 1 where it breaks any."""
    report = checked(file, settings_from({"catalogue": catalogue}))
    if json_wanted:
        print_json(verdict(report.file, report.complaints))
    elif report.retention is not None:
        rows = ((rule.id, rule.records, str(rule.keep_years)) for rule in report.retention.rules)
        print_table(("rule", "records", "years"), rows)
    else:
        show_complaints(report.complaints)
    if report.complaints:
        raise SystemExit(Exit.FAILED)


@click.command("erase")
@click.argument("check_id", required=False)
@click.option("--dry-run", is_flag=True, help="Only count what would go, by rule and month.")
@click.option("--really", is_flag=True, help="Erase. There is no way back.")
@click.option("--rules", type=FILE, help="The file of rules (that of the setting `retention`).")
@click.option("--by", type=Words(), help="Who does it, as it is to be published.")
@click.option("--order", type=Words(), help="With CHECK_ID: the number of the authority's order.")
@click.option("--reason", type=Words(), help="With CHECK_ID: why, in words that may be published.")
@catalogue_option
@data_dir_option
@json_option
def erase(
    check_id: str | None,
    dry_run: bool,
    really: bool,
    rules: Path | None,
    by: str | None,
    order: str | None,
    reason: str | None,
    catalogue: str | None,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Erase what the rules let go and nothing holds, or CHECK_ID on an authority's order.

    The erasure itself is published with the log's tree: who, when, by which rule or order, which leaves.
    """
    if dry_run is really:
        fail("say --dry-run or --really", Exit.INVALID)
    if really and by is None:
        fail("say who erases with --by", Exit.INVALID)
    settings = settings_from({"data_dir": data_dir, "catalogue": catalogue})
    if check_id is None:
        by_rules(settings, rules, by or "", dry_run, json_wanted)
        return
    if dry_run or order is None or reason is None:
        fail("an order about one check needs --order, --reason and --really", Exit.INVALID)
    on_order(settings, check_id, Act(by or "", order=order, reason=reason))


def by_rules(settings: Settings, file: Path | None, by: str, dry_run: bool, json_wanted: bool) -> None:
    """Count, or erase, what the rules let go."""
    path = file or settings.retention
    if path is None:
        fail("there are no rules; set CLEARWAY_RETENTION or give --rules", Exit.INVALID)
    report = checked(path, settings)
    if report.retention is None:
        show_complaints(report.complaints)
        raise SystemExit(Exit.FAILED)
    central, now = central_of(settings), datetime.now(UTC)
    found = due(central, report.retention, now)
    if dry_run:
        show_due(found, report.retention, json_wanted)
        return
    erased = erase_by_rules(central, report.retention, by, now, lambda: str(uuid_utils.uuid7()))
    clean = clean_up(central, now)  # also of what an earlier erasure left because readers were in the way
    if json_wanted:
        print_json({"erased": dict(erased), "held": dict(found.held), "files_clean": clean})
    else:
        rows = ((rule.id, str(erased[rule.id]), str(found.held[rule.id])) for rule in report.retention.rules)
        print_table(("rule", "erased", "held"), rows)
    tell_unclean(clean)


def on_order(settings: Settings, check_id: str, act: Act) -> None:
    """Erase one row."""
    central = central_of(settings)
    try:
        erase_by_order(central, check_id, act, datetime.now(UTC), str(uuid_utils.uuid7()))
    except NotErasable as fault:
        fail(f"not erased: {fault}", Exit.FAILED)
    console.print("erased: 1")
    tell_unclean(clean_up(central, datetime.now(UTC)))


def tell_unclean(clean: bool) -> None:
    """Leave with an exit code where the database's files still have what was erased."""
    if not clean:
        fail(
            "the rows are erased; readers kept the files from being cleaned: stop them and erase by rules again",
            Exit.FAILED,
        )


def show_due(found: Due, rules: Retention, json_wanted: bool) -> None:
    """What would go."""
    rows = [{"rule": rule, "month": month, "would_go": count} for (rule, month), count in sorted(found.rows.items())]
    held = {rule.id: found.held[rule.id] for rule in rules.rules}
    if json_wanted:
        print_json({"due": rows, "held": held})
        return
    print_table(("rule", "month", "would go"), (tuple(str(value) for value in row.values()) for row in rows))
    for rule, count in held.items():
        if count:
            console.print(f"held, so kept by rule {plain(rule)}: {count}", soft_wrap=True)


def checked(file: Path, settings: Settings) -> Report:
    """What came of checking a file of rules; leaves where the catalogue is rejected."""
    try:
        return check_retention(file, load_catalogue(settings.catalogue))
    except CatalogueRejected as rejected:
        fail(str(rejected), Exit.FAILED)


@click.group("hold")
def hold() -> None:
    """Legal holds: what must not be erased."""


@hold.command("add")
@click.option("--case", "case_number", default="", help="Rows of this case.")
@click.option("--subject-key", default="", help="Rows about the subject of this key (hexadecimal, as in exports).")
@click.option("--check", "check_id", default="", help="The row of this check.")
@click.option("--since", type=DAY, help="Rows decided on or after this day (UTC).")
@click.option("--until", type=DAY, help="Rows decided before this day (UTC).")
@click.option("--ends-on", type=DAY, help="The day on which the hold ends by itself (UTC).")
@by_option
@reason_option
@data_dir_option
def add(
    case_number: str,
    subject_key: str,
    check_id: str,
    since: datetime | None,
    until: datetime | None,
    ends_on: datetime | None,
    by: str,
    reason: str,
    data_dir: Path | None,
) -> None:
    """Hold the rows that fit all that is given, and print the hold's number."""
    try:
        held = Held(
            case_number=case_number,
            subject_key=bytes.fromhex(subject_key),
            check_id=check_id,
            since=in_utc(since),
            until=in_utc(until),
        )
    except HoldsEverything as fault:
        fail(str(fault), Exit.INVALID)
    except ValueError:
        fail("a subject's key is hexadecimal", Exit.INVALID)
    with writing(central_of(settings_from({"data_dir": data_dir}))) as connection:
        number = holds.place(connection, held, by, datetime.now(UTC), reason, in_utc(ends_on))
    click.echo(number)


@hold.command("list")
@data_dir_option
@json_option
def list_(data_dir: Path | None, json_wanted: bool) -> None:
    """List the holds in force."""
    with central_of(settings_from({"data_dir": data_dir})).connect() as connection:
        found = [document_of(one) for one in holds.in_force(connection, datetime.now(UTC))]
    if json_wanted:
        print_json(found)
        return
    rows = (
        (str(one["number"]), " ".join(filter(None, map(str, one["held"].values()))), f"{one['by']}\n{one['reason']}")
        for one in found
    )
    print_table(("hold", "what", "who, why"), rows)


@hold.command("lift")
@click.argument("number", type=int)
@by_option
@reason_option
@data_dir_option
def lift(number: int, by: str, reason: str, data_dir: Path | None) -> None:
    """Lift the hold of this NUMBER."""
    try:
        with writing(central_of(settings_from({"data_dir": data_dir}))) as connection:
            holds.lift(connection, number, by, datetime.now(UTC), reason)
    except NoSuchHold as fault:
        fail(str(fault), Exit.FAILED)


def document_of(one: Hold) -> dict[str, Any]:
    """A hold as JSON."""
    return {
        "number": one.number,
        "held": {
            "case_number": one.held.case_number,
            "subject_key": one.held.subject_key.hex(),
            "check_id": one.held.check_id,
            "since": one.held.since.isoformat() if one.held.since else "",
            "until": one.held.until.isoformat() if one.held.until else "",
        },
        "by": one.placed_by,
        "placed_at": one.placed_at.isoformat(),
        "reason": one.reason,
        "ends_at": one.ends_at.isoformat() if one.ends_at else "",
    }


def in_utc(day: datetime | None) -> datetime | None:
    """The day's first moment."""
    return None if day is None else day.replace(tzinfo=UTC)


COMMANDS = (retention, erase, hold)
