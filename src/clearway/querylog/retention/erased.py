"""What is told of rows that are gone: how many of a time there were, which, and by what each went.

Nothing of what such a row said is left but its id, and with it the moment; whose it was, and what of, is not known. So
they are counted by time alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from clearway.querylog.check_ids import id_at
from clearway.querylog.retention.tables import log_erased
from clearway.querylog.transparency.tables import log_leaf
from clearway.transparency.entries import EntryInvalid, ErasureEntry, parse_erasure

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ErasedRow:
    """A row that was erased: its number in the log, its leaf, its id, and the erasure that names it.

    `erasure` is None where the leaf that should be the erasure is none: `clearway log verify` says more of that.
    """

    seq: int
    leaf_index: int
    check_id: str
    erasure: ErasureEntry | None

    @property
    def because(self) -> str:
        """By what it went, and when, in a line."""
        return "" if self.erasure is None else f"{self.erasure.because} on {self.erasure.erased_at:%Y-%m-%d}"


def erasure_of(central: Engine, check_id: str) -> ErasureEntry | None:
    """The erasure by which that row went; None where it was not erased."""
    query = (
        select(log_leaf.c.entry)
        .join(log_erased, log_erased.c.erasure_index == log_leaf.c.leaf_index)
        .where(log_erased.c.check_id == check_id)
    )
    with central.connect() as connection:
        entry = connection.execute(query).scalar()
    return None if entry is None else _erasure_in(bytes(entry))


def erased_among(connection: Connection, check_ids: Collection[str]) -> set[str]:
    """Those of these checks whose rows were erased."""
    query = select(log_erased.c.check_id).where(log_erased.c.check_id.in_(list(check_ids)))
    return set(connection.execute(query).scalars())


def count_erased(connection: Connection, since: datetime | None, until: datetime | None) -> int:
    """How many rows made at or after `since` and before `until` were erased; to the millisecond, as ids have it."""
    count = select(func.count()).select_from(log_erased).where(*_made(since, until))
    found: int = connection.execute(count).scalar_one()
    return found


def erased_rows(connection: Connection, since: datetime | None, until: datetime | None) -> Iterator[ErasedRow]:
    """The same rows, in the order of the log."""
    erasing = log_leaf.alias("erasing")
    query = (
        select(log_leaf.c.seq, log_leaf.c.leaf_index, log_leaf.c.check_id, log_erased.c.erasure_index, erasing.c.entry)
        .join(log_leaf, log_leaf.c.leaf_index == log_erased.c.leaf_index)
        .outerjoin(erasing, erasing.c.leaf_index == log_erased.c.erasure_index)
        .where(*_made(since, until))
        .order_by(log_leaf.c.seq)
    )
    known: dict[int, ErasureEntry | None] = {}
    with connection.execution_options(yield_per=_CHUNK).execute(query) as rows:
        for seq, leaf_index, check_id, erasure_index, entry in rows:
            if erasure_index not in known:
                known[erasure_index] = None if entry is None else _erasure_in(bytes(entry))
            yield ErasedRow(seq, leaf_index, check_id, known[erasure_index])


def _made(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    conditions = [] if since is None else [log_erased.c.check_id >= id_at(since)]
    return conditions if until is None else [*conditions, log_erased.c.check_id < id_at(until)]


def _erasure_in(entry: bytes) -> ErasureEntry | None:
    try:
        return parse_erasure(entry)
    except EntryInvalid:
        return None
