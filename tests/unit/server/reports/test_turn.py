"""Reports take turns, and one whose caller gave up keeps its turn to the end."""

from __future__ import annotations

import asyncio

import pytest

from clearway.server.reports.turn import Turn


async def test_what_has_begun_keeps_the_turn_though_its_caller_gave_up() -> None:
    turn, begun, go_on = Turn(), asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def first() -> None:
        begun.set()
        await go_on.wait()
        order.append("first")

    async def second() -> None:
        order.append("second")

    asked = asyncio.create_task(turn.take(first))
    await begun.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    next_one = asyncio.create_task(turn.take(second))
    await asyncio.sleep(0)
    assert order == []
    go_on.set()
    await next_one
    assert order == ["first", "second"]


async def test_a_report_that_fails_gives_its_turn_away() -> None:
    turn = Turn()

    async def failing() -> None:
        raise LookupError

    async def fine() -> int:
        return 1

    with pytest.raises(LookupError):
        await turn.take(failing)
    assert await turn.take(fine) == 1
