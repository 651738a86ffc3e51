"""A worker's way to the registry: its refusals are documented ones, and a waiting write keeps no reader waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.server.errors import REGISTRY_REASONS, refusal_for
from clearway.server.registry_door import RegistryDoor
from tests.unit.registry.making import open_registry


@pytest.fixture
def door(tmp_path: Path) -> Iterator[RegistryDoor]:
    opened = RegistryDoor(lambda: open_registry(tmp_path))
    yield opened
    opened.close()


@pytest.mark.parametrize("reason", REGISTRY_REASONS)
def test_a_refusal_of_the_registry_is_a_documented_one(reason: RegistryReason) -> None:
    refusal = refusal_for(RegistryError(reason, "words without identifiers"))
    assert refusal is not None
    assert refusal.reason == REGISTRY_REASONS[reason]


def test_a_busy_registry_is_to_be_tried_again() -> None:
    assert REGISTRY_REASONS[RegistryReason.BUSY] == ErrorReason.ERROR_REASON_REGISTRY_BUSY


def test_what_has_no_name_on_the_wire_stays_a_fault() -> None:
    assert refusal_for(RegistryError(RegistryReason.OTHER_SCHEMA, "words without identifiers")) is None


async def test_a_write_that_waits_keeps_no_reader_waiting(door: RegistryDoor) -> None:
    free = threading.Event()
    writing = [asyncio.create_task(door.act(lambda _: free.wait(10))) for _ in range(40)]
    assert await asyncio.wait_for(door.read(lambda registry: registry.head()), 5) == 0
    free.set()
    assert all(await asyncio.gather(*writing))
