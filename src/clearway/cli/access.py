"""`clearway access`: who may call, what each may do and why, and tokens for small installations."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from clearway.access.grants import Denied, Reach
from clearway.access.loader import AccessRejected, check_access, load_access
from clearway.access.methods import METHODS, Openness, Role, methods_named, rule_of, short
from clearway.access.principals import Access, Principal
from clearway.access.schema import json_schema
from clearway.access.tokens import TOKEN_BYTES, hash_of, token_of
from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.loader import load_catalogue
from clearway.cli.complaints import show_complaints, verdict
from clearway.cli.exits import Exit
from clearway.cli.output import console, errors, fail, plain, print_json, print_table
from clearway.cli.registry import json_option
from clearway.cli.settings import settings_from
from clearway.server.rights import within_by

catalogue_option = click.option("--catalogue", metavar="EDITION|FILE", help="The catalogue in use (as `serve` has it).")


@click.group()
def access() -> None:
    """Who may call: check an access file, explain a right, make a token, print the access matrix."""


@access.command()
@click.argument("file", type=click.Path(path_type=Path))
@catalogue_option
@json_option
def check(file: Path, catalogue: str | None, json_wanted: bool) -> None:
    """Hold the access FILE to every rule and to the catalogue. Exit code 1 where it breaks any."""
    report = check_access(file, loaded(catalogue))
    if json_wanted:
        print_json(verdict(report.file, report.complaints))
    elif report.access is None:
        show_complaints(report.complaints)
    else:
        show_principals(report.access)
    if report.complaints:
        raise SystemExit(Exit.FAILED)


def show_principals(known: Access) -> None:
    """Who may call."""
    rows = (
        (principal.name, principal.authority, ", ".join(dict.fromkeys(grant.role for grant in principal.grants)))
        for principal in known.principals.values()
    )
    print_table(("principal", "authority", "roles"), rows)


@access.command()
@click.argument("principal")
@click.option("--expires-on", type=click.DateTime(["%Y-%m-%d"]), help="The token's last day (UTC).")
def token(principal: str, expires_on: datetime | None) -> None:
    """Make an API token for PRINCIPAL and print it, once. The access file gets its hash only."""
    made = token_of(secrets.token_bytes(TOKEN_BYTES))
    errors.print("The token follows on standard output. It is shown this once; keep it where secrets are kept.")
    errors.print(f"For principal {plain(principal)}, put this under its tokens: in the access file:", soft_wrap=True)
    until = f", expires_on: {expires_on:%Y-%m-%d}" if expires_on else ""
    errors.print(f"  - {{sha256: {hash_of(made).hex()}{until}}}", soft_wrap=True)
    click.echo(made)


@access.command()
@click.argument("principal")
@click.argument("method")
@click.option("--item", help="Licence item of the check or case.")
@click.option("--region", help="Region of the check, or of the subject's registration.")
@click.option("--authority", help="Authority on whose behalf it would be.")
@click.option("--regime", "regimes", multiple=True, help="Regime of the listing; may be repeated.")
@click.option("--officer", default="", help="Officer, or registrar, named in the request.")
@click.option("--adverse-record", is_flag=True, help="It is about an adverse record.")
@click.option("--file", type=click.Path(path_type=Path), help="The access file (as `serve` has it).")
@catalogue_option
@json_option
def explain(
    principal: str,
    method: str,
    item: str | None,
    region: str | None,
    authority: str | None,
    regimes: tuple[str, ...],
    officer: str,
    adverse_record: bool,
    file: Path | None,
    catalogue: str | None,
    json_wanted: bool,
) -> None:
    """Say whether PRINCIPAL may call METHOD (such as CheckSubject), and by which grant or for want of what.

    Exit code 1 where it may not.
    """
    edition = loaded(catalogue)
    who = principal_named(principal, opened(file, edition))
    full = method_named(method)
    reach = Reach(item, region, regimes, adverse_record, officer, rule_of(full).whole)
    found = explained(who, full, reach, authority, edition)
    if json_wanted:
        print_json(found)
    else:
        say(found)
    if not found["allowed"]:
        raise SystemExit(Exit.FAILED)


def explained(who: Principal, method: str, reach: Reach, authority: str | None, catalogue: Catalogue) -> dict[str, Any]:
    """Whether the principal may, as a document."""
    document: dict[str, Any] = {"principal": who.name, "method": short(method), "authority": who.authority}
    if authority is not None and authority != who.authority:
        return document | {"allowed": False, "lack": "authority", "needed": [authority]}
    found = who.decide(method, within_by(catalogue, lambda: datetime.now(UTC)), reach)
    if isinstance(found, Denied):
        needed = [role.value for role in found.needed]
        return document | {"allowed": False, "lack": found.lack.value, "needed": needed}
    if found.grant is None:
        return document | {"allowed": True, "open_to": rule_of(method).openness.value}
    return document | {"allowed": True, "grant": who.grants.index(found.grant), "role": found.grant.role.value}


def say(found: dict[str, Any]) -> None:
    """The document in a line."""
    who = f"{plain(found['principal'])} (for {plain(found['authority'])})"
    if "open_to" in found:
        console.print(f"[green]allowed[/]: {plain(found['method'])} is open to {found['open_to']}", soft_wrap=True)
    elif found["allowed"]:
        grant = f"by grants[{found['grant']}], as {found['role']}"
        console.print(f"[green]allowed[/]: {who} may call {plain(found['method'])} {grant}", soft_wrap=True)
    else:
        needed = f" (needed: {', '.join(map(plain, found['needed']))})" if found["needed"] else ""
        lacks = f"lacks {found['lack'].replace('_', ' ')}{needed}"
        console.print(f"[red]denied[/]: {who} may not call {plain(found['method'])}: {lacks}", soft_wrap=True)


@access.command()
@json_option
def matrix(json_wanted: bool) -> None:
    """Print the access matrix: every method, and which roles it is open to."""
    if json_wanted:
        print_json({short(method): open_to(method) for method in METHODS})
        return
    print_table(("method", "open to"), ((short(method), ", ".join(open_to(method))) for method in METHODS))


def open_to(method: str) -> list[str]:
    """The roles that may call a method; all of them where it is open to every principal."""
    rule = rule_of(method)
    return [role.value for role in Role if role in rule.roles or rule.openness is not Openness.ROLES]


@access.command()
def schema() -> None:
    """Print the JSON Schema of access files, for editors."""
    print_json(json_schema())


def loaded(catalogue: str | None) -> Catalogue:
    """The catalogue in use; leaves where it is rejected."""
    try:
        return load_catalogue(settings_from({"catalogue": catalogue}).catalogue)
    except CatalogueRejected as rejected:
        fail(str(rejected), Exit.FAILED)


def opened(file: Path | None, catalogue: Catalogue) -> Access:
    """The access file given, or that of the settings; leaves where there is none, or it is rejected."""
    path = file or settings_from({}).access
    if path is None:
        fail("there is no access file; set CLEARWAY_ACCESS or give --file", Exit.INVALID)
    try:
        return load_access(path, catalogue)
    except AccessRejected as rejected:
        fail(str(rejected), Exit.FAILED)


def principal_named(name: str, known: Access) -> Principal:
    """The principal; leaves where the file has none of that name."""
    found = known.principals.get(name)
    if found is None:
        fail(f"the access file has no principal {name}", Exit.INVALID)
    return found


def method_named(name: str) -> str:
    """The one method meant; leaves where there is none, or more than one."""
    found = methods_named(name)
    if len(found) != 1:
        known = ", ".join(short(method) for method in found or METHODS)
        fail(f"{'no' if not found else 'more than one'} method is called {name}: {known}", Exit.INVALID)
    return found[0]
