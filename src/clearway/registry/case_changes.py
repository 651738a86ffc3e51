"""Changes noticed in pending cases: appended once each, whoever notices, and read back in the order of notice.

A change's id is made of the check and of the change before it, so the changes of a check are a chain: of two watchers
who saw the same answer turn, one appends, and the other finds that it was first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, Engine, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from clearway.registry.cases.events import CaseClosed, kind_of
from clearway.registry.database import among, reading, writing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.ledger import chunks
from clearway.registry.schema import CaseChangeRow, CaseEventRow

CASE_CLOSED = kind_of(CaseClosed)
"""The kind of a case's last event: its final outcome was reported."""

AT_ONCE = 500

Case = tuple[str, str]
"""An authority's code and its case number."""


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A pending case's answer turned. `before` and `after` are serialized decisions; `seq` is 0 until it is stored."""

    change_id: str
    revision: int
    authority: str
    case_number: str
    item_code: str
    check_id: str
    officer: str
    noticed_at: datetime
    differs: tuple[str, ...]
    before: bytes
    after: bytes
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """The last change noticed of a check: its id, the revision it was noticed at, and the answer since then."""

    change_id: str
    revision: int
    after: bytes


@dataclass(frozen=True, slots=True)
class Selection:
    """Which changes: an authority's, of one case if given, noticed at `since_revision` or later."""

    authority: str
    case_number: str = ""
    since_revision: int = 0


def change_id_of(check_id: str, before: str) -> str:
    """The id of a check's next change, `before` being the id of its last one (empty: there is none)."""
    return blake2b(f"{check_id}\0{before}".encode(), digest_size=16).hexdigest()


class CaseChanges:
    """The changes of every case, in the registry's database. Safe to use from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, changes: Sequence[CaseChange]) -> set[str]:
        """Store the changes that nobody has stored yet; gives the ids of those that somebody has.

        All of them or none. Raises `RegistryError` BUSY.
        """
        rows = [row_of(change) for change in changes]
        try:
            with writing(self._engine) as connection:
                there = stored_ids(connection, [change.change_id for change in changes])
                fresh = [row for row in rows if row["change_id"] not in there]
                if fresh:
                    connection.execute(insert(CaseChangeRow), fresh)
                return there
        except IntegrityError as fault:
            raise RegistryError(RegistryReason.BUSY, "another watcher noticed the same change") from fault

    def last_told(self, check_ids: Iterable[str]) -> dict[str, Told]:
        """Check id → the last change noticed of it; checks without a change are left out."""
        found: dict[str, Told] = {}
        row = CaseChangeRow
        for some in chunks(check_ids, AT_ONCE):
            last = select(func.max(row.seq)).where(among(row.check_id, some)).group_by(row.check_id)
            query = select(row.check_id, row.change_id, row.revision, row.after).where(row.seq.in_(last))
            with reading(self._engine) as connection:
                for check_id, change_id, revision, after in connection.execute(query):
                    found[check_id] = Told(change_id, revision, after)
        return found

    def latest(self, check_id: str) -> CaseChange | None:
        """The last change noticed of a check."""
        row = CaseChangeRow
        query = select(row.__table__).where(row.check_id == check_id).order_by(row.seq.desc()).limit(1)
        with reading(self._engine) as connection:
            found = connection.execute(query).one_or_none()
        return None if found is None else change_of(found)

    def head(self) -> int:
        """The number of the latest change; 0 where there was never one."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.coalesce(func.max(CaseChangeRow.seq), 0))).scalar_one()

    def page(self, wanted: Selection, after: int, upto: int, limit: int) -> tuple[CaseChange, ...]:
        """The selected changes numbered in (after, upto], in order, at most `limit`."""
        row = CaseChangeRow
        conditions = [row.authority == wanted.authority, row.seq > after, row.seq <= upto]
        if wanted.case_number:
            conditions.append(row.case_number == wanted.case_number)
        if wanted.since_revision:
            conditions.append(row.revision >= wanted.since_revision)
        query = select(row.__table__).where(*conditions).order_by(row.seq).limit(limit)
        with reading(self._engine) as connection:
            return tuple(change_of(found) for found in connection.execute(query))

    def of_check(self, check_id: str, limit: int) -> tuple[CaseChange, ...]:
        """The changes noticed of a check, in order, at most `limit`."""
        row = CaseChangeRow
        query = select(row.__table__).where(row.check_id == check_id).order_by(row.seq).limit(limit)
        with reading(self._engine) as connection:
            return tuple(change_of(found) for found in connection.execute(query))

    # Which cases are pending

    def closed_after(self, seq: int, limit: int) -> tuple[list[Case], int]:
        """Cases closed by events numbered above `seq`, at most `limit`, and the number to go on from."""
        row = CaseEventRow
        query = (
            select(row.authority, row.case_number, row.seq)
            .where(row.kind == CASE_CLOSED, row.seq > seq)
            .order_by(row.seq)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            found = connection.execute(query).all()
        return [(authority, number) for authority, number, _ in found], found[-1].seq if found else seq

    def closed(self, cases: Collection[Case]) -> set[Case]:
        """Which of these cases are closed."""
        row, found = CaseEventRow, set[Case]()
        for some in chunks(cases, AT_ONCE):
            # By number alone in the query, which the index on kind or case serves; by both here.
            query = select(row.authority, row.case_number).where(
                among(row.authority, {authority for authority, _ in some}),
                among(row.case_number, {number for _, number in some}),
                row.kind == CASE_CLOSED,
            )
            with reading(self._engine) as connection:
                found |= {(authority, number) for authority, number in connection.execute(query)} & set(some)
        return found

    def last_event(self) -> int:
        """The number of the latest event of any case; 0 where there was never one."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.coalesce(func.max(CaseEventRow.seq), 0))).scalar_one()


def stored_ids(connection: Connection, change_ids: Sequence[str]) -> set[str]:
    """Which of these changes are stored."""
    query = select(CaseChangeRow.change_id).where(among(CaseChangeRow.change_id, change_ids))
    return set(connection.execute(query).scalars())


def row_of(change: CaseChange) -> dict[str, object]:
    """A change as its table's columns, without the number it gets there."""
    return {
        "change_id": change.change_id,
        "revision": change.revision,
        "authority": change.authority,
        "case_number": change.case_number,
        "item_code": change.item_code,
        "check_id": change.check_id,
        "officer": change.officer,
        "noticed_at": change.noticed_at,
        "differs": ",".join(change.differs),
        "before": change.before,
        "after": change.after,
    }


def change_of(row: Row[tuple[object, ...]]) -> CaseChange:
    """A change from its whole row."""
    fields = dict(row._mapping)
    fields["differs"] = tuple(fields["differs"].split(","))
    return CaseChange(**fields)
