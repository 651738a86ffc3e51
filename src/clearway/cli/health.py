"""`clearway health`: would a check be answered now? For a container's or a supervisor's health check."""

from __future__ import annotations

import click
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from clearway.cli.connection import address_of_running, channel_to
from clearway.cli.exits import Exit
from clearway.cli.output import console, plain, print_json

SERVICE = "clearway.v1.CheckService"
UNREACHABLE = "UNREACHABLE"
SERVING = health_pb2.HealthCheckResponse.ServingStatus.Name(health_pb2.HealthCheckResponse.SERVING)


@click.command()
@click.option("--server", metavar="HOST:PORT", help="The service; by default the one this folder runs.")
@click.option("--timeout", default=2.0, show_default=True, help="Seconds to wait for the answer.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
def health(server: str | None, timeout: float, json_wanted: bool) -> None:
    """Ask whether the service would answer a check: exit code 0 where it is SERVING, 3 otherwise."""
    address = server or address_of_running()
    status = status_of(address, timeout)
    if json_wanted:
        print_json({"address": address, "status": status})
    else:
        console.print(f"{plain(address)} {status}", soft_wrap=True)
    if status != SERVING:
        raise SystemExit(Exit.NO_ANSWER)


def status_of(address: str, timeout: float) -> str:
    """What health says of the check service: its wire name, or UNREACHABLE where nobody answers in time."""
    with channel_to(address) as channel:
        try:
            request = health_pb2.HealthCheckRequest(service=SERVICE)
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=timeout)
        except grpc.RpcError:
            return UNREACHABLE
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
