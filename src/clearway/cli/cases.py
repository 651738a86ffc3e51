"""`clearway cases`: what followed an answer: deferral, outcome, feedback that is missing, coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue
from clearway.cli import coverage, deferrals, feedback, log, registry
from clearway.cli.deferral_card import DeferralCard
from clearway.cli.exits import Exit
from clearway.cli.log import print_checks, row_of
from clearway.cli.output import as_json, console, fail, plain, print_json, print_table
from clearway.cli.registry import data_dir_option, json_option
from clearway.cli.settings import settings_from
from clearway.cli.tree import erasure_sentence
from clearway.decision.explain import Language
from clearway.gen.v1 import deferral_service_pb2 as pb
from clearway.querylog.filter import Filter
from clearway.querylog.record import CheckRecord
from clearway.registry.cases.events import Case, CaseClosed, CaseEntry, OutcomeReported
from clearway.registry.cases.store import CaseRecord
from clearway.server.deferral_messages import DeferralMessages
from clearway.transparency.entries import ErasureEntry

MOST_CHECKS = 1000


@click.group()
def cases() -> None:
    """What followed an answer: deferral, outcome, missing feedback, coverage."""


for command in (
    deferrals.commit,
    deferrals.notice,
    deferrals.supplement,
    deferrals.extend,
    deferrals.withdraw,
    deferrals.lapse,
    deferrals.deferral,
    feedback.report,
    feedback.overdue,
    coverage.coverage,
):
    cases.add_command(command)


@dataclass(frozen=True, slots=True)
class WholeCase:
    """A case as the log and the record of one data folder have it."""

    checks: Sequence[CheckRecord]
    record: CaseRecord
    deferrals: Sequence[pb.Deferral]
    erased: Mapping[str, ErasureEntry]
    """Checks that the record speaks of and whose rows were erased."""


@cases.command()
@click.argument("case_number")
@click.option("--authority", help="The authority whose case it is; by default the configured one.")
@data_dir_option
@json_option
def show(case_number: str, authority: str | None, data_dir: Path | None, json_wanted: bool) -> None:
    """Show a case of this data folder: its checks, its deferral, what was reported."""
    settings = settings_from({"data_dir": data_dir})
    case = Case(authority or settings.authority, case_number)
    found = read(case, data_dir, load_catalogue(settings.catalogue), Language(settings.language))
    if not found.checks and not found.record.entries:
        fail("no check and no act is recorded in this case", Exit.FAILED)
    if json_wanted:
        print_json(document(found))
        return
    print_checks(found.checks)
    for check_id, erasure in found.erased.items():
        console.print(f"check {plain(check_id)} was erased by {plain(erasure_sentence(erasure))}", soft_wrap=True)
    for deferral in found.deferrals:
        DeferralCard(deferral).print(console)
    print_outcomes(found.record.entries)


def read(case: Case, data_dir: Path | None, catalogue: Catalogue, language: Language) -> WholeCase:
    """Everything of a case."""
    wanted = Filter(authority=case.authority, case_number=case.case_number)
    whole_log = log.opened(data_dir)
    checks = [stored.record for stored in whole_log.newest(wanted, limit=MOST_CHECKS)]
    with registry.opened(data_dir) as opened:
        record = opened.cases.of_case(case)
    messages, today = DeferralMessages(catalogue.calendar), datetime.now(catalogue.zone).date()
    found = [messages.committed(d, record.closed, today, language) for d in record.deferrals().values()]
    spoken_of = dict.fromkeys(entry.check_id for entry in record.entries if entry.check_id)
    gone = {check_id: whole_log.erasure(check_id) for check_id in spoken_of}
    return WholeCase(checks, record, found, {check_id: by for check_id, by in gone.items() if by is not None})


def document(found: WholeCase) -> dict[str, Any]:
    """A case as JSON."""
    entries = found.record.entries
    return {
        "case_number": found.record.case.case_number,
        "authority": found.record.case.authority,
        "closed": found.record.closed,
        "checks": [row_of(record) for record in found.checks],
        "erased_checks": {check_id: erasure_sentence(erasure) for check_id, erasure in found.erased.items()},
        "deferrals": [as_json(deferral) for deferral in found.deferrals],
        "outcomes": [
            {"check_id": entry.check_id, "recorded_at": entry.recorded_at.isoformat()}
            | msgspec.to_builtins(entry.event)
            for entry in entries
            if isinstance(entry.event, OutcomeReported | CaseClosed)
        ],
    }


def print_outcomes(entries: Sequence[CaseEntry]) -> None:
    """What was reported, a row a measure, and how the case ended."""
    rows = [
        (f"{entry.recorded_at:%Y-%m-%d\n%H:%M:%S}", entry.event.officer, report.measure, report.result, reason)
        for entry in entries
        if isinstance(entry.event, OutcomeReported)
        for report in entry.event.measures
        for reason in ("\n".join(filter(None, (report.reason or "", report.text))),)
    ]
    if rows:
        print_table(("reported (UTC)", "officer", "measure", "result", "why"), rows, title="outcome")
    for entry in entries:
        if isinstance(entry.event, CaseClosed):
            moment = entry.event.decided_at.astimezone(UTC)
            console.print(f"closed: {entry.event.result} ({moment:%Y-%m-%d %H:%M:%S} UTC)", soft_wrap=True)
