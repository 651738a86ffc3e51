"""What was erased leaves the database's files too.

Deleted bytes stay in a database's files until somebody writes over them. So after an erasure the tables that the rows
were in are written anew, and `log_cleaned` says of which erasures that is done: one that was kept from it is found
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from clearway.postgresql.faults import Trouble, trouble_of
from clearway.querylog.central import on_postgresql, writing
from clearway.querylog.postgresql import month_of
from clearway.querylog.retention.tables import log_cleaned, log_erased

LOCK_SECONDS = 30
"""How long the rewriting of a table waits for whoever reads it."""

REWRITTEN = ("check_listing", "log_opening")
"""Tables besides the log's months that erased rows had something in."""


@dataclass(frozen=True, slots=True)
class Uncleaned:
    """Erasures whose rows may still be in the files: by their leaves; and the months that the rows were in."""

    erasures: frozenset[int]
    months: frozenset[str]


def clean_up(central: Engine, now: datetime) -> bool:
    """Let everything that was erased leave the files; whether it did. False: readers were in the way, try again."""
    with central.connect() as connection:
        left = uncleaned(connection)
    if not left.erasures:
        return True
    if not (_rewrite_on_postgresql(central, left) if on_postgresql(central) else _rewrite_on_sqlite(central)):
        return False
    with writing(central) as connection:
        done = [{"erasure_index": index, "cleaned_at": int(now.timestamp())} for index in sorted(left.erasures)]
        connection.execute(insert(log_cleaned), done)
    return True


def uncleaned(connection: Connection) -> Uncleaned:
    """What is erased and not known to be out of the files."""
    done = select(log_cleaned.c.erasure_index)
    query = select(log_erased.c.erasure_index, log_erased.c.check_id).where(log_erased.c.erasure_index.not_in(done))
    rows = connection.execute(query).all()
    return Uncleaned(
        frozenset(index for index, _ in rows), frozenset(f"{month_of(check_id):%Y%m}" for _, check_id in rows)
    )


def _rewrite_on_sqlite(central: Engine) -> bool:
    pooled = central.raw_connection()
    try:
        cursor = pooled.cursor()
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy = cursor.fetchone()
        return busy is not None and not busy[0]
    finally:
        pooled.close()


def _rewrite_on_postgresql(central: Engine, left: Uncleaned) -> bool:
    """Each table in new files, its indexes too, and its statistics anew: they have values of rows in them."""
    tables = [*REWRITTEN, *(f"check_log_{month}" for month in sorted(left.months))]
    with central.execution_options(isolation_level="AUTOCOMMIT").connect() as connection, _patient(connection):
        for table in tables:
            try:
                connection.execute(text(f"VACUUM (FULL, ANALYZE) {table}"))
            except SQLAlchemyError as fault:
                if trouble_of(fault) is Trouble.BUSY:
                    return False
                raise
        connection.execute(text("ANALYZE check_log"))
    return True


@contextmanager
def _patient(connection: Connection) -> Iterator[None]:
    """A rewriting takes as long as it takes; for a lock it waits no longer than others may be kept waiting."""
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
    try:
        yield
    finally:
        connection.execute(text("RESET statement_timeout"))
        connection.execute(text("RESET lock_timeout"))
