"""The one place where calls are made: a line takes a typed method and a message, and gives a message or our error.

`Line` and `AsyncLine` are protocols: the clients speak through a gRPC channel here, and `clearway.testing` puts another
line beneath the very same clients.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Protocol

import grpc

from clearway.client.channels import CallMetadata, Channels, Closed, Held, Metadata
from clearway.client.config import ConnectConfig
from clearway.client.errors import failure_of_call
from clearway.client.methods import Method, RequestT, ResponseT
from clearway.client.tracing import call_span, trace_headers


class Line(Protocol):
    """What a sync client speaks through."""

    @property
    def closed(self) -> bool:
        """Whether it was closed from this side."""

    def unary(
        self, method: Method[RequestT, ResponseT], request: RequestT, timeout: float, language: str | None, about: str
    ) -> ResponseT:
        """Make one call within `timeout` seconds. Raises `ClearwayError` about the request id `about`, or `Closed`."""

    def stream(
        self, method: Method[RequestT, ResponseT], request: RequestT, language: str | None
    ) -> Generator[ResponseT]:
        """Open a stream of answers, ended by closing it. Raises `ClearwayError` or `Closed`."""

    def close(self) -> None:
        """End it, and every call on it."""


class AsyncLine(Protocol):
    """What an async client speaks through."""

    @property
    def closed(self) -> bool:
        """Whether it was closed from this side."""

    async def unary(
        self, method: Method[RequestT, ResponseT], request: RequestT, timeout: float, language: str | None, about: str
    ) -> ResponseT:
        """Make one call within `timeout` seconds. Raises `ClearwayError` about the request id `about`, or `Closed`."""

    def stream(
        self, method: Method[RequestT, ResponseT], request: RequestT, language: str | None
    ) -> AsyncGenerator[ResponseT]:
        """Open a stream of answers, ended by closing it. Raises `ClearwayError` or `Closed`."""

    async def close(self) -> None:
        """End it, and every call on it."""


class ChannelLine:
    """A line over gRPC, for threads. It may be shared by any number of them."""

    def __init__(self, config: ConnectConfig) -> None:
        self._channels: Channels[grpc.Channel] = Channels(config, sync_channel)
        self._metadata = CallMetadata(config)

    @property
    def closed(self) -> bool:
        """Whether it was closed from this side."""
        return self._channels.closed

    def unary(
        self, method: Method[RequestT, ResponseT], request: RequestT, timeout: float, language: str | None, about: str
    ) -> ResponseT:
        """Make one call."""
        metadata = self._metadata.of(language)
        with call_span(method.path) as trace:
            return self._unary(method, request, timeout, metadata + trace, about)

    def stream(
        self, method: Method[RequestT, ResponseT], request: RequestT, language: str | None
    ) -> Generator[ResponseT]:
        """Open a stream of answers."""
        metadata = self._metadata.of(language) + trace_headers()
        held = self._take()
        try:
            call = callable_of(held, held.channel.unary_stream, method)(request, metadata=metadata)
            try:
                yield from call
            finally:
                call.cancel()
        except grpc.RpcError as error:
            raise_if_closed(self.closed and ended_from_here(error))
            raise failure_of_call(error) from error
        except ValueError:
            raise_if_closed(self.closed)
            raise
        finally:
            self._give_back(held)

    def close(self) -> None:
        """Close every channel."""
        for channel in self._channels.close():
            channel.close()

    def _unary(
        self, method: Method[RequestT, ResponseT], request: RequestT, timeout: float, metadata: Metadata, about: str
    ) -> ResponseT:
        held = self._take()
        try:
            call = callable_of(held, held.channel.unary_unary, method)
            response: ResponseT = call(request, timeout=timeout, metadata=metadata)
        except grpc.RpcError as error:
            raise_if_closed(self.closed and ended_from_here(error))
            raise failure_of_call(error, about) from error
        except ValueError:
            raise_if_closed(self.closed)
            raise
        finally:
            self._give_back(held)
        return response

    def _take(self) -> Held[grpc.Channel]:
        held, idle = self._channels.take()
        if idle is not None:
            idle.close()
        return held

    def _give_back(self, held: Held[grpc.Channel]) -> None:
        ended = self._channels.give_back(held)
        if ended is not None:
            ended.close()


class AsyncChannelLine:
    """A line over gRPC, for one event loop: its channel is opened by the first call, on that call's loop."""

    def __init__(self, config: ConnectConfig) -> None:
        self._channels: Channels[grpc.aio.Channel] = Channels(config, async_channel)
        self._metadata = CallMetadata(config)

    @property
    def closed(self) -> bool:
        """Whether it was closed from this side."""
        return self._channels.closed

    async def unary(
        self, method: Method[RequestT, ResponseT], request: RequestT, timeout: float, language: str | None, about: str
    ) -> ResponseT:
        """Make one call."""
        metadata = self._metadata.of(language)
        with call_span(method.path) as trace:
            return await self._unary(method, request, timeout, metadata + trace, about)

    async def stream(
        self, method: Method[RequestT, ResponseT], request: RequestT, language: str | None
    ) -> AsyncGenerator[ResponseT]:
        """Open a stream of answers."""
        metadata = self._metadata.of(language) + trace_headers()
        held = await self._take()
        try:
            call = callable_of(held, held.channel.unary_stream, method)(request, metadata=metadata)
            try:
                async for response in call:
                    yield response
            finally:
                call.cancel()
        except grpc.RpcError as error:
            raise_if_closed(self.closed and ended_from_here(error))
            raise failure_of_call(error) from error
        except (asyncio.CancelledError, grpc.aio.UsageError):
            raise_if_closed(self.closed and not cancelled_by_somebody())
            raise
        finally:
            await self._give_back(held)

    async def close(self) -> None:
        """Close every channel."""
        for channel in self._channels.close():
            await channel.close()

    async def _unary(
        self, method: Method[RequestT, ResponseT], request: RequestT, timeout: float, metadata: Metadata, about: str
    ) -> ResponseT:
        held = await self._take()
        try:
            call = callable_of(held, held.channel.unary_unary, method)
            response: ResponseT = await call(request, timeout=timeout, metadata=metadata)
        except grpc.RpcError as error:
            raise_if_closed(self.closed and ended_from_here(error))
            raise failure_of_call(error, about) from error
        except (asyncio.CancelledError, grpc.aio.UsageError):
            raise_if_closed(self.closed and not cancelled_by_somebody())
            raise
        finally:
            await self._give_back(held)
        return response

    async def _take(self) -> Held[grpc.aio.Channel]:
        held, idle = self._channels.take()
        if idle is not None:
            await idle.close()
        return held

    async def _give_back(self, held: Held[grpc.aio.Channel]) -> None:
        ended = self._channels.give_back(held)
        if ended is not None:
            await ended.close()


def raise_if_closed(closed: bool) -> None:
    """Put `Closed` in the place of what gRPC says of a channel that was closed beneath a call."""
    if closed:
        raise Closed from None


def ended_from_here(error: Any) -> bool:
    """Whether a call was ended by this side."""
    return bool(error.code() is grpc.StatusCode.CANCELLED)


def cancelled_by_somebody() -> bool:
    """Whether the running task is being cancelled; gRPC raises the same where only its channel was closed."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def callable_of(held: Held[Any], kind: Callable[..., Any], method: Method[RequestT, ResponseT]) -> Any:
    """The method on the channel, made once."""
    found = held.methods.get(method.path)
    if found is None:
        found = held.methods[method.path] = kind(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
    return found


def sync_channel(target: str, credentials: grpc.ChannelCredentials | None, options: Any) -> grpc.Channel:
    """A channel for threads."""
    if credentials is None:
        return grpc.insecure_channel(target, options)
    return grpc.secure_channel(target, credentials, options)


def async_channel(target: str, credentials: grpc.ChannelCredentials | None, options: Any) -> grpc.aio.Channel:
    """A channel for the running event loop."""
    if credentials is None:
        return grpc.aio.insecure_channel(target, options)
    return grpc.aio.secure_channel(target, credentials, options)
