"""The stores: the record and the central log in their database, the index, the journals, the feeds. All only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from clearway.cli.doctor.findings import Finding, attention, sound, wrong
from clearway.index.faults import IndexUnavailable
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog import central
from clearway.querylog.reader import Log
from clearway.querylog.segment import set_aside
from clearway.registry import database as record_database
from clearway.registry.errors import RegistryError
from clearway.registry.fetching.status import FeedStatus, status_of_all
from clearway.registry.fetching.waiting import WaitingRoom
from clearway.registry.migrations import HEAD
from clearway.registry.registry import Registry
from clearway.registry.schedule import FeedsRejected
from clearway.registry.tokens import KeyState
from clearway.server.keys import KEY_FILE, load_keys
from clearway.server.settings import Settings
from clearway.server.sources import scheduled_feeds

MOST_BEHIND = 60.0
"""Seconds that the index or the shipping may be behind before somebody should look."""


class NotThere(Exception):
    """A store cannot be read as it stands; the examination `database` says why."""


@contextmanager
def record(settings: Settings) -> Iterator[Registry]:
    """The registry as it is: neither made nor brought up to date. Raises `NotThere`."""
    if schema_of_record(settings) != HEAD or not key_is_there(settings):
        raise NotThere
    registry = Registry(record_database.open_engine(settings.registry_url), load_keys(settings))
    try:
        yield registry
    finally:
        registry.close()


@contextmanager
def central_log(settings: Settings) -> Iterator[Engine]:
    """The central log as it is. Raises `NotThere`."""
    if schema_of_log(settings) != central.SCHEMA_HEAD:
        raise NotThere
    engine = central.attach(settings.central_log)
    try:
        yield engine
    finally:
        engine.dispose()


def key_is_there(settings: Settings) -> bool:
    """Whether the subject key can be read without making one."""
    return bool(settings.subject_key) or (settings.data_dir / KEY_FILE).exists()


def schema_of_record(settings: Settings) -> str | None:
    """The registry's schema, or None where it has none yet. Raises `RegistryError` and what SQLAlchemy raises."""
    if not settings.database and not (settings.data_dir / "registry.db").exists():
        return None
    engine = record_database.open_engine(settings.registry_url)
    try:
        return record_database.schema_of(engine)
    finally:
        engine.dispose()


def schema_of_log(settings: Settings) -> str | None:
    """The central log's schema, or None where it has none yet. Raises as `central.reaching`."""
    if not settings.database and not settings.log_file.exists():
        return None
    engine = central.attach(settings.central_log)
    try:
        return central.schema_of(engine)
    finally:
        engine.dispose()


def database(settings: Settings) -> Iterator[Finding]:
    """Whether record and log can be reached, and are of this version."""
    place = "PostgreSQL" if settings.database else "embedded"
    for what, schema, wanted in (
        ("the record", schema_of_record, HEAD),
        ("the central log", schema_of_log, central.SCHEMA_HEAD),
    ):
        try:
            found = schema(settings)
        except (RegistryError, central.LogUnreachable) as fault:
            yield wrong(f"{what} ({place}): {fault}", "see the database's own log; checks go on from index and journal")
        except SQLAlchemyError as fault:
            yield wrong(f"{what} ({place}): {type(fault).__name__}", "put it back from a backup; docs/operations.md")
        else:
            yield _of_schema(f"{what} ({place})", found, wanted)
    yield from _record_opens(settings)


def _of_schema(what: str, found: str | None, wanted: str) -> Finding:
    if found is None:
        return attention(f"{what} has not been made yet", "it is made at the first start of `clearway serve`")
    if found == wanted:
        return sound(f"{what} is of schema {found}")
    return wrong(
        f"{what} is of schema {found}, this version of {wanted}",
        "older: it is brought up to date at the next start (back it up first); newer: run the newer version",
    )


def _record_opens(settings: Settings) -> Iterator[Finding]:
    try:
        with record(settings) as registry:
            registry.require_key()
            yield sound(f"the record is at revision {registry.head():,} of {registry.database_id()}")
            yield from _of_keys(registry.key_states())
    except NotThere:
        return
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
    if not key_is_there(settings):
        yield wrong("the index cannot be read without the subject key", "see `keys`")
        return
    reader = IndexReader(IndexLayout(settings.data_dir), load_keys(settings).ids)
    try:
        with reader.snapshot() as snapshot:
            subjects, revision, synced_at = snapshot.subjects, snapshot.revision, snapshot.synced_at
    except IndexUnavailable as fault:
        yield wrong(f"no check can be looked up: {fault}", "start the node: its follower makes the index anew")
        return
    finally:
        reader.close()
    age = max(0.0, datetime.now(UTC).timestamp() - synced_at)
    says = f"{subjects:,} subjects at revision {revision:,}, in step with the record {age:,.1f} s ago"
    if age > settings.max_index_age:
        yield wrong(says, "answers are undetermined: is the node running, and does its follower reach the database?")
    elif age > MOST_BEHIND:
        yield attention(says, f"after {settings.max_index_age:,.0f} s answers are undetermined: look at the follower")
    else:
        yield sound(says)


def log(settings: Settings) -> Iterator[Finding]:
    """What waits to be shipped, and what could not be read."""
    damaged = set_aside(settings.journals)
    for file in damaged:
        yield wrong(f"{file} could not be read and was set aside", "keep it: it is evidence; docs/operations.md")
    try:
        with central_log(settings) as engine:
            waiting = Log(engine, settings.journals).backlog()
    except NotThere:
        return
    except central.LogUnreachable as fault:
        yield wrong(f"the central log: {fault}", "checks are answered and wait in the journal; mend the database")
        return
    if not waiting.rows or waiting.oldest is None:
        yield sound("every recorded check is in the central log")
        return
    age = (datetime.now(UTC) - waiting.oldest).total_seconds()
    says = f"{waiting.rows:,} rows wait to be shipped, the oldest for {age:,.1f} s"
    if age > MOST_BEHIND:
        yield wrong(says, "they would be lost with this disk: is the node running, and does its shipper go on?")
    else:
        yield sound(says)


def feeds(settings: Settings) -> Iterator[Finding]:
    """Every feed: read in time, nothing waiting for a person."""
    try:
        with record(settings) as registry:
            configured = scheduled_feeds(settings)
            room = WaitingRoom.of(settings.feeds_dir)
            statuses = status_of_all(registry, configured, room, datetime.now(UTC))
    except (NotThere, RegistryError, FeedsRejected):
        return
    for status in statuses:
        yield from _of_feed(status)
    if not statuses:
        yield attention("no list has been read: every subject is “not listed”", "see docs/operations.md, “Feeds”")


def _of_feed(status: FeedStatus) -> Iterator[Finding]:
    name = status.feed
    if status.overdue:
        last = "never" if status.read_at is None else f"last at {status.read_at:%Y-%m-%d %H:%M} UTC"
        yield wrong(f"{name} is overdue, read {last}", f"run `clearway feeds fetch {name}` and see why it fails")
    else:
        yield sound(f"{name}: {status.rows:,} rows")
    if status.waiting is not None:
        yield attention(f"{name}: a list waits for a person: {status.waiting.suspicion}", "`clearway feeds confirm`")
    if status.quarantined:
        yield attention(f"{name}: {status.quarantined:,} rows are set aside", "`clearway feeds quarantine list`")


def known_moments(settings: Settings) -> Iterator[tuple[str, datetime]]:
    """Moments that were written down, and the database's own time: none may be later than now."""
    try:
        with central_log(settings) as engine:
            for stored in Log(engine, settings.journals).newest(limit=1):
                yield "the newest recorded check", stored.record.decided_at
    except (NotThere, central.LogUnreachable, SQLAlchemyError):
        pass
    try:
        with record(settings) as registry:
            for revision in registry.revisions(limit=1):
                yield "the newest revision of the record", revision.recorded_at
            told = registry.clock()
            if told is not None:
                yield "the database's own clock", told
    except (NotThere, RegistryError, SQLAlchemyError):
        pass
