"""Checks by case: the last of each case in a window of time, and all of some cases. Answered checks only.

Nothing reads the whole log: a window is found by the index on `decided_at`, a case by the one on `case_number`, and no
record is decoded but those not shipped yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_

from clearway.querylog.central import Instant, StoredCheck, check_log
from clearway.querylog.filter import plain
from clearway.querylog.record import CheckRecord

_CHUNK = 500
_COLUMNS = tuple(
    check_log.c[name] for name in ("case_number", "check_id", "decided_at", "officer", "item_code", "outcome")
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CaseCheck:
    """An answered check, seen from its case. `outcome` is the wire name, such as `OUTCOME_ORDINARY`."""

    case_number: str
    check_id: str
    decided_at: datetime
    officer: str
    item_code: str
    outcome: str

    @property
    def place(self) -> Place:
        """Where it stands in the order of time."""
        return Place(self.decided_at, self.check_id)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the order of time; `check_id` tells checks of one moment apart."""

    decided_at: datetime
    check_id: str


@dataclass(frozen=True, slots=True)
class Window:
    """An authority's checks decided at or after `since` and before `until` (aware, UTC), and after a place if given."""

    authority: str
    since: datetime
    until: datetime
    after: Place | None = None

    def holds(self, check: CaseCheck) -> bool:
        """Whether the check is one of them."""
        return self.since <= check.decided_at < self.until and (self.after is None or check.place > self.after)

    def where(self) -> list[ColumnElement[bool]]:
        """The same as conditions on the central log."""
        # `since` again where the place is later: a row-value comparison alone would not use the index.
        since = self.since if self.after is None else max(self.since, self.after.decided_at)
        conditions = [
            plain("authority") == self.authority,
            check_log.c.error_reason == "",
            check_log.c.decided_at >= since,
            check_log.c.decided_at < self.until,
        ]
        if self.after is not None:
            at = tuple_(check_log.c.decided_at, check_log.c.check_id)
            conditions.append(at > tuple_(literal(self.after.decided_at, Instant()), self.after.check_id))
        return conditions


def last_checks(central: Connection, unshipped: Iterable[StoredCheck], window: Window, limit: int) -> list[CaseCheck]:
    """The last check of each case whose last one falls into the window, the oldest first, at most `limit`.

    Looks at the window's rows until the limit is reached, and for each once by its case.
    """
    pending = latest(answered(unshipped, window.authority))
    found = [check for check in pending.values() if window.holds(check) and not superseded(central, window, check)]
    with central.execution_options(yield_per=_CHUNK).execute(last_in_window(window)) as rows:
        for row in rows:
            check = CaseCheck(*row)
            later = pending.get(check.case_number)
            if later is None or later.place < check.place:
                found.append(check)
                if len(found) >= limit + len(pending):
                    break
    return sorted(found, key=lambda check: check.place)[:limit]


def last_in_window(window: Window) -> Select[Any]:
    """The shipped checks in the window after which their case has no shipped check, in the order of time."""
    later = check_log.alias()
    followed = select(later.c.seq).where(
        later.c.case_number == check_log.c.case_number,
        func.coalesce(later.c.authority, "") == check_log.c.authority,
        later.c.error_reason == "",
        tuple_(later.c.decided_at, later.c.check_id) > tuple_(check_log.c.decided_at, check_log.c.check_id),
    )
    query = select(*_COLUMNS).where(*window.where(), ~followed.exists())
    return query.order_by(check_log.c.decided_at, check_log.c.check_id)


def superseded(central: Connection, window: Window, check: CaseCheck) -> bool:
    """Whether the central log has a later check of the case than one that is not shipped yet."""
    shipped = of_cases(central, (), window.authority, [check.case_number])[check.case_number]
    return any(other.place > check.place for other in shipped)


def of_cases(
    central: Connection, unshipped: Iterable[StoredCheck], authority: str, case_numbers: Iterable[str]
) -> dict[str, list[CaseCheck]]:
    """Case number → the authority's answered checks of it, in the order of time."""
    found: dict[str, dict[str, CaseCheck]] = {number: {} for number in case_numbers}
    for some in chunks(found, _CHUNK):
        mine = plain("authority") == authority, check_log.c.error_reason == ""
        query = select(*_COLUMNS).where(check_log.c.case_number.in_(some), *mine)
        for row in central.execute(query):
            check = CaseCheck(*row)
            found[check.case_number][check.check_id] = check
    for check in answered(unshipped, authority):
        if check.case_number in found:
            found[check.case_number][check.check_id] = check
    return {number: sorted(checks.values(), key=lambda check: check.place) for number, checks in found.items()}


def answered(stored: Iterable[StoredCheck], authority: str) -> Iterator[CaseCheck]:
    """The answered checks of an authority among recorded ones."""
    for check in stored:
        if check.record.answered and check.record.authority == authority:
            yield case_check(check.record)


def latest(checks: Iterable[CaseCheck]) -> dict[str, CaseCheck]:
    """Case number → its last check among these."""
    found: dict[str, CaseCheck] = {}
    for check in checks:
        known = found.get(check.case_number)
        if known is None or known.place < check.place:
            found[check.case_number] = check
    return found


def case_check(record: CheckRecord) -> CaseCheck:
    """A recorded check, seen from its case."""
    return CaseCheck(
        record.case_number, record.check_id, record.decided_at, record.officer, record.item_code, record.outcome
    )


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    iterator = iter(values)
    while some := list(islice(iterator, size)):
        yield some
