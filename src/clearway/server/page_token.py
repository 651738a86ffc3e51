"""Page tokens: opaque to callers; each belongs to one question, so that another question's is noticed."""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2b

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation

MARK = 8
"""Bytes of digest that tell one question from another."""

LARGEST_PAGE = 1000
USUAL_PAGE = 100


def page_token(question: str, position: str) -> str:
    """The token of the page of `question` that begins after `position`."""
    return base64.urlsafe_b64encode(_mark(question) + position.encode()).decode()


def parse_page_token(token: str, question: str) -> str:
    """The position in a token of this question; empty for an empty token. Raises `Refusal` INVALID_CURSOR."""
    if not token:
        return ""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        position = raw[MARK:].decode("ascii")
    except (UnicodeError, binascii.Error):
        raise invalid_page_token() from None
    if raw[:MARK] != _mark(question) or not position:
        raise invalid_page_token()
    return position


def page_size(asked: int) -> int:
    """How many there are on a page: what was asked for, or the usual number."""
    return min(asked, LARGEST_PAGE) or USUAL_PAGE


def invalid_page_token() -> Refusal:
    """The refusal of a token that is not one of ours, or another question's."""
    message = "this is not a page token of this service and this question"
    violations = [Violation("page_token", message)]
    return Refusal(ErrorReason.ERROR_REASON_INVALID_CURSOR, message, violations=violations)


def _mark(question: str) -> bytes:
    return blake2b(question.encode(), digest_size=MARK).digest()
