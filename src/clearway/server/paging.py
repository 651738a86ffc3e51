"""Page tokens: where a list goes on. Opaque to callers; each belongs to one question, so that another's is noticed."""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2b
from typing import TypeVar

import msgspec

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation

MARK = 8
"""Bytes of digest that tell one question from another."""

PAGE = 100
"""How many a page holds where the request does not say."""

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def page_token(question: str, place: object) -> str:
    """The token of the page of `question` that begins after `place`: anything that msgspec encodes."""
    return base64.urlsafe_b64encode(_mark(question) + _encoder.encode(place)).decode()


def parse_page_token(token: str, question: str, kind: type[T]) -> T | None:
    """The place in a token of this question; None for an empty one. Raises `Refusal` INVALID_CURSOR."""
    if not token:
        return None
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        if raw[:MARK] == _mark(question):
            return msgspec.json.decode(raw[MARK:], type=kind)
    except (UnicodeError, binascii.Error, msgspec.DecodeError):
        pass
    message = "this is not a page token of this service and this question"
    violations = [Violation("page_token", message)]
    raise Refusal(ErrorReason.ERROR_REASON_INVALID_CURSOR, message, violations=violations)


def page_size(asked: int) -> int:
    """How many a page holds: what was asked for, or the usual number."""
    return asked or PAGE


def _mark(question: str) -> bytes:
    return blake2b(question.encode(), digest_size=MARK).digest()
