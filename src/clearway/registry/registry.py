"""The door to the record: open it, act on it, import into it, look things up, follow it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from threading import Event

from sqlalchemy import Connection, Engine, select

from clearway.decision.facts import SubjectProfile
from clearway.postgresql.bell import Bell
from clearway.postgresql.engine import BACKEND, POOL_SIZE
from clearway.postgresql.leading import Lead, Leading, SoleLead, leader_of
from clearway.registry import history as past
from clearway.registry import identity
from clearway.registry.case_changes import CaseChanges
from clearway.registry.cases.store import Cases
from clearway.registry.change_feed import ChangeFeed, confirmations
from clearway.registry.commands import Command, Desk
from clearway.registry.database import bring_up_to_date, clock_of, open_engine, reading, writing
from clearway.registry.deliveries import Deliveries
from clearway.registry.engines.postgresql import CHANNEL
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds.adapters import adapter_for, adapter_named
from clearway.registry.feeds.spec import FeedSpec
from clearway.registry.fold import SubjectRecord
from clearway.registry.importer import ImportReport, Progress, SuspiciousList, import_file
from clearway.registry.ledger import (
    NO_DOCUMENT,
    Document,
    Ledger,
    facts_known,
    head,
    origin_of,
    records,
    subject_named,
)
from clearway.registry.objections import ObjectionFate, opened_between
from clearway.registry.quarantine import Quarantine
from clearway.registry.readings import Readings
from clearway.registry.schema import EventRow
from clearway.registry.tokens import KeyState, Tokens, awaited_since, key_states
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.keys import SubjectKeys

COMMAND_ORIGIN = "command"
"""The origin of a revision that a registrar's command made; an import's is `ledger.origin_of` its feed."""

RPC_ORIGIN = "rpc"
"""The origin of a revision that an act over the wire made."""


class _DryRun(Exception):
    """Carries a report out of a transaction that must not be kept."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


class Registry:
    """The record of one database. Safe to use from any thread; one writer at a time."""

    def __init__(self, engine: Engine, keys: SubjectKeys) -> None:
        self._engine = engine
        self._keys = keys
        self.changes = ChangeFeed(engine, keys)
        self.cases = Cases(engine)
        self.readings = Readings(engine)
        self.quarantine = Quarantine(engine, keys)
        self.case_changes = CaseChanges(engine)
        self.deliveries = Deliveries(engine)

    @classmethod
    def open(cls, url: str, keys: SubjectKeys, *, moment: datetime, pool_size: int = POOL_SIZE) -> Registry:
        """Open the registry at `url` (`sqlite:///path`, `postgresql://…`), made or brought up to date as needed at
        `moment`. `pool_size` is how many connections it keeps to PostgreSQL at most.

        Raises `RegistryError`: UNSUPPORTED_DATABASE, OTHER_SCHEMA (written by a newer version), OTHER_KEY (its
        natural persons are hashed with other secrets than `keys`), KEY_MISSING (some are, and
        could not be found), BUSY; on PostgreSQL also UNAVAILABLE, READ_ONLY and FORBIDDEN, as every other method may.
        """
        engine = open_engine(url, pool_size)
        try:
            bring_up_to_date(engine)
            identity.identify(engine, keys, moment)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, keys)

    def require_key(self) -> None:
        """Raise `RegistryError` OTHER_KEY or KEY_MISSING where natural persons here are hashed with other secrets."""
        identity.require_key(self._engine, self._keys)

    def key_states(self) -> tuple[KeyState, ...]:
        """Every subject key that the record was opened with, the latest first, and what still needs it."""
        with reading(self._engine) as connection:
            return key_states(connection, self._keys)

    def clock(self) -> datetime | None:
        """The time by the database's own clock, in UTC; None where it has none but ours."""
        return clock_of(self._engine)

    def numbers_awaited_since(self) -> datetime | None:
        """Since when there is a current key under which some natural persons are not entered yet; None: all are.

        Whoever brings their numbers again enters them: a list that did not change is worth reading once more.
        """
        with reading(self._engine) as connection:
            return awaited_since(connection, self._keys)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def waiting(self, stop: Event) -> Iterator[Callable[[float], object]]:
        """How a follower waits for the next revision: about so many seconds, or until one is made, or `stop` is set."""
        if self._engine.dialect.name != BACKEND:
            yield stop.wait
            return
        bell = Bell(self._engine, CHANNEL, stop)
        try:
            yield bell.wait
        finally:
            bell.close()

    @contextmanager
    def leading(self, work: str, node: str) -> Iterator[Lead]:
        """The lead of some work among the nodes that share the record: one of them has it at a time."""
        lead: Lead = Leading(self._engine, work, node) if self._shared else SoleLead()
        try:
            yield lead
        finally:
            lead.close()

    def leader(self, work: str) -> str | None:
        """The node that leads some work now, or None. Raises `RegistryError`."""
        with reading(self._engine) as connection:
            return leader_of(connection, work) if self._shared else None

    @property
    def _shared(self) -> bool:
        return self._engine.dialect.name == BACKEND

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Acting

    def execute(
        self,
        *commands: Command,
        actor: str,
        moment: datetime,
        note: str = "",
        document: Document = NO_DOCUMENT,
        origin: str = COMMAND_ORIGIN,
    ) -> int:
        """Do the acts in order, all or none, as one revision; gives the revision.

        The history keeps who did it, when, why and on which document.

        Raises `RegistryError`, or `InvalidIdentifier` for a code that is none.
        """
        with writing(self._engine) as connection:
            ledger = Ledger(connection, actor=actor, moment=moment, origin=origin, note=note, document=document)
            desk = Desk(ledger, self._keys)
            for command in commands:
                command.enact(desk)
                # The next act reads what this one wrote.
                ledger.flush()
            return ledger.revision

    def import_feed(
        self,
        feed: str | FeedSpec,
        path: Path,
        *,
        actor: str,
        moment: datetime,
        as_of: date | None = None,
        confirm: bool = False,
        dry_run: bool = False,
        note: str = "",
        document: Document = NO_DOCUMENT,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import a file of `feed` as one revision, all of it or nothing.

        `feed` is a feed's configuration, or the name of a format that needs none (`flat-csv`, `us-csl` …).
        `as_of` is the day on which the source stated it: the day of `moment`, if left out. `dry_run` gives the same
        report and keeps nothing. Raises `RegistryError` UNKNOWN_FEED, INVALID_FEED, INVALID_TIME; `UnreadableFeed`;
        `SuspiciousList` for a whole list that is empty, older than the one loaded, or greatly changed, unless
        `confirm`.
        """
        adapter = adapter_for(feed) if isinstance(feed, FeedSpec) else adapter_named(feed)
        day = as_of if as_of is not None else moment.date()
        if day > moment.date():
            raise RegistryError(RegistryReason.INVALID_TIME, "a list cannot be as of a day to come")
        try:
            with writing(self._engine) as connection:
                origin = origin_of(adapter.name)
                ledger = Ledger(connection, actor=actor, moment=moment, origin=origin, note=note, document=document)
                report = import_file(ledger, self._keys, adapter, path, as_of=day, dry_run=dry_run, progress=progress)
                if dry_run:
                    raise _DryRun(report)
                if report.suspicion and not confirm:
                    raise SuspiciousList(report)
                return report
        except _DryRun as done:
            return done.report

    # Looking up

    def database_id(self) -> str:
        """Which database this is."""
        return self.changes.database_id()

    def begin_another_life(self) -> str:
        """Note that the database was restored, where that cannot be noticed; gives the id it goes on under."""
        return identity.restored(self._engine)

    def head(self) -> int:
        """The latest revision; 0 where nothing was ever recorded."""
        return self.changes.head()

    def revision_at(self, moment: datetime) -> int:
        """The last revision recorded at or before `moment` (aware); 0 where none was."""
        with reading(self._engine) as connection:
            return past.revision_at(connection, moment)

    def profile(
        self, scheme: str, code: str, at_revision: int | None = None, *, recorded_at: datetime | None = None
    ) -> SubjectProfile | None:
        """The subject that the code names now, as of a revision, or as it was recorded at a moment (aware).

        None where it names nobody. Raises `InvalidIdentifier`; `RegistryError` UNKNOWN_REVISION for one that is not
        there yet.
        """
        with reading(self._engine) as connection:
            record = self._named(connection, scheme, code, _as_of(connection, at_revision, recorded_at))
            return record.profile() if record is not None else None

    def record(
        self, scheme: str, code: str, at_revision: int | None = None, *, recorded_at: datetime | None = None
    ) -> past.RecordedSubject | None:
        """Everything recorded of the subject that the code names, as of the same states as `profile`, in one reading.

        None where it names nobody. Raises as `profile` does.
        """
        with reading(self._engine) as connection:
            upto = _as_of(connection, at_revision, recorded_at)
            record = self._named(connection, scheme, code, upto)
            if record is None:
                return None
            history = past.of_subject(connection, record.subject_id, upto)
            return past.RecordedSubject(
                revision=upto,
                registered=record.registered(),
                codes=record.codes(),
                ended_by=dict(record.ended_by),
                history=history,
                provenance=past.provenance_in(history),
                objections=past.objections_in(history),
                confirmations=confirmations(connection, upto),
            )

    def profile_of_fact(self, fact_id: str) -> SubjectProfile | None:
        """The subject that a listing or adverse record belongs to, or None."""
        with reading(self._engine) as connection:
            fact = facts_known(connection, [fact_id]).get(fact_id)
            return None if fact is None else records(connection, [fact.subject_id])[fact.subject_id].profile()

    def list_subjects(
        self, *, regime: str | None = None, feed: str | None = None, limit: int = 50, after: int = 0
    ) -> tuple[SubjectProfile, ...]:
        """Subjects by number, at most `limit`, numbered above `after`; only those ever listed under `regime`, or by
        `feed`, if given.
        """
        query = select(EventRow.subject_id).distinct().where(EventRow.subject_id > after)
        if regime is not None:
            query = query.where(EventRow.regime == regime)
        if feed is not None:
            query = query.where(EventRow.revision.in_(past.revisions_of_feed(feed)))
        with reading(self._engine) as connection:
            numbers = connection.execute(query.order_by(EventRow.subject_id).limit(limit)).scalars().all()
            found = records(connection, numbers)
            return tuple(found[number].profile() for number in numbers)

    def history(
        self, scheme: str, code: str, at_revision: int | None = None, *, recorded_at: datetime | None = None
    ) -> tuple[past.HistoryEntry, ...]:
        """Everything that had happened to the subject the code names, in order; empty where it names nobody.

        As of the same states as `profile`, and raises as it does.
        """
        with reading(self._engine) as connection:
            upto = _as_of(connection, at_revision, recorded_at)
            record = self._named(connection, scheme, code, upto)
            return () if record is None else past.of_subject(connection, record.subject_id, upto)

    def history_of(self, subject_id: int) -> tuple[past.HistoryEntry, ...]:
        """Everything that happened to a subject, by its number."""
        with reading(self._engine) as connection:
            return past.of_subject(connection, subject_id)

    def history_of_fact(self, fact_id: str) -> tuple[past.HistoryEntry, ...]:
        """Everything that happened to a listing or adverse record, in order; empty where there is none of this id."""
        with reading(self._engine) as connection:
            fact = facts_known(connection, [fact_id]).get(fact_id)
            if fact is None:
                return ()
            entries = past.of_subject(connection, fact.subject_id)
        return tuple(entry for entry in entries if entry.event.fact_id == fact_id)

    def objections(self, since: datetime, until: datetime) -> tuple[ObjectionFate, ...]:
        """The objections opened in [since, until) (aware), and how each ended if it has."""
        with reading(self._engine) as connection:
            return opened_between(connection, since, until)

    def revisions(self, limit: int = 50, before: int | None = None) -> tuple[past.RevisionEntry, ...]:
        """The latest acts first, older than the revision `before` if given."""
        with reading(self._engine) as connection:
            return past.revisions(connection, limit, before)

    def feed_runs(self, feed: str | None = None, limit: int = 50) -> tuple[past.FeedRun, ...]:
        """The latest imports first."""
        with reading(self._engine) as connection:
            return past.feed_runs(connection, feed, limit)

    def quarantined(self, revision: int) -> tuple[past.Quarantined, ...]:
        """The rows that the import of that revision set aside, in the file's order."""
        with reading(self._engine) as connection:
            return tuple(past.quarantined(connection, revision))

    def _named(self, connection: Connection, scheme: str, code: str, upto: int) -> SubjectRecord | None:
        identifier = parse_identifier(scheme, code)
        return subject_named(connection, Tokens(connection, self._keys, [identifier]).code(identifier), upto)


def _as_of(connection: Connection, at_revision: int | None, recorded_at: datetime | None) -> int:
    """The revision meant: the one given, the last recorded by a moment, or the latest. Raises UNKNOWN_REVISION."""
    latest = head(connection)
    if at_revision is not None and not 0 <= at_revision <= latest:
        raise RegistryError(RegistryReason.UNKNOWN_REVISION, "the record has no such revision")
    if recorded_at is None:
        return latest if at_revision is None else at_revision
    by_then = past.revision_at(connection, recorded_at)
    return by_then if at_revision is None else min(by_then, at_revision)
