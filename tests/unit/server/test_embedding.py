from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.server.embedding import embedded, varint


@pytest.mark.parametrize(("number", "wanted"), [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")])
def test_a_number_in_base_128(number: int, wanted: bytes) -> None:
    assert varint(number) == wanted


@given(st.text(max_size=300), st.text(max_size=300))
def test_embedded_bytes_read_as_the_message_and_stand_as_they_are(check_id: str, code: str) -> None:
    raw = pb.CheckSubjectResponse(check_id=check_id).SerializeToString()
    rest = pb.GetCheckResponse()
    rest.authority.code = code
    whole = rest.SerializeToString() + embedded(pb.GetCheckResponse, "response", raw)
    found = pb.GetCheckResponse.FromString(whole)
    assert (found.response.check_id, found.authority.code) == (check_id, code)
    assert raw in whole


def test_an_empty_message_is_present() -> None:
    assert pb.GetCheckResponse.FromString(embedded(pb.GetCheckResponse, "response", b"")).HasField("response")
