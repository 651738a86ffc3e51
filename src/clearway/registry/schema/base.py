"""What every table of the record shares: the base, and columns that mean the same on every engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine


def byte_text(length: int) -> TypeEngine[str]:
    """Text of at most `length` signs that compares byte for byte."""
    return String(length, collation="BINARY").with_variant(String(length, collation="C"), "postgresql")


def row_number() -> TypeEngine[int]:
    """A 64-bit row number; SQLite needs plain INTEGER to make it the row's own key."""
    return BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. A naive one is a programming error: `ValueError`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone; store the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the zone back, where the engine kept none."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Base(DeclarativeBase):
    """The registry's own tables."""
