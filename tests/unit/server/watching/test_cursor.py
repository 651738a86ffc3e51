from __future__ import annotations

import pytest

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal
from clearway.server.watching.cursor import cursor_of, parse_cursor

DATABASE = "0" * 32


def test_a_cursor_leads_back_to_its_place() -> None:
    assert parse_cursor(cursor_of(DATABASE, 7), DATABASE, head=7) == 7
    assert parse_cursor(cursor_of(DATABASE, 0), DATABASE, head=0) == 0


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "7",
        "c1",
        f"c2.{DATABASE}.7",
        f"r1.{DATABASE}.7",
        f"c1.{DATABASE}.",
        f"c1.{DATABASE}.-1",
        f"c1.{DATABASE}.٧",
        f"c1.{DATABASE}.{'9' * 19}",
        f"c1.{DATABASE}.7.7",
        f"c1.{'1' * 32}.7",
        f"c1.{DATABASE}.8",
    ],
)
def test_what_is_no_cursor_of_this_database_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_cursor(cursor, DATABASE, head=7)
    assert refused.value.reason == ErrorReason.ERROR_REASON_INVALID_CURSOR
    assert refused.value.violations[0].field == "after"
