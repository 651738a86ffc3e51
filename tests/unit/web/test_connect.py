from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import CODES, Refusal, status_of
from clearway.web.json.connect import HTTP_STATUS, LONGEST_TIMEOUT, error_json, timeout_of


@pytest.mark.parametrize(
    ("connect", "grpc_style", "seconds"),
    [(None, None, None), ("0", None, 0.0), ("1500", None, 1.5), (None, "250m", 0.25), (None, "2S", 2.0),
     (None, "1H", 3600.0), ("100", "2S", 0.1), ("9999999999", None, LONGEST_TIMEOUT)],
)  # fmt: skip
def test_a_deadline_is_read(connect: str | None, grpc_style: str | None, seconds: float | None) -> None:
    assert timeout_of(connect, grpc_style) == seconds


@given(st.text(max_size=12))
def test_any_text_is_a_deadline_or_is_refused(text: str) -> None:
    for connect, grpc_style in ((text, None), (None, text)):
        try:
            found = timeout_of(connect, grpc_style)
        except Refusal:
            continue
        assert found is not None
        assert 0 <= found <= LONGEST_TIMEOUT


@pytest.mark.parametrize("reason", list(CODES))
def test_every_reason_is_a_connect_error(reason: ErrorReason.ValueType) -> None:
    document = json.loads(error_json(status_of(Refusal(reason, "words", {"limit": "1"}))))
    assert HTTP_STATUS[CODES[reason]] >= 400
    assert document["details"][0]["debug"]["reason"] == ErrorReason.Name(reason).removeprefix("ERROR_REASON_")
