"""Health and reflection: the standard services, guarded against bytes that are no message."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection, reflection_pb2

from clearway.server.aborting import abort
from clearway.server.errors import Refusal
from clearway.server.listener import Context, lenient, require_message


def health_handlers(servicer: health_aio.HealthServicer) -> grpc.GenericRpcHandler:
    """Handlers of `grpc.health.v1.Health` for a servicer."""

    async def check(request: Any, context: Context) -> Any:
        return await servicer.Check(await require_message(request, context), context)

    async def watch(request: Any, context: Context) -> None:
        await servicer.Watch(await require_message(request, context), context)

    request_of = lenient(health_pb2.HealthCheckRequest.FromString)
    as_bytes = health_pb2.HealthCheckResponse.SerializeToString
    return grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health",
        {
            "Check": grpc.unary_unary_rpc_method_handler(check, request_of, as_bytes),
            "Watch": grpc.unary_stream_rpc_method_handler(watch, request_of, as_bytes),
        },
    )


def reflection_handlers(
    services: tuple[str, ...], require_known: Callable[[Context], Awaitable[None]]
) -> grpc.GenericRpcHandler:
    """Handlers of `grpc.reflection.v1alpha.ServerReflection` for these services, for whom `require_known` lets in."""
    servicer = reflection.aio.ReflectionServicer(services)

    async def info(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        try:
            await require_known(context)
        except Refusal as refusal:
            await abort(context, refusal)

        async def messages() -> AsyncIterator[Any]:
            async for request in requests:
                yield await require_message(request, context)

        async for response in servicer.ServerReflectionInfo(messages(), context):
            yield response

    return grpc.method_handlers_generic_handler(
        "grpc.reflection.v1alpha.ServerReflection",
        {
            "ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(
                info,
                lenient(reflection_pb2.ServerReflectionRequest.FromString),
                reflection_pb2.ServerReflectionResponse.SerializeToString,
            )
        },
    )
