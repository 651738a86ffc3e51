"""Page tokens lead back to where a page ended, and nothing else is one."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.server.errors import Refusal
from clearway.server.paging import page_size, page_token, parse_page_token

POSITION = "0195a0b0-0000-7000-8000-000000000001"
TOKEN = page_token("affected:L-1", POSITION)


def test_a_token_leads_back_to_where_the_page_ended() -> None:
    assert parse_page_token(TOKEN, "affected:L-1", str) == POSITION


def test_no_token_is_the_beginning() -> None:
    assert parse_page_token("", "affected:L-1", str) is None


@pytest.mark.parametrize(
    "token",
    [
        TOKEN[4:],
        TOKEN + "=",
        TOKEN.lower(),
        "nonsense",
        "\u4e00",
        "!" * 64,
        base64.b64encode(b"x" * 8).decode(),
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(Refusal, match="page token"):
        parse_page_token(token, "affected:L-1", str)


def test_a_token_of_another_kind_of_place_is_refused() -> None:
    with pytest.raises(Refusal):
        parse_page_token(TOKEN, "affected:L-1", int)


def test_a_token_of_another_question_is_refused() -> None:
    with pytest.raises(Refusal):
        parse_page_token(TOKEN, "affected:L-2", str)


@given(st.text(max_size=80))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with contextlib.suppress(Refusal):
        parse_page_token(text, "affected:L-1", str)


@pytest.mark.parametrize(("asked", "size"), [(0, 100), (1, 1), (1000, 1000)])
def test_a_page_has_its_size(asked: int, size: int) -> None:
    assert page_size(asked) == size
