"""The registry behind its door: opened once and late, acts one at a time, and done even where nobody waits any more."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry.commands import RegisterSubject
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.registry import Registry
from clearway.server.errors import REGISTRY_REASONS, refusal_for
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


@pytest.mark.parametrize("reason", REGISTRY_REASONS)
def test_a_refusal_of_the_registry_is_a_documented_one(reason: RegistryReason) -> None:
    refusal = refusal_for(RegistryError(reason, "words without identifiers"))
    assert refusal is not None
    assert refusal.reason == REGISTRY_REASONS[reason]


def test_a_busy_registry_is_to_be_tried_again() -> None:
    assert REGISTRY_REASONS[RegistryReason.BUSY] == ErrorReason.ERROR_REASON_REGISTRY_BUSY


def test_what_has_no_name_on_the_wire_stays_a_fault() -> None:
    assert refusal_for(RegistryError(RegistryReason.OTHER_SCHEMA, "words without identifiers")) is None


async def test_a_write_that_waits_keeps_no_reader_waiting(tmp_path: Path) -> None:
    door = RegistryDoor(Opening(tmp_path))
    free = threading.Event()
    writing = [asyncio.create_task(door.act(lambda _: free.wait(10))) for _ in range(40)]
    assert await asyncio.wait_for(door.read(lambda registry: registry.head()), 5) == 0
    free.set()
    assert all(await asyncio.gather(*writing))
    door.close()
