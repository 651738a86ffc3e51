"""An empty call without anything of Clearway, to compare releases of grpcio: run by a Python that has only them."""

from __future__ import annotations

import sys
from typing import Any

import grpc
import uvloop


async def echo(raw: bytes, context: Any) -> bytes:
    """Give back what came."""
    return raw


async def serve(address: str) -> None:
    """Serve `bench.Echo/Call` until killed."""
    server = grpc.aio.server()
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", {"Call": handler}),))
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
