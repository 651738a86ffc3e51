"""The door for JSON: each request to its method, each answer or refusal back."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

import grpc
import structlog
from google.rpc import status_pb2
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, server_fault, status_of
from clearway.server.interceptors.faults import place_of
from clearway.web.json.connect import HTTP_STATUS, code_of, error_json, status_in, with_violations
from clearway.web.json.events import event_of, last_event
from clearway.web.json.methods import HEALTH, OfferedMethod
from clearway.web.json.request import JSON, PROTO, Asked, TooSlow, asked_of
from clearway.web.json.transcoding import json_of
from clearway.web.workers import Workers

PATIENCE = 10.0
"""Seconds that a call may take whose caller states no deadline."""

OWN_STATUS: Mapping[ErrorReason.ValueType, int] = {
    ErrorReason.ERROR_REASON_UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorReason.ERROR_REASON_REQUEST_TOO_LARGE: 413,
}
"""Reasons for which HTTP has a better status than the one of their code."""

NEVER_KEPT = {"cache-control": "no-store"}
ENDS_CONNECTION = {"connection": "close"}
"""After a body that was not read to its end, the rest of it would be taken for the next request."""

_log = structlog.get_logger(__name__)


class JsonDoor:
    """Answers HTTP requests with what the node's workers say."""

    def __init__(
        self, workers: Workers, methods: Mapping[str, OfferedMethod], most_bytes: int, most_calls: int
    ) -> None:
        self._workers = workers
        self._methods = methods
        self._most_bytes = most_bytes
        self._most_calls = most_calls
        self._calls = 0

    async def call(self, request: Request) -> Response:
        """The answer to a call, or its refusal; a stream's answer goes on."""
        try:
            return await self._admitted(request)
        except Refusal as refusal:
            return refused(refusal)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            # The exception's text may quote a request, so only its type and place are logged.
            _log.error("fault", method=request.url.path[:80], error=type(error).__name__, at=place_of(error))
            return refused(server_fault())

    async def ready(self, request: Request) -> Response:
        """Whether a check would be answered now: 200 or 503, for whatever spreads calls over nodes."""
        method = self._methods[HEALTH]
        try:
            raw = await self._workers.unary(HEALTH, b"", (), PATIENCE)
        except grpc.aio.AioRpcError:
            return Response(status_code=503, headers=NEVER_KEPT)
        serving = json_of(method.response_type.FromString(raw))
        return Response(serving, 200 if b'"SERVING"' in serving else 503, NEVER_KEPT, JSON)

    async def _admitted(self, request: Request) -> Response:
        if self._calls >= self._most_calls:
            message = "too many calls in flight; retry later"
            raise Refusal(ErrorReason.ERROR_REASON_OVERLOADED, message, {"limit": str(self._most_calls)})
        self._calls += 1
        try:
            return await self._answer(request)
        finally:
            self._calls -= 1

    async def _answer(self, request: Request) -> Response:
        method = self._methods.get(request.url.path)
        if method is None:
            return no_such_method(404)
        if request.method != "POST" and not (request.method == "GET" and method.reads):
            return no_such_method(405, "GET, POST" if method.reads else "POST")
        asked = await asked_of(request, method, self._most_bytes)
        try:
            return await (self._stream(method, asked) if method.streams else self._unary(method, asked))
        except grpc.aio.AioRpcError as error:
            return failed(with_violations(status_in(error), asked.violations))

    async def _unary(self, method: OfferedMethod, asked: Asked) -> Response:
        timeout = PATIENCE if asked.timeout is None else asked.timeout
        raw = await self._workers.unary(method.path, asked.raw, asked.metadata, timeout)
        if not asked.as_json:
            return Response(raw, 200, NEVER_KEPT, PROTO)
        return Response(json_of(method.response_type.FromString(raw)), 200, NEVER_KEPT, JSON)

    async def _stream(self, method: OfferedMethod, asked: Asked) -> Response:
        """Server-sent events. What is refused is refused before the first of them, with its HTTP status."""
        messages = self._workers.stream(method.path, asked.raw, asked.metadata, asked.timeout)
        first = await anext(messages, None)
        headers = NEVER_KEPT | {"x-accel-buffering": "no"}
        return StreamingResponse(events(method, first, messages), 200, headers, "text/event-stream")


async def events(method: OfferedMethod, first: bytes | None, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The events of a stream: each message, and the error that ends it, if one does."""
    async with contextlib.aclosing(rest) as messages:  # type: ignore[type-var]
        if first is None:
            return
        yield event_of(method, first)
        try:
            async for message in messages:
                yield event_of(method, message)
        except grpc.aio.AioRpcError as error:
            yield last_event(error_json(status_in(error)))


def refused(refusal: Refusal) -> Response:
    """A refusal of our own."""
    late = isinstance(refusal, TooSlow)
    unread = late or refusal.reason in OWN_STATUS
    status = 408 if late else OWN_STATUS.get(refusal.reason)
    return failed(status_of(refusal), status, ENDS_CONNECTION if unread else {})


def no_such_method(status: int, allowed: str = "") -> Response:
    """What is asked for is no method, or not asked for in this way."""
    refusal = Refusal(ErrorReason.ERROR_REASON_UNKNOWN_METHOD, "no such method")
    return failed(status_of(refusal), status, ENDS_CONNECTION | ({"allow": allowed} if allowed else {}))


def failed(status: status_pb2.Status, http: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """A status as HTTP has it."""
    number = HTTP_STATUS[code_of(status)] if http is None else http
    return Response(error_json(status), number, {**NEVER_KEPT, **(headers or {})}, JSON)
