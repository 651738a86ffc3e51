"""The node's workers as the web process reaches them: a channel to each, by its socket in the data folder.

A call takes the next worker that is there. It is not sent again to another one: whoever asks decides that, as over
gRPC.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence

import grpc

from clearway.server.settings import Settings
from clearway.server.side_door import side_door

Metadata = tuple[tuple[str, str], ...]

READY = grpc.ChannelConnectivity.READY
OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.default_authority", "localhost"),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]
"""A worker that was restarted is found again within a second."""


class Workers:
    """Calls by bytes, to whichever worker is there."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._channels = [grpc.aio.insecure_channel(address, options=OPTIONS) for address in addresses]
        self._turns = itertools.cycle(range(len(self._channels)))
        self._streams: set[grpc.aio.UnaryStreamCall[bytes, bytes]] = set()
        self._closing = False

    async def unary(self, method: str, request: bytes, metadata: Metadata, timeout: float) -> bytes:
        """The answer's bytes. Raises `grpc.aio.AioRpcError`."""
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._next().unary_unary(method)
        return await call(request, metadata=metadata, timeout=timeout)

    async def stream(
        self, method: str, request: bytes, metadata: Metadata, timeout: float | None
    ) -> AsyncIterator[bytes]:
        """The messages of a stream, until it ends or the process stops. Raises `grpc.aio.AioRpcError`."""
        begin: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self._next().unary_stream(method)
        call = begin(request, metadata=metadata, timeout=timeout)
        self._streams.add(call)
        try:
            async for message in call:
                yield message
        except asyncio.CancelledError:
            # A stream that we end ourselves ends for its reader as if the worker had ended it.
            if not self._closing:
                raise
        finally:
            self._streams.discard(call)
            call.cancel()

    def end_streams(self) -> None:
        """End every stream: readers go on elsewhere."""
        self._closing = True
        for call in tuple(self._streams):
            call.cancel()

    async def close(self) -> None:
        """Close the channels."""
        await asyncio.gather(*(channel.close() for channel in self._channels))

    def _next(self) -> grpc.aio.Channel:
        """The next worker that is connected; where none is, the next one, and the call says so."""
        first = next(self._turns)
        in_turn = [self._channels[(first + n) % len(self._channels)] for n in range(len(self._channels))]
        return next((channel for channel in in_turn if channel.get_state(try_to_connect=True) is READY), in_turn[0])


def workers_of(settings: Settings) -> Workers:
    """The workers of this node."""
    return Workers([f"unix:{side_door(settings, name)}" for name in settings.worker_names])
