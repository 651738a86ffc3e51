"""The command: examine part by part, tell, and end with 1 where something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import click
from rich.table import Table

from clearway.cli.connection import address_of_running
from clearway.cli.doctor import certificates, clock, configuration, evidence, feeds, storage, stores
from clearway.cli.doctor.faults import Unusable
from clearway.cli.doctor.findings import Finding, State, attention, sound, wrong
from clearway.cli.doctor.reaching import says_it_serves
from clearway.cli.exits import Exit
from clearway.cli.health import SERVING, UNREACHABLE, status_of
from clearway.cli.output import console, plain, print_json
from clearway.cli.settings import settings_from
from clearway.querylog.record import UnreadableRecord
from clearway.server.settings import Settings

PATIENCE = 2.0
"""Seconds to wait for the node's word on its health."""

TRACES = ("keys", "registry.db", "log.db", "index", "journal", "tlog", "serve.lock")
"""What lies in a data folder as soon as it was used."""

MARKS: Mapping[State, str] = MappingProxyType(
    {State.SOUND: "[green]✓[/]", State.ATTENTION: "[yellow]![/]", State.WRONG: "[bold red]✗[/]"}
)


class Told(NamedTuple):
    """A finding, and the part of the node it is about."""

    part: str
    finding: Finding


def node(settings: Settings) -> Iterator[Finding]:
    """Whether a node runs from this folder and would answer a check now."""
    # Without the file the address would be the default one, where another folder's node may serve.
    if not says_it_serves(settings):
        yield attention("no node runs from this folder", "start one: `clearway serve`")
        return
    address = address_of_running(settings.data_dir)
    status = status_of(address, PATIENCE)
    if status == SERVING:
        yield sound(f"serves on {address}")
    else:
        yield wrong(f"{address} is {status}", _for_status(status, settings))


def _for_status(status: str, settings: Settings) -> str:
    if status != UNREACHABLE:
        return "see the findings below and the node's log"
    if settings.tls_certificate is None:
        return "start it: `clearway serve`; if its process is there, it hangs: see its log"
    return (
        "start it: `clearway serve`; if its process is there, it may be this command that is not let in: give it "
        "CLEARWAY_CLIENT_CA, and CLEARWAY_CLIENT_CERTIFICATE and _KEY where callers need one"
    )


EXAMINATIONS: Mapping[str, Callable[[Settings], Iterable[Finding]]] = MappingProxyType(
    {
        "node": node,
        "settings": configuration.settings,
        "keys": configuration.keys,
        "certificates": certificates.certificates,
        "identity": certificates.identity,
        "clock": clock.clock,
        "disk": storage.disk,
        "database": stores.database,
        "index": stores.index,
        "log": stores.log,
        "proof": evidence.proof,
        "feeds": feeds.feeds,
    }
)
"""Part → its examination, in the order in which they are told."""


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of all state (./var).")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
def doctor(data_dir: Path | None, json_wanted: bool) -> None:
    """Examine this node, running or not: what is wrong with it, and what to do. Nothing is changed.

    Exit code 1 where something is wrong.
    """
    settings = settings_from({"data_dir": data_dir})
    told = list(examine(settings))
    if json_wanted:
        print_json(
            [{"part": part, "state": found.state, "says": found.says, "remedy": found.remedy} for part, found in told]
        )
    else:
        show(told)
    if any(found.state is State.WRONG for _, found in told):
        raise SystemExit(Exit.FAILED)


def examine(settings: Settings) -> Iterator[Told]:
    """Every finding, part by part. A folder that no node has used yet is not examined further."""
    if not settings.data_dir.is_dir():
        yield Told("node", _unused(f"{settings.data_dir} does not exist: no node has run here"))
        return
    if not any((settings.data_dir / trace).exists() for trace in TRACES):
        yield Told("node", _unused(f"{settings.data_dir} holds nothing of a node: none has run here"))
        return
    for part, examination in EXAMINATIONS.items():
        try:
            for finding in examination(settings):
                yield Told(part, finding)
        except Exception as fault:  # An examination that fails is a finding, and the others go on.
            yield Told(part, _not_examined(fault))


def _unused(says: str) -> Finding:
    return attention(says, "start one: `clearway serve`, or try `clearway demo`")


def _not_examined(fault: Exception) -> Finding:
    match fault:
        case Unusable():
            return fault.finding
        case UnreadableRecord():
            says = f"a row of the log is not as it was written: {fault}"
            return wrong(says, f"{evidence.KEEP}; {evidence.NAMES_IT}")
        case PermissionError(filename=str(name)):
            remedy = "run `clearway doctor` as the user that the node runs as; the data folder is to be that user's"
            return wrong(f"{name} cannot be read: {fault.strerror}", remedy)
        case OSError(filename=str(name)):
            return wrong(f"{name} cannot be read: {fault.strerror}", "see the system's log: its disk may be failing")
        case _:
            remedy = "report it: the examination itself failed"
            return wrong(f"could not be examined: {type(fault).__name__}", remedy)


def show(told: Iterable[Told]) -> None:
    """A line a finding, its remedy under it."""
    table = Table(show_header=False, box=None, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    last = ""
    for part, found in told:
        remedy = f"\n[dim]→ {plain(found.remedy)}[/]" if found.remedy else ""
        table.add_row(MARKS[found.state], "" if part == last else part, plain(found.says) + remedy)
        last = part
    console.print(table)
