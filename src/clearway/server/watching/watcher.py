"""One a node: notices when the answer of a pending case turns, and writes each change down once.

It compares states, not events: what a case was told last stands in the registry's table of changes, or in the check's
own record, and what it would be told now is decided anew. Killed at any point, it begins from there: it finds again
what it had not written down, and writes nothing down twice. What it follows (checks, closed cases, revisions, the
clock) only says which answers to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

import structlog
import uuid_utils
from sqlalchemy.exc import SQLAlchemyError

from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.index.faults import IndexUnavailable
from clearway.index.reader import IndexReader, Snapshot
from clearway.querylog.arrivals import Arrivals
from clearway.querylog.central import StoredCheck
from clearway.registry.case_changes import CaseChange, CaseChanges, change_id_of
from clearway.registry.change_feed import ChangeFeed
from clearway.registry.errors import RegistryError
from clearway.registry.ledger import chunks
from clearway.server.memory import settle
from clearway.server.watching.comparing import differences, digest_of, gist_of, is_supported
from clearway.server.watching.pending import CheckKey, PendingCheck, PendingChecks, Told
from clearway.server.watching.progress import Progress, ProgressFile
from clearway.server.watching.reconsidering import Reconsidered, Reconsidering

PAUSE = 0.1
"""Seconds between looks."""

AT_ONCE = 500
"""Checks taken in, decided anew or written down in one go."""

SWEEP_EVERY = timedelta(hours=1)
"""How often cases that have been open for too long are let go."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a watcher reads and writes."""

    arrivals: Arrivals
    changes: CaseChanges
    subjects: ChangeFeed
    index: IndexReader
    progress: ProgressFile


@dataclass(frozen=True, slots=True)
class Turned:
    """A pending check whose answer is another one now."""

    check: PendingCheck
    now: Reconsidered


class Watcher:
    """Watches the pending cases of the checks in one log. One thread's.

    `open_for` is how long a case without a final outcome is pending after its last check; `max_index_age`, in seconds,
    how far out of step with the registry an index may be before nothing is told from it.
    """

    def __init__(
        self,
        sources: Sources,
        reconsidering: Reconsidering,
        open_for: timedelta,
        max_index_age: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._arrivals = sources.arrivals
        self._changes = sources.changes
        self._subjects = sources.subjects
        self._index = sources.index
        self._progress = sources.progress
        self._reconsidering = reconsidering
        self._open_for = open_for
        self._max_index_age = max_index_age
        self._clock = clock
        self._pending = PendingChecks()
        self._due: dict[CheckKey, None] = {}
        self._unsettled: set[CheckKey] = set()
        self._compared = Progress()
        self._reads: dict[str, datetime] = {}
        self._seen_check = 0
        self._seen_event = 0
        self._swept = datetime.fromtimestamp(0, UTC)

    @property
    def pending(self) -> int:
        """How many checks are held."""
        return len(self._pending)

    def run(self, stop: Event, on_change: Callable[[], None] = lambda: None) -> None:
        """Watch until `stop` is set. Trouble with a file or a database is told in the log, and tried again.

        `on_change` is called after changes were written down.
        """
        loaded = False
        while not stop.is_set():
            try:
                if not loaded:
                    self.load()
                    loaded = True
                    settle()
                    _log.info("watching", pending=len(self._pending))
                if self.step():
                    on_change()
            except (RegistryError, SQLAlchemyError, OSError) as fault:
                _log.warning("watching_interrupted", error=type(fault).__name__)
            stop.wait(PAUSE)

    def load(self) -> None:
        """Take in every check whose case is pending; all of them are to be looked at."""
        self._seen_event = self._changes.last_event()
        self._seen_check = self._arrivals.head()
        since = self._clock() - self._open_for
        # The latest come first, so that of a case's many checks only one is kept while loading.
        for some in chunks(self._arrivals.decided_since(since, self._seen_check), AT_ONCE):
            self._take_in(some)
        self._look_at(check.key for check in self._pending)

    def step(self) -> int:
        """One look at everything that may have turned an answer; gives how many changes were written down."""
        self._follow_checks()
        self._follow_closings()
        self._sweep()
        self._index.refresh()
        moment = self._clock()
        try:
            with self._index.snapshot() as snapshot:
                if not self._is_usable(snapshot, moment):
                    return 0
                reached = Progress(snapshot.database_id, snapshot.revision)
                reads = dict(snapshot.reads)
            self._follow_revision(reached, reads)
            self._look_at(self._pending.turned(moment.timestamp()))
            written = self._reconsider_due(reached)
        except IndexUnavailable:
            return 0
        if not self._due and reached != self._compared:
            self._compared = reached
            self._progress.write(reached)
        return written

    # What may have turned

    def _follow_checks(self) -> None:
        arrived, seen = self._arrivals.after(self._seen_check, AT_ONCE)
        # Most were answered at the very revision that has been compared: deciding them anew would change nothing.
        current = {s.record.check_id for s in arrived if self._reconsidering.is_current(s.record, self._compared)}
        held = self._take_in(arrived)
        as_told = {check.key for check in held if check.is_placed and not check.told.change_id}
        self._look_at(check.key for check in held if check.key not in as_told or check.check_id not in current)
        self._seen_check = seen

    def _take_in(self, arrived: Iterable[StoredCheck]) -> list[PendingCheck]:
        """Hold the latest checks of cases that are not closed; gives those now held."""
        latest: dict[CheckKey, PendingCheck] = {}
        for stored in arrived:
            check = self._reconsidering.pending(stored.record)
            if check is None or self._pending.newer(check.key, check.check_id):
                continue
            other = latest.get(check.key)
            if other is None or other.check_id < check.check_id:
                latest[check.key] = check
        closed = self._changes.closed({(check.authority, check.case_number) for check in latest.values()})
        held = [check for check in latest.values() if (check.authority, check.case_number) not in closed]
        self._learn_told(held)
        for check in held:
            self._pending.put(check)
        return held

    def _follow_closings(self) -> None:
        closed, self._seen_event = self._changes.closed_after(self._seen_event, AT_ONCE)
        for authority, case_number in closed:
            self._pending.drop_case(authority, case_number)

    def _follow_revision(self, reached: Progress, reads: dict[str, datetime]) -> None:
        """Look at what the revisions since the last comparison may have turned."""
        compared = self._compared
        if reached == compared:
            return
        if reached.database_id != compared.database_id or reached.revision < compared.revision:
            # The first look, or another database under the same log.
            self._look_at(check.key for check in self._pending)
        elif self._subjects.count_changed(compared.revision, reached.revision) > len(self._pending):
            # Deciding a check anew costs no more than reading a subject from the registry.
            self._look_at(check.key for check in self._pending)
        else:
            self._look_at(self._touched(compared.revision, reached.revision))
        renewed = {feed for feed, moment in reads.items() if self._reads.get(feed) != moment}
        if renewed:
            self._look_at(check.key for check in self._pending if not renewed.isdisjoint(check.feeds))
        self._reads = reads
        self._look_at(self._unsettled)

    def _touched(self, after: int, upto: int) -> Iterator[CheckKey]:
        for subject in self._subjects.changed(after, upto):
            keys = self._reconsidering.touched_keys(subject)
            yield from self._pending.found_by(keys)
            yield from self._pending.about(subject.profile.subject_id)

    def _look_at(self, keys: Iterable[CheckKey]) -> None:
        self._due.update(dict.fromkeys(keys))

    def _sweep(self) -> None:
        """Let go of cases that have been open for too long."""
        now = self._clock()
        if now - self._swept < SWEEP_EVERY:
            return
        self._swept = now
        oldest = now - self._open_for
        for key in [check.key for check in self._pending if decided_at(check) < oldest]:
            self._pending.drop(key)

    # Deciding anew

    def _is_usable(self, snapshot: Snapshot, moment: datetime) -> bool:
        """Whether the index may be told from: nothing is told from stale data, nor from none."""
        return snapshot.revision > 0 and abs(moment.timestamp() - snapshot.synced_at) <= self._max_index_age

    def _reconsider_due(self, reached: Progress) -> int:
        """Decide anew what is to be looked at, and write down what has turned; gives how many changes were."""
        written = 0
        for some in chunks(tuple(self._due), AT_ONCE):
            turned, revision = self._decide(some)
            if revision < reached.revision:
                # The index was made anew from an older state meanwhile: the next step finds out.
                return written
            turned = self._but_for_erased(turned)
            raced = self._write_down(turned, revision)
            written += len(turned) - len(raced)
            for key in some:
                self._due.pop(key, None)
            self._look_at(raced)
        return written

    def _decide(self, keys: Iterable[CheckKey]) -> tuple[list[Turned], int]:
        """Those of the checks whose answer is another one now, and the revision they were decided at."""
        turned = []
        with self._index.snapshot() as snapshot:
            moment = self._clock()
            for key in keys:
                check = self._pending.get(key)
                now = None if check is None else self._reconsidering.decide(check, snapshot, moment)
                self._unsettled.discard(key)
                if check is None or now is None:
                    continue
                self._pending.rests_on(check, now.subjects, now.feeds, now.expires_at)
                if now.digest == check.told.digest:
                    continue
                if not is_supported(now.decision) or snapshot.revision < check.told.revision:
                    # Told once the data supports an answer again, or once this node has caught up with another's.
                    self._unsettled.add(key)
                else:
                    turned.append(Turned(check, now))
            return turned, snapshot.revision

    def _but_for_erased(self, turned: list[Turned]) -> list[Turned]:
        """Those whose check is still on the log; a case whose check was erased is let go, and nothing told of it."""
        gone = self._arrivals.erased([each.check.check_id for each in turned])
        for each in turned:
            if each.check.check_id in gone:
                self._pending.drop(each.check.key)
        return [each for each in turned if each.check.check_id not in gone]

    def _write_down(self, turned: list[Turned], revision: int) -> list[CheckKey]:
        """Append a change for each; gives those of which another watcher was first. Raises `RegistryError` BUSY."""
        if not turned:
            return []
        before = self._told_last([each.check for each in turned])
        turned = [each for each in turned if each.check.check_id in before]  # one may have been erased just now
        moment = self._clock()
        changes = [change_of(each, before[each.check.check_id], revision, moment) for each in turned]
        there = self._changes.append(changes)
        raced = []
        for each, change in zip(turned, changes, strict=True):
            if change.change_id in there:
                raced.append(each.check)
            else:
                each.check.told = Told(each.now.digest, change.change_id, revision)
        self._learn_told(raced)
        return [check.key for check in raced]

    def _told_last(self, checks: list[PendingCheck]) -> dict[str, bytes]:
        """Check id → the decision its case was told last, serialized."""
        told = {check_id: last.after for check_id, last in self._changes.last_told(c.check_id for c in checks).items()}
        own = self._arrivals.responses([check.check_id for check in checks if check.check_id not in told])
        for check_id, response in own.items():
            answer = check_service_pb2.CheckSubjectResponse.FromString(response)
            told[check_id] = answer.decision.SerializeToString()
        return told

    def _learn_told(self, checks: Iterable[PendingCheck]) -> None:
        """Learn the last change of each check, where there is one."""
        by_id = {check.check_id: check for check in checks}
        for check_id, last in self._changes.last_told(by_id).items():
            digest = digest_of(gist_of(decoded(last.after)))
            by_id[check_id].told = Told(digest, last.change_id, last.revision)


def change_of(turned: Turned, before: bytes, revision: int, moment: datetime) -> CaseChange:
    """The change to write down."""
    check, after = turned.check, turned.now.decision
    return CaseChange(
        change_id=change_id_of(check.check_id, check.told.change_id),
        revision=revision,
        authority=check.authority,
        case_number=check.case_number,
        item_code=check.item_code,
        check_id=check.check_id,
        officer=check.officer,
        noticed_at=moment,
        differs=differences(decoded(before), after),
        before=before,
        after=after.SerializeToString(),
    )


def decoded(decision: bytes) -> decision_pb2.Decision:
    """A stored decision."""
    return decision_pb2.Decision.FromString(decision)


def decided_at(check: PendingCheck) -> datetime:
    """When the check was made: its id says so."""
    return datetime.fromtimestamp(uuid_utils.UUID(check.check_id).timestamp / 1000, UTC)
