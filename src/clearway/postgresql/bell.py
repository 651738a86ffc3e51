"""A bell that the database rings: waiting for a notice instead of asking again and again.

A notice may be lost, while the connection is down say; so whoever waits also looks now and then.
"""

from __future__ import annotations

import threading
from time import monotonic
from typing import Any, cast

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from clearway.postgresql.engine import UnsupportedDatabase

_log = structlog.get_logger(__name__)

LOOK_EVERY = 0.25
"""Seconds after which a look is due even though nobody rang."""

_SLICE = 0.2
"""Seconds after which a wait notices that it is to stop."""


class Bell:
    """Waits for notices on one channel, on a connection of its own. Used by one thread."""

    def __init__(self, engine: Engine, channel: str, stop: threading.Event) -> None:
        self._engine = engine
        self._channel = channel
        self._stop = stop
        self._connection: psycopg.Connection[Any] | None = None

    def wait(self, seconds: float) -> None:
        """Return when the bell has rung, when a look is due, or when told to stop.

        Where the bell cannot be heard, `seconds` is how long until the next look.
        """
        if self._connection is None:
            # It may have been rung before anybody listened: one look first.
            self._connection = self._listen()
            self._stop.wait(seconds)
            return
        try:
            self._hear(self._connection, max(seconds, LOOK_EVERY))
        except psycopg.Error as error:
            _log.warning("bell_lost", error=type(error).__name__)
            self.close()
            self._stop.wait(seconds)

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _listen(self) -> psycopg.Connection[Any] | None:
        # A connection without a `Connection` around it fails with the driver's own errors.
        try:
            pooled = self._engine.raw_connection()
            connection = cast("psycopg.Connection[Any]", pooled.driver_connection)
            # It would otherwise go back to the pool, and whoever got it next would hear the bell.
            pooled.detach()
            connection.autocommit = True
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
        except (psycopg.Error, SQLAlchemyError, UnsupportedDatabase) as error:
            _log.debug("bell_not_heard", error=type(error).__name__)
            return None
        return connection

    def _hear(self, connection: psycopg.Connection[Any], patience: float) -> None:
        last = monotonic() + patience
        while not self._stop.is_set() and (left := last - monotonic()) > 0:
            if any(True for _ in connection.notifies(timeout=min(left, _SLICE), stop_after=1)):
                return
