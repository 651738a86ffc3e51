from __future__ import annotations

import json

import pytest
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.web.json.methods import OfferedMethod, offered
from clearway.web.json.transcoding import NO_MESSAGE, NotAMessage, json_of, message_in

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXT, TEXT, st.lists(TEXT, max_size=5), st.sampled_from(pb.ApplicationKind.values()))
def test_there_and_back_is_the_same_message(
    officer: str, case: str, materials: list[str], kind: pb.ApplicationKind.ValueType
) -> None:
    message = pb.CheckSubjectRequest(
        officer=officer, case_number=case, supplied_materials=materials, application_kind=kind
    )
    assert message_in(json_of(message), pb.CheckSubjectRequest) == message


@given(TEXT)
def test_an_answers_json_is_one_line(words: str) -> None:
    message = pb.CheckSubjectResponse(check_id=words)
    message.decision.explanation.text = words
    assert b"\n" not in json_of(message)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_are_refused(raw: bytes) -> None:
    try:
        message = message_in(raw, pb.CheckSubjectRequest)
    except NotAMessage:
        return
    assert message == json_format.ParseDict(json.loads(raw), pb.CheckSubjectRequest())


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["subject", "identifier", "officer",
        "annotations", "consistency", "suppliedMaterials", "applicationKind", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON_VALUES)
def test_any_json_is_a_message_or_is_refused(value: object) -> None:
    try:
        message = message_in(json.dumps(value).encode(), pb.CheckSubjectRequest)
    except NotAMessage:
        return
    assert isinstance(value, dict)
    assert message_in(json_of(message), pb.CheckSubjectRequest) == message


@pytest.mark.parametrize("method", offered().values(), ids=lambda method: method.path)
def test_the_bytes_that_stand_for_no_message_are_none_of_any_method(method: OfferedMethod) -> None:
    with pytest.raises(DecodeError):
        method.request_type.FromString(NO_MESSAGE)
