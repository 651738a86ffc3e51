"""A worker's way to the registry: away from the event loop, its refusals as documented ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.registry import Registry
from clearway.server.errors import Refusal

REASONS: Mapping[RegistryReason, ErrorReason.ValueType] = {
    RegistryReason.BUSY: ErrorReason.ERROR_REASON_REGISTRY_BUSY,
    RegistryReason.UNKNOWN_SUBJECT: ErrorReason.ERROR_REASON_SUBJECT_NOT_FOUND,
    RegistryReason.FACT_EXISTS: ErrorReason.ERROR_REASON_FACT_EXISTS,
}
"""What a refusal of the registry is called on the wire; any other would be a fault of ours."""

T = TypeVar("T")


class RegistryAccess:
    """One registry, opened once a worker.

    Writes have a thread of their own: one that waits for another process's write, up to ten seconds, must not keep the
    threads that read the log for checks. A caller that gives up does not undo its act.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clearway-registry-writer")

    async def write(self, act: Callable[[Registry], T]) -> T:
        """What `act` gives. Raises `Refusal` for a `RegistryError` of `REASONS`, and whatever else `act` raises."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._do, act)

    async def read(self, look: Callable[[Registry], T]) -> T:
        """What `look` gives."""
        return await asyncio.to_thread(self._do, look)

    def close(self) -> None:
        """Let what is being written finish, and let go of the database."""
        self._writer.shutdown()
        self._registry.close()

    def _do(self, act: Callable[[Registry], T]) -> T:
        try:
            return act(self._registry)
        except RegistryError as error:
            reason = REASONS.get(error.reason)
            if reason is None:
                raise
            raise Refusal(reason, error.detail) from error
