"""Locks by name that writers of one database queue at; each is held until its transaction ends.

A lock is let go after its transaction has become visible to others. So whoever has the turn sees everything that was
written in earlier turns, and numbers that are drawn in a turn become visible in their order.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, func, select

STANDING_STILL = "60s"
"""How long a writer's transaction may lie idle: one that stands still ends, and lets others have their turn."""


def turn(name: str) -> int:
    """The number of the lock of that name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def take(connection: Connection, number: int) -> None:
    """Wait for the turn. What the transaction reads afterwards is as of then, if it is READ COMMITTED."""
    connection.execute(select(func.pg_advisory_xact_lock(number)))


def begin_writing(connection: Connection) -> None:
    """What every write transaction begins with."""
    connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{STANDING_STILL}'")


class AbortedUnnoticed(Exception):
    """A statement failed, and whoever ran it went on: a commit would now keep nothing, and say nothing."""


def require_unbroken(connection: Connection) -> None:
    """Raise `AbortedUnnoticed` where the transaction can only be rolled back. To be called before it is committed."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    if driver.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
        raise AbortedUnnoticed("a statement failed in this transaction, and nobody gave it up")
