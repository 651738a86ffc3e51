"""The script over real gRPC, on loopback: for integrations in other languages, and for what only a wire can show."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
from grpc_status import rpc_status

from clearway.client import methods
from clearway.client.methods import Method
from clearway.testing.refusals import Refused
from clearway.testing.script import Script

THREADS = 16
PATIENCE = 0.005


@contextmanager
def serving(script: Script, address: str = "127.0.0.1:0") -> Iterator[str]:
    """Serve the script; the address that clients call. Raises RuntimeError where the address is taken."""
    server = grpc.server(ThreadPoolExecutor(THREADS), options=[("grpc.so_reuseport", 0)])
    for service in methods.SERVICES:
        handlers = {
            method.path.rpartition("/")[2]: handler(script, method)
            for method in methods.ALL
            if method.path.startswith(f"/{service.full_name}/")
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))
    host = address.rpartition(":")[0]
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield f"{host}:{port}"
    finally:
        server.stop(grace=None).wait()


def handler(script: Script, method: Method[Any, Any]) -> Any:
    """The handler of one method."""

    def unary(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return script.answer(method, request, language_of(context))
        except Refused as refusal:
            abort(context, refusal)

    def stream(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            for told in script.watch(request, language_of(context)):
                if not context.is_active():
                    return
                if told is None:
                    time.sleep(PATIENCE)
                else:
                    yield told
        except Refused as refusal:
            abort(context, refusal)

    read, write = method.request.FromString, method.response.SerializeToString
    if method is methods.WATCH_CASES:
        return grpc.unary_stream_rpc_method_handler(stream, read, write)
    return grpc.unary_unary_rpc_method_handler(unary, read, write)


def language_of(context: grpc.ServicerContext) -> str | None:
    """The language that the caller asked for."""
    return next((str(value) for name, value in context.invocation_metadata() if name == "accept-language"), None)


def abort(context: grpc.ServicerContext, refusal: Refused) -> NoReturn:
    """End the call with the refusal's status."""
    context.abort_with_status(rpc_status.to_status(refusal.status))
    raise AssertionError("aborting ends the call")
