"""Rows that imports set aside: listing them, correcting them, dismissing them. Their imports' counts stay as they were.

A row of an import is quarantined for good; what became of it is a row of its own. So for every import
`quarantined == waiting + corrected + dismissed`, whatever happens later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, func, insert, or_, select
from sqlalchemy.orm import aliased

from clearway.registry.database import among, reading, writing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds import rows as feed_rows
from clearway.registry.feeds.rows import Adapter, Fault
from clearway.registry.importer import settle_rows
from clearway.registry.ledger import NO_DOCUMENT, Document, Ledger, origin_of
from clearway.registry.schema import FeedRunRow, QuarantinedRow, QuarantineResolutionRow, RevisionRow
from clearway.subjects.keys import SubjectKeys

MAX_ROWS = 1000
"""Rows corrected or dismissed at once, at most."""


PLACES_NOTED = 5
"""Corrected rows that the history names, where nobody says why they were corrected."""


class RowState(StrEnum):
    """What became of a row that was set aside.

    SUPERSEDED: its feed gives whole lists, and a later one was loaded: that one's rows count.
    """

    WAITING = "waiting"
    CORRECTED = "corrected"
    DISMISSED = "dismissed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who resolved a row, when and why; of a corrected one the cells that were changed, by column, as they are kept."""

    revision: int
    actor: str
    recorded_at: datetime
    note: str
    changes: dict[str, str]


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that was set aside: where it stood, why, as it came by column, and what became of it.

    `masked`: it may be about a natural person and is kept masked. `recorded_at` is when its import set it aside.
    """

    row_id: int
    feed: str
    revision: int
    file_name: str
    row_number: int
    reason: str
    detail: str
    original: dict[str, str]
    masked: bool
    state: RowState
    recorded_at: datetime
    resolution: Resolution | None


@dataclass(frozen=True, slots=True)
class Reread:
    """A row as its feed's format reads it with some cells changed.

    `changes` are those cells as they are kept, numbers of natural persons masked.
    """

    row: feed_rows.Row
    changes: dict[str, str]
    sheet: feed_rows.Sheet

    @property
    def content(self) -> feed_rows.Statement | Fault:
        """What it states now, or what is wrong with it."""
        return self.row.content

    def column(self, fault: Fault) -> str:
        """The column that a fault is about; empty where it is about the row."""
        return self.sheet.column(fault.field)


@dataclass(frozen=True, slots=True)
class Corrected:
    """What came of a correction: `revision` took the rows `taken`; `refused` says why the others stay set aside."""

    revision: int | None
    taken: tuple[int, ...]
    refused: dict[int, Fault]


@dataclass(frozen=True, slots=True)
class Resolutions:
    """Of one import: rows set aside, and how many of them were corrected, dismissed, or still wait."""

    quarantined: int
    corrected: int
    dismissed: int

    @property
    def waiting(self) -> int:
        """How many are neither corrected nor dismissed."""
        return self.quarantined - self.corrected - self.dismissed


class Quarantine:
    """The rows that imports set aside. Safe to use from any thread."""

    def __init__(self, engine: Engine, keys: SubjectKeys) -> None:
        self._engine = engine
        self._keys = keys

    def list(
        self,
        *,
        feed: str | None = None,
        revision: int | None = None,
        reason: str | None = None,
        state: RowState | None = RowState.WAITING,
        limit: int = 100,
        after: int = 0,
    ) -> tuple[SetAside, ...]:
        """Rows in the order set aside, numbered above `after`, at most `limit`; in any state, if `state` is None."""
        query = _rows().where(QuarantinedRow.quarantined_id > after)
        if feed is not None:
            query = query.where(FeedRunRow.feed == feed)
        if revision is not None:
            query = query.where(QuarantinedRow.revision == revision)
        if reason is not None:
            query = query.where(QuarantinedRow.reason == reason)
        if state is not None:
            query = query.where(_in_state(state))
        with reading(self._engine) as connection:
            found = connection.execute(query.order_by(QuarantinedRow.quarantined_id).limit(limit)).all()
        return tuple(map(_set_aside, found))

    def get(self, row_id: int) -> SetAside:
        """One row. Raises `RegistryError` UNKNOWN_ROW."""
        with reading(self._engine) as connection:
            return _found(connection, [row_id])[row_id]

    def waiting(self, feed: str) -> int:
        """How many rows of a feed wait for a person."""
        query = _rows().where(FeedRunRow.feed == feed).where(_in_state(RowState.WAITING))
        with reading(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()

    def of_import(self, revision: int) -> Resolutions:
        """What became of the rows that one import set aside."""
        outcome = QuarantineResolutionRow.outcome
        query = (
            select(outcome, func.count())
            .select_from(QuarantinedRow)
            .outerjoin(QuarantineResolutionRow)
            .where(QuarantinedRow.revision == revision)
            .group_by(outcome)
        )
        with reading(self._engine) as connection:
            counts: dict[str | None, int] = {name: count for name, count in connection.execute(query)}  # noqa: C416
        corrected, dismissed = counts.get(RowState.CORRECTED.value, 0), counts.get(RowState.DISMISSED.value, 0)
        return Resolutions(sum(counts.values()), corrected, dismissed)

    def reread(self, adapter: Adapter, row: SetAside, changes: Mapping[str, str]) -> Reread:
        """What a row would state with these cells changed. Nothing is kept. Raises `UnreadableFeed`."""
        return _read_again(adapter, row, changes)

    def correct(
        self,
        adapter: Adapter,
        changes: Mapping[int, Mapping[str, str]],
        *,
        actor: str,
        moment: datetime,
        note: str = "",
        document: Document = NO_DOCUMENT,
    ) -> Corrected:
        """Run rows of one feed through its adapter again with these cells changed, as one revision.

        `changes` maps a row's id to the columns that change and their cells. A row that is taken is resolved; one that
        is not stays set aside as it came, and nothing of the attempt is kept. Made again by the same person with the
        same cells and note, it gives the revision that took them. Raises `RegistryError`: UNKNOWN_ROW; ROW_RESOLVED;
        ROW_SUPERSEDED; MASKED_ROW for a row that may be about a natural person, which is kept masked and so cannot be
        corrected here; UNKNOWN_FEED for a row of another feed than the adapter's; INVALID_TEXT for no rows or too many;
        `UnreadableFeed` where a column is missing or unknown.
        """
        _check_count(changes)
        with writing(self._engine) as connection:
            found = _found(connection, changes)
            for row in found.values():
                _require_of(row, adapter.name)
            again = {row_id: _read_again(adapter, row, changes[row_id]) for row_id, row in found.items()}
            why = note or _places(found.values())
            changed = {row_id: one.changes for row_id, one in again.items()}
            before = _done_before(found, RowState.CORRECTED, actor, why, changed)
            if before is not None:
                return Corrected(before, tuple(found), {})
            for row in found.values():
                _require_correctable(row)
            origin = origin_of(adapter.name)
            ledger = Ledger(connection, actor=actor, moment=moment, origin=origin, note=why, document=document)
            faults = settle_rows(ledger, self._keys, adapter.name, [one.row for one in again.values()])
            refused = {row_id: fault for row_id, fault in zip(again, faults, strict=True) if fault is not None}
            taken = tuple(row_id for row_id in again if row_id not in refused)
            if not taken:
                connection.rollback()
                return Corrected(None, (), refused)
            _resolve(connection, {row_id: changed[row_id] for row_id in taken}, ledger.revision, RowState.CORRECTED)
            return Corrected(ledger.revision, taken, refused)

    def dismiss(
        self, row_ids: Iterable[int], *, actor: str, moment: datetime, note: str, document: Document = NO_DOCUMENT
    ) -> int:
        """Turn rows down for good, for the reason `note`; gives the revision.

        Made again by the same person with the same note, it gives the revision of the first time. Raises
        `RegistryError`: UNKNOWN_ROW, ROW_RESOLVED, INVALID_TEXT without a reason, and for no rows or too many.
        """
        wanted = tuple(dict.fromkeys(row_ids))
        _check_count(wanted)
        if not note.strip():
            raise RegistryError(RegistryReason.INVALID_TEXT, "dismissing needs a reason")
        unchanged: dict[int, dict[str, str]] = {row_id: {} for row_id in wanted}
        with writing(self._engine) as connection:
            found = _found(connection, wanted)
            before = _done_before(found, RowState.DISMISSED, actor, note, unchanged)
            if before is not None:
                return before
            for row in found.values():
                _require_unresolved(row)
            ledger = Ledger(connection, actor=actor, moment=moment, origin="quarantine", note=note, document=document)
            _resolve(connection, unchanged, ledger.revision, RowState.DISMISSED)
            return ledger.revision


def _rows() -> Select[Any]:
    resolution, resolving = QuarantineResolutionRow, aliased(RevisionRow)
    return (
        select(
            *QuarantinedRow.__table__.columns,
            FeedRunRow.feed,
            FeedRunRow.file_name,
            RevisionRow.recorded_at,
            resolution.outcome,
            resolution.changes,
            resolution.revision.label("resolved_by"),
            resolving.actor.label("resolver"),
            resolving.recorded_at.label("resolved_at"),
            resolving.note.label("why"),
            _superseded().label("superseded"),
        )
        .join(FeedRunRow, FeedRunRow.revision == QuarantinedRow.revision)
        .join(RevisionRow, RevisionRow.revision == QuarantinedRow.revision)
        .outerjoin(resolution, resolution.quarantined_id == QuarantinedRow.quarantined_id)
        .outerjoin(resolving, resolving.revision == resolution.revision)
    )


def _superseded() -> ColumnElement[bool]:
    """Whether a later whole list of the feed was loaded; one that only confirmed the list has no rows of its own."""
    later = aliased(FeedRunRow)
    return (
        select(later.revision)
        .where(later.feed == FeedRunRow.feed, later.revision > FeedRunRow.revision, later.full_list)
        .where(or_(later.rows > 0, later.sha256 != FeedRunRow.sha256))
        .correlate(FeedRunRow)
        .exists()
    )


def _in_state(state: RowState) -> ColumnElement[bool]:
    outcome = QuarantineResolutionRow.outcome
    match state:
        case RowState.WAITING:
            return and_(outcome.is_(None), ~_superseded())
        case RowState.SUPERSEDED:
            return and_(outcome.is_(None), _superseded())
        case RowState.CORRECTED | RowState.DISMISSED:
            return outcome == state.value


def _set_aside(found: Row[Any]) -> SetAside:
    unresolved = RowState.SUPERSEDED if found.superseded else RowState.WAITING
    return SetAside(
        row_id=found.quarantined_id,
        feed=found.feed,
        revision=found.revision,
        file_name=found.file_name,
        row_number=found.row_number,
        reason=found.reason,
        detail=found.detail,
        original=json.loads(found.original),
        masked=found.masked,
        state=unresolved if found.outcome is None else RowState(found.outcome),
        recorded_at=found.recorded_at,
        resolution=None
        if found.outcome is None
        else Resolution(found.resolved_by, found.resolver, found.resolved_at, found.why, json.loads(found.changes)),
    )


def _found(connection: Connection, row_ids: Iterable[int]) -> dict[int, SetAside]:
    """The rows of these ids, in their order. Raises `RegistryError` UNKNOWN_ROW."""
    wanted = list(row_ids)
    query = _rows().where(among(QuarantinedRow.quarantined_id, wanted))
    found = {row.row_id: row for row in map(_set_aside, connection.execute(query))}
    if len(found) < len(set(wanted)):
        raise RegistryError(RegistryReason.UNKNOWN_ROW, "no row that was set aside has this id")
    return {row_id: found[row_id] for row_id in wanted}


def _check_count(rows: Iterable[int]) -> None:
    count = sum(1 for _ in rows)
    if not 0 < count <= MAX_ROWS:
        raise RegistryError(RegistryReason.INVALID_TEXT, f"give 1 to {MAX_ROWS} rows at once, have {count}")


def _done_before(
    found: Mapping[int, SetAside], state: RowState, actor: str, note: str, changes: Mapping[int, Mapping[str, str]]
) -> int | None:
    """The one revision that did exactly this with all of the rows, or None."""
    revisions = set[int | None]()
    for row_id, row in found.items():
        done = row.resolution
        same = row.state is state and done is not None and (done.actor, done.note) == (actor, note)
        revisions.add(done.revision if same and done is not None and done.changes == changes[row_id] else None)
    return revisions.pop() if len(revisions) == 1 else None


def _require_unresolved(row: SetAside) -> None:
    if row.state in (RowState.CORRECTED, RowState.DISMISSED):
        raise RegistryError(RegistryReason.ROW_RESOLVED, f"row {row.row_id} was {row.state.value} before")


def _require_of(row: SetAside, feed: str) -> None:
    if row.feed != feed:
        raise RegistryError(RegistryReason.UNKNOWN_FEED, f"row {row.row_id} is of another feed: {row.feed}")


def _require_correctable(row: SetAside) -> None:
    _require_unresolved(row)
    if row.state is RowState.SUPERSEDED:
        detail = f"a later list of its feed was loaded than the one that row {row.row_id} stood on"
        raise RegistryError(RegistryReason.ROW_SUPERSEDED, detail)
    if row.masked:
        detail = (
            f"row {row.row_id} may be about a natural person and is kept masked: correct it in the file at its source, "
            "and import that"
        )
        raise RegistryError(RegistryReason.MASKED_ROW, detail)


def _places(rows: Iterable[SetAside]) -> str:
    """Where corrected rows stood, for the history; of many, the first."""
    places = [f"{row.file_name} row {row.row_number}" for row in rows]
    more = f" and {len(places) - PLACES_NOTED} more" if len(places) > PLACES_NOTED else ""
    return f"corrected: {', '.join(places[:PLACES_NOTED])}{more}"


def _read_again(adapter: Adapter, row: SetAside, changes: Mapping[str, str]) -> Reread:
    cells = row.original | dict(changes)
    lines = iter([(0, list(cells)), (row.row_number, list(cells.values()))])
    sheet = adapter.open(lines)
    (found,) = sheet.rows()
    kept = sheet.original(found)
    changed = {column: kept.get(column, "") for column, cell in changes.items() if cell != row.original.get(column, "")}
    return Reread(found, changed, sheet)


def _resolve(connection: Connection, rows: Mapping[int, Mapping[str, str]], revision: int, outcome: RowState) -> None:
    resolutions = [
        {
            "quarantined_id": row_id,
            "revision": revision,
            "outcome": outcome.value,
            "changes": json.dumps(changes, ensure_ascii=False),
        }
        for row_id, changes in rows.items()
    ]
    connection.execute(insert(QuarantineResolutionRow), resolutions)
