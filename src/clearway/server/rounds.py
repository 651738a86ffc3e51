"""Rounds: checks that would wait for the journal anyway are decided together, on one snapshot, and committed together.

Most of what a check costs in a busy worker is not its own work but getting back to it: between two checks the event
loop, gRPC and the kernel push the check's code out of the processor's caches. So checks gather as long as turns of the
loop bring more of them, or a commit is under way, and are then decided in a row; their records are one commit. Nobody
waits for a timer: a few turns that bring nobody take some hundred microseconds at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.faults import IndexUnavailable
from clearway.index.reader import IndexReader, Snapshot
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import Call
from clearway.server.replays import Recorded

LARGEST = 64
"""Checks in a round at most; a full one is decided while a commit goes on, so that a slow disk is not waited for."""

QUIET_TURNS = 8
"""Turns of the loop in a row that bring nobody, after which a round begins: gRPC takes several to hand a call over."""


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
    """Gathers checks into rounds. One event loop's."""

    def __init__(self, index: IndexReader, journal: GroupCommit) -> None:
        self._index = index
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._gathered: list[tuple[Ticket, Decide]] = []
        self._begins: asyncio.Handle | None = None
        journal.on_commit(self._begin)

    async def join(self, request: pb.CheckSubjectRequest, digest: bytes, call: Call, decide: Decide) -> Recorded:
        """The answer of `decide`, its record on disk. Raises what it raises, `IndexUnavailable`, `AuditUnavailable`.

        Cancelling the caller does not withdraw its check: it is decided, and its row written, all the same.
        """
        ticket = Ticket(request, digest, call, self._loop.create_future())
        self._gathered.append((ticket, decide))
        if len(self._gathered) >= LARGEST:
            self._play()
        elif not self._journal.committing:
            self._begin()
        await ticket.committed
        if ticket.answer is None:
            raise RuntimeError("a committed check has no answer")
        return Recorded(ticket.answer.response, ticket.answer.check_id)

    def _begin(self) -> None:
        """Decide those who have gathered once the loop brings nobody else."""
        if self._gathered and self._begins is None:
            self._begins = self._loop.call_soon(self._look, len(self._gathered), QUIET_TURNS)

    def _look(self, seen: int, turns: int) -> None:
        """Begin the round where `turns` have brought nobody; look again in the next turn otherwise."""
        count = len(self._gathered)
        turns = turns - 1 if count == seen else QUIET_TURNS
        if turns:
            self._begins = self._loop.call_soon(self._look, count, turns)
        else:
            self._play()

    def _play(self) -> None:
        """Decide all who have gathered, and hand their records to the journal in one go."""
        gathered, self._gathered = self._gathered, []
        if self._begins is not None:
            self._begins.cancel()
            self._begins = None
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
