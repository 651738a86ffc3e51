"""What PostgreSQL's errors mean to whoever asked: try again, wait for the database, or call its owner."""

from __future__ import annotations

from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

_BUSY = frozenset({"55P03", "40001", "40P01", "57014"})
"""A lock not had in time, a serialization failure, a deadlock, a statement that took too long."""

_READ_ONLY = "25006"
_FORBIDDEN = frozenset({"42501", "42P01", "3F000", "28000", "28P01"})
_UNAVAILABLE = frozenset({"25P03", "57P01", "57P02", "57P03", "57P04", "57P05"})
"""Idle too long, shut down, crashed, starting, dropped."""

_UNAVAILABLE_CLASSES = ("08", "53", "58")
"""The connection failed; no disk, memory or connection is left; the operating system failed."""


class Trouble(Enum):
    """Why PostgreSQL did not do what it was asked."""

    BUSY = auto()
    """Others hold what is needed, or it took too long: the same act may succeed later."""
    UNAVAILABLE = auto()
    """The database cannot be reached, or has no room."""
    READ_ONLY = auto()
    """It takes no writes: a standby, or one that was set so."""
    FORBIDDEN = auto()
    """The role may not do this, or the tables are not there: its owner has to prepare the database."""


def trouble_of(error: SQLAlchemyError) -> Trouble | None:
    """What the error means; None for one that is a fault of ours (a constraint, a wrong statement)."""
    if isinstance(error, PoolExhausted):
        return Trouble.BUSY
    if not isinstance(error, DBAPIError):
        return None
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state in _BUSY:
        return Trouble.BUSY
    if state == _READ_ONLY:
        return Trouble.READ_ONLY
    if state in _FORBIDDEN:
        return Trouble.FORBIDDEN
    if error.connection_invalidated or state in _UNAVAILABLE or (state or "").startswith(_UNAVAILABLE_CLASSES):
        return Trouble.UNAVAILABLE
    # A connection that could not be made carries no state.
    return Trouble.UNAVAILABLE if state is None and type(error).__name__ == "OperationalError" else None
