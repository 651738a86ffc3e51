"""Claims of request ids, where several nodes share one database: one of them at a time answers under an id.

A claim is a row that protects an id from its first try until that try's row has come into the central log, and no
longer: `LEASE` seconds after it was made it may be taken over. Claims are no evidence. They are kept in an unlogged
table, so that a claim costs the database no write to its disk; a database that crashes forgets them.

Asking and claiming is one statement for a whole batch: it says of each id what the log has under it, and whether it is
claimed now. Both are as of one moment, which is enough: a claim outlives the arrival of its row in the log.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from clearway.postgresql.engine import UnsupportedDatabase
from clearway.querylog.central import REQUEST_CLAIMS, StoredCheck
from clearway.querylog.check_ids import id_at
from clearway.querylog.request_ids import Remembered

LEASE = 10.0
"""Seconds for which a claim holds: longer than a check takes, and its row on the way to the log, where all is well."""

KEPT = 60.0
"""Seconds after which a claim is removed; its row has long been found in the log, or will not come."""

Key = tuple[str, str]
"""An authority and its request id."""

_CLAIM = f"""
WITH asked AS (
    SELECT authority, request_id FROM jsonb_to_recordset(%(asked)s) AS given (authority text, request_id text)
), claimed AS (
    INSERT INTO {REQUEST_CLAIMS} AS claim (authority, request_id, claimant, claimed_at)
    SELECT authority, request_id, %(claimant)s, clock_timestamp() FROM asked
    ON CONFLICT (authority, request_id) DO UPDATE
    SET claimant = excluded.claimant, claimed_at = excluded.claimed_at
    WHERE claim.claimed_at < clock_timestamp() - make_interval(secs => %(lease)s)
    RETURNING authority, request_id
)
SELECT asked.authority, asked.request_id, claimed.request_id IS NOT NULL, (
    SELECT record FROM check_log
    WHERE check_log.request_id = asked.request_id AND check_log.authority = asked.authority
        AND error_reason = '' AND decided_at >= %(since)s AND check_id >= %(first)s
    ORDER BY check_id LIMIT 1
)
FROM asked LEFT JOIN claimed USING (authority, request_id)
"""  # noqa: S608

# What another statement holds is left to it: so nobody ever waits for a removal.
_RELEASE = f"""
DELETE FROM {REQUEST_CLAIMS} WHERE ctid IN (
    SELECT claim.ctid FROM {REQUEST_CLAIMS} AS claim
    JOIN jsonb_to_recordset(%(released)s) AS given (authority text, request_id text) USING (authority, request_id)
    WHERE claimant = %(claimant)s FOR UPDATE OF claim SKIP LOCKED
)
"""  # noqa: S608
_CLEAR = f"""
DELETE FROM {REQUEST_CLAIMS} WHERE ctid IN (
    SELECT ctid FROM {REQUEST_CLAIMS} WHERE claimed_at < clock_timestamp() - make_interval(secs => %(kept)s)
    FOR UPDATE SKIP LOCKED
)
"""  # noqa: S608


class ClaimsUnreachable(Exception):
    """The database did not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of an id that was asked for.

    `recorded` is the check that the log has under it. Without one, the id is `ours` to answer under, or another's.
    """

    ours: bool
    recorded: Remembered | None


class RequestClaims:
    """The claims of one worker, on a connection of its own. Blocking; used by one thread at a time."""

    def __init__(self, central: Engine, claimant: str, window: timedelta) -> None:
        """`claimant` names this life of a worker; `window` is for how long a recorded answer is given again."""
        self._central = central
        self._claimant = claimant
        self._window = window
        self._connection: psycopg.Connection[Any] | None = None

    def claim(self, keys: Collection[Key], now: datetime) -> dict[Key, Claim]:
        """Claim these ids, and say of each what is known of it. Raises `ClaimsUnreachable`."""
        since = now - self._window
        asked = {
            # In one order everywhere: batches that share ids wait for each other, and never in a circle.
            "asked": _recordset(sorted(set(keys))),
            "claimant": self._claimant,
            "lease": LEASE,
            "since": since,
            # Ids begin with their time: so only the partitions of the window are looked at.
            "first": id_at(since - timedelta(minutes=1)),
        }
        rows = self._execute(_CLAIM, asked).fetchall()
        return {(authority, name): Claim(ours, _remembered(raw)) for authority, name, ours, raw in rows}

    def release(self, keys: Collection[Key]) -> None:
        """Give up claims of this worker's under which nothing was recorded. Raises `ClaimsUnreachable`."""
        self._execute(_RELEASE, {"released": _recordset(keys), "claimant": self._claimant})

    def clear(self) -> int:
        """Remove claims that are over, whoever made them; gives how many. Raises `ClaimsUnreachable`."""
        return self._execute(_CLEAR, {"kept": KEPT}).rowcount

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._central.dispose()

    def _execute(self, statement: str, values: dict[str, object]) -> psycopg.Cursor[Any]:
        try:
            if self._connection is None:
                self._connection = self._connected()
            return self._connection.execute(statement, values)
        except (psycopg.Error, SQLAlchemyError, UnsupportedDatabase) as error:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            raise ClaimsUnreachable(type(error).__name__) from error

    def _connected(self) -> psycopg.Connection[Any]:
        pooled = self._central.raw_connection()
        connection = cast("psycopg.Connection[Any]", pooled.driver_connection)
        pooled.detach()
        # Each statement is a transaction, and one round trip.
        connection.autocommit = True
        # A log that has grown faster than its statistics looks costly: compiling would then take longer than asking.
        connection.execute("SET jit = off")
        return connection


def _recordset(keys: Collection[Key]) -> Jsonb:
    return Jsonb([{"authority": authority, "request_id": request_id} for authority, request_id in keys])


def _remembered(raw: bytes | None) -> Remembered | None:
    if raw is None:
        return None
    record = StoredCheck.of(raw).record
    return Remembered(record.request_digest, record.check_id)
