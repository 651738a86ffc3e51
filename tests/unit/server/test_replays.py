from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.postgresql.faults import Trouble
from clearway.querylog.central import LogUnreachable
from clearway.querylog.id_locks import IdLocks
from clearway.querylog.reader import Log, Tail
from clearway.querylog.request_claims import Claim
from clearway.querylog.request_ids import Remembered, RequestIds
from clearway.server import replays
from clearway.server.claiming import Claiming
from clearway.server.errors import Refusal
from clearway.server.replays import Neighbours, Recorded, Replays
from clearway.server.siblings import Siblings
from clearway.transparency.entries import ErasureEntry
from tests.unit.querylog.records import a_record
from tests.unit.server.calls import NOON

AUTHORITY = "DEMO-LICENSING"
BODY, OTHER_BODY = b"a" * 16, b"b" * 16
WINDOW = timedelta(hours=1)


class KeptLog:
    """Stands for the log: check id → response; and what was asked of it."""

    def __init__(self) -> None:
        self.records: dict[str, Any] = {}
        self.erasures: dict[str, ErasureEntry] = {}
        self.searched: list[tuple[str, str, datetime]] = []

    def keep(self, check_id: str, response: bytes, **fields: Any) -> None:
        self.records[check_id] = SimpleNamespace(check_id=check_id, response=response, **fields)

    def get(self, check_id: str) -> Any:
        record = self.records.get(check_id)
        return None if record is None else SimpleNamespace(record=record)

    def erase(self, check_id: str) -> None:
        del self.records[check_id]
        self.erasures[check_id] = ErasureEntry("e-1", NOON, "operator", "", "17", "an order", (range(1),))

    def erasure(self, check_id: str) -> ErasureEntry | None:
        return self.erasures.get(check_id)

    def find_request(self, authority: str, request_id: str, since: datetime) -> Any:
        self.searched.append((authority, request_id, since))
        found = [r for r in self.records.values() if getattr(r, "request_id", None) == request_id]
        return SimpleNamespace(record=found[0]) if found else None


class Desk:
    """Makes answers as `Checks` does, counting, and keeps them in the log."""

    def __init__(self, capacity: int = 100) -> None:
        self.log = KeptLog()
        self.ids = RequestIds(capacity=capacity)
        self.made = 0
        self.hold: asyncio.Event | None = None
        self.replays = self.without_siblings()

    def without_siblings(self) -> Replays:
        return Replays(self.ids, cast("Log", self.log), WINDOW, lambda: NOON)

    async def make(self) -> Recorded:
        if self.hold is not None:
            await self.hold.wait()
        self.made += 1
        check_id, response = f"check-{self.made}", f"response-{self.made}".encode()
        self.log.keep(check_id, response)
        return Recorded(response, check_id)

    async def ask(self, request_id: str = "r", body: bytes = BODY, authority: str = AUTHORITY) -> bytes:
        return await self.replays.once(authority, request_id, body, self.make)


async def test_the_first_time_is_made_and_a_repetition_gets_the_record() -> None:
    desk = Desk()
    assert [await desk.ask() for _ in range(3)] == [b"response-1"] * 3
    assert desk.made == 1


async def test_another_body_under_the_same_id_is_refused_with_the_first_check() -> None:
    desk = Desk()
    await desk.ask()
    with pytest.raises(Refusal) as refused:
        await desk.ask(body=OTHER_BODY)
    assert refused.value.reason == ErrorReason.ERROR_REASON_REQUEST_ID_REUSED
    assert refused.value.metadata == {"check_id": "check-1"}


async def test_an_id_is_its_authoritys_own() -> None:
    desk = Desk()
    assert await desk.ask() != await desk.ask(body=OTHER_BODY, authority="ANOTHER")


async def test_duplicates_at_once_are_made_once() -> None:
    desk = Desk()
    desk.hold = asyncio.Event()
    asked = [asyncio.create_task(desk.ask()) for _ in range(20)]
    await asyncio.sleep(0)
    desk.hold.set()
    assert set(await asyncio.gather(*asked)) == {b"response-1"}
    assert desk.made == 1


async def test_a_caller_that_gives_up_does_not_undo_the_check() -> None:
    desk = Desk()
    desk.hold = asyncio.Event()
    first = asyncio.create_task(desk.ask())
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    again = asyncio.create_task(desk.ask())
    await asyncio.sleep(0)
    desk.hold.set()
    assert await again == b"response-1"
    assert desk.made == 1


async def test_a_failure_is_not_remembered() -> None:
    desk = Desk()

    async def fail() -> Recorded:
        raise Refusal(ErrorReason.ERROR_REASON_UNKNOWN_ITEM, "words")

    with pytest.raises(Refusal):
        await desk.replays.once(AUTHORITY, "r", BODY, fail)
    assert await desk.ask(body=OTHER_BODY) == b"response-1"


async def test_duplicates_of_a_failure_each_try_for_themselves() -> None:
    desk = Desk()
    tries = 0

    async def fail() -> Recorded:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        raise Refusal(ErrorReason.ERROR_REASON_UNKNOWN_ITEM, "words")

    asked = [desk.replays.once(AUTHORITY, "r", BODY, fail) for _ in range(3)]
    assert {type(found) for found in await asyncio.gather(*asked, return_exceptions=True)} == {Refusal}
    assert tries == 3


async def test_a_record_that_cannot_be_read_is_no_answer() -> None:
    desk = Desk()
    await desk.ask()
    desk.log.records.clear()
    with pytest.raises(Refusal) as refused:
        await desk.ask()
    assert refused.value.reason == ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE


async def test_an_erased_record_is_told_as_erased() -> None:
    desk = Desk()
    await desk.ask()
    desk.log.erase("check-1")
    with pytest.raises(Refusal) as refused:
        await desk.ask()
    assert refused.value.reason == ErrorReason.ERROR_REASON_CHECK_ERASED
    assert desk.made == 1


async def test_the_log_is_searched_only_where_an_id_may_have_been_forgotten() -> None:
    desk = Desk(capacity=1)
    await desk.ask("a")
    assert desk.log.searched == []
    await desk.ask("b")
    assert desk.ids.overflowed
    desk.log.keep("check-9", b"response-9", request_id="c", request_digest=BODY)
    assert await desk.ask("c") == b"response-9"
    assert desk.log.searched == [(AUTHORITY, "c", NOON - WINDOW)]


async def test_until_the_ids_of_the_log_are_known_it_is_asked() -> None:
    desk = Desk()
    desk.ids.incomplete = True
    desk.log.keep("check-9", b"response-9", request_id="c", request_digest=BODY)
    assert await desk.ask("c") == b"response-9"


# Siblings


class FakeTail:
    """What other workers commit; each look takes until `gate` opens."""

    def __init__(self) -> None:
        self.committed: list[Any] = []
        self.looks = 0
        self.gate = threading.Event()
        self.gate.set()

    def fresh(self) -> Iterator[Any]:
        self.looks += 1
        taken, self.committed = self.committed, []
        self.gate.wait(5)
        return iter(taken)

    def commit(self, request_id: str, check_id: str, body: bytes = BODY) -> None:
        record = a_record(check_id=check_id, request_id=request_id, request_digest=body, authority=AUTHORITY)
        self.committed.append(SimpleNamespace(record=record))


def with_siblings() -> tuple[Desk, FakeTail, Siblings]:
    desk, tail = Desk(), FakeTail()
    siblings = Siblings(desk.ids, cast("Tail", tail))
    desk.replays = Replays(desk.ids, cast("Log", desk.log), WINDOW, lambda: NOON, Neighbours(siblings=siblings))
    return desk, tail, siblings


async def test_a_check_does_not_wait_for_a_log_that_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "PATIENCE", 0.05)
    desk = Desk(capacity=1)
    desk.ids.overflowed = True
    hanging = threading.Event()
    asked: list[str] = []

    def hang(authority: str, request_id: str, since: datetime) -> None:
        asked.append(request_id)
        hanging.wait(10)

    monkeypatch.setattr(desk.log, "find_request", hang)
    try:
        assert [await desk.ask(f"r-{number}") for number in range(3)] == [b"response-1", b"response-2", b"response-3"]
    finally:
        hanging.set()
    assert asked == ["r-0"], "after that it is not asked again for a while"


async def test_a_check_is_made_where_the_log_says_that_it_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(capacity=1)
    desk.ids.overflowed = True

    def refuse(authority: str, request_id: str, since: datetime) -> None:
        raise LogUnreachable(Trouble.UNAVAILABLE)

    monkeypatch.setattr(desk.log, "find_request", refuse)
    assert await desk.ask() == b"response-1"


async def test_what_a_sibling_has_answered_is_answered_again() -> None:
    desk, tail, _ = with_siblings()
    desk.log.keep("of-a-sibling", b"its answer")
    tail.commit("r", "of-a-sibling")
    assert await desk.ask() == b"its answer"
    assert desk.made == 0


async def test_an_id_a_sibling_took_for_another_body_is_refused() -> None:
    desk, tail, _ = with_siblings()
    tail.commit("r", "of-a-sibling", OTHER_BODY)
    with pytest.raises(Refusal) as refused:
        await desk.ask()
    assert refused.value.reason == ErrorReason.ERROR_REASON_REQUEST_ID_REUSED


async def test_those_who_wait_share_the_next_look() -> None:
    desk, tail, siblings = with_siblings()
    tail.gate.clear()
    first = asyncio.create_task(siblings.learn())
    await until(lambda: tail.looks == 1)
    # What is committed now, the look under way may have missed: these need another, and one is enough.
    tail.commit("r", "of-a-sibling")
    others = [asyncio.create_task(siblings.learn()) for _ in range(10)]
    await asyncio.sleep(0)
    tail.gate.set()
    await asyncio.gather(first, *others)
    assert tail.looks == 2
    assert desk.ids.get(AUTHORITY, "r") is not None


class FakeClaiming:
    """Stands for the claims of all nodes: answers as it is told, one after the other, the last one for ever."""

    def __init__(self, *answers: Claim | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.released: list[tuple[str, str]] = []

    async def claim(self, key: tuple[str, str]) -> Claim | None:
        self.asked.append(key)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def release(self, key: tuple[str, str]) -> None:
        self.released.append(key)


def among_nodes(*answers: Claim | None) -> tuple[Desk, FakeClaiming]:
    desk, claiming = Desk(), FakeClaiming(*answers)
    neighbours = Neighbours(claiming=cast("Claiming", claiming))
    desk.replays = Replays(desk.ids, cast("Log", desk.log), WINDOW, lambda: NOON, neighbours)
    return desk, claiming


OURS, ANOTHERS = Claim(ours=True, recorded=None), Claim(ours=False, recorded=None)
RECORDED = Claim(ours=False, recorded=Remembered(BODY, "of-another-node"))


async def test_an_id_is_claimed_once_and_then_known() -> None:
    desk, claiming = among_nodes(OURS)
    assert [await desk.ask() for _ in range(3)] == [b"response-1"] * 3
    assert claiming.asked == [(AUTHORITY, "r")]
    assert claiming.released == []


async def test_what_another_node_has_recorded_is_waited_for_and_answered_again() -> None:
    desk, claiming = among_nodes(ANOTHERS, ANOTHERS, RECORDED)
    desk.log.keep("of-another-node", b"its answer")
    assert [await desk.ask() for _ in range(2)] == [b"its answer"] * 2
    assert desk.made == 0
    assert len(claiming.asked) == 3, "afterwards it is known here"


async def test_an_id_another_node_took_for_another_body_is_refused() -> None:
    desk, _ = among_nodes(RECORDED)
    with pytest.raises(Refusal) as refused:
        await desk.ask(body=OTHER_BODY)
    assert refused.value.reason == ErrorReason.ERROR_REASON_REQUEST_ID_REUSED
    assert refused.value.metadata == {"check_id": "of-another-node"}


async def test_what_another_node_does_not_record_in_time_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "UNDER_WAY", 0.0)
    desk, claiming = among_nodes(ANOTHERS)
    with pytest.raises(Refusal) as refused:
        await desk.ask()
    assert refused.value.reason == ErrorReason.ERROR_REASON_REQUEST_UNDER_WAY
    assert desk.made == 0
    assert claiming.released == [], "it is not ours to release"


async def test_a_claim_under_which_nothing_was_recorded_is_released() -> None:
    desk, claiming = among_nodes(OURS)

    async def fail() -> Recorded:
        raise Refusal(ErrorReason.ERROR_REASON_UNKNOWN_ITEM, "words")

    with pytest.raises(Refusal):
        await desk.replays.once(AUTHORITY, "r", BODY, fail)
    assert claiming.released == [(AUTHORITY, "r")]


async def test_where_nobody_can_be_asked_the_caller_is_told() -> None:
    desk, _ = among_nodes(None)
    told: list[str] = []
    answer = await desk.replays.once(AUTHORITY, "r", BODY, desk.make, lambda: told.append("here only"))
    assert (answer, told) == (b"response-1", ["here only"])


async def test_two_workers_at_the_same_instant_leave_one_check(tmp_path: Path) -> None:
    desk, tail, siblings = with_siblings()
    with closing(IdLocks(tmp_path)) as ours, closing(IdLocks(tmp_path)) as theirs:
        neighbours = Neighbours(locks=ours, siblings=siblings)
        desk.replays = Replays(desk.ids, cast("Log", desk.log), WINDOW, lambda: NOON, neighbours)
        assert theirs.try_lock(AUTHORITY, "r")
        asked = asyncio.create_task(desk.ask())
        await asyncio.sleep(0.02)
        assert not asked.done()
        desk.log.keep("of-a-sibling", b"its answer")
        tail.commit("r", "of-a-sibling")
        theirs.unlock(AUTHORITY, "r")
        assert await asked == b"its answer"
        assert desk.made == 0
        assert theirs.try_lock(AUTHORITY, "r"), "and the lock is free again"


async def test_a_worker_that_does_not_finish_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "UNDER_WAY", 0.0)
    desk = Desk()
    with closing(IdLocks(tmp_path)) as ours, closing(IdLocks(tmp_path)) as theirs:
        desk.replays = Replays(desk.ids, cast("Log", desk.log), WINDOW, lambda: NOON, Neighbours(locks=ours))
        assert theirs.try_lock(AUTHORITY, "r")
        with pytest.raises(Refusal) as refused:
            await desk.ask()
    assert refused.value.reason == ErrorReason.ERROR_REASON_REQUEST_UNDER_WAY


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("did not come about")
