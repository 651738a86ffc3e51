"""The record on PostgreSQL: writers take turns, readers see one moment, errors have our names.

A writer queues at one lock of the whole database before it draws a number, and lets go of it only after its commit has
become visible: revisions, and the numbers of rows, become visible in their order, on however many nodes they are made.
So a follower that asks for what is numbered above its last number misses nothing; with numbers drawn before a lock, or
without one, it would.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from clearway.postgresql import turns
from clearway.postgresql.engine import WRITING, Limits, UnsupportedDatabase
from clearway.postgresql.engine import open_engine as open_postgresql
from clearway.postgresql.faults import Trouble, trouble_of
from clearway.registry.errors import RegistryError, RegistryReason

WRITERS = turns.turn("clearway.registry.writers")
"""The lock that every writer of the record holds until its transaction ends."""

CHANNEL = "clearway_registry"
"""Where a commit of a new revision is told."""

_REFUSALS = {
    Trouble.BUSY: (RegistryReason.BUSY, "another writer holds the registry, or the database is slow"),
    Trouble.UNAVAILABLE: (RegistryReason.UNAVAILABLE, "the registry's database cannot be reached, or has no room"),
    Trouble.READ_ONLY: (RegistryReason.READ_ONLY, "the registry's database takes no writes now"),
    Trouble.FORBIDDEN: (
        RegistryReason.FORBIDDEN,
        "the database refuses this role; its owner has to run `clearway database prepare`",
    ),
}


def open_engine(url: str, pool_size: int, busy_timeout_ms: int) -> Engine:
    """An engine for the record. Raises `RegistryError` UNSUPPORTED_DATABASE."""
    with told_by_name():
        return open_postgresql(url, pool_size=pool_size, limits=Limits(lock=busy_timeout_ms))


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction that has the turn. Raises `RegistryError`."""
    with told_by_name(), engine.execution_options(**WRITING).begin() as connection:
        turns.begin_writing(connection)
        turns.take(connection, WRITERS)
        yield connection
        turns.require_unbroken(connection)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read transaction as of its first look. Raises `RegistryError`."""
    with told_by_name(), engine.connect() as connection:
        yield connection


@contextmanager
def told_by_name() -> Iterator[None]:
    """Turn what the database does not do into `RegistryError`; other errors pass through."""
    try:
        yield
    except UnsupportedDatabase as error:
        raise RegistryError(RegistryReason.UNSUPPORTED_DATABASE, str(error)) from error
    except SQLAlchemyError as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        raise RegistryError(*_REFUSALS[trouble]) from error
