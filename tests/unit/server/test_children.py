"""A node's processes are started again however they end, and none outlives its successor."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clearway.server.children import LONGEST_PAUSE, SHORTEST_LIFE, Child, end, warm_up
from tests.processes import HELPER, alive, living, title
from tests.waiting import until

pytestmark = pytest.mark.timeout(60)


def sleeping(place: str) -> None:
    """A process that holds on until it is told to end."""
    Path(place, str(os.getpid())).touch()
    time.sleep(600)


def deaf(place: str) -> None:
    """One that does not listen."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleeping(place)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[Callable[..., None]], Child]]:
    """Start a child for this function, and wait until it does what it is for."""
    warm_up()
    made: list[Child] = []

    def start(target: Callable[..., None]) -> Child:
        child = Child(f"part-{len(made)}", target, (str(tmp_path),))
        made.append(child)
        child.start()
        until(lambda: (tmp_path / str(pid_of(child))).exists())
        return child

    yield start
    end(made, 0.0)


def pid_of(child: Child) -> int:
    assert child.process is not None
    return child.process.pid or 0


Start = Callable[[Callable[..., None]], Child]


def test_a_process_is_called_by_what_it_is_for(started: Start) -> None:
    child = started(sleeping)
    assert title(pid_of(child)) == child.name
    assert living(os.getpid())[child.name] == pid_of(child)


def test_a_process_that_died_is_started_again(started: Start) -> None:
    child, now = started(sleeping), time.monotonic() + SHORTEST_LIFE
    child.revive(now)
    before = pid_of(child)
    assert child.restarts == 0
    os.kill(before, signal.SIGKILL)
    until(lambda: child.process is not None and not child.process.is_alive())
    child.revive(now)
    assert (child.restarts, pid_of(child) != before, alive(pid_of(child))) == (1, True, True)


def test_one_that_dies_at_once_is_started_ever_later(started: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    child, now, pauses = started(sleeping), time.monotonic(), []
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(9):
        os.kill(pid_of(child), signal.SIGKILL)
        while child.process is not None and child.process.is_alive():
            pass
        child.started = now
        child.revive(now)
        pauses.append(child.pause)
        restarts = child.restarts
        child.revive(now + child.pause - 0.01)
        assert child.restarts == restarts, "started before its time"
        child.revive(now + child.pause)
        assert child.restarts == restarts + 1
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, LONGEST_PAUSE, LONGEST_PAUSE]


def test_where_the_helper_is_killed_no_process_is_left_beside_its_successor(started: Start) -> None:
    child, now = started(deaf), time.monotonic() + SHORTEST_LIFE
    before, helper = pid_of(child), living(os.getpid())[HELPER]
    os.kill(helper, signal.SIGKILL)
    until(lambda: child.process is not None and not child.process.is_alive())
    assert alive(before), "it goes on where nobody knows it any more"
    child.revive(now)
    assert not alive(before)
    assert (child.restarts, alive(pid_of(child))) == (1, True)
    assert living(os.getpid())[HELPER] != helper


@pytest.mark.parametrize("target", [sleeping, deaf])
def test_none_is_left_at_the_end(started: Start, target: Callable[..., None]) -> None:
    processes = [started(target) for _ in range(2)]
    end(processes, 0.2)
    assert not any(alive(pid_of(child)) for child in processes)


def test_none_is_left_at_the_end_though_the_helper_was_killed(started: Start) -> None:
    child = started(deaf)
    os.kill(living(os.getpid())[HELPER], signal.SIGKILL)
    end([child], 0.2)
    assert not alive(pid_of(child))
