"""Opening PostgreSQL: the driver, the time limits, and what a database must be before anything is kept in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from clearway.postgresql.place import read_place

BACKEND = "postgresql"
OLDEST = 14
"""The oldest major version that is worked with."""

POOL_SIZE = 5
"""Connections that an engine keeps at most, unless told otherwise."""

WRITING = {"isolation_level": "READ COMMITTED"}
"""Execution options of a connection that writes: it queues for a lock, and then sees what was committed before.

Without them a connection reads: everything in one transaction is of one moment.
"""

_PATIENCE = {
    # Seconds: to connect; until a silent peer is asked, between questions, and how many go unanswered.
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    # Milliseconds that sent data may stay unacknowledged.
    "tcp_user_timeout": "20000",
    "application_name": "clearway",
    # Of several hosts, the one that takes writes: a standby may lag, and nobody would notice.
    "target_session_attrs": "primary",
}
"""What libpq is told unless the URL says otherwise: a database that is gone is noticed within half a minute."""


class UnsupportedDatabase(Exception):
    """The URL, the server or its settings are not such that anything may be kept there; the text says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Milliseconds that the server lets pass before it gives up: in a statement, for a lock, idle in a transaction.

    A transaction that writes has less time to lie idle: see `clearway.postgresql.turns`.
    """

    statement: int = 60_000
    lock: int = 10_000
    idle: int = 600_000


_USUAL = Limits()


def is_postgresql(url: str) -> bool:
    """Whether the URL names a PostgreSQL database. Raises `UnsupportedDatabase` where it is no URL at all."""
    return parsed(url).get_backend_name() == BACKEND


def parsed(url: str) -> URL:
    """The URL in its parts. Raises `UnsupportedDatabase`, without the URL in the text: it may hold a password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise UnsupportedDatabase("this is not a database URL") from None


def redacted(url: str) -> str:
    """The URL as it may be shown: without its passwords."""
    found = parsed(url)
    secret = [name for name in found.query if "password" in name.lower()]
    return found.update_query_dict(dict.fromkeys(secret, "***")).render_as_string(hide_password=True)


def open_engine(url: str, *, pool_size: int = POOL_SIZE, limits: Limits = _USUAL) -> Engine:
    """An engine for `url` (`postgresql://USER@HOST/DATABASE`, with libpq's parameters); connects when first used.

    Raises `UnsupportedDatabase` for another database; a connection raises it for a server that will not do.
    """
    found = parsed(url)
    if found.get_backend_name() != BACKEND:
        raise UnsupportedDatabase("this is not the URL of a PostgreSQL database")
    engine = create_engine(
        found.set(drivername="postgresql+psycopg"),
        connect_args=_connect_args(found, limits),
        isolation_level="REPEATABLE READ",
        # An error is logged; what a row held is not.
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=limits.lock / 1000,
        # A connection that broke while it lay idle is replaced before it is used, not after it failed.
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _on_connect)
    return engine


def _connect_args(url: URL, limits: Limits) -> dict[str, str]:
    settings = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
        "TimeZone": "UTC",
    }
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    given = url.query.get("options", "")
    options = " ".join([ours, *([given] if isinstance(given, str) else given)]).strip()
    return {name: value for name, value in _PATIENCE.items() if name not in url.query} | {"options": options}


def _on_connect(connection: Any, record: Any) -> None:
    """Hold the server to what is needed of it, and note which life of which database this connection leads to."""
    connection.autocommit = True
    try:
        version = connection.info.server_version
        if version < OLDEST * 10_000:
            raise UnsupportedDatabase(f"PostgreSQL {version // 10_000} is too old; {OLDEST} or later is needed")
        with connection.cursor() as cursor:
            encoding, fsync, synchronous = cursor.execute(
                "SELECT current_setting('server_encoding'), current_setting('fsync'),"
                " current_setting('synchronous_commit')"
            ).fetchone()
            if encoding != "UTF8":
                raise UnsupportedDatabase(f"the database's encoding is {encoding}, not UTF8")
            if fsync != "on":
                raise UnsupportedDatabase("the server runs with fsync off: what it commits may be lost")
            if synchronous == "off":
                # A commit that is reported before it is on disk is no promise.
                cursor.execute("SET synchronous_commit = on")
        record.info["place"] = read_place(connection)
    finally:
        if not connection.closed:
            connection.autocommit = False
