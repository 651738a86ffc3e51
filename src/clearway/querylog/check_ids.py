"""Ids of checks (UUIDv7): they begin with their moment, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def id_at(moment: datetime) -> str:
    """What ids made at this moment begin with, or sort next to."""
    milliseconds = max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}"


def moment_of(check_id: str) -> datetime:
    """When an id was made."""
    return _EPOCH + timedelta(milliseconds=UUID(check_id).int >> 80)
