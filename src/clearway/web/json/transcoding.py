"""JSON to message and back, by protobuf's own mapping."""

from __future__ import annotations

import json
import re

from google.protobuf import json_format
from google.protobuf.message import Message

from clearway.server.errors import Violation

DEEPEST = 32
"""Messages inside each other that a request may have; the contract needs five."""

NO_SUCH_FIELD = re.compile(r'has no field named "(\w{1,64})" at "([\w.]{1,200})"')
AT_FIELD = re.compile(r"Failed to parse (\w{1,64}) field")

NO_MESSAGE = b"\x07"
"""Bytes that are no message whatever its type, as no wire type is 7.

What is no message in JSON goes on as this: so it is refused, and recorded, where everything that is no message is.
"""


class NotAMessage(Exception):
    """The JSON is no message of this type: `violations` say where, as far as can be said without repeating values."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__("the JSON is no message of this method")
        self.violations = violations


def message_in(text: bytes, kind: type[Message]) -> Message:
    """The message that some JSON states. Raises `NotAMessage`: a field that is not known is an error, not ignored."""
    # An empty list or text would pass for a message without fields.
    if not text.lstrip().startswith(b"{"):
        raise NotAMessage(*violations_of(text, ValueError()))
    try:
        return json_format.Parse(text, kind(), max_recursion_depth=DEEPEST)
    except (json_format.ParseError, UnicodeDecodeError, RecursionError, ValueError, TypeError, AttributeError) as fault:
        raise NotAMessage(*violations_of(text, fault)) from None


def violations_of(text: bytes, fault: Exception) -> list[Violation]:
    """What is wrong and where. The parser's own words quote the request, so they are not passed on."""
    try:
        json.loads(text)
    except json.JSONDecodeError as broken:
        return [Violation("", f"not JSON: line {broken.lineno}, column {broken.colno}", "json.syntax")]
    except (UnicodeDecodeError, RecursionError, ValueError):
        return [Violation("", "not JSON: no UTF-8 text, or too deep", "json.syntax")]
    words = str(fault)
    if unknown := NO_SUCH_FIELD.search(words):
        return [Violation(unknown[1], "no such field", "json.field")]
    if field := AT_FIELD.search(words):
        return [Violation(field[1], "not a value of this field", "json.value")]
    return [Violation("", "not a message of this method", "json.message")]


def json_of(message: Message) -> bytes:
    """A message as compact JSON, in UTF-8."""
    document = json_format.MessageToDict(message)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
