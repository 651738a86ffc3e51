"""`clearway catalogue`: check an edition file, show an edition."""

from __future__ import annotations

import click

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.editions import edition_names
from clearway.catalogue.loader import check_catalogue, load_catalogue
from clearway.catalogue.model import Edition, ListKind
from clearway.catalogue.schema import json_schema
from clearway.cli.complaints import show_complaints, verdict
from clearway.cli.exits import Exit
from clearway.cli.output import console, fail, plain, print_json, print_table


@click.group()
def catalogue() -> None:
    """Measure catalogues: check an edition file, show an edition, print the JSON Schema."""


@catalogue.command()
@click.argument("file")
@click.option("--json", "json_wanted", is_flag=True, help="Print the complaints as one JSON object.")
def check(file: str, json_wanted: bool) -> None:
    """Hold the edition FILE (or a shipped edition's name) to every rule. Exit code 1 where it breaks any."""
    try:
        report = check_catalogue(file)
    except OSError as fault:
        fail(f"{file}: {fault.strerror}", Exit.INVALID)
    if json_wanted:
        edition = report.catalogue.edition.edition if report.catalogue else ""
        more = {"edition": edition, "content_hash": report.content_hash}
        print_json(verdict(report.file, report.complaints, more))
    elif report.catalogue is None:
        show_complaints(report.complaints)
    else:
        show_held(report.catalogue)
    if report.complaints:
        raise SystemExit(Exit.FAILED)


def show_held(found: Catalogue) -> None:
    """That the edition holds, and what it holds."""
    edition = found.edition
    console.print(f"[green]{plain(edition.edition)}[/] holds: {counts(edition)}. SHA-256 {found.content_hash}")


def counts(edition: Edition) -> str:
    """How much the edition holds."""
    return (
        f"{len(edition.items)} licence items, {len(edition.regimes)} regimes, {len(edition.measures)} measures, "
        f"{len(edition.incentives)} incentives"
    )


@catalogue.command()
@click.argument("name", default="cn-demo")
@click.option("--json", "json_wanted", is_flag=True, help="Print the whole edition as JSON.")
def show(name: str, json_wanted: bool) -> None:
    """Show the edition NAME (or an edition file): items, regimes, measures, incentives."""
    try:
        edition = load_catalogue(name).edition
    except CatalogueRejected as rejected:
        fail(str(rejected), Exit.FAILED)
    except OSError as fault:
        fail(f"{name}: {fault.strerror}; shipped: {', '.join(edition_names())}", Exit.INVALID)
    if json_wanted:
        print_json(edition.model_dump(mode="json"))
        return
    console.print(f"[bold]{plain(edition.edition)}[/] {plain(edition.title.en)} / {plain(edition.title.zh)}")
    print_table(
        ("item", "name", "名称", "days", "essential", "deferrable"),
        (
            (
                item.code,
                item.name.en,
                item.name.zh,
                item.processing_limit,
                len(item.essential_materials),
                "excluded" if item.deferral_excluded else len(item.deferrable_materials),
            )
            for item in edition.items
        ),
    )
    print_table(
        ("regime", "kind", "name", "名称", "ends"),
        (
            (regime.code, ListKind(regime.kind).value, regime.name.en, regime.name.zh, regime.ends.by)
            for regime in edition.regimes
        ),
    )
    print_table(
        ("measure", "kind", "force", "effect", "regimes", "items"),
        (
            (m.code, m.kind.value, m.force.value, m.effect.value, " ".join(m.regimes), " ".join(m.items))
            for m in edition.measures
        ),
    )


@catalogue.command()
def schema() -> None:
    """Print the JSON Schema of edition files, for editors."""
    print_json(json_schema())
