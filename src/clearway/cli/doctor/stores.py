"""The stores: the record and the central log in their database, the index, the journals. All only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pysqlite3
from sqlalchemy import Engine

from clearway.cli.doctor import pages
from clearway.cli.doctor.faults import RESTORE, Unusable, damaged, told
from clearway.cli.doctor.findings import Finding, attention, sound, wrong
from clearway.cli.doctor.reaching import (
    NotThere,
    central_log,
    name_of_log,
    name_of_record,
    record,
    says_it_serves,
    schema_of_log,
    schema_of_record,
    subject_keys,
)
from clearway.index.faults import IndexAbsent, IndexForeign, IndexUnavailable
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog import central
from clearway.querylog.reader import Log
from clearway.querylog.segment import open_rows, segments, set_aside
from clearway.registry import database as record_database
from clearway.registry.errors import RegistryError
from clearway.registry.migrations import HEAD
from clearway.registry.tokens import KeyState
from clearway.server.settings import Settings

MOST_BEHIND = 60.0
"""Seconds that the index or the shipping may be behind before somebody should look."""


class Store(NamedTuple):
    """A database as the settings name it: what it is called, its schema as found and as wanted, how it is opened."""

    name: str
    schema: Callable[[Settings], str | None]
    wanted: str
    engine: Callable[[Settings], Engine]
    traces: tuple[Path, ...]
    """What lies in the data folder only where the store was there too."""


def stores(settings: Settings) -> tuple[Store, Store]:
    """The record and the central log."""
    index = IndexLayout(settings.data_dir).pointer
    return (
        Store(
            name_of_record(settings),
            schema_of_record,
            HEAD,
            lambda given: record_database.open_engine(given.registry_url),
            (index, settings.log_file),
        ),
        Store(
            name_of_log(settings),
            schema_of_log,
            central.SCHEMA_HEAD,
            lambda given: central.attach(given.central_log),
            (index, settings.tree_dir, settings.verification_file),
        ),
    )


def database(settings: Settings) -> Iterator[Finding]:
    """Whether record and log can be reached, are whole, and are of this version."""
    for store in stores(settings):
        try:
            yield _of_store(store, settings)
        except Unusable as fault:
            yield fault.finding
            if settings.database:
                return  # Both are in it: the other's answer would be the same, and as long in coming.
    yield from _record_opens(settings)


def _of_store(store: Store, settings: Settings) -> Finding:
    found = store.schema(settings)
    if found is None:
        return _not_made(store, settings)
    if found != store.wanted:
        return wrong(
            f"{store.name} is of schema {found}, this version of {store.wanted}",
            "older: it is brought up to date at the next start (back it up first); newer: run the newer version",
        )
    says = f"{store.name} is of schema {found}"
    return sound(says) if settings.database else _of_pages(store, settings, says)


def _not_made(store: Store, settings: Settings) -> Finding:
    if not settings.database and any(trace.exists() for trace in store.traces):
        return wrong(
            f"{store.name} is missing or empty, and a node has run here",
            f"do not start the node, which would begin an empty one: {RESTORE}",
        )
    if settings.database:
        remedy = "as the database's owner, run `clearway database prepare`: docs/operations.md, “Setting it up”"
    else:
        remedy = "it is made at the first start of `clearway serve`"
    return attention(f"{store.name} has not been made yet", remedy)


def _of_pages(store: Store, settings: Settings, says: str) -> Finding:
    with told(store.name, settings):
        engine = store.engine(settings)
        try:
            fault = pages.fault_in(engine)
        except pages.NotAll:
            return sound(f"{says}; what was looked at of its pages in {pages.PATIENCE:.0f} s is whole")
        finally:
            engine.dispose()
    return damaged(store.name, fault) if fault else sound(f"{says}, its pages are whole")


def _record_opens(settings: Settings) -> Iterator[Finding]:
    try:
        with record(settings) as registry:
            registry.require_key()
            yield sound(f"the record is at revision {registry.head():,} of {registry.database_id()}")
            yield from _of_keys(registry.key_states())
    except (NotThere, Unusable):
        return  # Said above.
    except RegistryError as fault:
        remedy = "give it the subject keys that it was made with: another line of keys/subject.key, or the settings"
        yield wrong(f"the record: {fault}", f"{remedy}; `clearway registry keys`")


def _of_keys(states: tuple[KeyState, ...]) -> Iterator[Finding]:
    for state in states:
        if not state.given:
            yield attention(
                f"subject key {state.key_id} is not given: checks recorded under it are found by nobody's name or code",
                "give it as a former key for as long as the log has rows from its time; docs/operations.md",
            )
        elif state.waiting:
            yield sound(
                f"{state.waiting:,} natural persons are found by the former subject key {state.key_id}, and not by the "
                "current one yet"
            )


def index(settings: Settings) -> Iterator[Finding]:
    """Whether checks can be looked up, and how far the index is behind the record."""
    keys = subject_keys(settings)
    if keys is None:
        yield wrong("the index cannot be read without the subject key", "see `keys`")
        return
    reader = IndexReader(IndexLayout(settings.data_dir), keys.ids)
    try:
        with reader.snapshot() as snapshot:
            subjects, revision, synced_at = snapshot.subjects, snapshot.revision, snapshot.synced_at
    except IndexUnavailable as fault:
        yield _of_no_index(fault)
        return
    finally:
        reader.close()
    age = max(0.0, datetime.now(UTC).timestamp() - synced_at)
    says = f"{subjects:,} subjects at revision {revision:,}, in step with the record {age:,.1f} s ago"
    if age > MOST_BEHIND and not says_it_serves(settings):
        yield attention(says, "no node runs: its follower brings the index up to date when it is started")
    elif age > settings.max_index_age:
        yield wrong(says, "answers are undetermined: is the node running, and does its follower reach the database?")
    elif age > MOST_BEHIND:
        remedy = "see the follower in the node's log (`index_step_failed`)"
        yield attention(says, f"after {settings.max_index_age:,.0f} s answers are undetermined: {remedy}")
    else:
        yield sound(says)


def _of_no_index(fault: IndexUnavailable) -> Finding:
    says = f"no check can be looked up: {fault}"
    match fault:
        case IndexForeign():
            return wrong(says, "see `keys` and `database`: where those are right, the follower makes the index anew")
        case IndexAbsent():
            return wrong(says, "start the node: its follower makes the index")
        case _:
            return wrong(says, "start the node: its follower makes the index anew; see the system's log for the disk")


def log(settings: Settings) -> Iterator[Finding]:
    """What waits to be shipped, and what could not be read."""
    for file in set_aside(settings.journals):
        yield wrong(f"{file} could not be read and was set aside", "keep it: it is evidence; docs/operations.md")
    unread = list(_unread(settings))
    yield from unread
    try:
        with central_log(settings) as engine:
            waiting = Log(engine, settings.journals).backlog()
    except NotThere:
        return
    except Unusable as fault:
        yield wrong(f"how much waits to be shipped is not known: {fault}", "see `database`")
        return
    if not waiting.rows or waiting.oldest is None:
        if not unread:
            yield sound("every recorded check is in the central log")
        return
    age = (datetime.now(UTC) - waiting.oldest).total_seconds()
    says = f"{waiting.rows:,} rows wait to be shipped, the oldest for {age:,.1f} s"
    if age > MOST_BEHIND:
        yield wrong(says, "they would be lost with this disk: is the node running, and does its shipper go on?")
    else:
        yield sound(says)


def _unread(settings: Settings) -> Iterator[Finding]:
    """Journal segments that cannot be read now: the shipper has not come to them, and no backlog counts them."""
    for files in segments(settings.journals):
        try:
            connection = open_rows(files)
            if connection is not None:
                connection.close()
        except pysqlite3.DatabaseError as fault:
            yield wrong(
                f"{files.database} cannot be read: {fault}",
                "keep it: it is evidence, and may hold rows that are nowhere else; see `disk`, and the system's log",
            )
