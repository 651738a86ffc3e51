"""`clearway cases commit`, `notice`, `supplement`, `extend`, `withdraw`, `lapse`, `deferral`: on a running service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click
import grpc

from clearway.cli.connection import deferral_service, fail_call
from clearway.cli.deferral_card import DeferralCard
from clearway.cli.output import as_json, console, plain, print_json
from clearway.cli.registry import DAY, json_option
from clearway.gen.v1 import deferral_service_pb2 as pb
from clearway.gen.v1.deferral_service_pb2_grpc import DeferralServiceStub

Command = TypeVar("Command", bound=Callable[..., Any])

server_option = click.option("--server", metavar="HOST:PORT", help="The service; by default the one this folder runs.")
timeout_option = click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait for the answer.")
officer_option = click.option("--officer", required=True, help="The officer who does so.")
language_option = click.option("--language", type=click.Choice(["en", "zh-CN"]), help="Language of the answer.")


def acting(command: Command) -> Command:
    """What every act on a deferral takes: the check, the officer, the service."""
    for option in (json_option, timeout_option, language_option, server_option, officer_option):
        command = option(command)
    return click.argument("check_id")(command)


def metadata_of(language: str | None) -> tuple[tuple[str, str], ...]:
    """The call's metadata, for an answer in the language asked for."""
    return (("accept-language", language),) if language else ()


def do(
    call: Callable[[DeferralServiceStub, float, Any], Any],
    server: str | None,
    language: str | None,
    timeout: float,
    json_wanted: bool,
) -> Any:
    """The response to one call, printed as a card or as JSON."""
    try:
        with deferral_service(server) as stub:
            response = call(stub, timeout, metadata_of(language))
    except grpc.RpcError as error:
        fail_call(error, json_wanted)
    if json_wanted:
        print_json(as_json(response))
    else:
        DeferralCard(response.deferral).print(console)
    return response


@click.command()
@acting
@click.option("--signatory", required=True, help="In what capacity it was signed, such as 法定代表人; no name.")
@click.option("--reference", required=True, help="The commitment's own number or place in the file.")
def commit(check_id: str, officer: str, signatory: str, reference: str, **line: Any) -> None:
    """Record the applicant's written commitment on the check CHECK_ID."""
    request = pb.CommitRequest(check_id=check_id, officer=officer, signatory=signatory, commitment_reference=reference)
    do(lambda stub, timeout, metadata: stub.Commit(request, timeout=timeout, metadata=metadata), **line)


@click.command()
@acting
@click.option("--number", default="", help="The notice's own number; by default the check's id.")
def notice(check_id: str, officer: str, number: str, **line: Any) -> None:
    """Issue the notice, in English and Chinese: what is missing, by when, and what follows otherwise."""
    request = pb.IssueNoticeRequest(check_id=check_id, officer=officer, notice_number=number)
    do(lambda stub, timeout, metadata: stub.IssueNotice(request, timeout=timeout, metadata=metadata), **line)


@click.command()
@acting
@click.option("--material", "materials", multiple=True, required=True, help="Code of one that arrived; repeatable.")
def supplement(check_id: str, officer: str, materials: Sequence[str], **line: Any) -> None:
    """Record materials that arrived; the last one completes the deferral."""
    request = pb.SupplementRequest(check_id=check_id, officer=officer, materials=materials)
    do(lambda stub, timeout, metadata: stub.Supplement(request, timeout=timeout, metadata=metadata), **line)


@click.command()
@acting
@click.option("--until", type=DAY, required=True, help="The new last day.")
@click.option("--reason", required=True, help="The force majeure that kept the applicant from supplying in time.")
def extend(check_id: str, officer: str, until: datetime, reason: str, **line: Any) -> None:
    """Extend the deadline for force majeure."""
    deadline = until.date().isoformat()
    request = pb.ExtendRequest(check_id=check_id, officer=officer, reason=reason, deadline=deadline)
    do(lambda stub, timeout, metadata: stub.Extend(request, timeout=timeout, metadata=metadata), **line)


@click.command()
@acting
@click.option("--reason", default="", help="Why, if the applicant said so.")
def withdraw(check_id: str, officer: str, reason: str, **line: Any) -> None:
    """Record that the applicant withdrew."""
    request = pb.WithdrawRequest(check_id=check_id, officer=officer, reason=reason)
    do(lambda stub, timeout, metadata: stub.Withdraw(request, timeout=timeout, metadata=metadata), **line)


@click.command()
@acting
@click.option("--reason", required=True, help="Why, for the applicant.")
def lapse(check_id: str, officer: str, reason: str, json_wanted: bool, **line: Any) -> None:
    """Return the file, deemed withdrawn, after a deadline has passed: no refusal, but a broken commitment."""
    request = pb.LapseRequest(check_id=check_id, officer=officer, reason=reason)
    response = do(
        lambda stub, timeout, metadata: stub.Lapse(request, timeout=timeout, metadata=metadata),
        json_wanted=json_wanted,
        **line,
    )
    if not json_wanted:
        record = plain(response.record_id)
        console.print(f"The broken commitment is adverse record {record}; its repair reopens deferral.", soft_wrap=True)


@click.command()
@click.argument("check_id")
@server_option
@language_option
@timeout_option
@json_option
def deferral(check_id: str, **line: Any) -> None:
    """Show the deferral that the check CHECK_ID offered."""
    request = pb.GetDeferralRequest(check_id=check_id)
    do(lambda stub, timeout, metadata: stub.GetDeferral(request, timeout=timeout, metadata=metadata), **line)
