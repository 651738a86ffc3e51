"""The log searched, the newest first, page by page, at a bounded cost.

A search leads with one field that an index serves, and looks at no more than `LOOKED_AT` of the rows that the index
gives; the other fields are compared row by row. So a search for what is rare comes back with few rows or none, and with
the place to go on from, instead of reading the whole log in one go.

The order is that of check ids, which begin with their time. A time range bounds them with a day to spare on either
side, so that a clock set back by less than a day hides nothing; the moments themselves are compared exactly.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, select, text

from clearway.querylog.central import StoredCheck, check_log
from clearway.querylog.check_ids import id_at
from clearway.querylog.filter import Filter, plain

LOOKED_AT = 20_000
"""Rows that one page looks at, at most."""

SPARE = timedelta(days=1)
"""How far a check's id may be out of step with its moment."""


@dataclass(frozen=True, slots=True)
class Page:
    """Checks, the newest first. `reached` is the id that everything down to has been looked at; None: all has been."""

    checks: list[StoredCheck]
    reached: str | None


def page(central: Connection, unshipped: Iterable[StoredCheck], wanted: Filter, before: str | None, limit: int) -> Page:
    """The newest checks wanted with a smaller id than `before`, at most `limit`, shipped or not."""
    led = led_by(wanted, before)
    ids = select(check_log.c.check_id).where(*led).order_by(check_log.c.check_id.desc())
    floor = central.execute(ids.offset(LOOKED_AT - 1).limit(1)).scalar()
    if floor is not None:
        led.append(check_log.c.check_id >= floor)
    statement = select(check_log.c.seq, check_log.c.record).where(*led, *compared(wanted))
    # One more than the page tells whether there is another.
    rows = central.execute(statement.order_by(check_log.c.check_id.desc()).limit(limit + 1))
    found = [StoredCheck.of(raw, seq) for seq, raw in rows]
    waiting = (
        stored
        for stored in unshipped
        if wanted.matches(stored.record)
        and (before is None or stored.record.check_id < before)
        and (floor is None or stored.record.check_id >= floor)
    )
    found += heapq.nlargest(limit + 1, waiting, key=lambda stored: stored.record.check_id)
    found.sort(key=lambda stored: stored.record.check_id, reverse=True)
    reached = found[limit - 1].record.check_id if len(found) > limit else floor
    return Page(found[:limit], reached)


def merged(pages: Sequence[Page], limit: int) -> Page:
    """One page of several that have no check in common and look back from the same id.

    It reaches as far as all of them do: what one found beyond where another stopped comes with the next page.
    """
    if len(pages) == 1:
        return pages[0]
    reached = max((page.reached for page in pages if page.reached is not None), default=None)
    found = [stored for page in pages for stored in page.checks if reached is None or stored.record.check_id >= reached]
    found.sort(key=lambda stored: stored.record.check_id, reverse=True)
    if len(found) > limit:
        reached = found[limit - 1].record.check_id
    return Page(found[:limit], reached)


def led_by(wanted: Filter, before: str | None) -> list[ColumnElement[bool]]:
    """The conditions that an index serves: one field at most, and bounds of the id."""
    name = wanted.leading()
    conditions = [] if name is None else [check_log.c[name] == dict(wanted.equalities())[name]]
    if name == "error_reason":
        # An index of some rows is taken where the question says that it is about those.
        conditions.append(text("error_reason > ''"))  # type: ignore[arg-type]
    if before is not None:
        conditions.append(check_log.c.check_id < before)
    if wanted.since is not None:
        conditions.append(check_log.c.check_id >= id_at(wanted.since - SPARE))
    if wanted.until is not None:
        conditions.append(check_log.c.check_id < id_at(wanted.until + SPARE))
    return conditions


def compared(wanted: Filter) -> list[ColumnElement[bool]]:
    """The other conditions, written so that no engine takes an index for them: it would bound nothing."""
    others = [plain(name) == value for name, value in wanted.equalities() if name != wanted.leading()]
    return others + wanted.kinds() + wanted.times(plain("decided_at"))
