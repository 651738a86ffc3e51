"""Page tokens: where a list goes on. Opaque to callers; what is not one of ours is refused, and never guessed at."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

import msgspec

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation

PAGE = 100
"""How many a page holds where the request does not say."""

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def page_token(place: object) -> str:
    """The token of a place: anything that msgspec encodes."""
    return base64.urlsafe_b64encode(_encoder.encode(place)).decode()


def parse_page_token(token: str, kind: type[T]) -> T | None:
    """The place in a token; None for an empty one. Raises `Refusal` INVALID_CURSOR."""
    if not token:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(token, altchars=b"-_", validate=True), type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        message = "this is not a page token of this service"
        violations = [Violation("page_token", message)]
        raise Refusal(ErrorReason.ERROR_REASON_INVALID_CURSOR, message, violations=violations) from None


def page_size(asked: int) -> int:
    """How many a page holds."""
    return asked or PAGE
