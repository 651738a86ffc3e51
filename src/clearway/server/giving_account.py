"""What a node says of itself in the log that it shares with others, every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from clearway.index.faults import IndexUnavailable
from clearway.index.reader import IndexReader
from clearway.querylog.central import LogUnreachable
from clearway.querylog.nodes import NodeAccount, give_account
from clearway.querylog.reader import Log
from clearway.server.installed import installed_version
from clearway.server.vitals import SUPERVISOR, SupervisorVitals, VitalsFolder

INTERVAL = 5.0
"""Seconds between two accounts of a node."""

MISSING = timedelta(seconds=30)
"""A node that has been silent for so long is stopped, cut off from the database, or gone."""


@dataclass(frozen=True, slots=True)
class NodeLookedAt:
    """Where a node's account comes from."""

    name: str
    log: Log
    index: IndexReader
    vitals: VitalsFolder
    clock: Callable[[], datetime]

    def account(self) -> NodeAccount:
        """The node now."""
        moment, backlog = self.clock(), self.log.backlog()
        revision, synced_at = self._index_state()
        supervisor = self.vitals.read(SUPERVISOR, SupervisorVitals) or SupervisorVitals()
        return NodeAccount(
            name=self.name,
            version=installed_version(),
            started_at=datetime.fromtimestamp(supervisor.started_at, UTC) if supervisor.started_at else moment,
            seen_at=moment,
            index_revision=revision,
            index_synced_at=synced_at,
            unshipped_rows=backlog.rows,
            unshipped_since=backlog.oldest,
        )

    def _index_state(self) -> tuple[int | None, datetime | None]:
        self.index.refresh()
        try:
            with self.index.snapshot() as snapshot:
                return snapshot.revision, datetime.fromtimestamp(snapshot.synced_at, UTC)
        except IndexUnavailable:
            return None, None


def give_account_until(stop: threading.Event, node: NodeLookedAt, central: Engine, interval: float = INTERVAL) -> None:
    """Put the node's account into the log again and again. What the log does not take now is said anew later."""
    while not stop.is_set():
        with suppress(LogUnreachable, SQLAlchemyError, OSError):
            give_account(central, node.account())
        stop.wait(interval)
