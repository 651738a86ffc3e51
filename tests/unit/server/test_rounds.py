"""Rounds: each check has its own answer and its own fault, and none is answered before its record is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any, cast

import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.faults import IndexAbsent
from clearway.index.reader import IndexReader
from clearway.querylog.group_commit import AuditUnavailable, GroupCommit, Unavailability
from clearway.server import rounds as rounds_module
from clearway.server.call import Call
from clearway.server.replays import Recorded
from clearway.server.rounds import LARGEST, Answer, Rounds


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
    """A journal that commits when told."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, asyncio.Future[None]]] = []
        self.full = False

    def enqueue(self, rows: Iterable[tuple[bytes, asyncio.Future[None]]]) -> None:
        for record, committed in rows:
            if self.full:
                committed.set_exception(AuditUnavailable(Unavailability.QUEUE_FULL))
            else:
                self.taken.append((record, committed))

    def commit(self) -> None:
        for _, committed in self.taken:
            if not committed.done():
                committed.set_result(None)


class Work:
    """How long the loop's thread has worked, as a test says."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def decide(request: pb.CheckSubjectRequest, digest: bytes, call: Call, snapshot: Any) -> Answer:
    if request.case_number == "faulty":
        raise LookupError("no such item")
    return Answer(b"answer " + request.case_number.encode(), b"record " + request.case_number.encode(), str(snapshot))


def rounds_of(index: FakeIndex, journal: FakeJournal, work: Work, in_flight: int = 1) -> Rounds:
    return Rounds(cast(IndexReader, index), cast(GroupCommit, journal), lambda: in_flight, work)


def ask(rounds: Rounds, case: str) -> asyncio.Task[Recorded]:
    request = pb.CheckSubjectRequest(case_number=case)
    return asyncio.create_task(rounds.join(request, b"", cast(Call, None), decide))


def make_busy(rounds: Rounds, work: Work) -> None:
    rounds.gauge(1.0)
    work.seconds += 1.0
    rounds.gauge(2.0)


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_no_answer_before_its_record_is_committed() -> None:
    index, journal = FakeIndex(), FakeJournal()
    asked = ask(rounds_of(index, journal, Work()), "1")
    await turns()
    assert [record for record, _ in journal.taken] == [b"record 1"]
    assert not asked.done()
    journal.commit()
    assert await asked == Recorded(b"answer 1", "1")


async def test_an_idle_worker_decides_each_check_at_once() -> None:
    index, journal = FakeIndex(), FakeJournal()
    rounds = rounds_of(index, journal, Work())
    asked = [ask(rounds, str(number)) for number in range(3)]
    await turns()
    assert index.snapshots == 3
    journal.commit()
    await asyncio.gather(*asked)


async def test_a_busy_worker_decides_those_who_wait_together_on_one_snapshot() -> None:
    index, journal, work = FakeIndex(), FakeJournal(), Work()
    rounds = rounds_of(index, journal, work)
    make_busy(rounds, work)
    asked = [ask(rounds, str(number)) for number in range(5)]
    await turns()
    assert journal.taken == []
    await asyncio.sleep(0.02)
    journal.commit()
    assert [answer.response for answer in await asyncio.gather(*asked)] == [b"answer %d" % n for n in range(5)]
    assert index.snapshots == 1


async def test_a_full_round_does_not_wait() -> None:
    index, journal, work = FakeIndex(), FakeJournal(), Work()
    rounds = rounds_of(index, journal, work)
    make_busy(rounds, work)
    asked = [ask(rounds, str(number)) for number in range(LARGEST)]
    await turns()
    assert len(journal.taken) == LARGEST
    journal.commit()
    await asyncio.gather(*asked)


async def test_a_worker_that_is_no_longer_busy_stops_gathering() -> None:
    index, journal, work = FakeIndex(), FakeJournal(), Work()
    rounds = rounds_of(index, journal, work)
    make_busy(rounds, work)
    rounds.gauge(3.0)
    asked = ask(rounds, "1")
    await turns()
    assert len(journal.taken) == 1
    journal.commit()
    await asked


async def test_one_faulty_check_leaves_the_others_alone() -> None:
    index, journal, work = FakeIndex(), FakeJournal(), Work()
    rounds = rounds_of(index, journal, work)
    make_busy(rounds, work)
    good, faulty = ask(rounds, "1"), ask(rounds, "faulty")
    with pytest.raises(LookupError):
        await faulty
    journal.commit()
    assert (await good).response == b"answer 1"


async def test_without_an_index_nobody_is_answered() -> None:
    index, journal = FakeIndex(), FakeJournal()
    index.absent = True
    with pytest.raises(IndexAbsent):
        await ask(rounds_of(index, journal, Work()), "1")
    assert journal.taken == []


async def test_a_journal_that_takes_nothing_leaves_nobody_waiting() -> None:
    index, journal = FakeIndex(), FakeJournal()
    journal.full = True
    with pytest.raises(AuditUnavailable):
        await ask(rounds_of(index, journal, Work()), "1")


async def test_a_caller_that_gave_up_still_has_its_row() -> None:
    index, journal, work = FakeIndex(), FakeJournal(), Work()
    rounds = rounds_of(index, journal, work)
    make_busy(rounds, work)
    asked = ask(rounds, "1")
    await turns()
    asked.cancel()
    await asyncio.sleep(0.02)
    assert [record for record, _ in journal.taken] == [b"record 1"]


@pytest.mark.parametrize(("in_flight", "begun"), [(3, True), (30, False)], ids=["alone", "others on their way"])
async def test_a_round_waits_longer_where_others_are_in_flight(
    in_flight: int, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds_module, "LOOK", 0.05)
    monkeypatch.setattr(rounds_module, "LONGEST_WAIT", 5.0)
    index, journal, work = FakeIndex(), FakeJournal(), Work()
    rounds = rounds_of(index, journal, work, in_flight)
    make_busy(rounds, work)
    asked = [ask(rounds, str(number)) for number in range(3)]
    # The first look, at 0.05 s, sees that two more have come; the second, at 0.1 s, sees nobody new.
    await asyncio.sleep(0.13)
    assert bool(journal.taken) is begun
    await asyncio.sleep(0.2)
    journal.commit()
    await asyncio.gather(*asked)
