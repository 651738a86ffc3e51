"""The central log as it grows: checks in the order of their arrival, and those that answered what is still pending.

Only the central log is looked at: what is still in a journal arrives within a fraction of a second. And only what is
final in it: on PostgreSQL, rows that were numbered earlier may appear after later ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Engine, func, select

from clearway.querylog.central import StoredCheck, check_log, checks_only, settled
from clearway.querylog.retention.erased import erased_among

_CHUNK = 500


class Arrivals:
    """Answered checks in the central log. Blocking; safe to share between threads."""

    def __init__(self, central: Engine) -> None:
        self._central = central

    def head(self) -> int:
        """The number of the latest row that is final; 0 where there is none."""
        with self._central.connect() as central:
            latest = select(func.coalesce(func.max(check_log.c.seq), 0)).where(settled(central))
            last: int = central.execute(latest).scalar_one()
            return last

    def after(self, seq: int, limit: int) -> tuple[list[StoredCheck], int]:
        """Answered checks among the next `limit` rows numbered above `seq`, and the number to go on from."""
        query = (
            select(check_log.c.seq, check_log.c.error_reason, check_log.c.method, check_log.c.record)
            .where(check_log.c.seq > seq)
            .order_by(check_log.c.seq)
            .limit(limit)
        )
        with self._central.connect() as central:
            rows = central.execute(query.where(settled(central))).all()
        answered = [StoredCheck.of(raw, number) for number, reason, method, raw in rows if not reason and not method]
        return answered, rows[-1].seq if rows else seq

    def decided_since(self, since: datetime, upto: int) -> Iterator[StoredCheck]:
        """Answered checks decided since then and numbered up to `upto`, the latest arrival first; streamed."""
        query = (
            select(check_log.c.seq, check_log.c.record)
            .where(check_log.c.seq <= upto, checks_only(), check_log.c.error_reason == "")
            .where(check_log.c.decided_at >= since)
            .order_by(check_log.c.seq.desc())
        )
        with (
            self._central.connect() as central,
            central.execution_options(yield_per=_CHUNK).execute(query) as rows,
        ):
            for seq, raw in rows:
                yield StoredCheck.of(raw, seq)

    def responses(self, check_ids: Collection[str]) -> dict[str, bytes]:
        """Check id → the serialized response, for those that are in the central log."""
        found: dict[str, bytes] = {}
        for some in _chunks(list(check_ids)):
            query = select(check_log.c.record).where(check_log.c.check_id.in_(some))
            with self._central.connect() as central:
                for raw in central.execute(query).scalars():
                    record = StoredCheck.of(raw).record
                    found[record.check_id] = record.response
        return found

    def erased(self, check_ids: Collection[str]) -> set[str]:
        """Those of these checks whose rows were erased."""
        found: set[str] = set()
        for some in _chunks(list(check_ids)):
            with self._central.connect() as central:
                found |= erased_among(central, some)
        return found


def _chunks(values: Sequence[str]) -> Iterator[list[str]]:
    iterator = iter(values)
    while some := list(islice(iterator, _CHUNK)):
        yield some
