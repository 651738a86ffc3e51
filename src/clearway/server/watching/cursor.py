"""The cursor of a stream of changes: opaque to callers; carries the database's identity."""

from __future__ import annotations

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation

FORMAT = "c1"
LONGEST_NUMBER = 18


def cursor_of(database_id: str, seq: int) -> str:
    """The cursor after the change of that number in that database."""
    return f"{FORMAT}.{database_id}.{seq}"


def parse_cursor(cursor: str, database_id: str, head: int) -> int:
    """The number of the change to go on after.

    Raises `Refusal` INVALID_CURSOR for what is no cursor, for another database's, and for one beyond `head`, the last
    change there is: the database was restored from before it, and what it would pass over was never told.
    """
    parts = cursor.split(".")
    if len(parts) != 3 or parts[0] != FORMAT or not is_number(parts[2]):
        raise invalid_cursor("this is not a cursor of this service")
    if parts[1] != database_id:
        raise invalid_cursor("the cursor comes from another database")
    if int(parts[2]) > head:
        raise invalid_cursor("the cursor is ahead of what is recorded")
    return int(parts[2])


def is_number(text: str) -> bool:
    """Whether the text writes a number that a database can hold."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER


def invalid_cursor(message: str) -> Refusal:
    """The refusal of a cursor."""
    violations = [Violation("after", message)]
    return Refusal(ErrorReason.ERROR_REASON_INVALID_CURSOR, message, violations=violations)
