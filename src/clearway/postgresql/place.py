"""Which life of which database a connection leads to: what tells a restored database from the one it was copied from.

A dump that is loaded makes a database with another number; a base backup that is recovered, or a standby that takes
over, begins another timeline; a cluster made anew has another identifier. Files that are put back while the server is
stopped change nothing of this: that an operator has to say (`clearway database restored`).
"""

from __future__ import annotations

from typing import Any, cast

import psycopg
from sqlalchemy import Connection

UNKNOWN = ""
"""The place of a connection that does not say: a standby's, or one whose role may not ask."""

_DATABASE = "SELECT oid::text FROM pg_database WHERE datname = current_database()"
_CLUSTER = """
    SELECT system_identifier::text || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    FROM pg_control_system()
"""


def read_place(connection: psycopg.Connection[Any]) -> str:
    """The cluster, its timeline and the database's number, as one text. The connection is in autocommit."""
    with connection.cursor() as cursor:
        standby, database = cursor.execute(f"SELECT pg_is_in_recovery(), ({_DATABASE})").fetchone() or (True, "")
        if standby:
            return UNKNOWN
        try:
            (cluster,) = cursor.execute(_CLUSTER).fetchone() or ("",)
        except psycopg.errors.InsufficientPrivilege:
            return UNKNOWN
    return f"{cluster}/{database}"


def place_of(connection: Connection) -> str:
    """The place that was read when the connection was made; it does not change while the connection lives."""
    return cast("str", connection.connection.info.get("place", UNKNOWN))
