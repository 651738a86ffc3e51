"""`clearway batch`: a CSV of checks in, decisions out, a hundred at a time."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import click
import grpc
import uuid_utils
from rich.progress import Progress

from clearway.cli.check import KINDS
from clearway.cli.connection import check_service, detail_parts, fail_call
from clearway.cli.exits import Exit
from clearway.cli.output import as_json, errors, fail
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.server.spreadsheets import disarmed

BATCH = 100
REQUIRED = ("item", "case", "officer")
COLUMNS = ("scheme", "id", "name", "item", "case", "officer", "materials", "kind", "region", "request_id")
ANSWER = ("outcome", "standing", "measures", "explanation", "check_id", "error_reason", "error_message")


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--server", metavar="HOST:PORT", help="The service; by default the one this folder runs.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File of decisions; standard output.")
@click.option("--json", "json_wanted", is_flag=True, help="NDJSON: one BatchCheckResult a line, in input order.")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait for each hundred.")
def batch(source: Path, server: str | None, out: Path | None, json_wanted: bool, timeout: float) -> None:
    """Check every row of the CSV file SOURCE.

    Columns: scheme, id, name, item, case, officer, materials (codes parted by `;`), kind (new), region, request_id.
    Exit code 1 where any row was refused.
    """
    refused = 0
    total = sum(1 for _ in rows_of(source))
    with Progress(console=errors, transient=True) as progress, output(out) as sink, check_service(server) as stub:
        task = progress.add_task("checking", total=total)
        writer = csv.writer(sink)
        if not json_wanted:
            writer.writerow((*COLUMNS, *ANSWER))
        for rows in hundreds(rows_of(source)):
            requests = [request_of(row) for row in rows]
            try:
                results = stub.BatchCheckSubjects(
                    pb.BatchCheckSubjectsRequest(checks=requests), timeout=timeout
                ).results
            except grpc.RpcError as error:
                fail_call(error, json_wanted)
            for row, result in zip(rows, results, strict=True):
                refused += result.HasField("error")
                if json_wanted:
                    sink.write(json.dumps(as_json(result), ensure_ascii=False) + "\n")
                else:
                    writer.writerow(
                        [disarmed(cell) for cell in (*(row.get(c, "") for c in COLUMNS), *answer_of(result))]
                    )
            progress.advance(task, len(rows))
    errors.print(f"{total} checked, {refused} refused")
    if refused:
        raise SystemExit(Exit.FAILED)


def rows_of(source: Path) -> Iterator[dict[str, str]]:
    """The rows of the file by column; leaves where it is not UTF-8 or a required column is missing."""
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [column for column in REQUIRED if column not in (reader.fieldnames or ())]
            if missing:
                fail(f"{source.name}: missing column {', '.join(missing)}", Exit.INVALID)
            for row in reader:
                yield {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    except UnicodeDecodeError:
        fail(f"{source.name}: not UTF-8; save it as “CSV UTF-8”", Exit.INVALID)


def hundreds(rows: Iterable[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    """The rows in lists of at most `BATCH`."""
    source = iter(rows)
    while chunk := list(islice(source, BATCH)):
        yield chunk


def request_of(row: dict[str, str]) -> pb.CheckSubjectRequest:
    """The check a row asks for. What is wrong with it, the service says."""
    request = pb.CheckSubjectRequest(
        item_code=row.get("item", ""),
        application_kind=KINDS.get(row.get("kind") or "new", pb.APPLICATION_KIND_UNSPECIFIED),
        region_code=row.get("region", ""),
        case_number=row.get("case", ""),
        officer=row.get("officer", ""),
        supplied_materials=[code.strip() for code in row.get("materials", "").split(";") if code.strip()],
        request_id=row.get("request_id") or str(uuid_utils.uuid7()),
    )
    request.subject.name = row.get("name", "")
    if row.get("id") or row.get("scheme"):
        request.subject.identifier.scheme = row.get("scheme", "")
        request.subject.identifier.value = row.get("id", "")
    return request


def answer_of(result: pb.BatchCheckResult) -> tuple[str, ...]:
    """The answer's columns."""
    if result.HasField("error"):
        return ("", "", "", "", "", detail_parts(result.error).get("reason", ""), result.error.message)
    response = result.response
    decision = response.decision
    measures = ";".join(dict.fromkeys(r.measure for r in (*decision.restrictions, *decision.incentives)))
    outcome = decision_pb2.Outcome.Name(decision.outcome)
    standing = decision_pb2.Standing.Name(decision.standing)
    return (outcome, standing, measures, decision.explanation.text, response.check_id, "", "")


def output(out: Path | None) -> contextlib.AbstractContextManager[IO[str]]:
    """The file to write to, or standard output left open."""
    return contextlib.nullcontext(sys.stdout) if out is None else out.open("w", newline="", encoding="utf-8")
