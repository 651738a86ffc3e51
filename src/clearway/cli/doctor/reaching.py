"""How the examinations reach record and central log: as they are, neither made nor brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Engine

from clearway.cli.doctor.faults import told
from clearway.querylog import central
from clearway.registry import database as record_database
from clearway.registry.migrations import HEAD
from clearway.registry.registry import Registry
from clearway.server.databases import let_go
from clearway.server.keys import KEY_FILE, KeyUnreadable, load_keys
from clearway.server.settings import Settings
from clearway.server.supervisor import ADDRESS_FILE
from clearway.subjects.keys import SubjectKeys


class NotThere(Exception):
    """A store has not been made, is of another version, or wants keys; the examination of that says why."""


def says_it_serves(settings: Settings) -> bool:
    """Whether a node was started from this folder and not stopped: the file is left where it was killed."""
    return (settings.data_dir / ADDRESS_FILE).exists()


def name_of_record(settings: Settings) -> str:
    """The record, and where it is."""
    return "the record (PostgreSQL)" if settings.database else "the record (registry.db)"


def name_of_log(settings: Settings) -> str:
    """The central log, and where it is."""
    return "the central log (PostgreSQL)" if settings.database else f"the central log ({central.LOG_FILE})"


@contextmanager
def record(settings: Settings) -> Iterator[Registry]:
    """The record. Raises `NotThere`, `Unusable`, and `RegistryError` for what it says of its keys."""
    keys = subject_keys(settings)
    if keys is None or schema_of_record(settings) != HEAD:
        raise NotThere
    with (
        told(name_of_record(settings), settings),
        closing(Registry(record_database.open_engine(settings.registry_url), keys)) as registry,
    ):
        yield registry


@contextmanager
def central_log(settings: Settings) -> Iterator[Engine]:
    """The central log. Raises `NotThere`, `Unusable`."""
    if schema_of_log(settings) != central.SCHEMA_HEAD:
        raise NotThere
    with (
        told(name_of_log(settings), settings),
        let_go(central.attach(settings.central_log)) as engine,
        central.reaching(engine),
    ):
        yield engine


def subject_keys(settings: Settings) -> SubjectKeys | None:
    """The subject keys, where they can be had without making one; None where they cannot."""
    if not settings.subject_key and not (settings.data_dir / KEY_FILE).exists():
        return None
    try:
        return load_keys(settings)
    except KeyUnreadable:
        return None


def schema_of_record(settings: Settings) -> str | None:
    """The record's schema, or None where it has none yet. Raises `Unusable`."""
    if not settings.database and not (settings.data_dir / "registry.db").exists():
        return None
    with told(name_of_record(settings), settings), let_go(record_database.open_engine(settings.registry_url)) as engine:
        return record_database.schema_of(engine)


def schema_of_log(settings: Settings) -> str | None:
    """The central log's schema, or None where it has none yet. Raises `Unusable`."""
    if not settings.database and not settings.log_file.exists():
        return None
    with told(name_of_log(settings), settings), let_go(central.attach(settings.central_log)) as engine:
        return central.schema_of(engine)
