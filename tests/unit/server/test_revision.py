from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal
from clearway.server.revision import Revision, parse_token, require_same_database, token_of

DATABASE = "0123456789abcdef" * 2


@given(st.integers(0, 10**18 - 1))
def test_a_token_reads_back_as_the_revision_it_was_made_from(number: int) -> None:
    assert parse_token(token_of(DATABASE, number)) == Revision(DATABASE, number)


@pytest.mark.parametrize(
    "token",
    ["", "r1", "r1.a", "r1.a.", "r1.a.b", "r2.a.1", "r1.a.1.2", "r1.a.-1", "r1.a.+1", "r1.a. 1", "r1.a.١", "r1.a.²",
     "r1.a." + "1" * 19, "\x00", "r1.a.1\n", "r1.a.0x1"],
)  # fmt: skip
def test_other_text_is_no_token(token: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_token(token)
    assert refused.value.reason == ErrorReason.ERROR_REASON_INVALID_REVISION
    assert [violation.field for violation in refused.value.violations] == ["consistency.at_least_as_fresh"]


@given(st.text(max_size=40))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with contextlib.suppress(Refusal):
        parse_token(text)


def test_a_token_of_another_database_is_refused() -> None:
    require_same_database(Revision(DATABASE, 1), DATABASE)
    with pytest.raises(Refusal) as refused:
        require_same_database(Revision("f" * 32, 1), DATABASE)
    assert refused.value.reason == ErrorReason.ERROR_REASON_FOREIGN_REVISION
