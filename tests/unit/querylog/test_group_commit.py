from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from clearway.querylog.group_commit import AuditUnavailable, Bounds, GroupCommit, Unavailability
from clearway.querylog.journal import Journal, JournalFailed, Recovery
from clearway.querylog.record import MAX_RECORD_BYTES, RecordTooLarge
from clearway.querylog.segment import open_rows, rows_after, segments

from .records import FaultyJournal, raws

QUICK = Bounds(first_pause=0.001, longest_pause=0.002)


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _recovered(log: GroupCommit) -> None:
    async with asyncio.timeout(5):
        while not log.available:  # noqa: ASYNC110 - seen from outside, as a health check sees it
            await asyncio.sleep(0.001)


async def test_put_returns_when_the_record_is_on_disk(journals: Path) -> None:
    log = GroupCommit(Journal(journals, "w0"))
    (record,) = raws(1)
    await log.put(record)
    connection = open_rows(segments(journals)[0])
    assert connection is not None
    with closing(connection):
        assert list(rows_after(connection, 0)) == [(1, record)]
    await log.close()


async def test_what_arrives_during_a_commit_is_the_next_batch() -> None:
    journal = FaultyJournal()
    journal.gate.clear()
    log = GroupCommit(journal)
    puts = [asyncio.create_task(log.put(b"%d" % number)) for number in range(10)]
    await _settle()
    journal.gate.set()
    await asyncio.gather(*puts)
    assert journal.batches == [[b"0"], [b"%d" % number for number in range(1, 10)]]
    await log.close()


async def test_what_is_enqueued_together_shares_a_commit() -> None:
    journal = FaultyJournal()
    log = GroupCommit(journal)
    loop = asyncio.get_running_loop()
    committed = [loop.create_future() for _ in range(5)]
    log.enqueue((b"%d" % number, future) for number, future in enumerate(committed))
    await asyncio.gather(*committed)
    assert journal.batches == [[b"%d" % number for number in range(5)]]
    await log.close()


async def test_nobody_is_released_before_the_commit() -> None:
    journal = FaultyJournal()
    journal.gate.clear()
    log = GroupCommit(journal)
    put = asyncio.create_task(log.put(b"x"))
    await asyncio.sleep(0.02)
    assert not put.done()
    journal.gate.set()
    await put
    await log.close()


async def test_a_batch_is_bounded() -> None:
    journal = FaultyJournal()
    journal.gate.clear()
    log = GroupCommit(journal, Bounds(batch_rows=4))
    puts = [asyncio.create_task(log.put(b"%d" % number)) for number in range(10)]
    await _settle()
    journal.gate.set()
    await asyncio.gather(*puts)
    assert [len(batch) for batch in journal.batches] == [1, 4, 4, 1]
    await log.close()


@pytest.mark.parametrize("bounds", [Bounds(pending_rows=3), Bounds(pending_bytes=30)], ids=["rows", "bytes"])
async def test_a_full_queue_refuses_and_keeps_what_it_has(bounds: Bounds) -> None:
    journal = FaultyJournal()
    journal.gate.clear()
    log = GroupCommit(journal, bounds)
    puts = [asyncio.create_task(log.put(bytes(10))) for _ in range(4)]  # one in flight, three waiting
    await _settle()
    with pytest.raises(AuditUnavailable) as refused:
        await log.put(bytes(10))
    assert refused.value.because is Unavailability.QUEUE_FULL
    journal.gate.set()
    await asyncio.gather(*puts)
    await log.put(bytes(10))
    await log.close()


async def test_an_oversized_record_is_refused_before_it_joins_a_batch() -> None:
    journal = FaultyJournal()
    log = GroupCommit(journal)
    with pytest.raises(RecordTooLarge):
        await log.put(bytes(MAX_RECORD_BYTES + 1))
    await log.close()
    assert journal.batches == []


async def test_a_caller_that_gave_up_still_has_its_row() -> None:
    journal = FaultyJournal()
    journal.gate.clear()
    log = GroupCommit(journal)
    first, second = asyncio.create_task(log.put(b"first")), asyncio.create_task(log.put(b"second"))
    await _settle()
    first.cancel()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    journal.gate.set()
    await log.close()
    assert journal.batches == [[b"first"], [b"second"]]


async def test_a_failed_commit_refuses_its_batch_and_all_who_wait_behind_it() -> None:
    journal = FaultyJournal()
    journal.failing = True
    journal.gate.clear()
    log = GroupCommit(journal, QUICK)
    puts = [asyncio.create_task(log.put(b"x")) for _ in range(5)]
    await _settle()
    journal.gate.set()
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert [getattr(outcome, "because", outcome) for outcome in outcomes] == [Unavailability.COMMIT_FAILED] * 5
    await log.close()
    assert journal.batches == []


async def test_until_it_has_recovered_every_put_is_refused_at_once() -> None:
    journal = FaultyJournal()
    journal.failing, journal.stuck = True, 1_000_000
    log = GroupCommit(journal, QUICK)
    with pytest.raises(AuditUnavailable):
        await log.put(b"x")
    with pytest.raises(AuditUnavailable) as refused:
        await log.put(b"y")
    assert refused.value.because is Unavailability.RECOVERING
    await log.close()


async def test_it_tries_to_recover_until_it_can_and_then_goes_on() -> None:
    journal = FaultyJournal()
    journal.failing, journal.stuck = True, 3
    log = GroupCommit(journal, QUICK)
    with pytest.raises(AuditUnavailable):
        await log.put(b"x")
    await _recovered(log)
    await log.put(b"y")
    assert (journal.recoveries, journal.batches) == (4, [[b"y"]])
    await log.close()


@pytest.mark.parametrize("failing", [False, True], ids=["well", "badly"])
async def test_it_tells_when_a_commit_has_ended_and_its_waiters_know(failing: bool) -> None:
    journal = FaultyJournal()
    journal.failing = failing
    journal.gate.clear()
    log = GroupCommit(journal, QUICK)
    committed = asyncio.get_running_loop().create_future()
    ended: list[tuple[bool, bool]] = []
    log.on_commit(lambda: ended.append((committed.done(), log.committing)))
    assert not log.committing
    log.enqueue([(b"x", committed)])
    assert log.committing
    assert ended == []
    journal.gate.set()
    await asyncio.wait([committed])
    assert ended == [(True, False)]
    assert (committed.exception() is not None) is failing
    await log.close()


async def test_closing_waits_for_what_was_taken_and_takes_no_more() -> None:
    journal = FaultyJournal()
    journal.gate.clear()
    log = GroupCommit(journal)
    puts = [asyncio.create_task(log.put(b"%d" % number)) for number in range(3)]
    await _settle()
    closing_log = asyncio.create_task(log.close())
    await _settle()
    with pytest.raises(AuditUnavailable) as refused:
        await log.put(b"late")
    assert refused.value.because is Unavailability.CLOSED
    journal.gate.set()
    await asyncio.gather(closing_log, *puts)
    assert journal.closed
    assert [record for batch in journal.batches for record in batch] == [b"0", b"1", b"2"]


async def test_closing_twice_is_once() -> None:
    log = GroupCommit(FaultyJournal())
    await log.close()
    await log.close()


class Places:
    """A journal that notes in which thread each commit was made; a clock says how long each took."""

    def __init__(self, *took: float) -> None:
        self.threads: list[bool] = []
        self.broken = False
        self._clock = self._moments(took)

    def append(self, batch: Sequence[bytes]) -> None:
        self.threads.append(threading.current_thread() is threading.main_thread())
        if self.broken:
            raise JournalFailed("no space left")

    def recover(self, batch: Sequence[bytes] = ()) -> Recovery:
        self.broken = False
        return Recovery("w0", len(batch), 0)

    def close(self) -> None:
        pass

    def monotonic(self) -> float:
        return next(self._clock)

    @staticmethod
    def _moments(took: Sequence[float]) -> Iterator[float]:
        for number, seconds in enumerate(took):
            yield float(number)
            yield number + seconds


async def test_quick_commits_are_made_by_the_loop_and_a_slow_one_sends_the_next_to_a_thread() -> None:
    journal = Places(0.001, 0.002, 0.05, 0.001, 0.001, 0.001, 0.001)
    log = GroupCommit(journal, Bounds(quick=0.005, probation=3), monotonic=journal.monotonic)
    for number in range(7):
        await log.put(b"%d" % number)
    assert journal.threads == [True, True, True, False, False, False, True]
    assert log.commits.batches == 7
    await log.close()


async def test_a_commit_that_goes_on_being_slow_stays_in_its_thread() -> None:
    journal = Places(*[0.05] * 6)
    log = GroupCommit(journal, Bounds(quick=0.005, probation=2), monotonic=journal.monotonic)
    for number in range(6):
        await log.put(b"%d" % number)
    assert journal.threads == [True, *[False] * 5]
    await log.close()


async def test_unless_told_what_is_quick_each_commit_has_its_thread() -> None:
    journal = Places(*[0.0] * 3)
    log = GroupCommit(journal, monotonic=journal.monotonic)
    for number in range(3):
        await log.put(b"%d" % number)
    assert journal.threads == [False] * 3
    await log.close()


async def test_a_commit_of_the_loop_that_fails_releases_nobody() -> None:
    journal = Places(*[0.001] * 4)
    journal.broken = True
    log = GroupCommit(journal, Bounds(quick=0.005, first_pause=0.001), monotonic=journal.monotonic)
    with pytest.raises(AuditUnavailable):
        await log.put(b"x")
    assert not log.available
    await _recovered(log)
    await log.put(b"y")
    assert log.commits.rows == 1
    await log.close()
