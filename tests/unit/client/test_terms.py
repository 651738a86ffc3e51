"""The client's words are the contract's, all of them."""

from __future__ import annotations

from enum import StrEnum

import pytest

from clearway.client import ErrorReason, MeasureKind, NoticeCode, Outcome, Standing
from clearway.client.methods import ALL, SERVICES
from clearway.client.terms import WIRE, read, written
from clearway.gen.v1 import error_reason_pb2
from clearway.server.errors import CODES as SERVED
from clearway.testing.refusals import CODES

LATER = 9_999


@pytest.mark.parametrize("words", WIRE, ids=lambda words: words.__name__)
def test_the_words_are_the_contracts(words: type[StrEnum]) -> None:
    enum, prefix = WIRE[words]
    theirs = {name.removeprefix(prefix) for name, number in enum.items() if number}
    assert {word.value for word in words} - {"UNRECOGNISED"} == theirs


@pytest.mark.parametrize("words", WIRE, ids=lambda words: words.__name__)
def test_a_word_reads_as_it_was_written(words: type[StrEnum]) -> None:
    known = [word for word in words if word != "UNRECOGNISED"]
    assert [read(words, written(word)) for word in known] == known


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (Outcome, Outcome.UNDETERMINED),
        (Standing, Standing.UNKNOWN),
        (MeasureKind, MeasureKind.UNRECOGNISED),
        (NoticeCode, NoticeCode.UNRECOGNISED),
    ],
)
@pytest.mark.parametrize("number", [0, LATER])
def test_a_value_of_a_later_contract_asks_for_a_person(words: type[StrEnum], wanted: StrEnum, number: int) -> None:
    assert read(words, number) is wanted


def test_the_reasons_are_the_contracts() -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name}
    assert {reason.value for reason in ErrorReason} == names - {"UNSPECIFIED"}


def test_the_fake_gives_each_reason_the_status_that_the_service_gives_it() -> None:
    served = {
        error_reason_pb2.ErrorReason.Name(reason).removeprefix("ERROR_REASON_"): code for reason, code in SERVED.items()
    }
    assert {reason.value: code for reason, code in CODES.items()} == served


def test_the_methods_are_the_contracts() -> None:
    theirs = {
        f"/{service.full_name}/{method.name}": (method.input_type.full_name, method.output_type.full_name)
        for service in SERVICES
        for method in service.methods
    }
    ours = {method.path: (method.request.DESCRIPTOR.full_name, method.response.DESCRIPTOR.full_name) for method in ALL}
    assert ours == theirs
