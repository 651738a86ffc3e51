"""Patterns in the checks of a period that a person should look at. None is a wrong by itself.

Found by the columns of the log alone, and by what is shipped: a row that is not there yet is found a moment later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, String, case, distinct, func, literal_column, select

from clearway.querylog.central import check_log, on_postgresql
from clearway.querylog.tallies import Scope

MOST = 1000
"""How many of a kind are given, the largest first; one more is looked for, so that it is known whether there are."""

DIVIDING = ("item_code", "region")
"""Columns that patterns may be divided by: each is then looked for among the checks of one value by themselves."""

NOT_VALID = ("ERROR_REASON_INVALID_IDENTIFIER", "ERROR_REASON_UNKNOWN_SCHEME")
"""Refusals of somebody who guesses codes."""

_CHUNK = 2000
_TEXT = String()
_log = check_log.c


@dataclass(frozen=True, slots=True)
class Busy:
    """An officer who checked one subject under several cases; `subject` is the shown form.

    `item_code` and `region` are empty unless patterns are divided by them, here and in the next two.
    """

    authority: str
    officer: str
    subject: str
    cases: int
    checks: int
    first_check_id: str
    item_code: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class OfficerHour:
    """An officer's checks in the hour that began at `hour` (UTC)."""

    authority: str
    officer: str
    hour: datetime
    checks: int
    first_check_id: str
    item_code: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """A principal's codes that are not listed or not valid, in the hour that began at `hour` (UTC)."""

    authority: str
    caller: str
    hour: datetime
    codes: int
    checks: int
    first_check_id: str
    item_code: str = ""
    region: str = ""


def busy(central: Connection, scope: Scope, least: int, by: Collection[str] = ()) -> list[Busy]:
    """Officers who checked one subject under at least so many cases. `by`: some of `DIVIDING`, as in the next two."""
    cases = func.count(distinct(_log.case_number))
    grouped = (
        select(
            _log.authority,
            _log.officer,
            cases.label("cases"),
            func.count().label("checks"),
            func.min(_log.check_id).label("first"),
            *divisions(by),
        )
        .where(*scope.where(), _log.subject_key != b"")
        .group_by(_log.authority, _log.officer, _log.subject_key, *dividing(by))
        .having(cases >= least)
        .order_by(cases.desc(), func.min(_log.check_id))
        .limit(MOST + 1)
    ).subquery()
    query = select(
        grouped.c.authority,
        grouped.c.officer,
        _log.subject,
        grouped.c.cases,
        grouped.c.checks,
        grouped.c.first,
        *(grouped.c[name] for name in DIVIDING),
    ).join(check_log, _log.check_id == grouped.c.first)
    found = (Busy(*row) for row in central.execute(query))
    return sorted(found, key=lambda one: (-one.cases, one.first_check_id))


def officer_hours(central: Connection, scope: Scope, by: Collection[str] = ()) -> Iterator[OfficerHour]:
    """How much each officer checked in each hour, officer by officer."""
    hour = hour_of(central)
    keys = (_log.authority, _log.officer, hour, *dividing(by))
    query = select(_log.authority, _log.officer, hour, func.count(), func.min(_log.check_id), *divisions(by))
    query = query.where(*scope.where()).group_by(*keys).order_by(*keys)
    with central.execution_options(yield_per=_CHUNK).execute(query) as rows:
        for authority, officer, begun, *rest in rows:
            yield OfficerHour(authority, officer, moment_of(begun), *rest)


def walks(central: Connection, scope: Scope, least: int, by: Collection[str] = ()) -> list[Walk]:
    """Hours in which a principal asked about at least so many codes that are not listed or not valid.

    Of valid codes each is counted once; of invalid ones, which are kept masked, each asking.
    """
    hour = hour_of(central)
    unlisted = func.count(distinct(case((_log.standing == "STANDING_NOT_LISTED", _log.subject_key))))
    invalid = func.count(case((_log.error_reason.in_(NOT_VALID), 1)))
    keys = (_log.authority, _log.caller, hour)
    query = (
        select(*keys, (unlisted + invalid).label("codes"), func.count(), func.min(_log.check_id), *divisions(by))
        .where(*scope.where())
        .group_by(*keys, *dividing(by))
        .having(unlisted + invalid >= least)
        .order_by((unlisted + invalid).desc(), func.min(_log.check_id))
        .limit(MOST + 1)
    )
    return [
        Walk(authority, caller, moment_of(begun), *rest) for authority, caller, begun, *rest in central.execute(query)
    ]


def dividing(by: Collection[str]) -> list[ColumnElement[str]]:
    """The columns that what is found is divided by."""
    return [_log[name] for name in DIVIDING if name in by]


def divisions(by: Collection[str]) -> list[ColumnElement[str]]:
    """The value of each dividing column; empty for those that what is found is not divided by."""
    return [(_log[name] if name in by else literal_column("''", _TEXT)).label(name) for name in DIVIDING]


def hour_of(central: Connection) -> ColumnElement[str]:
    """The hour in which a check was decided, in UTC, as text such as `2026-03-01T08`."""
    if on_postgresql(central):
        return func.to_char(func.timezone("UTC", _log.decided_at), 'YYYY-MM-DD"T"HH24')
    # As the column's text begins; the cast takes it for what it is there.
    return func.substr(_log.decided_at, 1, 13, type_=_TEXT)


def moment_of(hour: str) -> datetime:
    """The moment at which such an hour began."""
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
