"""`clearway log`: read the log of checks."""

from __future__ import annotations

import base64
import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from google.rpc import error_details_pb2, status_pb2

from clearway.cli import retention, tree
from clearway.cli.card import Card
from clearway.cli.erased import OF_THE_LOG, OF_THE_PERIOD, tell_erased
from clearway.cli.exits import Exit
from clearway.cli.log_forms import FORMS
from clearway.cli.output import as_json, console, fail, print_facts, print_json, print_table
from clearway.cli.registry import data_dir_option, json_option
from clearway.cli.settings import settings_from
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.audit_service_pb2 import Reliance
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.postgresql.engine import UnsupportedDatabase
from clearway.querylog.central import LogUnreachable, StoredCheck
from clearway.querylog.filter import Filter, Kind
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.querylog.retention.erased import ErasedRow
from clearway.server.audits import affected_check
from clearway.server.databases import open_log
from clearway.server.errors import OF_ACCESS, PREFIX

MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])

AFFECTED_AT_ONCE = 500

REASONS_OF_ACCESS = frozenset(ErrorReason.Name(reason) for reason in OF_ACCESS)


@click.group()
def log() -> None:
    """The log of checks: what was asked, by whom, for what, and what was answered."""


for command in (tree.key, tree.rotate, tree.prove, tree.publish, tree.cosign, tree.verify, *retention.COMMANDS):
    log.add_command(command)


def opened(data_dir: Path | None) -> Log:
    """The log of this data folder, journals not yet shipped included."""
    settings = settings_from({"data_dir": data_dir})
    if not settings.database and not settings.log_file.exists():
        fail(f"there is no log in {settings.data_dir}; run clearway serve first", Exit.FAILED)
    try:
        return Log(open_log(settings), settings.data_dir / "journal")
    except (LogUnreachable, UnsupportedDatabase) as fault:
        fail(str(fault), Exit.FAILED)


@log.command("list")
@click.option("--case", "case_number", help="Only checks of this case.")
@click.option("--officer", help="Only checks by this officer.")
@click.option("--item", "item_code", help="Only checks for this licence item.")
@click.option("--outcome", help="Only this outcome, such as RESTRICTION.")
@click.option("--limit", default=50, show_default=True)
@data_dir_option
@json_option
def list_(
    case_number: str | None,
    officer: str | None,
    item_code: str | None,
    outcome: str | None,
    limit: int,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """List recorded checks, the newest first."""
    wanted = Filter(case_number=case_number, officer=officer, item_code=item_code, outcome=outcome_name(outcome))
    found = [stored.record for stored in opened(data_dir).newest(wanted, limit=limit)]
    if json_wanted:
        print_json([row_of(record) for record in found])
        return
    print_checks(found)


def print_checks(records: Iterable[CheckRecord]) -> None:
    """A table of checks that fits eighty columns: what belongs together stands in one cell, line under line."""
    rows = (
        (
            f"{record.decided_at:%Y-%m-%d\n%H:%M:%S}",
            f"{record.case_number} · {record.officer}\n{record.check_id}",
            f"{result_of(record)}\n{record.subject}",
        )
        for record in records
    )
    columns = ("decided (UTC)", "case · officer, check", "outcome, subject")
    print_table(columns, rows, unbroken=columns[1:2])


def result_of(record: CheckRecord) -> str:
    """The outcome of an answered check, the reason of a refused one, without their prefixes."""
    return record.outcome.removeprefix("OUTCOME_") or record.error_reason.removeprefix("ERROR_REASON_")


def outcome_name(outcome: str | None) -> str | None:
    """The wire name of an outcome given with or without its prefix."""
    return None if outcome is None else f"OUTCOME_{outcome.upper().removeprefix('OUTCOME_')}"


@log.command()
@click.argument("check_id")
@data_dir_option
@json_option
def show(check_id: str, data_dir: Path | None, json_wanted: bool) -> None:
    """Show one recorded check: the request, the answer, the facts it was made from."""
    stored = opened(data_dir).get(check_id)
    if stored is None:
        erasure = opened(data_dir).erasure(check_id)
        if erasure is not None:
            fail(f"it was erased by {tree.erasure_sentence(erasure)}", Exit.FAILED)
        fail("no recorded check has this id", Exit.FAILED)
    document = whole(stored.record)
    if json_wanted:
        print_json(document)
        return
    print_facts(row_of(stored.record))
    if stored.record.answered:
        Card(pb.CheckSubjectResponse.FromString(stored.record.response)).print(console)
    else:
        console.print_json(data=document["error"])


@log.command()
@click.argument("listing_id")
@data_dir_option
@json_option
def affected(listing_id: str, data_dir: Path | None, json_wanted: bool) -> None:
    """List every past check whose answer used a listing, the oldest first, so that harm can be undone."""
    found = list(relying_on(opened(data_dir), listing_id))
    tell_erased(opened(data_dir).erased(), OF_THE_LOG)
    if json_wanted:
        print_json([row_of(record) | {"reliance": reliance_name(record, listing_id)} for record in found])
        return
    rows = (
        (
            f"{record.decided_at:%Y-%m-%d\n%H:%M:%S}",
            f"{record.case_number} · {record.officer}\n{record.check_id}",
            f"{record.authority}\n{result_of(record)}\nby {reliance_name(record, listing_id)}",
        )
        for record in found
    )
    columns = ("decided (UTC)", "case · officer, check", "authority, outcome, how")
    print_table(columns, rows, unbroken=columns[1:2])


def relying_on(checks: Log, listing_id: str) -> Iterator[CheckRecord]:
    """Every check whose answer used the listing, page by page."""
    after = ""
    while page := checks.relying_on(listing_id, after=after, limit=AFFECTED_AT_ONCE):
        yield from (stored.record for stored in page)
        after = page[-1].record.check_id


def reliance_name(record: CheckRecord, listing_id: str) -> str:
    """How the check's answer used the listing: `RESTRICTION`, `INCENTIVE` or `NOTICE`."""
    return Reliance.Name(affected_check(record, listing_id).reliance).removeprefix("RELIANCE_")


@log.command()
@click.option("--since", type=MOMENT, help="Decided at or after this moment (UTC).")
@click.option("--until", type=MOMENT, help="Decided before this moment (UTC).")
@click.option("--all", "all_wanted", is_flag=True, help="Refusals of other methods and looks at the record too.")
@click.option("--whole", "whole_wanted", is_flag=True, help="With the request, the answer and the facts.")
@click.option("--form", type=click.Choice(list(FORMS)), default="ndjson", show_default=True, help="How it is written.")
@data_dir_option
@json_option
def export(
    since: datetime | None,
    until: datetime | None,
    all_wanted: bool,
    whole_wanted: bool,
    form: str,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Export every recorded check, a row a check, in the order of the log. `--json` is the default form, NDJSON.

    `cloudevents` is a CloudEvent a line, `csv` a table that spreadsheets open without running anything in it. Rows that
    were erased stand in their places with their ids, and by what they went.
    """
    if whole_wanted and form == "csv":
        fail("a table has a check's row; export it whole as ndjson or cloudevents", Exit.INVALID)
    wanted = Filter(since=as_utc(since), until=as_utc(until), kind=Kind.ALL if all_wanted else Kind.CHECKS)
    checks = opened(data_dir)
    rows = in_order(checks.export(wanted), checks.erased_rows(wanted.since, wanted.until))
    FORMS[form](rows, whole if whole_wanted else row_of)


@log.command("access")
@click.option("--caller", help="Only this principal's.")
@click.option("--reason", help="Only refusals for this reason, such as ACCESS_DENIED.")
@click.option("--since", type=MOMENT, help="At or after this moment (UTC).")
@click.option("--until", type=MOMENT, help="Before this moment (UTC).")
@click.option("--limit", default=50, show_default=True)
@data_dir_option
@json_option
def access(
    caller: str | None,
    reason: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """List what was refused besides checks, and who looked at subjects or at others' checks, the newest first."""
    wanted = Filter(
        caller=caller,
        error_reason=None if reason is None else f"ERROR_REASON_{reason.upper().removeprefix('ERROR_REASON_')}",
        since=as_utc(since),
        until=as_utc(until),
        kind=Kind.OTHERS,
    )
    found = [stored.record for stored in opened(data_dir).newest(wanted, limit=limit)]
    if json_wanted:
        print_json([row_of(record) for record in found])
        return
    rows = (
        (
            f"{record.decided_at:%Y-%m-%d\n%H:%M:%S}",
            f"{record.caller or '(nobody)'}\n{record.method}",
            f"{result_of(record) or 'LOOKED'}\n{record.subject}",
        )
        for record in found
    )
    print_table(("when (UTC)", "who, method", "what came of it, subject"), rows)


@log.command("refused")
@click.option("--since", type=MOMENT, help="At or after this moment (UTC).")
@click.option("--until", type=MOMENT, help="Before this moment (UTC).")
@data_dir_option
@json_option
def refused(since: datetime | None, until: datetime | None, data_dir: Path | None, json_wanted: bool) -> None:
    """Count what was refused because of who asked or how much, by caller, method and reason; the most first."""
    wanted = Filter(since=as_utc(since), until=as_utc(until), kind=Kind.ALL)
    checks = opened(data_dir)
    found = refusals_in(stored.record for stored in checks.export(wanted))
    tell_erased(checks.erased(wanted.since, wanted.until), OF_THE_PERIOD)
    rows = [
        {"caller": caller, "method": method, "reason": reason, "refused": count}
        for (caller, method, reason), count in found.most_common()
    ]
    if json_wanted:
        print_json(rows)
        return
    shown = ((row["caller"] or "(nobody)", row["method"], row["reason"], str(row["refused"])) for row in rows)
    print_table(("caller", "method", "reason", "refused"), shown)


def refusals_in(records: Iterable[CheckRecord]) -> Counter[tuple[str, str, str]]:
    """Caller, method and reason → refusals of access, those counted that have no row of their own."""
    found: Counter[tuple[str, str, str]] = Counter()
    for record in records:
        if record.error_reason in REASONS_OF_ACCESS:
            reason = record.error_reason.removeprefix(PREFIX)
            found[record.caller, record.method or "(a check)", reason] += 1 + unrecorded_in(record)
    return found


def unrecorded_in(record: CheckRecord) -> int:
    """How many refusals of the same caller before this one have no row."""
    info = error_details_pb2.ErrorInfo()
    details = status_pb2.Status.FromString(record.response).details
    return sum(int(info.metadata.get("unrecorded", "0")) for detail in details if detail.Unpack(info))


def in_order(stored: Iterator[StoredCheck], erased: Iterator[ErasedRow]) -> Iterator[CheckRecord | ErasedRow]:
    """What is recorded and what was erased, in the order of the log; what is not shipped yet comes last."""
    rows: Iterator[StoredCheck | ErasedRow] = heapq.merge(stored, erased, key=place_of)
    return (row if isinstance(row, ErasedRow) else row.record for row in rows)


def place_of(row: StoredCheck | ErasedRow) -> float:
    """Where a row stands in the log."""
    return math.inf if row.seq is None else row.seq


def as_utc(moment: datetime | None) -> datetime | None:
    """An aware moment; one without a zone is in UTC."""
    return None if moment is None else moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def row_of(record: CheckRecord) -> dict[str, Any]:
    """A check's row as JSON."""
    return {
        "check_id": record.check_id,
        "decided_at": record.decided_at.isoformat().replace("+00:00", "Z"),
        "outcome": record.outcome,
        "standing": record.standing,
        "error_reason": record.error_reason,
        "case_number": record.case_number,
        "item_code": record.item_code,
        "officer": record.officer,
        "authority": record.authority,
        "caller": record.caller,
        "request_id": record.request_id or record.check_id,
        "scheme": record.scheme,
        "subject": record.subject,
        "subject_key": record.subject_key.hex(),
        "revision": record.revision,
        "edition": record.edition,
        "edition_hash": record.edition_hash,
        "worker": record.worker,
        "method": record.method,
        "region": record.region,
        "elapsed_us": record.elapsed_us,
        "index_age_ms": record.index_age_ms,
    }


def whole(record: CheckRecord) -> dict[str, Any]:
    """A check's row with its messages and facts; of what is no check, the row and the refusal."""
    if not record.is_check:
        return row_of(record) | error_of(record)
    document = row_of(record) | {"request": as_json(pb.CheckSubjectRequest.FromString(record.request))}
    if record.answered:
        document["response"] = as_json(pb.CheckSubjectResponse.FromString(record.response))
    document |= error_of(record)
    document["facts"] = base64.b64encode(record.facts).decode()
    return document


def error_of(record: CheckRecord) -> dict[str, Any]:
    """The refusal, where there is one."""
    return {"error": as_json(status_pb2.Status.FromString(record.response))} if record.error_reason else {}
