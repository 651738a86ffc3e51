"""The acts of a registrar: each command is one act and one revision, with who, when, why and on which document."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import click

from clearway.cli.exits import Exit
from clearway.cli.output import console, fail, print_json
from clearway.cli.registry.group import (
    DAY,
    MOMENT,
    catalogue_option,
    data_dir_option,
    day,
    json_option,
    loaded,
    moment,
    opened,
    registry,
)
from clearway.decision.facts import AdverseKind, Severity
from clearway.decision.publicity import Publicity
from clearway.registry import commands
from clearway.registry.errors import RegistryError
from clearway.registry.events import ListingFacts, ObjectionGrounds, Resolution
from clearway.registry.ledger import Document
from clearway.subjects.identifiers import InvalidIdentifier

Made = Callable[..., commands.Command]
effective_option = click.option("--effective-at", type=MOMENT, help="When it takes effect (UTC; with the recording).")


def an_act(make: Made) -> Callable[..., None]:
    """A command that does the act which `make` makes of its own options, as one revision, and says which."""

    def make_it(document: Document, **options: Any) -> commands.Command:
        return make(**options)

    return as_act(make, make_it)


def a_stating_act(make: Made) -> Callable[..., None]:
    """As `an_act`, of an act that states a document: the act rests on the document that `make` is given to state."""
    return as_act(make, make)


def as_act(described_by: Made, make: Made) -> Callable[..., None]:
    """The command of an act, with the options that every act has."""

    @click.option("--document", "number", default="", help="Number of the document that the act rests on.")
    @click.option("--document-date", "dated", type=DAY, help="That document's date.")
    @click.option("--note", default="", help="Why, for the history.")
    @data_dir_option
    @json_option
    @wraps(described_by)
    def run(
        number: str, dated: datetime | None, note: str, data_dir: Path | None, json_wanted: bool, **options: Any
    ) -> None:
        document = Document(number, day(dated))
        do(make(document=document, **options), note, document, data_dir, json_wanted)

    return run


def do(command: commands.Command, note: str, document: Document, data_dir: Path | None, json_wanted: bool) -> None:
    """Do one act and say which revision it is; leaves where it is refused."""
    try:
        with opened(data_dir) as record:
            revision = record.execute(
                command, actor=getpass.getuser(), moment=datetime.now(UTC), note=note, document=document
            )
    except (RegistryError, InvalidIdentifier) as error:
        fail(str(error), Exit.INVALID)
    if json_wanted:
        print_json({"revision": revision})
    else:
        console.print(f"recorded as revision {revision}")


def statement_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a listing is stated."""
    for option in reversed(
        (
            click.option("--regime", required=True),
            click.option("--authority", default="", help="Designating authority, by code or name."),
            click.option("--from", "begins", type=DAY, help="First day."),
            click.option("--before", type=DAY, help="First day on which it no longer binds."),
        )
    ):
        command = option(command)
    return command


def stated(document: Document, options: dict[str, Any]) -> ListingFacts:
    """What a listing is to state: its document, and the options of `statement_options`."""
    return ListingFacts(
        options["regime"],
        document.number,
        document.date,
        options["authority"],
        day(options["begins"]),
        day(options["before"]),
    )


@registry.command()
@click.argument("scheme")
@click.argument("code")
@click.option("--name", default="")
@click.option("--known-since", type=DAY, help="First day for which there is evidence of the subject.")
@an_act
def register(scheme: str, code: str, name: str, known_since: datetime | None) -> commands.Command:
    """Record that a subject exists, and since when it is known."""
    return commands.RegisterSubject(scheme, code, name=name, known_since=day(known_since))


@registry.command()
@click.argument("scheme")
@click.argument("code")
@click.option("--listing", required=True, help="The listing's own id.")
@statement_options
@click.option("--confirmed-on", type=DAY, help="Day on which the source last confirmed it.")
@a_stating_act
def add(
    scheme: str, code: str, listing: str, confirmed_on: datetime | None, document: Document, **options: Any
) -> commands.Command:
    """Put a subject on a list, by the document given."""
    facts = stated(document, options)
    return commands.ListSubject(
        scheme,
        code,
        listing,
        facts.regime,
        facts.document_number,
        facts.document_date,
        facts.designating_authority,
        facts.effective_from,
        facts.expires_on,
        day(confirmed_on),
    )


@registry.command()
@click.argument("listing_id")
@statement_options
@a_stating_act
def correct(listing_id: str, document: Document, **options: Any) -> commands.Command:
    """Restate a listing whole, its document too: what is not given is no longer stated."""
    facts = stated(document, options)
    return commands.CorrectListing(
        listing_id,
        facts.regime,
        facts.document_number,
        facts.document_date,
        facts.designating_authority,
        facts.effective_from,
        facts.expires_on,
    )


@registry.command()
@click.argument("listing_id")
@click.option("--on", type=DAY, required=True, help="Day on which the source said that it stands.")
@an_act
def confirm(listing_id: str, on: datetime) -> commands.Command:
    """Note that the source confirmed an open-ended listing."""
    return commands.Confirm(listing_id, on.date())


@registry.command()
@click.argument("listing_id")
@effective_option
@an_act
def delist(listing_id: str, effective_at: datetime | None) -> commands.Command:
    """Take a listing off its list."""
    return commands.Delist(listing_id, moment(effective_at))


@registry.command()
@click.argument("fact_id")
@effective_option
@catalogue_option
@an_act
def repair(fact_id: str, effective_at: datetime | None, catalogue: str | None) -> commands.Command:
    """Record the repair of a listing or adverse record: no longer shown, used or applied.

    Refused before the shortest term of publicity is over.
    """
    return commands.Repair(fact_id, moment(effective_at), Publicity(loaded(catalogue)).first_repair)


@registry.command()
@click.argument("fact_id")
@an_act
def revoke(fact_id: str) -> commands.Command:
    """Take back a listing or adverse record that was wrong from its beginning.

    `clearway log affected` then has the checks that relied on a listing.
    """
    return commands.RevokeInError(fact_id)


@registry.command("object")
@click.argument("listing_id")
@click.argument("objection_id")
@click.option("--grounds", type=click.Choice([g.value for g in ObjectionGrounds]), required=True)
@effective_option
@an_act
def object_(listing_id: str, objection_id: str, grounds: str, effective_at: datetime | None) -> commands.Command:
    """Open an objection against a listing."""
    return commands.OpenObjection(listing_id, objection_id, ObjectionGrounds(grounds), moment(effective_at))


@registry.command()
@click.argument("listing_id")
@click.argument("objection_id")
@click.option("--resolution", type=click.Choice([r.value for r in Resolution]), required=True)
@effective_option
@an_act
def resolve(listing_id: str, objection_id: str, resolution: str, effective_at: datetime | None) -> commands.Command:
    """Resolve an objection. One that is upheld withdraws the listing from its beginning."""
    return commands.ResolveObjection(listing_id, objection_id, Resolution(resolution), moment(effective_at))


@registry.command()
@click.argument("listing_id")
@click.argument("lifting_id")
@click.option("--until", type=DAY, required=True, help="Last day, inclusive, in the edition's zone.")
@effective_option
@catalogue_option
@an_act
def lift(
    listing_id: str, lifting_id: str, until: datetime, effective_at: datetime | None, catalogue: str | None
) -> commands.Command:
    """Lift a listing's measures for a time, while the listing stays."""
    ends = datetime.combine(until.date() + timedelta(days=1), time(), loaded(catalogue).zone)
    return commands.LiftProvisionally(listing_id, lifting_id, ends, moment(effective_at))


@registry.command()
@click.argument("listing_id")
@click.argument("lifting_id")
@effective_option
@an_act
def end_lifting(listing_id: str, lifting_id: str, effective_at: datetime | None) -> commands.Command:
    """End a provisional lifting before its day."""
    return commands.EndLifting(listing_id, lifting_id, moment(effective_at))


@registry.command()
@click.argument("scheme")
@click.argument("code")
@click.option("--record", required=True, help="The record's own id.")
@click.option("--kind", type=click.Choice([k.value for k in AdverseKind]), default="penalty", show_default=True)
@click.option("--severity", type=click.Choice([s.value for s in Severity]), required=True)
@a_stating_act
def adverse(scheme: str, code: str, record: str, kind: str, severity: str, document: Document) -> commands.Command:
    """Record an adverse record of a subject, by the document given; its terms count from that document's date."""
    if document.date is None:
        fail("an adverse record needs --document and --document-date", Exit.INVALID)
    kinds = AdverseKind(kind), Severity(severity)
    return commands.RecordAdverse(scheme, code, record, *kinds, document.number, document.date)


@registry.command()
@click.argument("record_id")
@effective_option
@an_act
def withdraw_adverse(record_id: str, effective_at: datetime | None) -> commands.Command:
    """Take an adverse record back; one that was wrong from its beginning is revoked instead."""
    return commands.WithdrawAdverse(record_id, moment(effective_at))
