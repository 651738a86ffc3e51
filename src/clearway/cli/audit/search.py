"""`clearway audit search`: find checks in the log, the newest first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from clearway.cli.audit.question import ask, asking, choices, minutes, pages, result_of, set_moment
from clearway.cli.erased import OF_THE_LOG, OF_THE_PERIOD, tell_erased
from clearway.cli.exits import Exit
from clearway.cli.log import MOMENT
from clearway.cli.output import as_json, fail, print_json, print_table
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.server.reports.tables import FORMS

OUTCOMES = choices(decision_pb2.Outcome)
STANDINGS = choices(decision_pb2.Standing)
LARGEST_PAGE = 1000


@click.command()
@click.option("--scheme", default="", help="Scheme of the code, such as cn-uscc.")
@click.option("--id", "code", default="", help="Only checks of the subject with this code.")
@click.option("--name", default="", help="Only checks of this name alone.")
@click.option("--case", "case_number", default="", help="Only checks of this case.")
@click.option("--authority", default="", help="Only checks for this authority.")
@click.option("--officer", default="", help="Only checks by this officer.")
@click.option("--caller", default="", help="Only checks by this principal.")
@click.option("--item", "item_code", default="", help="Only checks for this licence item.")
@click.option("--outcome", type=click.Choice(list(OUTCOMES), case_sensitive=False), help="Only this outcome.")
@click.option("--standing", type=click.Choice(list(STANDINGS), case_sensitive=False), help="Only this standing.")
@click.option("--refused", default="", metavar="REASON", help="Only checks refused for this, such as UNKNOWN_ITEM.")
@click.option("--since", type=MOMENT, help="Decided at or after this moment (UTC).")
@click.option("--until", type=MOMENT, help="Decided before this moment (UTC).")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File for them: .csv, .ndjson or .xlsx.")
@asking
def search(
    scheme: str,
    code: str,
    name: str,
    outcome: str | None,
    standing: str | None,
    refused: str,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    out: Path | None,
    server: str | None,
    language: str | None,
    timeout: float,
    json_wanted: bool,
    **equal: Any,
) -> None:
    """Find checks in the log, of every authority, the newest first."""
    if out is not None and out.suffix not in FORMS:
        fail(f"--out must end in {', '.join(FORMS)}", Exit.INVALID)
    wanted = pb.CheckFilter(
        outcome=OUTCOMES.get(outcome or "", 0),
        standing=STANDINGS.get(standing or "", 0),
        refused_reason=refused,
        **equal,
    )
    if code or scheme:
        wanted.subject.identifier.scheme, wanted.subject.identifier.value = scheme, code
    elif name:
        wanted.subject.name = name
    set_moment(wanted.since, since)
    set_moment(wanted.until, until)

    def question(stub: Any, patience: float, metadata: Any) -> pb.SearchChecksResponse:
        request = pb.SearchChecksRequest(filter=wanted, page_size=min(limit, LARGEST_PAGE))
        found = pb.SearchChecksResponse()
        for page in pages(request, lambda asked: stub.SearchChecks(asked, timeout=patience, metadata=metadata)):
            found.checks.extend(page.checks[: limit - len(found.checks)])
            found.erased_rows += page.erased_rows
            if len(found.checks) >= limit:
                break
        return found

    found = ask(question, server, language, timeout, json_wanted)
    if out is not None:
        out.write_bytes(FORMS[out.suffix](found.checks))
    tell_erased(found.erased_rows, OF_THE_PERIOD if since or until else OF_THE_LOG)
    if json_wanted:
        print_json([as_json(check) for check in found.checks])
    else:
        print_checks(found.checks)


def print_checks(checks: Iterable[pb.CheckSummary]) -> None:
    """A table of checks: what belongs together stands in one cell, line under line."""
    rows = [
        (
            minutes(check.decided_at),
            f"{check.case_number} · {check.officer}\n{check.check_id}",
            f"{result_of(check)}\n{check.subject}\n{check.authority.code}",
        )
        for check in checks
    ]
    columns = ("decided (UTC)", "case · officer, check", "outcome, subject, authority")
    print_table(columns, rows, unbroken=columns[1:2])
