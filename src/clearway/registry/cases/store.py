"""Where the events of cases are kept: appended in a write transaction, read back in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from clearway.registry.cases import deferral as deferrals
from clearway.registry.cases.deferral import Deferral
from clearway.registry.cases.events import (
    Case,
    CaseClosed,
    CaseEntry,
    CaseEvent,
    Committed,
    Completed,
    DeferralEvent,
    Lapsed,
    OutcomeReported,
    Withdrawn,
    decode,
    encode,
    kind_of,
)
from clearway.registry.cases.outcome import measures_in_effect
from clearway.registry.database import among, reading, writing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.schema import CaseEventRow

ENDINGS = tuple(kind_of(event) for event in (Completed, Withdrawn, Lapsed))
"""The kinds of events after which nothing more is awaited."""


FEEDBACK = (kind_of(OutcomeReported), kind_of(CaseClosed))
"""The kinds of events that say what became of answers."""


class CaseRecord:
    """One case, as its events add up."""

    def __init__(self, case: Case, entries: tuple[CaseEntry, ...]) -> None:
        self.case = case
        self.entries = entries

    @property
    def closed(self) -> bool:
        """Whether its final outcome was reported."""
        return any(isinstance(entry.event, CaseClosed) for entry in self.entries)

    def deferral(self, check_id: str) -> Deferral:
        """The deferral that a check offered, as it stands."""
        return deferrals.fold(of_deferral(self.entries, check_id))

    def deferrals(self) -> dict[str, Deferral]:
        """Every deferral of the case that was committed to, by its check."""
        committed = [entry.check_id for entry in self.entries if isinstance(entry.event, Committed)]
        return {check_id: self.deferral(check_id) for check_id in committed}


class CaseFile(CaseRecord):
    """One case, while it is acted on: in the write transaction that appends to it."""

    def __init__(self, connection: Connection, case: Case, *, actor: str, moment: datetime) -> None:
        super().__init__(case, entries_where(connection, in_case(case)))
        self._connection = connection
        self._actor = actor
        self._moment = moment

    def append(self, check_id: str, event: CaseEvent) -> None:
        """Record that `event` happened after a check. Raises `RegistryError` BUSY where another writer was first."""
        row = {
            "event_key": self._key(check_id, event),
            "authority": self.case.authority,
            "case_number": self.case.case_number,
            "check_id": check_id,
            "kind": kind_of(event),
            "recorded_at": self._moment,
            "actor": self._actor,
            "body": encode(event),
        }
        try:
            # What fails here must not take the rest of the transaction with it, as it would on PostgreSQL.
            with self._connection.begin_nested():
                self._connection.execute(insert(CaseEventRow), row)
        except IntegrityError as fault:
            raise RegistryError(RegistryReason.BUSY, "another writer acted in this case") from fault
        entry = CaseEntry(self.case, check_id, self._moment, self._actor, event)
        self.entries = (*self.entries, entry)

    def knows_report(self, report_id: str) -> bool:
        """Whether the authority has used this report id, in this case or in another."""
        wanted = select(CaseEventRow.seq).where(CaseEventRow.event_key == self._report_key(report_id))
        return self._connection.execute(wanted).first() is not None

    def _report_key(self, report_id: str) -> str:
        return f"outcome:{self.case.authority}:{report_id}"

    def _key(self, check_id: str, event: CaseEvent) -> str:
        """What only one event can be: a deferral's next one, a report of this id, the end of this case."""
        if isinstance(event, OutcomeReported):
            return self._report_key(event.report_id)
        if isinstance(event, CaseClosed):
            return f"closed:{self.case.authority}:{self.case.case_number}"
        return f"deferral:{check_id}:{len(of_deferral(self.entries, check_id))}"


class Cases:
    """The events of every case, in the registry's database. Safe to use from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def acting(self, case: Case, *, actor: str, moment: datetime) -> Iterator[CaseFile]:
        """A case to act in: what is appended is recorded when the block ends, and not at all where it raises.

        Raises `RegistryError` BUSY.
        """
        with writing(self._engine) as connection:
            yield CaseFile(connection, case, actor=actor, moment=moment)

    def of_case(self, case: Case) -> CaseRecord:
        """A case, as everything that happened in it adds up."""
        with reading(self._engine) as connection:
            return CaseRecord(case, entries_where(connection, in_case(case)))

    def open_deferrals(self, authority: str) -> dict[str, Deferral]:
        """The authority's deferrals in which materials are awaited, in cases not closed, by check.

        Costs a look at every deferral that was ever committed to, and reads those that are open.
        """
        row, other = CaseEventRow, aliased(CaseEventRow)
        ended = select(other.seq).where(other.check_id == row.check_id, other.kind.in_(ENDINGS))
        closed = select(other.seq).where(
            other.authority == row.authority, other.case_number == row.case_number, other.kind == kind_of(CaseClosed)
        )
        awaited = select(row.check_id).where(
            row.kind == kind_of(Committed), row.authority == authority, ~ended.exists(), ~closed.exists()
        )
        with reading(self._engine) as connection:
            entries = entries_where(connection, row.check_id.in_(awaited))
        checks = dict.fromkeys(entry.check_id for entry in entries)
        return {check_id: deferrals.fold(of_deferral(entries, check_id)) for check_id in checks}

    def closed(self, authority: str, case_numbers: Collection[str]) -> set[str]:
        """Which of these cases of the authority have a final outcome."""
        row = CaseEventRow
        query = select(row.case_number).where(
            row.authority == authority, among(row.case_number, case_numbers), row.kind == kind_of(CaseClosed)
        )
        with reading(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def feedback(self, authority: str, case_numbers: Collection[str]) -> dict[str, tuple[CaseEntry, ...]]:
        """Case number → the authority's reports in it and its end, in order; cases without any are left out."""
        row = CaseEventRow
        wanted = (row.authority == authority) & among(row.case_number, case_numbers) & row.kind.in_(FEEDBACK)
        found: dict[str, tuple[CaseEntry, ...]] = {}
        with reading(self._engine) as connection:
            for entry in entries_where(connection, wanted):
                number = entry.case.case_number
                found[number] = (*found.get(number, ()), entry)
        return found

    def measures_applied(self, check_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Check id → the codes of restrictions reported as applied, as advised or otherwise; others are left out."""
        row = CaseEventRow
        with reading(self._engine) as connection:
            reported = entries_where(
                connection, among(row.check_id, check_ids) & (row.kind == kind_of(OutcomeReported))
            )
        return measures_in_effect(reported)


def in_case(case: Case) -> ColumnElement[bool]:
    """The events of a case."""
    return (CaseEventRow.authority == case.authority) & (CaseEventRow.case_number == case.case_number)


def entries_where(connection: Connection, condition: ColumnElement[bool]) -> tuple[CaseEntry, ...]:
    """The events of which the condition holds, in the order in which they were recorded."""
    row = CaseEventRow
    query = (
        select(row.authority, row.case_number, row.check_id, row.recorded_at, row.actor, row.body)
        .where(condition)
        .order_by(row.seq)
    )
    return tuple(
        CaseEntry(Case(authority, case_number), check_id, recorded_at, actor, decode(body))
        for authority, case_number, check_id, recorded_at, actor, body in connection.execute(query)
    )


def of_deferral(entries: Iterable[CaseEntry], check_id: str) -> tuple[CaseEntry, ...]:
    """Those of the events that belong to the deferral that a check offered."""
    return tuple(e for e in entries if e.check_id == check_id and isinstance(e.event, DeferralEvent))
