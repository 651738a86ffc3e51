"""Which checks a reader asks for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement

from clearway.querylog.central import check_log
from clearway.querylog.record import CheckRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which checks: those equal in every field given, decided at or after `since` and before `until` (aware, UTC)."""

    authority: str | None = None
    caller: str | None = None
    officer: str | None = None
    case_number: str | None = None
    item_code: str | None = None
    request_id: str | None = None
    scheme: str | None = None
    subject_key: bytes | None = None
    outcome: str | None = None
    standing: str | None = None
    error_reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, record: CheckRecord) -> bool:
        """Whether the record is one of them."""
        if self.since is not None and record.decided_at < self.since:
            return False
        if self.until is not None and record.decided_at >= self.until:
            return False
        return all(getattr(record, name) == wanted for name, wanted in self.equalities())

    def where(self) -> list[ColumnElement[bool]]:
        """The same as conditions on the central log."""
        conditions = [check_log.c[name] == wanted for name, wanted in self.equalities()]
        if self.since is not None:
            conditions.append(check_log.c.decided_at >= self.since)
        if self.until is not None:
            conditions.append(check_log.c.decided_at < self.until)
        return conditions

    def equalities(self) -> list[tuple[str, object]]:
        """The fields given, but for the times, and what each must equal."""
        given = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, value) for name, value in given if value is not None and name not in ("since", "until")]
