"""`clearway database`: prepare PostgreSQL for the nodes, and say that a database was restored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from clearway.cli.exits import Exit
from clearway.cli.output import console, fail, plain, print_json
from clearway.cli.registry.group import data_dir_option, json_option, opened
from clearway.cli.settings import settings_from
from clearway.postgresql.engine import UnsupportedDatabase
from clearway.querylog.central import LogUnreachable, grant_to_service, open_central
from clearway.registry.database import grant_to_service as grant_registry
from clearway.registry.database import open_up_to_date
from clearway.registry.errors import RegistryError


@click.group()
def database() -> None:
    """The database that several nodes share; and, of an embedded one too, what follows a restore."""


@database.command()
@click.option("--service-role", help="Let this role, which the nodes connect as, read and append, and nothing else.")
@json_option
def prepare(service_role: str | None, json_wanted: bool) -> None:
    """Make or bring up to date the tables in CLEARWAY_DATABASE, as the role that is to own them."""
    settings = settings_from({})
    if not settings.database:
        fail("there is no database to prepare: CLEARWAY_DATABASE names none", Exit.INVALID)
    try:
        with disposed(open_up_to_date(settings.database)) as registry, disposed(open_central(settings.database)) as log:
            if service_role is not None:
                grant_registry(registry, service_role)
                grant_to_service(log, service_role)
    except (RegistryError, LogUnreachable, UnsupportedDatabase) as fault:
        fail(str(fault), Exit.FAILED)
    except SQLAlchemyError as fault:
        reason = str(getattr(fault, "orig", fault)).partition("\n")[0]
        fail(f"the database refuses: {reason}", Exit.FAILED)
    if json_wanted:
        print_json({"prepared": True, "service_role": service_role})
        return
    granted = "" if service_role is None else f"; {plain(service_role)} may read and append"
    console.print(f"The tables are up to date{granted}.")


@contextmanager
def disposed(engine: Engine) -> Iterator[Engine]:
    """The engine, let go when the block ends."""
    try:
        yield engine
    finally:
        engine.dispose()


@database.command()
@data_dir_option
@json_option
def restored(data_dir: Path | None, json_wanted: bool) -> None:
    """Say that the database was put back from a backup: indexes are made anew, earlier revision tokens are refused.

    Run it before a node is started on the restored database. Of PostgreSQL, only files that were put back need it: a
    loaded dump, a recovered base backup and a standby that took over are noticed.
    """
    try:
        with opened(data_dir) as registry:
            before, now = registry.database_id(), registry.begin_another_life()
    except RegistryError as fault:
        fail(str(fault), Exit.FAILED)
    if json_wanted:
        print_json({"before": before, "database_id": now})
        return
    console.print(f"The database goes on as {now}; revision tokens of {before} are refused from now on.")
