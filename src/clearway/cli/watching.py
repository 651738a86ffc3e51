"""`clearway watch`: changes in pending cases as they come. `clearway webhooks`: who is told of them, who is owed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import grpc
from rich.markup import escape
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.loader import load_catalogue
from clearway.cli.card import COLOURS, outcome_of
from clearway.cli.connection import check_service, error_document, fail_call, words_of
from clearway.cli.exits import Exit
from clearway.cli.output import as_json, console, errors, fail, plain, print_json, print_json_line, print_table
from clearway.cli.registry import data_dir_option, json_option, opened
from clearway.cli.settings import settings_from
from clearway.decision.explain import OUTCOMES, Language, say
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.registry.deliveries import Queue, QueueState
from clearway.server.watching.endpoints import Endpoint, WebhooksRejected, load_webhooks

PATIENCE = 60.0
"""Seconds for which a lost service is looked for again, before the command gives up."""


@click.command()
@click.option("--server", metavar="HOST:PORT", help="The service; by default the one this folder runs.")
@click.option("--case", "case_number", default="", help="Only this case; by default every pending one.")
@click.option("--after", metavar="CURSOR", help="Go on after this cursor; by default from now on.")
@click.option("--since-revision", metavar="REVISION", help="Begin with what was noticed at this revision.")
@click.option("--limit", type=click.IntRange(min=1), help="Leave after so many changes; by default never.")
@click.option("--json", "json_wanted", is_flag=True, help="Print each message as one line of proto3 JSON.")
def watch(
    server: str | None,
    case_number: str,
    after: str | None,
    since_revision: str | None,
    limit: int | None,
    json_wanted: bool,
) -> None:
    """Print changes in pending cases as they are noticed; goes on by itself where a stream ends."""
    if after and since_revision:
        fail("give --after or --since-revision, not both", Exit.INVALID)
    request = pb.WatchCasesRequest(case_number=case_number)
    if after:
        request.after = after
    elif since_revision:
        request.since_revision = since_revision
    try:
        for number, message in enumerate(changes(server, request), 1):
            if json_wanted:
                print_json_line(as_json(message))
            else:
                print_change(message.change)
            if number == limit:
                return
    except grpc.RpcError as error:
        fail_call(error, json_wanted)


def changes(server: str | None, request: pb.WatchCasesRequest) -> Iterator[pb.WatchCasesResponse]:
    """Every change from the request's start on, over as many streams as it takes.

    `request` is moved on with every message. Raises the error of a stream that cannot be had within `PATIENCE`.
    """
    with check_service(server) as stub:
        while True:
            for message in looking_for(stub, request):
                request.after = message.cursor
                if message.HasField("change"):
                    yield message


def looking_for(stub: CheckServiceStub, request: pb.WatchCasesRequest) -> Iterator[pb.WatchCasesResponse]:
    """The messages of one stream, up to where it ends or is lost; a lost service is looked for, ever less often."""
    attempts = Retrying(
        retry=retry_if_exception(is_passing),
        wait=wait_random_exponential(multiplier=0.2, max=5.0),
        stop=stop_after_delay(PATIENCE),
        before_sleep=say_lost,
        reraise=True,
    )
    first, stream = attempts(begun, stub, request)
    try:
        yield first
        yield from stream
    except grpc.RpcError as error:
        if not is_passing(error):
            raise


def begun(
    stub: CheckServiceStub, request: pb.WatchCasesRequest
) -> tuple[pb.WatchCasesResponse, Iterator[pb.WatchCasesResponse]]:
    """A stream's first message, which comes at once, and the rest of it."""
    stream = iter(stub.WatchCases(request))
    return next(stream), stream


def is_passing(error: BaseException) -> bool:
    """Whether the stream may be had again later."""
    return isinstance(error, grpc.RpcError) and error.code() is grpc.StatusCode.UNAVAILABLE


def say_lost(state: RetryCallState) -> None:
    """Say once an outage that the service is looked for."""
    error = state.outcome.exception() if state.outcome is not None else None
    if state.attempt_number == 1 and isinstance(error, grpc.RpcError):
        errors.print(f"[yellow]{plain(words_of(error_document(error)['error']))}; trying again[/]", soft_wrap=True)


def print_change(change: pb.CaseChange) -> None:
    """A change as an officer reads it: when, in which case, from what to what, and the new answer in words."""
    noticed = change.noticed_at.ToDatetime(UTC).astimezone().isoformat(timespec="seconds")
    console.print(
        f"[dim]{noticed}[/] [bold]{escape(change.case_number)}[/] {escape(change.item_code)}  "
        f"{outcome_words(change.before)} → {outcome_words(change.after)}  [dim]{escape(', '.join(change.differs))}[/]",
        soft_wrap=True,
    )
    console.print(f"  {escape(change.after.explanation.text)}", soft_wrap=True)


def outcome_words(decision: decision_pb2.Decision) -> str:
    """A decision's outcome, in its own language and colour."""
    outcome = outcome_of(decision.outcome)
    language = Language(decision.explanation.language or "en")
    return f"[{COLOURS[outcome]}]{escape(say(OUTCOMES[outcome], language))}[/]"


@click.command()
@click.option("--file", type=click.Path(path_type=Path), help="The endpoints' file (CLEARWAY_WEBHOOKS).")
@data_dir_option
@json_option
def webhooks(file: Path | None, data_dir: Path | None, json_wanted: bool) -> None:
    """Hold the endpoints' file to its rules, and show what each endpoint was told and is owed."""
    settings = settings_from({"data_dir": data_dir, "webhooks": file})
    if settings.webhooks is None:
        fail("no file of endpoints is set: give --file or CLEARWAY_WEBHOOKS", Exit.INVALID)
    try:
        endpoints = load_webhooks(settings.webhooks, load_catalogue(settings.catalogue))
    except (WebhooksRejected, CatalogueRejected) as rejected:
        fail(str(rejected), Exit.FAILED)
    now = datetime.now(UTC)
    with opened(data_dir) as record:
        found = [
            (each, record.deliveries.state(Queue(each.name, each.authority, now - each.longest_wait)))
            for each in endpoints
        ]
    if json_wanted:
        print_json([state_document(endpoint, state) for endpoint, state in found])
        return
    rows = [
        (endpoint.name, state.delivered, state.owed, state.oldest_owed, *last_words(state)) for endpoint, state in found
    ]
    print_table(("endpoint", "told", "owed", "owed since", "last attempt", "result"), rows, unbroken={"endpoint"})


def last_words(state: QueueState) -> tuple[object, object]:
    """When the last attempt on record was made, and what came of it."""
    return (None, None) if state.last is None else (state.last.attempted_at, state.last.detail)


def state_document(endpoint: Endpoint, state: QueueState) -> dict[str, Any]:
    """How an endpoint stands, for programs."""
    last = state.last
    return {
        "name": endpoint.name,
        "authority": endpoint.authority,
        "url": endpoint.url,
        "delivered": state.delivered,
        "owed": state.owed,
        "oldest_owed": None if state.oldest_owed is None else state.oldest_owed.isoformat(),
        "last_attempt": None if last is None else last.attempted_at.isoformat(),
        "last_result": None if last is None else last.detail,
    }
