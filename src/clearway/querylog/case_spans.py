"""Cases of a period: of each, when it was first and when it was last checked within it. Read from columns alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from clearway.querylog.central import Instant, StoredCheck, check_log
from clearway.querylog.record import CheckRecord
from clearway.querylog.tallies import Scope

_CHUNK = 2000
_log = check_log.c


@dataclass(frozen=True, slots=True)
class CaseSpan:
    """A case's answered checks of a period: the first one's moment, and the last one whole."""

    authority: str
    case_number: str
    first_at: datetime
    last_at: datetime
    last_check_id: str
    officer: str
    item_code: str
    region: str

    @property
    def case(self) -> tuple[str, str]:
        """What tells it from other cases."""
        return self.authority, self.case_number

    def joined(self, other: CaseSpan) -> CaseSpan:
        """One span of two of the same case."""
        later = max(self, other, key=lambda span: (span.last_at, span.last_check_id))
        return replace(later, first_at=min(self.first_at, other.first_at))


def spans(central: Connection, unshipped: Iterable[StoredCheck], scope: Scope) -> Iterator[CaseSpan]:
    """The cases that have answered checks in the scope, each once, in no particular order."""
    waiting: dict[tuple[str, str], CaseSpan] = {}
    for stored in unshipped:
        if stored.record.answered and scope.holds(stored.record):
            span = span_of(stored.record)
            waiting[span.case] = span.joined(waiting[span.case]) if span.case in waiting else span
    with central.execution_options(yield_per=_CHUNK).execute(last_and_first(scope)) as rows:
        for row in rows:
            span = CaseSpan(*row)
            other = waiting.pop(span.case, None)
            yield span if other is None else span.joined(other)
    yield from waiting.values()


def last_and_first(scope: Scope) -> Select[Any]:
    """The shipped cases of the scope."""
    case = (_log.authority, _log.case_number)
    backwards = (_log.decided_at.desc(), _log.check_id.desc())
    checks = (
        select(
            *case,
            func.min(_log.decided_at, type_=Instant()).over(partition_by=case).label("first_at"),
            _log.decided_at,
            _log.check_id,
            _log.officer,
            _log.item_code,
            _log.region,
            func.row_number().over(partition_by=case, order_by=backwards).label("place"),
        )
        .where(*scope.where(), func.coalesce(_log.error_reason, "") == "")
        .subquery()
    )
    return select(*(column for column in checks.c if column.name != "place")).where(checks.c.place == 1)


def span_of(record: CheckRecord) -> CaseSpan:
    """The span of one check."""
    return CaseSpan(
        record.authority,
        record.case_number,
        record.decided_at,
        record.decided_at,
        record.check_id,
        record.officer,
        record.item_code,
        record.region,
    )
