"""The group, the options that its commands share, and how the registry is opened."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.loader import load_catalogue
from clearway.cli.exits import Exit
from clearway.cli.output import fail
from clearway.cli.settings import settings_from
from clearway.registry.errors import RegistryError
from clearway.registry.registry import Registry
from clearway.server.databases import open_registry
from clearway.server.keys import KeyUnreadable, load_keys

DAY = click.DateTime(["%Y-%m-%d"])
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])
data_dir_option = click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of all state (./var).")
json_option = click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
catalogue_option = click.option("--catalogue", metavar="EDITION|FILE", help="Whose rules count (cn-demo).")


@click.group()
def registry() -> None:
    """The record of listings: read it, add to it. Nothing in it is ever changed or removed."""


def opened(data_dir: Path | None) -> Registry:
    """The registry of this data folder; leaves where it cannot be opened."""
    settings = settings_from({"data_dir": data_dir})
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return open_registry(settings, load_keys(settings), datetime.now(UTC))
    except (RegistryError, KeyUnreadable, OSError) as fault:
        fail(str(fault), Exit.FAILED)


def loaded(catalogue: str | None) -> Catalogue:
    """The edition whose rules count; leaves where it is rejected."""
    try:
        return load_catalogue(settings_from({"catalogue": catalogue}).catalogue)
    except CatalogueRejected as rejected:
        fail(f"the catalogue is rejected; run `clearway catalogue check`: {rejected}", Exit.FAILED)


def day(given: datetime | None) -> date | None:
    """The day of a flag."""
    return None if given is None else given.date()


def moment(given: datetime | None) -> datetime | None:
    """The aware moment of a flag; one without a zone is in UTC."""
    return None if given is None else given if given.tzinfo else given.replace(tzinfo=UTC)
