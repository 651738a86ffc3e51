"""What a follower reads: which subjects changed between two revisions, and the whole registry as of one.

Every subject is handed over as it stood at the revision asked for, in order of its number. As the record is
append-only, an answer for a revision never changes: long reads go in pieces and hold no transaction open.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, Engine, func, select

from clearway.decision.facts import RegisteredSubject
from clearway.registry import identity
from clearway.registry.database import reading
from clearway.registry.ledger import added_up, chunks, head, records
from clearway.registry.schema import EventRow, FeedRunRow, RevisionRow, SubjectRow
from clearway.subjects.keys import SubjectKeys

SUBJECTS_AT_ONCE = 4000
"""Subjects read in one query of a long read."""


class ChangeFeed:
    """The registry, as its followers see it. Safe to use from any thread.

    Who is recorded under keys that are not given could not be found in a copy, and would read as not listed: no copy is
    made or brought up to date then. Every read of subjects raises `RegistryError` KEY_MISSING first.
    """

    def __init__(self, engine: Engine, keys: SubjectKeys) -> None:
        self._engine = engine
        self._keys = keys

    def database_id(self) -> str:
        """Which life of which database this is: 32 hexadecimal digits, never the same for two."""
        return identity.database_id(self._engine)

    def first_key(self) -> str:
        """The id of the subject key that the registry was first opened with."""
        return identity.first_key(self._engine)

    def head(self) -> int:
        """The latest revision; 0 where nothing was ever recorded."""
        with reading(self._engine) as connection:
            return head(connection)

    def changed(self, after: int, upto: int) -> Iterator[RegisteredSubject]:
        """Every subject something happened to in the revisions (after, upto], as of `upto`."""
        identity.require_key(self._engine, self._keys)
        for some in chunks(self._touched(after, upto), SUBJECTS_AT_ONCE):
            with reading(self._engine) as connection:
                found = records(connection, some, upto)
            for record in found.values():
                yield record.registered()

    def count_changed(self, after: int, upto: int) -> int:
        """How many subjects `changed` would hand over."""
        query = select(func.count(EventRow.subject_id.distinct())).where(
            EventRow.revision > after, EventRow.revision <= upto
        )
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def everything(self, upto: int) -> Iterator[RegisteredSubject]:
        """Every subject there was at `upto`, as of then."""
        identity.require_key(self._engine, self._keys)
        with reading(self._engine) as connection:
            last = connection.execute(select(func.coalesce(func.max(SubjectRow.subject_id), 0))).scalar_one()
        for start in range(0, last, SUBJECTS_AT_ONCE):
            query = (
                select(EventRow.subject_id, EventRow.body)
                .where(EventRow.subject_id > start, EventRow.subject_id <= start + SUBJECTS_AT_ONCE)
                .where(EventRow.revision <= upto)
                .order_by(EventRow.subject_id, EventRow.seq)
            )
            with reading(self._engine) as connection:
                rows = connection.execute(query).all()
            for record in added_up(rows):
                yield record.registered()

    def confirmations(self, upto: int) -> dict[str, date]:
        """Feed → the day its source last confirmed its whole list, as of the revision `upto`."""
        with reading(self._engine) as connection:
            return confirmations(connection, upto)

    def reads(self, upto: int) -> dict[str, datetime]:
        """Feed → the moment, in UTC, at which its source was last read, as of the revision `upto`.

        A file that its source stated on an earlier day was read when that day ended, whenever it was loaded.
        """
        last = (
            select(func.max(FeedRunRow.revision).label("revision"))
            .where(FeedRunRow.revision <= upto)
            .group_by(FeedRunRow.feed)
            .subquery()
        )
        query = (
            select(FeedRunRow.feed, FeedRunRow.as_of, RevisionRow.recorded_at)
            .join(last, last.c.revision == FeedRunRow.revision)
            .join(RevisionRow, RevisionRow.revision == FeedRunRow.revision)
        )
        with reading(self._engine) as connection:
            found = connection.execute(query).all()
        return {feed: min(recorded_at, _end_of(as_of)) for feed, as_of, recorded_at in found}

    def _touched(self, after: int, upto: int) -> array[int]:
        query = (
            select(EventRow.subject_id)
            .where(EventRow.revision > after, EventRow.revision <= upto)
            .distinct()
            .order_by(EventRow.subject_id)
        )
        with reading(self._engine) as connection:
            return array("q", connection.execute(query).scalars())


def confirmations(connection: Connection, upto: int) -> dict[str, date]:
    """Feed → the day its source last confirmed its whole list, as of the revision `upto`."""
    query = (
        select(FeedRunRow.feed, func.max(FeedRunRow.as_of))
        .where(FeedRunRow.full_list, FeedRunRow.revision <= upto)
        .group_by(FeedRunRow.feed)
    )
    return {feed: as_of for feed, as_of in connection.execute(query)}  # noqa: C416


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)
