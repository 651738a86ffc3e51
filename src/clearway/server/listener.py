"""The gRPC server: one place for its options, its fallback, and its guard against bytes that are no message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.aborting import abort
from clearway.server.call import Call, Method, Proceed
from clearway.server.errors import Refusal

Context = grpc.aio.ServicerContext[Any, Any]


FEWEST_WAITING = 256
"""Calls that may wait to be taken whatever `max_in_flight` is: they come in bursts."""


def options(max_message_bytes: int, max_connection_age: float, max_in_flight: int) -> list[tuple[str, int]]:
    """Channel arguments of every Clearway server.

    Calls that arrive faster than they can be taken wait within gRPC, which turns some away from a quarter of
    `max_in_flight` on and all from half of it on: these end CANCELLED, at the cost of next to nothing, so that those
    let in have not waited long.
    """
    return [
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_metadata_size", 16 * 1024),
        # Uncompressed only: gRPC answers a body that does not decompress with INTERNAL, which is no caller's error.
        ("grpc.compression_enabled_algorithms_bitset", 1),
        ("grpc.max_connection_age_ms", int(max_connection_age * 1000)),
        ("grpc.max_connection_age_grace_ms", 30_000),
        ("grpc.server.max_pending_requests", max(FEWEST_WAITING, max_in_flight // 4)),
        ("grpc.server.max_pending_requests_hard_limit", max(2 * FEWEST_WAITING, max_in_flight // 2)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]


def handlers_of(service: str, methods: Mapping[Method, Proceed]) -> grpc.GenericRpcHandler:
    """Handlers that take and give bytes: parsing and its errors belong to the interceptors, not to gRPC."""
    handlers = {
        method.name.rpartition("/")[2]: stream(method, chain) if method.streams else unary(method, chain)
        for method, chain in methods.items()
    }
    return grpc.method_handlers_generic_handler(service, handlers)


def unary(method: Method, chain: Proceed) -> grpc.RpcMethodHandler[bytes, bytes]:
    """The handler of one unary method."""

    async def handle(raw: bytes, context: Context) -> bytes:
        return await chain(Call(method, raw, context))

    return grpc.unary_unary_rpc_method_handler(handle)


def stream(method: Method, chain: Proceed) -> grpc.RpcMethodHandler[bytes, bytes]:
    """The handler of a method that answers with a stream.

    Its servicer writes the messages itself, so that what goes around a call (faults, admission) goes around the stream.
    """

    async def handle(raw: bytes, context: Context) -> None:
        await chain(Call(method, raw, context))

    return grpc.unary_stream_rpc_method_handler(handle)


class Fallback(grpc.GenericRpcHandler):
    """Answers every method that nobody else knows: UNIMPLEMENTED, with our reason."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """The handler of an unknown method; it reads nothing."""

        async def handle(requests: object, context: Context) -> None:
            await abort(context, Refusal(ErrorReason.ERROR_REASON_UNKNOWN_METHOD, "no such method"))

        return grpc.stream_stream_rpc_method_handler(handle)


def lenient(parse: Callable[[bytes], Message]) -> Callable[[bytes], Message | None]:
    """A deserializer that gives None where gRPC's own would end the call as INTERNAL."""

    def deserialize(raw: bytes) -> Message | None:
        try:
            return parse(raw)
        except (DecodeError, UnicodeDecodeError):
            return None

    return deserialize


async def require_message(message: Message | None, context: Context) -> Any:
    """The message, or the end of the call as MALFORMED_REQUEST."""
    if message is None:
        refusal = Refusal(ErrorReason.ERROR_REASON_MALFORMED_REQUEST, "the bytes are not a message of this method")
        await abort(context, refusal)
    return message
