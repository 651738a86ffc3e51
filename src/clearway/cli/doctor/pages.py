"""Whether the pages of an embedded database fit together: a few overwritten ones are in nobody's way until read."""

from __future__ import annotations

import time
from typing import Any

import pysqlite3
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

PATIENCE = 5.0
"""Seconds that are spent on one database: a large one is looked at in part."""

STEPS = 100_000
"""Steps of SQLite's machine between two looks at the clock."""


class NotAll(Exception):
    """The time was over before all pages were looked at; nothing was found wrong so far."""


def fault_in(engine: Engine, patience: float = PATIENCE) -> str:
    """What is wrong with the pages, in SQLite's words; empty where nothing is. Raises `NotAll`, `DatabaseError`.

    Of each page and its place in its tree, not of what the records on it say: that is `clearway log verify`'s to find.
    """
    ends = time.monotonic() + patience
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
        try:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
        except OperationalError as fault:
            if getattr(fault.orig, "sqlite_errorcode", None) == pysqlite3.SQLITE_INTERRUPT:
                raise NotAll from fault
            raise
        finally:
            raw.set_progress_handler(None, 0)
    return "" if found == "ok" else found.splitlines()[-1]
