"""Group commit: many handlers wait for one fsync.

Handlers append to a list; one flush at a time runs; whatever arrived meanwhile is the next batch. No linger timer: an
idle journal commits a single record at once, a busy one fills its batches by itself.

A flush that is likely to be quick is made by the loop itself: handing a batch to a thread and its end back costs more
processor time than a sync of a good disk takes. One that was slow sends the next ones to a thread of their own, so that
a bad disk keeps nothing waiting but records.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tenacity import AsyncRetrying, wait_random_exponential

from clearway.querylog.journal import Recovery
from clearway.querylog.record import MAX_RECORD_BYTES, RecordTooLarge

_log = logging.getLogger(__name__)


class Unavailability(StrEnum):
    """Why no record can be made."""

    QUEUE_FULL = "queue_full"
    COMMIT_FAILED = "commit_failed"
    RECOVERING = "recovering"
    CLOSED = "closed"


class AuditUnavailable(Exception):
    """The record is not known to be on disk, so there must be no answer."""

    def __init__(self, because: Unavailability) -> None:
        super().__init__(f"the record cannot be put on disk: {because}")
        self.because = because


class BatchJournal(Protocol):
    """What group commit needs of a journal; `Journal` is one."""

    def append(self, batch: Sequence[bytes]) -> None:
        """Makes the batch durable or raises `JournalFailed`."""

    def recover(self, batch: Sequence[bytes] = ()) -> Recovery:
        """Begins anew after a failure, or raises `JournalFailed`."""

    def close(self) -> None:
        """Closes."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, and how much goes into one commit."""

    pending_rows: int = 8192
    pending_bytes: int = 32 * 1024 * 1024
    batch_rows: int = 512
    first_pause: float = 0.05
    """Seconds before the second attempt to recover; doubles from there."""
    longest_pause: float = 5.0
    quick: float = 0.0
    """Seconds that a commit may take in the loop's own thread; 0: each has the journal's thread."""
    probation: int = 32
    """Quick commits in the journal's thread after a slow one, before the loop makes them itself again."""


@dataclass(slots=True)
class Commits:
    """What was committed since the journal was opened. Written by whoever commits; read by any thread."""

    batches: int = 0
    rows: int = 0
    seconds: float = 0.0
    """How long the commits took, together."""


_Waiting = tuple[bytes, "asyncio.Future[None]"]


class GroupCommit:
    """The asyncio front of a journal. Make it inside the running loop; every method is that loop's."""

    def __init__(
        self,
        journal: BatchJournal,
        bounds: Bounds | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.commits = Commits()
        self._journal = journal
        self._monotonic = monotonic
        self._bounds = bounds or Bounds()
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clearway-journal")
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._flushing = False
        self._on_probation = 0 if self._bounds.quick else -1
        self._closed = False
        self._recovery: asyncio.Task[None] | None = None
        self._on_commit: Callable[[], None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def available(self) -> bool:
        """Whether a record put now would be tried: open, and not recovering from a failure."""
        return not self._closed and self._recovery is None

    @property
    def waiting(self) -> int:
        """How many records wait for the next commit."""
        return len(self._waiting)

    @property
    def committing(self) -> bool:
        """Whether a commit is under way, so that a record put now waits for the next one."""
        return self._flushing

    def on_commit(self, then: Callable[[], None]) -> None:
        """Call `then` in the loop whenever a commit has ended, well or not, and its waiters know. For one listener."""
        self._on_commit = then

    async def put(self, record: bytes) -> None:
        """Returns when the record is on disk. Raises `AuditUnavailable`; and `RecordTooLarge` for an oversized one.

        Cancelling the caller does not withdraw the record: its row is written all the same.
        """
        future = self._loop.create_future()
        self._take(record, future)
        self._flush_if_idle()
        await future

    def enqueue(self, rows: Iterable[tuple[bytes, asyncio.Future[None]]]) -> None:
        """Takes records that are to share a commit; each one's future resolves or fails as `put` does."""
        for record, committed in rows:
            try:
                self._take(record, committed)
            except (AuditUnavailable, RecordTooLarge) as refusal:
                if not committed.done():
                    committed.set_exception(refusal)
        self._flush_if_idle()

    async def close(self) -> None:
        """Takes no more records, waits until those taken are on disk (or have failed), closes the journal."""
        if self._closed:
            return
        self._closed = True
        if self._recovery is not None:
            self._recovery.cancel()
        await self._idle.wait()
        await self._loop.run_in_executor(self._thread, self._journal.close)
        self._thread.shutdown()

    def _take(self, record: bytes, committed: asyncio.Future[None]) -> None:
        if len(record) > MAX_RECORD_BYTES:
            raise RecordTooLarge(len(record))
        if self._closed:
            raise AuditUnavailable(Unavailability.CLOSED)
        if self._recovery is not None:
            raise AuditUnavailable(Unavailability.RECOVERING)
        bounds = self._bounds
        if len(self._waiting) >= bounds.pending_rows or self._waiting_bytes + len(record) > bounds.pending_bytes:
            raise AuditUnavailable(Unavailability.QUEUE_FULL)
        self._waiting.append((record, committed))
        self._waiting_bytes += len(record)

    def _flush_if_idle(self) -> None:
        if self._waiting and not self._flushing:
            self._flush()

    def _flush(self) -> None:
        rows = self._bounds.batch_rows
        batch, self._waiting = self._waiting[:rows], self._waiting[rows:]
        self._waiting_bytes -= sum(len(record) for record, _ in batch)
        self._flushing = True
        self._idle.clear()
        if self._on_probation == 0:
            self._release(batch, self._commit(batch))
        else:
            self._thread.submit(self._commit_aside, batch)

    def _commit_aside(self, batch: list[_Waiting]) -> None:
        """In the journal's thread: one commit, then one call into the loop for all who wait for it."""
        fault = self._commit(batch)
        self._loop.call_soon_threadsafe(self._release, batch, fault)

    def _commit(self, batch: list[_Waiting]) -> Exception | None:
        """One commit; gives what went wrong, whatever it was: nobody may be told that the record is safe."""
        begun = self._monotonic()
        try:
            self._journal.append([record for record, _ in batch])
        except Exception as fault:
            self._judge(self._monotonic() - begun)
            return fault
        took = self._monotonic() - begun
        self.commits.batches += 1
        self.commits.rows += len(batch)
        self.commits.seconds += took
        self._judge(took)
        return None

    def _judge(self, took: float) -> None:
        """By how long a commit took, decide who makes the next one."""
        if not self._bounds.quick:
            return
        if took > self._bounds.quick:
            self._on_probation = self._bounds.probation
        elif self._on_probation > 0:
            self._on_probation -= 1

    def _release(self, batch: list[_Waiting], fault: Exception | None) -> None:
        if fault is None:
            for _, future in batch:
                if not future.done():
                    future.set_result(None)
        else:
            self._stop(batch, fault)
        if self._waiting:
            self._flush()
        else:
            self._flushing = False
            self._idle.set()
        if self._on_commit is not None:
            self._on_commit()

    def _stop(self, batch: list[_Waiting], fault: Exception) -> None:
        """Refuses all who wait, and recovers before anybody else is taken."""
        _log.error("journal commit failed; %d records refused", len(batch), exc_info=fault)
        _refuse(batch)
        _refuse(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        if not self._closed:
            self._recovery = self._loop.create_task(self._recover([record for record, _ in batch]))

    async def _recover(self, batch: list[bytes]) -> None:
        bounds = self._bounds
        # Whatever the fault is, giving up would leave the worker refusing for ever; so there is no last attempt.
        attempts = AsyncRetrying(wait=wait_random_exponential(multiplier=bounds.first_pause, max=bounds.longest_pause))
        recovery: Recovery = await attempts(self._try_to_recover, batch)
        self._recovery = None
        _log.warning(
            "journal recovered; of the %d records refused with segment %s, %d have a row",
            recovery.batch,
            recovery.segment,
            recovery.found,
        )

    async def _try_to_recover(self, batch: list[bytes]) -> Recovery:
        return await self._loop.run_in_executor(self._thread, self._journal.recover, batch)


def _refuse(batch: list[_Waiting]) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(AuditUnavailable(Unavailability.COMMIT_FAILED))
