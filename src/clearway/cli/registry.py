"""`clearway registry`: read the record; list, delist, object, repair from the command line."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from clearway.cli.exits import Exit
from clearway.cli.output import console, fail, plain, print_facts, print_json, print_table
from clearway.cli.serve import settings_from
from clearway.decision.facts import AdverseKind, Severity, SubjectProfile
from clearway.registry import commands
from clearway.registry.errors import RegistryError
from clearway.registry.events import ObjectionGrounds, Resolution
from clearway.registry.registry import Registry
from clearway.server.keys import KeyUnreadable, load_keys
from clearway.subjects.identifiers import InvalidIdentifier

DAY = click.DateTime(["%Y-%m-%d"])
data_dir_option = click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of all state (./var).")
json_option = click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")


@click.group()
def registry() -> None:
    """The record of listings: read it, add to it. Nothing in it is ever changed or removed."""


def opened(data_dir: Path | None) -> Registry:
    """The registry of this data folder; leaves where it cannot be opened."""
    settings = settings_from({"data_dir": data_dir})
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return Registry.open(settings.registry_url, load_keys(settings), moment=datetime.now(UTC))
    except (RegistryError, KeyUnreadable, OSError) as fault:
        fail(str(fault), Exit.FAILED)


@registry.command("list")
@click.option("--regime", help="Only subjects ever listed under this regime.")
@click.option("--feed", help="Only subjects that this feed listed.")
@click.option("--limit", default=50, show_default=True)
@click.option("--after", default=0, help="Continue after this subject number.")
@data_dir_option
@json_option
def list_(
    regime: str | None, feed: str | None, limit: int, after: int, data_dir: Path | None, json_wanted: bool
) -> None:
    """List subjects with their listings."""
    with opened(data_dir) as record:
        found = record.list_subjects(regime=regime, feed=feed, limit=limit, after=after)
    if json_wanted:
        print_json([profile_document(profile) for profile in found])
        return
    rows = (
        (p.subject_id, p.scheme, p.masked or p.code, p.name, " ".join(listing.regime for listing in p.listings))
        for p in found
    )
    print_table(("no.", "scheme", "code", "name", "listed under"), rows)


@registry.command()
@click.argument("scheme")
@click.argument("code")
@click.option("--at-revision", type=int, help="As of this revision.")
@data_dir_option
@json_option
def show(scheme: str, code: str, at_revision: int | None, data_dir: Path | None, json_wanted: bool) -> None:
    """Show what is recorded of the subject that CODE names under SCHEME, and its history."""
    try:
        with opened(data_dir) as record:
            profile = record.profile(scheme, code, at_revision)
            history = record.history(scheme, code)
    except (RegistryError, InvalidIdentifier) as error:
        fail(str(error), Exit.INVALID)
    if profile is None:
        fail("the registry has no such subject", Exit.FAILED)
    if json_wanted:
        print_json({"profile": profile_document(profile), "history": [as_builtins(entry) for entry in history]})
        return
    console.print(f"[bold]{plain(profile.name)}[/] {plain(profile.scheme)} {plain(profile.masked or profile.code)}")
    print_facts({"known since": profile.known_since, "also known as": "; ".join(profile.other_names)})
    columns = ("listing", "regime", "document", "from", "before", "confirmed", "ended", "objections")
    print_table(columns, (listing_row(listing) for listing in profile.listings))
    if profile.adverse_records:
        rows = ((r.record_id, r.kind, r.severity, r.document_number, r.document_date) for r in profile.adverse_records)
        print_table(("record", "kind", "severity", "document", "date"), rows)
    print_table(
        ("revision", "recorded", "by", "through", "what", "note"),
        ((e.revision, f"{e.recorded_at:%Y-%m-%d %H:%M:%S}", e.actor, e.origin, e.kind, e.note) for e in history),
        title="history",
    )


def listing_row(listing: Any) -> tuple[object, ...]:
    """A listing's cells."""
    document = " ".join(filter(None, (listing.document_number, str(listing.document_date or ""))))
    return (
        listing.listing_id,
        listing.regime,
        document,
        listing.effective_from,
        listing.expires_on,
        listing.confirmed_on,
        listing.ended_at,
        len(listing.objections) or "",
    )


def profile_document(profile: SubjectProfile) -> dict[str, Any]:
    """A profile as JSON, by field name."""
    found: dict[str, Any] = as_builtins(msgspec.structs.asdict(profile))
    found["listings"] = [as_builtins(msgspec.structs.asdict(listing)) for listing in profile.listings]
    found["adverse_records"] = [as_builtins(msgspec.structs.asdict(record)) for record in profile.adverse_records]
    return found


def as_builtins(value: object) -> Any:
    """Anything msgspec knows as JSON's own types."""
    return msgspec.to_builtins(value, str_keys=True)


def act(data_dir: Path | None, note: str, command: commands.Command, json_wanted: bool) -> None:
    """Do one act as one revision and say which."""
    try:
        with opened(data_dir) as record:
            revision = record.execute(command, actor=getpass.getuser(), moment=datetime.now(UTC), note=note)
    except (RegistryError, InvalidIdentifier) as error:
        fail(str(error), Exit.INVALID)
    if json_wanted:
        print_json({"revision": revision})
    else:
        console.print(f"recorded as revision {revision}")


def day(given: datetime | None) -> date | None:
    """The day of a flag."""
    return None if given is None else given.date()


note_option = click.option("--note", default="", help="Why, for the history.")


@registry.command()
@click.argument("scheme")
@click.argument("code")
@click.option("--name", default="")
@click.option("--known-since", type=DAY, help="First day for which there is evidence of the subject.")
@note_option
@data_dir_option
@json_option
def register(
    scheme: str, code: str, name: str, known_since: datetime | None, note: str, data_dir: Path | None, json_wanted: bool
) -> None:
    """Record that a subject exists, and since when it is known."""
    command = commands.RegisterSubject(scheme, code, name=name, known_since=day(known_since))
    act(data_dir, note, command, json_wanted)


@registry.command("add")
@click.argument("scheme")
@click.argument("code")
@click.option("--listing", "listing_id", required=True, help="The listing's own id.")
@click.option("--regime", required=True)
@click.option("--document", "document_number", default="", help="Number of the document behind it.")
@click.option("--document-date", type=DAY)
@click.option("--authority", "designating_authority", default="", help="Designating authority, by code or name.")
@click.option("--from", "effective_from", type=DAY, help="First day.")
@click.option("--before", "expires_on", type=DAY, help="First day on which it no longer binds.")
@click.option("--confirmed-on", type=DAY, help="Day on which the source last confirmed it.")
@note_option
@data_dir_option
@json_option
def add(
    scheme: str,
    code: str,
    listing_id: str,
    regime: str,
    document_number: str,
    document_date: datetime | None,
    designating_authority: str,
    effective_from: datetime | None,
    expires_on: datetime | None,
    confirmed_on: datetime | None,
    note: str,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Put a subject on a list."""
    command = commands.ListSubject(
        scheme,
        code,
        listing_id,
        regime,
        document_number=document_number,
        document_date=day(document_date),
        designating_authority=designating_authority,
        effective_from=day(effective_from),
        expires_on=day(expires_on),
        confirmed_on=day(confirmed_on),
    )
    act(data_dir, note, command, json_wanted)


@registry.command()
@click.argument("listing_id")
@note_option
@data_dir_option
@json_option
def delist(listing_id: str, note: str, data_dir: Path | None, json_wanted: bool) -> None:
    """Take a listing off its list, as of now."""
    act(data_dir, note, commands.Delist(listing_id), json_wanted)


@registry.command()
@click.argument("fact_id")
@note_option
@data_dir_option
@json_option
def repair(fact_id: str, note: str, data_dir: Path | None, json_wanted: bool) -> None:
    """Record the repair of a listing or adverse record: no longer shown, used or applied, as of now."""
    act(data_dir, note, commands.Repair(fact_id), json_wanted)


@registry.command("object")
@click.argument("listing_id")
@click.argument("objection_id")
@click.option("--grounds", type=click.Choice([g.value for g in ObjectionGrounds]), required=True)
@note_option
@data_dir_option
@json_option
def object_(
    listing_id: str, objection_id: str, grounds: str, note: str, data_dir: Path | None, json_wanted: bool
) -> None:
    """Open an objection against a listing, as of now."""
    command = commands.OpenObjection(listing_id, objection_id, ObjectionGrounds(grounds))
    act(data_dir, note, command, json_wanted)


@registry.command()
@click.argument("listing_id")
@click.argument("objection_id")
@click.option("--resolution", type=click.Choice([r.value for r in Resolution]), required=True)
@note_option
@data_dir_option
@json_option
def resolve(
    listing_id: str, objection_id: str, resolution: str, note: str, data_dir: Path | None, json_wanted: bool
) -> None:
    """Resolve an objection, as of now."""
    command = commands.ResolveObjection(listing_id, objection_id, Resolution(resolution))
    act(data_dir, note, command, json_wanted)


@registry.command()
@click.argument("scheme")
@click.argument("code")
@click.option("--record", "record_id", required=True, help="The record's own id.")
@click.option("--kind", type=click.Choice([k.value for k in AdverseKind]), default="penalty", show_default=True)
@click.option("--severity", type=click.Choice([s.value for s in Severity]), required=True)
@click.option("--document", "document_number", required=True)
@click.option("--document-date", type=DAY, required=True)
@note_option
@data_dir_option
@json_option
def adverse(
    scheme: str,
    code: str,
    record_id: str,
    kind: str,
    severity: str,
    document_number: str,
    document_date: datetime,
    note: str,
    data_dir: Path | None,
    json_wanted: bool,
) -> None:
    """Record an adverse record of a subject."""
    command = commands.RecordAdverse(
        scheme, code, record_id, AdverseKind(kind), Severity(severity), document_number, document_date.date()
    )
    act(data_dir, note, command, json_wanted)
