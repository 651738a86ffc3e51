"""SQLite as the query log opens it: the bundled library, durable by pragma, the pragmas read back.

The library comes from `pysqlite3`, not from the operating system: SQLite 3.7.0 to 3.51.2 can corrupt a WAL file when
two connections write and checkpoint at once, and a shipper's closing connection may checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pysqlite3 carries no types; its interface is the standard module's
    import sqlite3
else:
    import pysqlite3 as sqlite3

__all__ = ["NotDurable", "checkpoint", "connect_reader", "connect_writer", "require_durable", "sqlite3"]

BUSY_SECONDS = 10.0
"""How long a connection waits for another's lock before it gives up."""

_SYNCHRONOUS_FULL = 2


class NotDurable(Exception):
    """SQLite did not take a pragma without which a commit is no promise (say, on a file system without WAL)."""


def require_durable(connection: sqlite3.Connection) -> None:
    """Sets WAL and `synchronous=FULL`, reads both back, and raises `NotDurable` if either did not take."""
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous=FULL")
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or synchronous != _SYNCHRONOUS_FULL:
        raise NotDurable(f"journal_mode is {mode!r}, synchronous is {synchronous}; want 'wal' and {_SYNCHRONOUS_FULL}")


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one writing connection of a journal segment, in autocommit, durable. Any thread may use it, one at a time.

    It never checkpoints while it writes: a segment is short, and a checkpoint would make the waiters of one commit pay
    for thousands of earlier rows. Call `checkpoint` before closing one that is not deleted.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        require_durable(connection)
        connection.execute("PRAGMA wal_autocheckpoint=0")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write and does not create the file. Any thread may use it, one at a time.

    Opened read-write all the same, because reading the WAL of a killed owner means recovering it first.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA query_only=ON")
    return connection


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copies the WAL into the database as far as no reader is in the way.

    For just before closing: the last connection to close would do it anyway, but holding the GIL, and then a whole
    process stands still for as long as tens of megabytes take to reach the disk.
    """
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
