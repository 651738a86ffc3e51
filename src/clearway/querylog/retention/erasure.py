"""Erasure: rows that a rule lets go, or that an authority's order names, unless they are held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, insert, not_, select, text

from clearway.postgresql import turns
from clearway.querylog.central import check_listing, check_log, on_postgresql, writing
from clearway.querylog.retention.holds import Hold, held_rows, in_force, take_turn
from clearway.querylog.retention.rules import Retention
from clearway.querylog.retention.tables import log_erased
from clearway.querylog.transparency.leaves import TREE, size_of
from clearway.querylog.transparency.tables import log_leaf, log_opening
from clearway.transparency.entries import MOST_ERASED, ErasureEntry, spans_of


class NotErasable(Exception):
    """The row is held, is the log's last one, has no leaf yet, or is not there."""


@dataclass(frozen=True, slots=True)
class Act:
    """By whom rows are erased, and why: by a rule or by an order. All of it is published."""

    erased_by: str
    rule: str = ""
    order: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """What would go by the rules: rule and month (`2026-03`) → rows; and how many stay only because they are held."""

    rows: Counter[tuple[str, str]]
    held: Counter[str]


def due(central: Engine, retention: Retention, now: datetime) -> Due:
    """What the rules let go by now."""
    found = Due(Counter(), Counter())
    with central.connect() as connection:
        held = held_rows(in_force(connection, now))
        for number, rule in enumerate(retention.rules):
            lets_go = and_(retention.due(number, now), _erasable())
            for decided_at in connection.execute(select(check_log.c.decided_at).where(lets_go, not_(held))).scalars():
                found.rows[rule.id, f"{decided_at:%Y-%m}"] += 1
            count = select(func.count()).select_from(check_log).where(lets_go, held)
            found.held[rule.id] += connection.execute(count).scalar_one()
    return found


def erase_by_rules(
    central: Engine, retention: Retention, by: str, now: datetime, new_id: Callable[[], str]
) -> Counter[str]:
    """Erase what the rules let go, some rows a transaction; rule → rows erased."""
    erased: Counter[str] = Counter()
    for number, rule in enumerate(retention.rules):
        act = Act(by, rule=rule.id, reason=f"kept for {rule.keep_years} years")
        while some := _erase(central, retention.due(number, now), act, now, new_id()):
            erased[rule.id] += some
    return erased


def erase_by_order(central: Engine, check_id: str, act: Act, now: datetime, erasure_id: str) -> None:
    """Erase one row on an authority's order. Raises `NotErasable`, saying why."""
    if not _erase(central, check_log.c.check_id == check_id, act, now, erasure_id):
        with central.connect() as connection:
            raise NotErasable(_obstacle(connection, check_id, now))


def _erase(central: Engine, wanted: ColumnElement[bool], act: Act, now: datetime, erasure_id: str) -> int:
    """Erase some of the rows wanted, in one transaction with the erasure's own leaf; how many."""
    with writing(central) as connection:
        if on_postgresql(connection):
            turns.take(connection, TREE)
        else:
            # Deleted rows are written over with zeros, even where a reader then keeps the file from being rewritten.
            connection.execute(text("PRAGMA secure_delete = ON"))
        take_turn(connection)
        free = not_(held_rows(in_force(connection, now)))
        query = (
            select(log_leaf.c.leaf_index, check_log.c.check_id)
            .join(log_leaf, and_(log_leaf.c.check_id == check_log.c.check_id, log_leaf.c.seq.is_not(None)))
            .where(wanted, free, _erasable())
            .order_by(log_leaf.c.leaf_index)
            .limit(MOST_ERASED)
        )
        rows = [(index, check_id) for index, check_id in connection.execute(query)]
        if rows:
            spans = spans_of(index for index, _ in rows)
            moment = now.replace(microsecond=0)
            entry = ErasureEntry(erasure_id, moment, act.erased_by, act.rule, act.order, act.reason, spans)
            _delete(connection, rows, entry)
        return len(rows)


def _delete(connection: Connection, rows: list[tuple[int, str]], entry: ErasureEntry) -> None:
    index = size_of(connection)
    leaf = {"leaf_index": index, "seq": None, "check_id": entry.erasure_id, "entry": entry.raw}
    connection.execute(insert(log_leaf), leaf)
    named = [{"leaf_index": leaf, "check_id": check_id, "erasure_index": index} for leaf, check_id in rows]
    connection.execute(insert(log_erased), named)
    ids = [check_id for _, check_id in rows]
    connection.execute(delete(check_listing).where(check_listing.c.check_id.in_(ids)))
    connection.execute(delete(log_opening).where(log_opening.c.leaf_index.in_([leaf for leaf, _ in rows])))
    connection.execute(delete(check_log).where(check_log.c.check_id.in_(ids)))


def _erasable() -> ColumnElement[bool]:
    """Rows that have a leaf, and are not the last one: the next row's number is made from it."""
    sequenced, newest = log_leaf.alias("sequenced"), check_log.alias("newest")
    leaf = select(sequenced.c.leaf_index).where(
        sequenced.c.check_id == check_log.c.check_id, sequenced.c.seq.is_not(None)
    )
    last = select(func.max(newest.c.seq)).scalar_subquery()
    return and_(leaf.correlate(check_log).exists(), check_log.c.seq < last)


def _obstacle(connection: Connection, check_id: str, now: datetime) -> str:
    found = connection.execute(select(check_log.c.seq).where(check_log.c.check_id == check_id)).scalar()
    if found is None:
        return "the log has no row of this id"
    holding = [hold for hold in in_force(connection, now) if _holds(connection, hold, check_id)]
    if holding:
        return f"it is held: hold {', '.join(str(hold.number) for hold in holding)}"
    return "it is the log's last row, or has no leaf yet: try again once another row has arrived"


def _holds(connection: Connection, hold: Hold, check_id: str) -> bool:
    query = select(check_log.c.seq).where(check_log.c.check_id == check_id, hold.held.condition())
    return connection.execute(query).first() is not None
