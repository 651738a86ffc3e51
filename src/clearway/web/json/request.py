"""What an HTTP request asks of a method: its message, as bytes that a worker takes, and what goes with it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass

from google.protobuf.message import DecodeError, Message
from starlette.requests import Request

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation
from clearway.web.json.connect import bad_header, timeout_of
from clearway.web.json.methods import OfferedMethod
from clearway.web.json.transcoding import NO_MESSAGE, NotAMessage, message_in
from clearway.web.workers import Metadata

FORWARDED = ("authorization", "accept-language", "traceparent", "tracestate")
"""Headers that go on to the worker, which reads them as it reads everybody's metadata."""

LONGEST_HEADER = 8 * 1024
BODY_SECONDS = 10.0
"""Within which a body has to arrive."""

PRINTABLE = re.compile(r"[\x20-\x7e]*")
JSON, PROTO = "application/json", "application/proto"


@dataclass(frozen=True, slots=True)
class Asked:
    """One call. `violations` say what is wrong with JSON that is no message; `raw` is then no message either."""

    raw: bytes
    metadata: Metadata
    timeout: float | None
    as_json: bool
    violations: tuple[Violation, ...] = ()


class TooSlow(Refusal):
    """A body that did not arrive in time."""

    def __init__(self) -> None:
        super().__init__(ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED, "the request did not arrive in time")


async def asked_of(request: Request, method: OfferedMethod, most: int) -> Asked:
    """The call that a request states. Raises `Refusal`.

    UNSUPPORTED_MEDIA_TYPE, REQUEST_TOO_LARGE, DEADLINE_EXCEEDED, INVALID_REQUEST.
    """
    headers = request.headers
    if headers.get("connect-protocol-version", "1") != "1":
        raise bad_header("connect-protocol-version", "1")
    timeout = timeout_of(headers.get("connect-timeout-ms"), headers.get("grpc-timeout"))
    if timeout == 0:
        # gRPC would begin such a call, and now and then it is quicker than its end.
        raise Refusal(ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED, "the call's deadline has passed")
    metadata = metadata_of(request)
    if request.method == "GET":
        body, as_json = in_query(request, most)
    else:
        as_json = is_json(request)
        body = await body_of(request, most)
    try:
        raw = message_of(body, method, as_json, headers.get("last-event-id"))
    except NotAMessage as fault:
        return Asked(NO_MESSAGE, metadata, timeout, as_json, fault.violations)
    return Asked(raw, metadata, timeout, as_json)


def message_of(body: bytes, method: OfferedMethod, as_json: bool, last_event: str | None) -> bytes:
    """The message as bytes; a stream that is asked for again goes on after the last event. Raises `NotAMessage`."""
    resumes = last_event is not None and method.streams and method.resumes
    if not as_json and not resumes:
        return body
    message = message_in(body or b"{}", method.request_type) if as_json else parsed(body, method.request_type)
    if resumes:
        setattr(message, "after", last_event)  # noqa: B010  # its type is the method's own
    return message.SerializeToString()


def parsed(body: bytes, kind: type[Message]) -> Message:
    """The message of some bytes. Raises `NotAMessage`."""
    try:
        return kind.FromString(body)
    except (DecodeError, UnicodeDecodeError):
        raise NotAMessage from None


def metadata_of(request: Request) -> Metadata:
    """The headers that go on. Raises `Refusal` INVALID_REQUEST for what gRPC would not carry."""
    found = []
    for name in FORWARDED:
        values = request.headers.getlist(name)
        for value in values:
            if not PRINTABLE.fullmatch(value) or len(value) > LONGEST_HEADER:
                raise bad_header(name, f"printable ASCII, at most {LONGEST_HEADER} signs")
            found.append((name, value))
        if len(values) > 1:
            raise bad_header(name, "given once")
    return tuple(found)


def is_json(request: Request) -> bool:
    """Whether the body is JSON, and not protobuf's bytes. Raises `Refusal` UNSUPPORTED_MEDIA_TYPE for anything else."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    encoding = request.headers.get("content-encoding", "identity")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() in (JSON, PROTO) and charset in ("", "charset=utf-8") and encoding.lower() == "identity":
        return kind.strip().lower() == JSON
    message = f"the body must be {JSON} or {PROTO}, in UTF-8, without an encoding"
    raise Refusal(ErrorReason.ERROR_REASON_UNSUPPORTED_MEDIA_TYPE, message)


async def body_of(request: Request, most: int) -> bytes:
    """The body. Raises `Refusal` REQUEST_TOO_LARGE before it is read further, and `TooSlow`."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most:
        raise too_large(most)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise too_large(most)
    except TimeoutError:
        raise TooSlow from None
    return bytes(body)


def in_query(request: Request, most: int) -> tuple[bytes, bool]:
    """The message of a GET, and whether it is JSON: `?encoding=json&message=…`, with `base64=1` where it is that.

    Raises `Refusal` UNSUPPORTED_MEDIA_TYPE, REQUEST_TOO_LARGE and MALFORMED_REQUEST.
    """
    query = request.query_params
    encoding = query.get("encoding", "json")
    if encoding not in ("json", "proto") or query.get("compression", "identity") != "identity":
        message = "encoding must be json or proto, without compression"
        raise Refusal(ErrorReason.ERROR_REASON_UNSUPPORTED_MEDIA_TYPE, message)
    body = query.get("message", "").encode("utf-8", "surrogatepass")
    if query.get("base64") == "1":
        try:
            body = base64.b64decode(body.translate(URL_SAFE) + b"=" * (-len(body) % 4), validate=True)
        except (binascii.Error, ValueError):
            message = "the message of the query is not base64"
            raise Refusal(ErrorReason.ERROR_REASON_MALFORMED_REQUEST, message) from None
    if len(body) > most:
        raise too_large(most)
    return body, encoding == "json"


URL_SAFE = bytes.maketrans(b"-_", b"+/")


def too_large(most: int) -> Refusal:
    """The refusal of a body that is longer than a message may be."""
    message = "the body is longer than a message may be"
    return Refusal(ErrorReason.ERROR_REASON_REQUEST_TOO_LARGE, message, {"limit": str(most)})
