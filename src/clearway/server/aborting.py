"""Ending a call with a refusal's status."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc

from clearway.server.errors import Refusal, code_of, status_of


async def abort(context: grpc.aio.ServicerContext[Any, Any], refusal: Refusal) -> NoReturn:
    """End the call: the code, the words, and the `google.rpc.Status` in the trailers."""
    details = (("grpc-status-details-bin", status_of(refusal).SerializeToString()),)
    await context.abort(code_of(refusal), refusal.message, details)
    raise AssertionError("abort always raises")
