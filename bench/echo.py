"""The empty call: a unary echo on the same gRPC build, loop, options and registration as a check worker."""

from __future__ import annotations

import sys

import grpc
import uvloop

from clearway.server.listener import Context, options
from clearway.server.memory import settle
from clearway.server.settings import Settings


async def echo(raw: bytes, context: Context) -> bytes:
    """Give back what came."""
    return raw


async def serve(address: str) -> None:
    """Serve `bench.Echo/Call` until killed."""
    settings = Settings()
    server = grpc.aio.server(
        options=options(settings.max_message_bytes, settings.max_connection_age, settings.max_in_flight)
    )
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", {"Call": handler}),))
    server.add_insecure_port(address)
    settle()
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
