"""Legal holds: what must not be erased, whatever a rule says, until somebody lifts the hold or it ends."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, and_, false, func, insert, or_, select

from clearway.postgresql import turns
from clearway.querylog.central import check_log, on_postgresql
from clearway.querylog.retention.tables import log_hold, log_hold_lift

HOLDS = turns.turn("clearway.querylog.holds")


class NoSuchHold(Exception):
    """No hold of that number is in force."""


class HoldsEverything(ValueError):
    """A hold that names neither a case, a subject, a check nor a span of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a hold is about: rows that fit every field given. `since` and `until` (exclusive) bound the decision."""

    case_number: str = ""
    subject_key: bytes = b""
    check_id: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if not any(getattr(self, field.name) for field in fields(self)):
            raise HoldsEverything("name a case, a subject, a check or a span of time")

    def condition(self) -> ColumnElement[bool]:
        """The rows held."""
        given = [
            check_log.c[name] == wanted
            for name in ("case_number", "subject_key", "check_id")
            if (wanted := getattr(self, name))
        ]
        since = [] if self.since is None else [check_log.c.decided_at >= self.since]
        until = [] if self.until is None else [check_log.c.decided_at < self.until]
        return and_(*given, *since, *until)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that is in force: who placed it, when, why, and when it ends by itself (None: when it is lifted)."""

    number: int
    held: Held
    placed_by: str
    placed_at: datetime
    reason: str
    ends_at: datetime | None


def place(connection: Connection, held: Held, by: str, at: datetime, reason: str, ends_at: datetime | None) -> int:
    """Hold this; the hold's number."""
    take_turn(connection)
    last: int | None = connection.execute(select(func.max(log_hold.c.number))).scalar()
    number = (last or 0) + 1
    row = {
        "number": number,
        "case_number": held.case_number,
        "subject_key": held.subject_key,
        "check_id": held.check_id,
        "since": _seconds(held.since),
        "until": _seconds(held.until),
        "placed_by": by,
        "placed_at": _seconds(at),
        "reason": reason,
        "ends_at": _seconds(ends_at),
    }
    connection.execute(insert(log_hold), row)
    return number


def lift(connection: Connection, number: int, by: str, at: datetime, reason: str) -> None:
    """Lift a hold. Raises `NoSuchHold` where none of that number is in force."""
    take_turn(connection)
    if number not in {hold.number for hold in in_force(connection, at)}:
        raise NoSuchHold(f"no hold {number} is in force")
    row = {"number": number, "lifted_by": by, "lifted_at": _seconds(at), "reason": reason}
    connection.execute(insert(log_hold_lift), row)


def in_force(connection: Connection, at: datetime) -> list[Hold]:
    """The holds in force at that moment, the first one first."""
    lifted = select(log_hold_lift.c.number)
    query = select(log_hold).where(
        log_hold.c.number.not_in(lifted), or_(log_hold.c.ends_at == 0, log_hold.c.ends_at > _seconds(at))
    )
    return [
        Hold(
            row.number,
            Held(
                case_number=row.case_number,
                subject_key=bytes(row.subject_key),
                check_id=row.check_id,
                since=_moment(row.since),
                until=_moment(row.until),
            ),
            row.placed_by,
            datetime.fromtimestamp(row.placed_at, UTC),
            row.reason,
            _moment(row.ends_at),
        )
        for row in connection.execute(query.order_by(log_hold.c.number))
    ]


def held_rows(holds: list[Hold]) -> ColumnElement[bool]:
    """The rows that any of these holds."""
    return or_(false(), *(hold.held.condition() for hold in holds))


def take_turn(connection: Connection) -> None:
    """Let nobody place or lift a hold until this transaction ends."""
    if on_postgresql(connection):
        turns.take(connection, HOLDS)


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
