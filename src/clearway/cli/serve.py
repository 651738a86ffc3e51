"""`clearway serve`: run one node until SIGTERM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from clearway.catalogue.complaints import CatalogueRejected
from clearway.cli.exits import Exit
from clearway.cli.output import console, errors, fail
from clearway.registry.schedule import FeedsRejected
from clearway.server.logs import configure_logs
from clearway.server.settings import Settings
from clearway.server.supervisor import CannotServe, Node, stop_on_signals
from clearway.web.process import web_processes


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Address to serve on (127.0.0.1:50051); port 0 picks a free one.")
@click.option("--web-listen", metavar="HOST:PORT", help="Address for JSON over HTTP (none).")
@click.option("--catalogue", metavar="EDITION|FILE", help="A shipped edition or an edition file (cn-demo).")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of all state (./var).")
@click.option("--workers", type=int, help="Worker processes on the one port (1).")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="(info)")
def serve(**flags: Any) -> None:
    """Serve checks until SIGTERM. Every setting can also be given as CLEARWAY_… in the environment."""
    settings = settings_from(flags)
    configure_logs(settings.log_level)
    stop = stop_on_signals()
    try:
        Node(settings, beside=web_processes).run(stop, on_started=announce)
    except CannotServe as fault:
        fail(str(fault), Exit.FAILED)
    except FeedsRejected as rejected:
        fail(f"the feeds file is rejected; run `clearway feeds check`: {rejected}", Exit.FAILED)
    except CatalogueRejected as rejected:
        fail(f"the catalogue is rejected; run `clearway catalogue check`: {rejected}", Exit.FAILED)


def settings_from(flags: dict[str, Any]) -> Settings:
    """The settings with these flags, those not given left to the environment; leaves where they are invalid."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as fault:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in fault.errors(include_input=False)]
        fail("invalid settings\n  " + "\n  ".join(lines), Exit.INVALID)


def announce(settings: Settings) -> None:
    """Say where the node serves, with what, and what it does not do."""
    for name, value in settings.redacted().items():
        errors.print(f"[dim]{name} = {value}[/]", soft_wrap=True)
    if settings.access is None:
        errors.print("[yellow]Callers are not authenticated: only this machine can connect (loopback).[/]")
    else:
        proof = "certificate or token" if settings.tls_client_ca is not None else "token"
        errors.print(f"Callers are identified by {proof}; who may call is in {settings.access}.", soft_wrap=True)
    console.print(f"clearway serves on {settings.listen}", soft_wrap=True)
    if settings.web_listen:
        console.print(f"and over HTTP on http://{settings.web_listen}", soft_wrap=True)
