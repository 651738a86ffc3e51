"""Rounds: under load, checks that are waiting anyway are decided together, on one snapshot, and committed together.

Most of what a check costs in a busy worker is not its own work but getting back to it: between two checks the event
loop, gRPC and the kernel push the check's code out of the processor's caches. Deciding thirty in a row costs a fifth
less each than deciding them one by one. A worker with few calls in flight decides each at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import thread_time

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.faults import IndexUnavailable
from clearway.index.reader import IndexReader, Snapshot
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import Call
from clearway.server.replays import Recorded

BUSY = 0.75
"""Share of its time that the event loop's thread works, from which on checks gather; below it each goes at once."""

LOOK = 0.001
"""Seconds between looks at a gathering round."""

QUIET_LOOKS = 3
"""Looks in a row at which nobody has come, after which a round begins; one, where nobody else is in flight."""

LONGEST_WAIT = 0.01
"""Seconds that a check waits for others at most."""

WORTH_WAITING = 6
"""Checks in a round at least, or gathering stops until the next gauge: few callers wait for each other in vain."""

LARGEST = 64
"""Checks in a round at most: longer rounds would keep the loop from everything else."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer not yet on the log: the response's bytes, the record's bytes, and the record's id."""

    response: bytes
    record: bytes
    check_id: str


@dataclass(slots=True)
class Ticket:
    """A check that waits for its round; `committed` resolves when its record is on disk."""

    request: pb.CheckSubjectRequest
    digest: bytes
    call: Call
    committed: asyncio.Future[None]
    answer: Answer | None = None


Decide = Callable[[pb.CheckSubjectRequest, bytes, Call, Snapshot], Answer]


class Rounds:
    """Gathers checks into rounds. One event loop's; its owner calls `gauge` now and then.

    `in_flight` counts the calls that the worker has let in and not answered yet.
    """

    def __init__(
        self,
        index: IndexReader,
        journal: GroupCommit,
        in_flight: Callable[[], int],
        cpu_time: Callable[[], float] = thread_time,
    ) -> None:
        self._index = index
        self._journal = journal
        self._in_flight = in_flight
        self._cpu_time = cpu_time
        self._gathering = False
        self._gauged = (0.0, 0.0)
        self._loop = asyncio.get_running_loop()
        self._gathered: list[tuple[Ticket, Decide]] = []
        self._timer: asyncio.TimerHandle | None = None

    async def join(self, request: pb.CheckSubjectRequest, digest: bytes, call: Call, decide: Decide) -> Recorded:
        """The answer of `decide`, its record on disk. Raises what it raises, `IndexUnavailable`, `AuditUnavailable`.

        Cancelling the caller does not withdraw its check: it is decided, and its row written, all the same.
        """
        ticket = Ticket(request, digest, call, self._loop.create_future())
        self._gathered.append((ticket, decide))
        if not self._gathering or len(self._gathered) >= LARGEST:
            self._play()
        elif self._timer is None:
            self._timer = self._loop.call_later(LOOK, self._look, self._loop.time() + LONGEST_WAIT, 1, 0)
        await ticket.committed
        if ticket.answer is None:
            raise RuntimeError("a committed check has no answer")
        return Recorded(ticket.answer.response, ticket.answer.check_id)

    def gauge(self, now: float) -> None:
        """Learn how busy the loop's thread was since the last time; `now` is monotonic, in seconds."""
        then, worked = self._gauged
        self._gauged = (now, self._cpu_time())
        self._gathering = now > then and (self._gauged[1] - worked) / (now - then) >= BUSY

    def _look(self, last: float, seen: int, quiet: int) -> None:
        """Begin the round where nobody comes any more, or where it is time."""
        count = len(self._gathered)
        quiet = 0 if count > seen else quiet + 1
        patience = QUIET_LOOKS if self._in_flight() > count else 1
        if quiet < patience and self._loop.time() < last:
            self._timer = self._loop.call_later(LOOK, self._look, last, count, quiet)
            return
        self._gathering = self._gathering and count >= WORTH_WAITING
        self._play()

    def _play(self) -> None:
        """Decide all who have gathered, and hand their records to the journal in one go."""
        gathered, self._gathered = self._gathered, []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            with self._index.snapshot() as snapshot:
                for ticket, decide in gathered:
                    settle(ticket, decide, snapshot)
        except IndexUnavailable as fault:
            for ticket, _ in gathered:
                fail(ticket, fault)
        decided = [(ticket.answer.record, ticket.committed) for ticket, _ in gathered if ticket.answer is not None]
        self._journal.enqueue(decided)


def settle(ticket: Ticket, decide: Decide, snapshot: Snapshot) -> None:
    """Decide one ticket; its own fault is its own, a fault of the index is raised for the whole round."""
    try:
        ticket.answer = decide(ticket.request, ticket.digest, ticket.call, snapshot)
    except IndexUnavailable:
        raise
    except Exception as fault:
        fail(ticket, fault)


def fail(ticket: Ticket, fault: Exception) -> None:
    """Tell a ticket's caller, unless it has its answer or has given up."""
    if ticket.answer is None and not ticket.committed.done():
        ticket.committed.set_exception(fault)
