"""The registry behind its door: opened once and late, acts one at a time, and done even where nobody waits any more."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from clearway.registry.commands import RegisterSubject
from clearway.registry.registry import Registry
from clearway.server.registry_door import RegistryDoor
from tests.unit.registry.making import MOMENT, code, open_registry


class Opening:
    """Opens a registry in a folder and counts how often."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.times = 0

    def __call__(self) -> Registry:
        self.times += 1
        return open_registry(self.folder)


def register(registry: Registry) -> int:
    return registry.execute(RegisterSubject("cn-uscc", code(1)), actor="registrar", moment=MOMENT)


async def test_the_registry_is_opened_once_and_not_before_it_is_needed(tmp_path: Path) -> None:
    opening = Opening(tmp_path)
    door = RegistryDoor(opening)
    assert opening.times == 0
    heads = await asyncio.gather(*(door.read(lambda registry: registry.head()) for _ in range(8)))
    assert (heads, opening.times) == ([0] * 8, 1)
    door.close()


async def test_a_registry_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    opening = Opening(tmp_path / "nowhere")
    door = RegistryDoor(opening)
    with pytest.raises(Exception, match="unable to open"):
        await door.read(lambda registry: registry.head())
    (tmp_path / "nowhere").mkdir()
    assert await door.read(lambda registry: registry.head()) == 0
    door.close()


async def test_acts_are_done_one_at_a_time(tmp_path: Path) -> None:
    door = RegistryDoor(Opening(tmp_path))
    inside, most = 0, 0

    def act(registry: Registry) -> int:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        revision = register(registry)
        inside -= 1
        return revision

    revisions = await asyncio.gather(*(door.act(act) for _ in range(10)))
    assert (sorted(revisions), most) == (list(range(1, 11)), 1)
    door.close()


async def test_an_act_that_has_begun_is_done_even_where_its_caller_gives_up(tmp_path: Path) -> None:
    door = RegistryDoor(Opening(tmp_path))
    begun, go_on = threading.Event(), threading.Event()

    def slow(registry: Registry) -> int:
        begun.set()
        go_on.wait(10)
        return register(registry)

    calling = asyncio.ensure_future(door.act(slow))
    await asyncio.to_thread(begun.wait, 10)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    go_on.set()
    # The next act waits for the one whose caller has gone.
    assert await door.act(register) == 2
    door.close()
