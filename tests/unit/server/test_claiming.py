"""Claiming beside the loop: questions are shared, and a database that does not answer keeps nobody waiting long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import cast

import pytest

from clearway.querylog.request_claims import Claim, ClaimsUnreachable, Key, RequestClaims
from clearway.server import claiming
from clearway.server.claiming import Claiming
from tests.unit.server.calls import NOON

OURS, ANOTHERS = Claim(ours=True, recorded=None), Claim(ours=False, recorded=None)


class FakeClaims:
    """Stands for the database: what was asked of it, and whether it answers."""

    def __init__(self) -> None:
        self.asked: list[list[Key]] = []
        self.held: set[Key] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.gone = False
        self.closed = False

    def claim(self, keys: Collection[Key], now: datetime) -> dict[Key, Claim]:
        assert now == NOON
        self.asked.append(list(keys))
        assert self.gate.wait(10)
        if self.gone:
            raise ClaimsUnreachable("OperationalError")
        found = {key: ANOTHERS if key in self.held else OURS for key in keys}
        self.held.update(keys)
        return found

    def release(self, keys: Collection[Key]) -> None:
        self.held.difference_update(keys)

    def clear(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True


@contextmanager
def claiming_from(fake: FakeClaims) -> Iterator[Claiming]:
    made = Claiming(cast("RequestClaims", fake), lambda: NOON)
    try:
        yield made
    finally:
        fake.gate.set()
        made.close()


async def test_an_id_is_claimed_until_it_is_released() -> None:
    with claiming_from(FakeClaims()) as claims:
        assert [await claims.claim(("A", "r")), await claims.claim(("A", "r"))] == [OURS, ANOTHERS]
        claims.release(("A", "r"))
        assert await claims.claim(("A", "r")) == OURS


async def test_those_who_come_while_a_question_is_under_way_share_the_next() -> None:
    fake = FakeClaims()
    fake.gate.clear()
    with claiming_from(fake) as claims:
        asked = [asyncio.create_task(claims.claim(("A", f"r-{number}"))) for number in range(50)]
        await until(lambda: len(fake.asked) == 1)
        fake.gate.set()
        assert await asyncio.gather(*asked) == [OURS] * 50
    assert [len(keys) for keys in fake.asked] == [1, 49]


async def test_a_database_that_is_gone_is_not_asked_by_everybody() -> None:
    fake = FakeClaims()
    fake.gone = True
    with claiming_from(fake) as claims:
        assert [await claims.claim(("A", f"r-{number}")) for number in range(10)] == [None] * 10
    assert len(fake.asked) == 1


async def test_it_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "PAUSE", 0.0)
    fake = FakeClaims()
    fake.gone = True
    with claiming_from(fake) as claims:
        assert await claims.claim(("A", "r")) is None
        fake.gone = False
        assert await claims.claim(("A", "r")) == OURS


async def test_a_database_that_does_not_answer_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "PATIENCE", 0.05)
    monkeypatch.setattr(claiming, "PAUSE", 0.0)
    fake = FakeClaims()
    fake.gate.clear()
    with claiming_from(fake) as claims:
        assert await claims.claim(("A", "r-1")) is None
        # The question still hangs: nobody else waits behind it.
        async with asyncio.timeout(5):
            assert [await claims.claim(("A", f"r-{number}")) for number in range(2, 10)] == [None] * 8
        assert len(fake.asked) == 1
        fake.gate.set()
        await until(lambda: ("A", "r-1") in fake.held)


async def test_closing_lets_the_connection_go() -> None:
    fake = FakeClaims()
    with claiming_from(fake):
        pass
    await until(lambda: fake.closed)


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("did not come about")
