"""What the commands for auditors share: options, moments, pages, and a call that may fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import click
import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from clearway.cli.connection import audit_service, fail_call
from clearway.cli.deferrals import Command, language_option, metadata_of, server_option
from clearway.cli.log import MOMENT, as_utc
from clearway.cli.registry import json_option
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2

timeout_option = click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for each answer.")
since_option = click.option("--since", type=MOMENT, required=True, help="From this moment (UTC).")
until_option = click.option("--until", type=MOMENT, required=True, help="To before this moment (UTC).")


def asking(command: Command) -> Command:
    """What every question takes: the service, the language, the form of the answer."""
    for option in (json_option, timeout_option, language_option, server_option):
        command = option(command)
    return command


def ask(
    question: Callable[[Any, float, Any], Any], server: str | None, language: str | None, timeout: float, as_json: bool
) -> Any:
    """What `question` gives of the service's stub, timeout and metadata; leaves where the call fails."""
    try:
        with audit_service(server) as stub:
            return question(stub, timeout, metadata_of(language))
    except grpc.RpcError as error:
        fail_call(error, as_json)


def pages(request: Any, call: Callable[[Any], Any]) -> Iterator[Any]:
    """Every page of a list."""
    while True:
        page = call(request)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def set_moment(timestamp: Timestamp, moment: datetime | None) -> None:
    """Put a moment into a request, where one is given; without a zone it is in UTC."""
    found = as_utc(moment)
    if found is not None:
        timestamp.FromDatetime(found)


def minutes(timestamp: Timestamp) -> str:
    """A moment in UTC, on two lines, for a table's cell."""
    return f"{timestamp.ToDatetime(UTC):%Y-%m-%d\n%H:%M:%S}"


def choices(enum: Any) -> dict[str, Any]:
    """A wire enum's values by the end of their names, in lower case, such as `coverage`."""
    prefix = enum.DESCRIPTOR.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {name.removeprefix(prefix).lower().replace("_", "-"): value for name, value in enum.items() if value}


def last_of(enum: Any, value: int) -> str:
    """The end of a value's name, such as `RESTRICTION`."""
    prefix = enum.DESCRIPTOR.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return str(enum.Name(value)).removeprefix(prefix)


def result_of(check: pb.CheckSummary) -> str:
    """The outcome of an answered check, the reason of a refused one."""
    return check.refused_reason or last_of(decision_pb2.Outcome, check.outcome)
