"""Which changes of pending cases each endpoint has been told of, and every attempt that is worth keeping."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, exists, func, insert, select

from clearway.registry.case_changes import CaseChange, change_of
from clearway.registry.database import among, reading, writing
from clearway.registry.schema import CaseChangeRow, DeliveryRow


@dataclass(frozen=True, slots=True)
class Queue:
    """What an endpoint is owed: its authority's changes noticed at or after `since` (aware)."""

    endpoint: str
    authority: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to tell an endpoint of the change numbered `change_seq`; `detail` says what came of it."""

    endpoint: str
    change_seq: int
    attempted_at: datetime
    delivered: bool
    detail: str


@dataclass(frozen=True, slots=True)
class QueueState:
    """How an endpoint stands: how many changes are delivered and owed, since when, and its last attempt kept."""

    delivered: int
    owed: int
    oldest_owed: datetime | None
    last: Attempt | None


class Deliveries:
    """The attempts of every endpoint, in the registry's database. Safe to use from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def next_owed(self, queue: Queue, busy: Collection[str], after: int, limit: int) -> tuple[CaseChange, ...]:
        """The earliest change owed of each case, those numbered above `after`, in order, at most `limit`.

        Cases in `busy` are left out: what is owed them waits for what is under way.
        """
        row = CaseChangeRow
        first = (
            select(func.min(row.seq))
            .where(*owed(queue), row.seq > after, ~among(row.case_number, busy))
            .group_by(row.case_number)
        )
        query = select(row.__table__).where(row.seq.in_(first)).order_by(row.seq).limit(limit)
        with reading(self._engine) as connection:
            return tuple(change_of(found) for found in connection.execute(query))

    def last_change(self) -> int:
        """The number of the latest change of any case; 0 where there was never one."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.coalesce(func.max(CaseChangeRow.seq), 0))).scalar_one()

    def record(self, attempt: Attempt) -> None:
        """Keep an attempt. Raises `RegistryError` BUSY."""
        row = {
            "endpoint": attempt.endpoint,
            "change_seq": attempt.change_seq,
            "attempted_at": attempt.attempted_at,
            "delivered": attempt.delivered,
            "detail": attempt.detail,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(DeliveryRow), row)

    def state(self, queue: Queue) -> QueueState:
        """How an endpoint stands."""
        row, delivery = CaseChangeRow, DeliveryRow
        waiting = select(func.count(), func.min(row.noticed_at)).where(*owed(queue))
        done = select(func.count(delivery.change_seq.distinct())).where(
            delivery.endpoint == queue.endpoint, delivery.delivered
        )
        last = (
            select(delivery.change_seq, delivery.attempted_at, delivery.delivered, delivery.detail)
            .where(delivery.endpoint == queue.endpoint)
            .order_by(delivery.delivery_id.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            count, oldest = connection.execute(waiting).one()
            delivered = connection.execute(done).scalar_one()
            found = connection.execute(last).first()
        return QueueState(delivered, count, oldest, None if found is None else Attempt(queue.endpoint, *found))


def owed(queue: Queue) -> list[ColumnElement[bool]]:
    """The changes that the endpoint is to be told of and has not been."""
    row, delivery = CaseChangeRow, DeliveryRow
    told = exists().where(delivery.endpoint == queue.endpoint, delivery.change_seq == row.seq, delivery.delivered)
    return [row.authority == queue.authority, row.noticed_at >= queue.since, ~told]
