"""`clearway cases report|overdue`: say what became of an answer; list what was never said, or never arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import grpc
import uuid_utils

from clearway.cli.connection import audit_service, check_service, deferral_service, fail_call
from clearway.cli.deferrals import Command, server_option, timeout_option
from clearway.cli.log import MOMENT, as_utc
from clearway.cli.output import as_json, console, plain, print_json, print_table
from clearway.cli.registry import json_option
from clearway.gen.v1 import audit_service_pb2 as audit_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb

CASE_RESULTS = {
    "granted": pb.CASE_RESULT_GRANTED,
    "refused": pb.CASE_RESULT_REFUSED,
    "withdrawn": pb.CASE_RESULT_WITHDRAWN,
}
REASONS = {
    name.removeprefix("DEPARTURE_REASON_").lower().replace("_", "-"): value
    for name, value in pb.DepartureReason.items()
    if value
}
PAGE = 1000


def of_measures(name: str, what: str) -> Callable[[Command], Command]:
    """An option that says what became of measures, each given by its code and its listing."""
    return click.option(name, nargs=2, multiple=True, metavar="MEASURE LISTING", help=f"{what}; repeatable.")


@click.command()
@click.argument("check_id")
@click.option("--officer", required=True, help="The officer who decided.")
@of_measures("--applied", "A restriction applied as advised")
@of_measures("--not-applied", "A restriction not applied")
@of_measures("--modified", "A restriction applied otherwise")
@of_measures("--granted", 'An incentive granted; for a clean record LISTING is ""')
@of_measures("--declined", "An incentive declined or not granted")
@click.option("--reason", type=click.Choice(list(REASONS)), help="Why the measures named were not applied as advised.")
@click.option("--text", default="", help="The same in words.")
@click.option("--result", type=click.Choice(list(CASE_RESULTS)), help="How the case ended; it is closed with this.")
@click.option("--decided-at", type=MOMENT, help="When the case was decided (UTC); with the recording.")
@click.option("--report-id", default="", help="The report's own id, for safe retries; by default a fresh one.")
@server_option
@timeout_option
@json_option
def report(
    check_id: str,
    officer: str,
    applied: Sequence[tuple[str, str]],
    not_applied: Sequence[tuple[str, str]],
    modified: Sequence[tuple[str, str]],
    granted: Sequence[tuple[str, str]],
    declined: Sequence[tuple[str, str]],
    reason: str | None,
    text: str,
    result: str | None,
    decided_at: datetime | None,
    report_id: str,
    server: str | None,
    timeout: float,
    json_wanted: bool,
) -> None:
    """Report what became of the answer CHECK_ID. Measures with different reasons go into reports of their own."""
    given = (
        (pb.MEASURE_RESULT_APPLIED, applied),
        (pb.MEASURE_RESULT_NOT_APPLIED, not_applied),
        (pb.MEASURE_RESULT_MODIFIED, modified),
        (pb.MEASURE_RESULT_GRANTED, granted),
        (pb.MEASURE_RESULT_DECLINED, declined),
    )
    request = pb.ReportOutcomeRequest(
        check_id=check_id,
        report_id=report_id or str(uuid_utils.uuid7()),
        officer=officer,
        measures=[
            measure_outcome(measure, listing, kind, reason, text) for kind, some in given for measure, listing in some
        ],
        case_result=CASE_RESULTS.get(result or "", pb.CASE_RESULT_UNSPECIFIED),
    )
    moment = as_utc(decided_at)
    if moment is not None:
        request.decided_at.FromDatetime(moment)
    try:
        with check_service(server) as stub:
            response = stub.ReportOutcome(request, timeout=timeout)
    except grpc.RpcError as error:
        fail_call(error, json_wanted)
    if json_wanted:
        print_json(as_json(response))
    else:
        print_report(response)


def measure_outcome(
    measure: str, listing: str, result: pb.MeasureResult.ValueType, reason: str | None, text: str
) -> pb.MeasureOutcome:
    """What became of one measure. A reason belongs to what was not applied, granted or declined as advised."""
    outcome = pb.MeasureOutcome(measure=measure, listing_id=listing, result=result)
    if result not in (pb.MEASURE_RESULT_APPLIED, pb.MEASURE_RESULT_GRANTED):
        outcome.reason = REASONS.get(reason or "", pb.DEPARTURE_REASON_UNSPECIFIED)
        outcome.reason_text = text
    return outcome


def print_report(response: pb.ReportOutcomeResponse) -> None:
    """Say what was recorded, and what is still to be reported."""
    closed = "; the case is closed" if response.case_closed else ""
    departed = f"; {response.departures} departure(s) from mandatory measures" if response.departures else ""
    console.print(f"recorded as report {plain(response.report_id)}{departed}{closed}", soft_wrap=True)
    if response.unreported:
        rows = ((left.measure, left.listing_id) for left in response.unreported)
        print_table(("measure", "listing"), rows, title="nothing reported yet on")


@click.command()
@click.option("--checked-before", type=MOMENT, help="Cases last checked before this moment (UTC); by the setting.")
@server_option
@timeout_option
@json_option
def overdue(checked_before: datetime | None, server: str | None, timeout: float, json_wanted: bool) -> None:
    """List deferrals past their deadline, and checked cases whose outcome was not reported in time."""
    before = as_utc(checked_before)
    wanted = audit_pb.ListOverdueOutcomesRequest(page_size=PAGE)
    if before is not None:
        wanted.checked_before.FromDatetime(before)
    try:
        with deferral_service(server) as stub:
            late = deferral_pb.ListOverdueDeferralsRequest(page_size=PAGE)
            pages = paged(late, lambda request: stub.ListOverdueDeferrals(request, timeout=timeout))
            deferrals = [deferral for page in pages for deferral in page.deferrals]
        with audit_service(server) as audits:
            answers = paged(wanted, lambda request: audits.ListOverdueOutcomes(request, timeout=timeout))
            outcomes = [case for page in answers for case in page.cases]
    except grpc.RpcError as error:
        fail_call(error, json_wanted)
    if json_wanted:
        print_json({"deferrals": [as_json(d) for d in deferrals], "outcomes": [as_json(case) for case in outcomes]})
        return
    late_columns = ("case, check", "last day", "missing")
    print_table(late_columns, map(deferral_row, deferrals), "deferrals past their deadline", late_columns[:1])
    open_columns = ("checked (UTC)", "case · officer, check", "answer, item")
    print_table(open_columns, map(outcome_row, outcomes), "no outcome reported", open_columns[1:2])


def paged(request: Any, ask: Callable[[Any], Any]) -> Iterator[Any]:
    """Every page of a list."""
    while True:
        page = ask(request)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def deferral_row(deferral: deferral_pb.Deferral) -> tuple[str, ...]:
    """An overdue deferral's cells."""
    missing = (m.code for m in deferral.materials if not m.HasField("supplied_at"))
    return f"{deferral.case_number}\n{deferral.check_id}", deferral.deadline, "\n".join(missing)


def outcome_row(case: audit_pb.OverdueOutcome) -> tuple[str, ...]:
    """A case's cells."""
    checked = f"{case.decided_at.ToDatetime(UTC):%Y-%m-%d\n%H:%M:%S}"
    answer = decision_pb2.Outcome.Name(case.outcome).removeprefix("OUTCOME_")
    return checked, f"{case.case_number} · {case.officer}\n{case.check_id}", f"{answer}\n{case.item_code}"
