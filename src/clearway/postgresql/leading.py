"""Leading: of all who do the same work on one database, one does it.

Who leads holds a lock of its own session, on a connection of its own. The server lets the lock go with the session: at
once where the process ends, and within seconds where its machine is gone, as it is asked often.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

import psycopg
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from clearway.postgresql.engine import UnsupportedDatabase
from clearway.postgresql.turns import turn

# Seconds until the server asks a silent leader whether it is there, between questions, and how many go unanswered.
_ALIVE = (("tcp_keepalives_idle", 3), ("tcp_keepalives_interval", 1), ("tcp_keepalives_count", 3))

_log = structlog.get_logger(__name__)


class Lead(Protocol):
    """Whether this process is the one that does some work."""

    def held(self) -> bool:
        """Whether it is, now; to be asked before each piece of the work."""

    def close(self) -> None:
        """Leave the work to others."""


class SoleLead:
    """The lead of whoever is alone."""

    def held(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nobody else is there."""


class Leading:
    """One process's part in leading the work of a name. Used by one thread at a time."""

    def __init__(self, engine: Engine, work: str, node: str) -> None:
        """`node` is what others see of the leader, as its connection's `application_name`."""
        self._engine = engine
        self._work = work
        self._node = node
        self._connection: psycopg.Connection[Any] | None = None

    def held(self) -> bool:
        """Whether this process leads now; takes the lead where nobody has it. False where the database is gone."""
        if self._connection is not None:
            try:
                self._connection.execute("SELECT 1")
            except psycopg.Error as error:
                _log.warning("lead_lost", work=self._work, error=type(error).__name__)
                self.close()
                return False
            return True
        try:
            return self._take()
        except (psycopg.Error, SQLAlchemyError, UnsupportedDatabase) as error:
            _log.debug("lead_not_asked_for", work=self._work, error=type(error).__name__)
            return False

    def close(self) -> None:
        """Leave the lead to others."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _take(self) -> bool:
        pooled = self._engine.raw_connection()
        connection = cast("psycopg.Connection[Any]", pooled.driver_connection)
        connection.autocommit = True
        taken = connection.execute("SELECT pg_try_advisory_lock(%s)", (lock_of(self._work),)).fetchone()
        if not (taken and taken[0]):
            connection.autocommit = False
            pooled.close()
            return False
        # It would otherwise go back to the pool, and the lead with it.
        pooled.detach()
        self._connection = connection
        for name, value in (("application_name", self._node), *_ALIVE):
            connection.execute("SELECT set_config(%s, %s, false)", (name, str(value)))
        _log.info("lead_taken", work=self._work)
        return True


def lock_of(work: str) -> int:
    """The number of the lock that the leader of this work holds."""
    return turn(f"clearway.leading.{work}")


_LEADER = """
    SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.classid = (%(number)s::bigint >> 32 & 4294967295)::oid
        AND l.objid = (%(number)s::bigint & 4294967295)::oid
"""


def leader_of(connection: Connection, work: str) -> str | None:
    """The node that leads this work, by its `application_name`; None where none does."""
    found: str | None = connection.exec_driver_sql(_LEADER, {"number": lock_of(work)}).scalar()
    return found
