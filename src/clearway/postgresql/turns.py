"""Locks by name that writers of one database queue at; each is held until its transaction ends.

A lock is let go after its transaction has become visible to others. So whoever has the turn sees everything that was
written in earlier turns, and numbers that are drawn in a turn become visible in their order.
"""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import Connection, func, select


def turn(name: str) -> int:
    """The number of the lock of that name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def take(connection: Connection, number: int) -> None:
    """Wait for the turn. What the transaction reads afterwards is as of then, if it is READ COMMITTED."""
    connection.execute(select(func.pg_advisory_xact_lock(number)))
