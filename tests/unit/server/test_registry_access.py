"""A worker's way to the registry: its refusals are documented ones, and a waiting write keeps no reader waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.registry import Registry
from clearway.server.errors import Refusal
from clearway.server.registry_access import REASONS, RegistryAccess
from tests.unit.registry.making import open_registry


@pytest.fixture
def access(tmp_path: Path) -> Iterator[RegistryAccess]:
    opened = RegistryAccess(open_registry(tmp_path))
    yield opened
    opened.close()


def failing(reason: RegistryReason) -> object:
    def act(registry: Registry) -> None:
        raise RegistryError(reason, "words without identifiers")

    return act


@pytest.mark.parametrize("reason", REASONS)
async def test_a_refusal_of_the_registry_is_a_documented_one(access: RegistryAccess, reason: RegistryReason) -> None:
    for way in (access.read, access.write):
        with pytest.raises(Refusal) as refused:
            await way(failing(reason))  # type: ignore[arg-type]
        assert refused.value.reason == REASONS[reason]


def test_a_busy_registry_is_to_be_tried_again() -> None:
    assert REASONS[RegistryReason.BUSY] == ErrorReason.ERROR_REASON_REGISTRY_BUSY


async def test_what_has_no_name_on_the_wire_stays_a_fault(access: RegistryAccess) -> None:
    with pytest.raises(RegistryError):
        await access.read(failing(RegistryReason.OTHER_SCHEMA))  # type: ignore[arg-type]


async def test_a_write_that_waits_keeps_no_reader_waiting(access: RegistryAccess) -> None:
    free = threading.Event()
    writing = [asyncio.create_task(access.write(lambda _: free.wait(10))) for _ in range(40)]
    assert await asyncio.wait_for(access.read(lambda registry: registry.head()), 5) == 0
    free.set()
    assert all(await asyncio.gather(*writing))
