"""Where a node's record and central log are, by its settings, and how its processes get hold of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Engine

from clearway.postgresql.faults import Trouble
from clearway.querylog.central import JOURNAL_DIRECTORY, LogUnreachable, attach, open_central
from clearway.querylog.central_journal import CentralJournal
from clearway.querylog.group_commit import BatchJournal, Bounds
from clearway.querylog.journal import Journal
from clearway.querylog.request_claims import RequestClaims
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.registry import Registry
from clearway.server.settings import Settings
from clearway.subjects.keys import SubjectKeys

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
QUICK = 0.005
"""Seconds that a sync of the journal may take for the event loop to wait for the next one itself."""

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class Unreachable(Exception):
    """The node's database cannot be reached now. The text says why, without names or secrets."""


class Stopped(Exception):
    """The process was told to stop before its database could be reached."""


def open_registry(settings: Settings, keys: SubjectKeys, moment: datetime) -> Registry:
    """The record, made or brought up to date as needed. Raises `RegistryError`."""
    return Registry.open(settings.registry_url, keys, moment=moment, pool_size=settings.database_pool)


def open_log(settings: Settings) -> Engine:
    """The central log, made or brought up to date as needed. Raises as `open_central` does."""
    return open_central(settings.central_log, pool_size=settings.database_pool)


def attach_log(settings: Settings) -> Engine:
    """The central log as it is; nothing is asked of it yet, so that it need not be there."""
    return attach(settings.central_log, pool_size=settings.database_pool)


@contextmanager
def let_go(engine: Engine) -> Iterator[Engine]:
    """A database, and its connections closed afterwards: the last one to a file folds its write-ahead log in."""
    try:
        yield engine
    finally:
        engine.dispose()


def journal_of(settings: Settings, incarnation: str) -> BatchJournal:
    """Where a worker's records become durable before an answer leaves. Raises `JournalFailed`."""
    if settings.log_durability == "central":
        return CentralJournal(attach(settings.central_log, pool_size=1))
    return Journal(settings.data_dir / JOURNAL_DIRECTORY, incarnation)


def bounds_of(settings: Settings) -> Bounds:
    """How a worker commits: a local disk's syncs it may wait for itself, what a database does never."""
    return Bounds() if settings.log_durability == "central" else Bounds(quick=QUICK)


def claims_of(settings: Settings, incarnation: str) -> RequestClaims | None:
    """Claims of request ids among the nodes of one database; None for a node that is alone."""
    if not settings.database:
        return None
    window = timedelta(seconds=settings.retry_window)
    return RequestClaims(attach(settings.database, pool_size=1), incarnation, window)


@contextmanager
def reached() -> Iterator[None]:
    """Turn what says that the database cannot be reached into `Unreachable`."""
    try:
        yield
    except LogUnreachable as fault:
        if fault.trouble not in (Trouble.UNAVAILABLE, Trouble.BUSY):
            raise
        raise Unreachable(str(fault)) from fault
    except RegistryError as fault:
        if fault.reason not in (RegistryReason.UNAVAILABLE, RegistryReason.BUSY):
            raise
        raise Unreachable(fault.detail) from fault


def patiently(stop: threading.Event, open_it: Callable[[], T]) -> T:
    """What `open_it` gives, once the database can be reached. Raises `Stopped` where `stop` is set before."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        try:
            with reached():
                return open_it()
        except Unreachable as fault:
            _log.warning("database_unreachable", why=str(fault), retry_in=pause)
        stop.wait(pause)
        pause = min(LONGEST_PAUSE, pause * 2)
    raise Stopped
