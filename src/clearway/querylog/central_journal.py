"""A journal that is the central log itself: a batch is durable when its rows are committed in PostgreSQL.

For nodes whose loss must lose no row (`log_durability = central`). Group commit stands in front of it as before a
journal of files: many checks share one transaction, and whatever fails refuses those who wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from clearway.postgresql.engine import UnsupportedDatabase
from clearway.postgresql.turns import AbortedUnnoticed
from clearway.querylog.central import StoredCheck, check_log, writing
from clearway.querylog.journal import JournalFailed, Recovery
from clearway.querylog.postgresql import Months
from clearway.querylog.shipper import copy_in

_FAULTS = (SQLAlchemyError, UnsupportedDatabase, AbortedUnnoticed)


class CentralJournal:
    """Appends batches to the log in PostgreSQL. Blocking; used by one thread at a time."""

    def __init__(self, central: Engine) -> None:
        """`central` is let go when the journal is closed; it need not be reachable yet."""
        self._central = central
        self._months = Months(central)

    def append(self, batch: Sequence[bytes]) -> None:
        """Commits the batch, all of it. Raises `JournalFailed`; then nothing is known of any of it."""
        if not batch:
            return
        rows = [StoredCheck.of(raw) for raw in batch]
        try:
            self._months.make_for(row.record.check_id for row in rows)
            with writing(self._central) as connection:
                copy_in(connection, rows)
        except _FAULTS as fault:
            # Perhaps of a database that has been replaced: its partitions are asked for again.
            self._months.forget()
            raise JournalFailed(f"the batch could not be committed: {type(fault).__name__}") from fault

    def recover(self, batch: Sequence[bytes] = ()) -> Recovery:
        """Counts which of a failed batch are in the log. Raises `JournalFailed` while the log takes no rows."""
        ids = [StoredCheck.of(raw).record.check_id for raw in batch]
        try:
            with writing(self._central) as connection:
                if connection.execute(text("SELECT current_setting('transaction_read_only') = 'on'")).scalar_one():
                    raise JournalFailed("the log's database takes no writes now")
                found = connection.execute(select(check_log.c.check_id).where(check_log.c.check_id.in_(ids))).all()
        except _FAULTS as fault:
            raise JournalFailed(f"the log cannot be reached: {type(fault).__name__}") from fault
        return Recovery("of the central log", len(batch), len(found))

    def close(self) -> None:
        """Lets the database go."""
        self._central.dispose()
