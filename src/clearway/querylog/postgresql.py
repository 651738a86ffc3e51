"""The central log on PostgreSQL, for several nodes: a partition a month, rows by COPY, numbers that tell what is final.

**Numbers.** Several shippers write at once, so a number drawn from a sequence may become visible after a greater one,
and a follower that asks for what is numbered above its last number would never see it. Here a row's number is made of
its transaction's id: all that is numbered below the oldest transaction still running is final (`settled`), and what
becomes visible later is numbered above. Numbers grow, and have gaps.

**Lives.** Transaction ids begin anew in a database that a dump was loaded into. Each life of the database (see
`clearway.postgresql.place`) has a base that is added, so that numbers go on growing.

**Months.** A check's id begins with the time at which it was made, so the partitions are ranges of ids: the id alone is
unique in the whole log, and a look-up by id reads one partition. The partition of a month, and of the one that follows,
is made before the first row of the month arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, cast

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from clearway.postgresql import turns
from clearway.postgresql.engine import WRITING, Limits
from clearway.postgresql.engine import open_engine as open_postgresql
from clearway.postgresql.place import UNKNOWN, place_of
from clearway.querylog.record import UnreadableRecord

ROW_BITS = 16
"""Rows of one transaction are numbered with so many bits, below the transaction's id."""

MOST_ROWS = 1 << ROW_BITS
"""Rows that one transaction may bring, at most."""

LIMITS = Limits(statement=120_000)
UPGRADING = turns.turn("clearway.querylog.upgrade")
LIVES = turns.turn("clearway.querylog.lives")
MONTHS = turns.turn("clearway.querylog.months")

NO_PARTITION = "23514"
"""What PostgreSQL says of a row that no partition takes."""

_log = structlog.get_logger(__name__)

check_log_life = Table(
    "check_log_life",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("place", Text, nullable=False),
    Column("base", BigInteger, nullable=False),
)
"""One row a life of the database: where it began, and what is added to its transactions' ids. On PostgreSQL only."""


def open_engine(url: str, pool_size: int) -> Engine:
    """An engine whose connections read as of one moment unless they are `writing`. Raises `UnsupportedDatabase`."""
    return open_postgresql(url, pool_size=pool_size, limits=LIMITS)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction."""
    with engine.execution_options(**WRITING).begin() as connection:
        turns.begin_writing(connection)
        yield connection
        turns.require_unbroken(connection)


class Life(NamedTuple):
    """A life of the database."""

    number: int
    place: str
    base: int

    def goes_on_at(self, place: str) -> bool:
        """Whether a connection that leads there leads to this life."""
        return UNKNOWN in (place, self.place) or place == self.place


def numbers(connection: Connection, count: int) -> range:
    """The numbers of the next `count` rows of this write transaction, which asks only once."""
    if count > MOST_ROWS:
        raise ValueError(f"one transaction may bring {MOST_ROWS} rows")
    life = _present_life(connection)
    if life is None or not life.goes_on_at(place_of(connection)):
        life = _begin_life(connection)
    transaction = connection.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
    first = (transaction << ROW_BITS) + life.base
    return range(first, first + count)


def settled(connection: Connection) -> int:
    """Rows numbered below this are final: nothing that becomes visible later is numbered below it.

    As of the transaction's own moment, where it is one that reads as of one moment.
    """
    query = text(
        f"SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint << {ROW_BITS}) + base"  # noqa: S608
        " FROM check_log_life ORDER BY number DESC LIMIT 1"
    )
    found: int | None = connection.execute(query).scalar()
    return found or 0


def _present_life(connection: Connection) -> Life | None:
    query = select(check_log_life).order_by(check_log_life.c.number.desc()).limit(1)
    found = connection.execute(query).first()
    return None if found is None else Life(*found)


def _begin_life(connection: Connection) -> Life:
    """The life that begins here; one shipper begins it, the others wait and find it."""
    turns.take(connection, LIVES)
    last = _present_life(connection)
    place = place_of(connection)
    if last is not None and last.goes_on_at(place):
        return last
    # Every transaction that will number rows by this base is at least as young as the oldest that runs now.
    oldest = connection.execute(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")).scalar_one()
    greatest = connection.execute(text("SELECT coalesce(max(seq), 0) FROM check_log")).scalar_one()
    base = ((greatest >> ROW_BITS) + 1 - oldest) << ROW_BITS
    life = Life(1 if last is None else last.number + 1, place, base)
    connection.execute(insert(check_log_life), life._asdict())
    return life


class Months:
    """Makes the partitions that rows need before they arrive. One shipper's."""

    def __init__(self, central: Engine) -> None:
        self._central = central
        self._made: set[date] = set()

    def make_for(self, check_ids: Iterable[str]) -> None:
        """Make the partitions of these checks' months, and of the months after them, where they are not there yet.

        Raises SQLAlchemy's errors where a month that is needed now cannot be made; `UnreadableRecord` for an id that is
        no UUIDv7.
        """
        needed = {month_of(check_id) for check_id in check_ids}
        for month in sorted(needed - self._made):
            self._make(month)
        for month in sorted({_next(month) for month in needed} - self._made):
            try:
                self._make(month)
            except SQLAlchemyError as error:  # It is not needed yet, and will be asked for again.
                _log.warning("partition_not_made", month=str(month), error=type(error).__name__)

    def forget(self) -> None:
        """Take none for made any more: the database turned out to be another."""
        self._made.clear()

    def _make(self, month: date) -> None:
        with writing(self._central) as connection:
            connection.execute(select(func.check_log_make_month(month)))
        self._made.add(month)


def month_of(check_id: str) -> date:
    """The first day of the month in which a UUIDv7 was made, in UTC. Raises `UnreadableRecord`."""
    try:
        milliseconds = int(check_id[:8] + check_id[9:13], 16)
        return datetime.fromtimestamp(milliseconds / 1000, UTC).date().replace(day=1)
    except (ValueError, OverflowError, OSError):
        raise UnreadableRecord("the check's id is no UUIDv7") from None


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def lock_cursor(connection: Connection, cursor: Table, segment: str) -> int:
    """How far a segment is copied; whoever else would move it waits until this transaction ends.

    Also a transaction whose client is gone, and of which nobody knows yet whether it was committed.
    """
    query = select(cursor.c.shipped).where(cursor.c.segment == segment).with_for_update()
    found = connection.execute(query).scalar()
    if found is None:
        beginning = text("INSERT INTO journal_cursor VALUES (:segment, 0) ON CONFLICT DO NOTHING")
        connection.execute(beginning, {"segment": segment})
        found = connection.execute(query).scalar_one()
    return cast("int", found)
