"""`clearway check`: one check against a running service."""

from __future__ import annotations

from collections.abc import Sequence

import click
import grpc
import uuid_utils

from clearway.cli.card import Card
from clearway.cli.connection import check_service, fail_call
from clearway.cli.output import as_json, console, print_json
from clearway.gen.v1 import check_service_pb2 as pb

KINDS = {
    "new": pb.APPLICATION_KIND_NEW,
    "renewal": pb.APPLICATION_KIND_RENEWAL,
    "change": pb.APPLICATION_KIND_CHANGE,
}


@click.command()
@click.option("--server", metavar="HOST:PORT", help="The service; by default the one this folder runs.")
@click.option("--scheme", default="", help="Scheme of the identifier, such as cn-uscc.")
@click.option("--id", "code", default="", help="The identifier as written on the application.")
@click.option("--name", default="", help="The applicant's name.")
@click.option("--item", required=True, help="Code of the licence item.")
@click.option("--case", "case_number", required=True, help="Number of the case.")
@click.option("--officer", required=True, help="The officer who decides.")
@click.option("--material", "materials", multiple=True, help="Code of a material already supplied; repeatable.")
@click.option("--kind", type=click.Choice(list(KINDS)), default="new", show_default=True, help="What is applied for.")
@click.option("--region", default="", help="Region of the licence; by default the authority's own.")
@click.option("--request-id", default="", help="Id for safe retries; by default a fresh one.")
@click.option("--at-least-as-fresh", default="", metavar="REVISION", help="Wait for an index this fresh.")
@click.option("--language", type=click.Choice(["en", "zh-CN"]), help="Language of the answer.")
@click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait for the answer.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the response in proto3 JSON.")
def check(
    server: str | None,
    scheme: str,
    code: str,
    name: str,
    item: str,
    case_number: str,
    officer: str,
    materials: Sequence[str],
    kind: str,
    region: str,
    request_id: str,
    at_least_as_fresh: str,
    language: str | None,
    timeout: float,
    json_wanted: bool,
) -> None:
    """Check one subject for one licence item."""
    request = pb.CheckSubjectRequest(
        item_code=item,
        application_kind=KINDS[kind],
        region_code=region,
        case_number=case_number,
        officer=officer,
        supplied_materials=materials,
        request_id=request_id or str(uuid_utils.uuid7()),
    )
    request.subject.name = name
    if code or scheme:
        request.subject.identifier.scheme = scheme
        request.subject.identifier.value = code
    if at_least_as_fresh:
        request.consistency.at_least_as_fresh = at_least_as_fresh
    metadata = (("accept-language", language),) if language else ()
    try:
        with check_service(server) as stub:
            response = stub.CheckSubject(request, timeout=timeout, metadata=metadata)
    except grpc.RpcError as error:
        fail_call(error, json_wanted)
    if json_wanted:
        print_json(as_json(response))
    else:
        Card(response).print(console)
