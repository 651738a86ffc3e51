"""Which checks a reader asks for.

One field leads: an index serves it. The others are compared past their indexes, or an engine without statistics might
take the index of an authority, which has the whole log, for that of a case, which has three rows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func

from clearway.querylog.central import check_log
from clearway.querylog.record import CheckRecord

LEADING = ("request_id", "subject_key", "case_number", "error_reason", "officer", "outcome", "authority")
"""Fields that an index begins with, the ones that tell most first."""


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
        leading = self.leading()
        found = [(check_log.c[n] if n == leading else plain(n)) == wanted for n, wanted in self.equalities()]
        decided_at = check_log.c.decided_at if leading is None else plain("decided_at")
        return found + self.times(decided_at)

    def times(self, decided_at: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
        """The bounds of time, as conditions on `decided_at`."""
        since = [] if self.since is None else [decided_at >= self.since]
        return since if self.until is None else [*since, decided_at < self.until]

    def leading(self) -> str | None:
        """The field given that an index is to serve; None where there is none."""
        given = {name for name, wanted in self.equalities() if wanted}
        return next((name for name in LEADING if name in given), None)

    def equalities(self) -> list[tuple[str, object]]:
        """The fields given, but for the times, and what each must equal."""
        given = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, value) for name, value in given if value is not None and name not in ("since", "until")]


def plain(name: str) -> ColumnElement[Any]:
    """The column's value, past any index on it."""
    column = check_log.c[name]
    return func.coalesce(column, column)
