"""Rounds: each check has its own answer and its own fault, and none is answered before its record is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, cast

import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.faults import IndexAbsent
from clearway.index.reader import IndexReader
from clearway.querylog.group_commit import AuditUnavailable, GroupCommit, Unavailability
from clearway.server.call import Call
from clearway.server.replays import Recorded
from clearway.server.rounds import LARGEST, QUIET_TURNS, Answer, Rounds


class FakeIndex:
    """An index whose snapshots are counted; `absent` makes it unusable."""

    def __init__(self) -> None:
        self.snapshots = 0
        self.absent = False

    def snapshot(self) -> Any:
        if self.absent:
            raise IndexAbsent("gone")
        self.snapshots += 1
        return nullcontext(self.snapshots)


class FakeJournal:
    """A journal that commits when told, one batch at a time."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, asyncio.Future[None]]] = []
        self.committing = False
        self.full = False
        self._then: Callable[[], None] = lambda: None

    def on_commit(self, then: Callable[[], None]) -> None:
        self._then = then

    def enqueue(self, rows: Iterable[tuple[bytes, asyncio.Future[None]]]) -> None:
        for record, committed in rows:
            if self.full:
                committed.set_exception(AuditUnavailable(Unavailability.QUEUE_FULL))
            else:
                self.taken.append((record, committed))
                self.committing = True

    def commit(self) -> None:
        for _, committed in self.taken:
            if not committed.done():
                committed.set_result(None)
        self.committing = False
        self._then()

    @property
    def records(self) -> list[bytes]:
        return [record for record, _ in self.taken]


def decide(request: pb.CheckSubjectRequest, digest: bytes, call: Call, snapshot: Any) -> Answer:
    if request.case_number == "faulty":
        raise LookupError("no such item")
    return Answer(b"answer " + request.case_number.encode(), b"record " + request.case_number.encode(), str(snapshot))


def rounds_of(index: FakeIndex, journal: FakeJournal) -> Rounds:
    return Rounds(cast(IndexReader, index), cast(GroupCommit, journal))


def ask(rounds: Rounds, case: str) -> asyncio.Task[Recorded]:
    request = pb.CheckSubjectRequest(case_number=case)
    return asyncio.create_task(rounds.join(request, b"", cast(Call, None), decide))


async def turns(count: int = QUIET_TURNS + 4) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_no_answer_before_its_record_is_committed() -> None:
    index, journal = FakeIndex(), FakeJournal()
    asked = ask(rounds_of(index, journal), "1")
    await turns()
    assert journal.records == [b"record 1"]
    assert not asked.done()
    journal.commit()
    assert await asked == Recorded(b"answer 1", "1")


async def test_where_the_journal_is_idle_those_of_one_turn_are_decided_together() -> None:
    index, journal = FakeIndex(), FakeJournal()
    rounds = rounds_of(index, journal)
    asked = [ask(rounds, str(number)) for number in range(3)]
    await turns()
    assert len(journal.taken) == 3
    assert index.snapshots == 1
    journal.commit()
    await asyncio.gather(*asked)


async def test_those_whom_turn_after_turn_brings_are_decided_together() -> None:
    index, journal = FakeIndex(), FakeJournal()
    rounds = rounds_of(index, journal)
    asked = []
    for number in range(5):
        asked.append(ask(rounds, str(number)))
        await turns(QUIET_TURNS // 2)
    assert journal.taken == []
    await turns()
    assert (len(journal.taken), index.snapshots) == (5, 1)
    journal.commit()
    await asyncio.gather(*asked)


async def test_those_who_come_during_a_commit_are_decided_together_when_it_has_ended() -> None:
    index, journal = FakeIndex(), FakeJournal()
    rounds = rounds_of(index, journal)
    first = ask(rounds, "first")
    await turns()
    later = []
    for number in range(5):
        later.append(ask(rounds, str(number)))
        await turns()
    assert journal.records == [b"record first"]
    journal.commit()
    await first
    await turns()
    assert journal.records == [b"record first", *(b"record %d" % number for number in range(5))]
    assert index.snapshots == 2
    assert not any(asked.done() for asked in later)
    journal.commit()
    assert [answer.response for answer in await asyncio.gather(*later)] == [b"answer %d" % n for n in range(5)]


async def test_a_full_round_does_not_wait_for_the_commit_under_way() -> None:
    index, journal = FakeIndex(), FakeJournal()
    rounds = rounds_of(index, journal)
    asked = [ask(rounds, "first")]
    await turns()
    asked += [ask(rounds, str(number)) for number in range(LARGEST)]
    await turns()
    assert len(journal.taken) == LARGEST + 1
    journal.commit()
    await asyncio.gather(*asked)


async def test_one_faulty_check_leaves_the_others_alone() -> None:
    index, journal = FakeIndex(), FakeJournal()
    rounds = rounds_of(index, journal)
    good, faulty = ask(rounds, "1"), ask(rounds, "faulty")
    with pytest.raises(LookupError):
        await faulty
    journal.commit()
    assert (await good).response == b"answer 1"


async def test_a_round_of_faulty_checks_alone_keeps_nobody_behind_it_waiting() -> None:
    index, journal = FakeIndex(), FakeJournal()
    rounds = rounds_of(index, journal)
    with pytest.raises(LookupError):
        await ask(rounds, "faulty")
    asked = ask(rounds, "1")
    await turns()
    journal.commit()
    assert (await asked).response == b"answer 1"


async def test_without_an_index_nobody_is_answered() -> None:
    index, journal = FakeIndex(), FakeJournal()
    index.absent = True
    with pytest.raises(IndexAbsent):
        await ask(rounds_of(index, journal), "1")
    assert journal.taken == []


async def test_a_journal_that_takes_nothing_leaves_nobody_waiting() -> None:
    index, journal = FakeIndex(), FakeJournal()
    journal.full = True
    with pytest.raises(AuditUnavailable):
        await ask(rounds_of(index, journal), "1")


async def test_a_caller_that_gave_up_still_has_its_row() -> None:
    index, journal = FakeIndex(), FakeJournal()
    rounds = rounds_of(index, journal)
    first, asked = ask(rounds, "first"), ask(rounds, "1")
    await turns(1)
    asked.cancel()
    await turns()
    assert journal.records == [b"record first", b"record 1"]
    journal.commit()
    await first
