from __future__ import annotations

from datetime import datetime, timedelta

from clearway.server.clock import TOLERATED, SteadyClock
from tests.unit.server.calls import NOON


def jumps(*readings: datetime) -> int:
    """How often a clock that shows these times is reported to have gone back."""
    seen: list[bool] = []
    given = iter(readings)
    clock = SteadyClock(lambda: next(given), lambda: seen.append(True))
    assert [clock() for _ in readings] == list(readings)
    return len(seen)


def test_time_that_goes_on_is_not_reported() -> None:
    assert jumps(NOON, NOON, NOON + timedelta(days=400)) == 0


def test_a_clock_set_back_is_reported_once() -> None:
    back = NOON - timedelta(hours=1)
    assert jumps(NOON, back, back + timedelta(seconds=1)) == 1


def test_a_small_correction_is_tolerated() -> None:
    assert jumps(NOON, NOON - TOLERATED) == 0


def test_small_steps_back_that_add_up_are_reported() -> None:
    assert jumps(NOON, NOON - TOLERATED, NOON - TOLERATED * 2) == 1
