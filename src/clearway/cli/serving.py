"""What `clearway serve` does, apart from its flags: loaded while the node's processes load what they share."""

from __future__ import annotations

from typing import Any

from clearway.catalogue.complaints import CatalogueRejected
from clearway.cli.exits import Exit
from clearway.cli.output import console, errors, fail
from clearway.cli.settings import settings_from
from clearway.registry.schedule import FeedsRejected
from clearway.server.logs import configure_logs
from clearway.server.settings import Settings
from clearway.server.supervisor import CannotServe, Node, stop_on_signals
from clearway.web.process import web_processes


def run(flags: dict[str, Any]) -> None:
    """Serve until SIGTERM, with these flags; leaves with what is wrong and what to do."""
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
