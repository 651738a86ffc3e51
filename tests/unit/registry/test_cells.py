"""What a cell says, and what of it must not be kept."""

from __future__ import annotations

import pytest

from clearway.registry.feeds.cells import (
    SheetNumber,
    code_text,
    header_key,
    holds_citizen_number,
    may_hide_a_citizen,
    number_text,
    plain,
    without_brackets,
)
from clearway.registry.feeds.rows import RowFault, RowReason
from clearway.subjects.masking import without_citizen_numbers
from tests.unit.registry.making import CITIZEN, code


@pytest.mark.parametrize(
    "writing",
    [
        "行政相对人代码_1(统一社会信用代码)",
        "行政相对人代码-1（统一社会信用代码）",
        "行政相对人代码＿1 （统一社会信用代码）：",
        "*行政相对人代码 _ 1:(统一社会信用代码)",
    ],
)
def test_a_header_is_compared_without_its_clerks_habits(writing: str) -> None:
    assert header_key(writing) == "行政相对人代码_1(统一社会信用代码)"
    assert header_key(header_key(writing)) == header_key(writing)
    assert without_brackets(header_key(writing)) == "行政相对人代码_1"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (code(1), code(1)),
        (f'="{code(1)}"', code(1)),
        (f"'{code(1)}", code(1)),
        ("12345678.0", "12345678"),
        (SheetNumber("999999000000019"), "999999000000019"),
        *((blank, "") for blank in ("", " ", "无", "/", "－", "—", "NULL", "N/A", "-0-")),
    ],
)
def test_a_code_is_read_as_it_was_meant(cell: str, text: str) -> None:
    assert code_text("code", cell) == text


@pytest.mark.parametrize(
    "cell",
    [
        "9.1999999E+17",
        "9.2e+17",
        "9E+17",
        "919999990000000353.0",
        SheetNumber("9.2e+17"),
        SheetNumber("1.5"),
        SheetNumber("1e-05"),
    ],
)
def test_a_code_that_a_spreadsheet_rounded_is_told_from_one_that_is_wrong(cell: str) -> None:
    with pytest.raises(RowFault) as raised:
        code_text("code", cell)
    assert raised.value.fault.reason is RowReason.IDENTIFIER_ROUNDED


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (999999000000019.0, "999999000000019"),
        (1e15, "1000000000000000.0"),
        (1.5, "1.5"),
        (10**20, str(10**20)),
    ],
)
def test_a_number_is_written_out_only_where_that_is_certain(number: float, text: str) -> None:
    assert number_text(number) == text


def test_a_citizens_number_is_seen_in_any_writing() -> None:
    spaced = f"{CITIZEN[:6]} {CITIZEN[6:14]} {CITIZEN[14:]}"
    assert holds_citizen_number(CITIZEN)
    assert holds_citizen_number(spaced)
    assert holds_citizen_number(f"{CITIZEN}00")
    assert not holds_citizen_number(code(1))
    assert CITIZEN not in without_citizen_numbers(f"某人 {CITIZEN}，住")
    assert without_citizen_numbers(code(1)) == code(1)
    assert without_citizen_numbers("110101000101001") == "1101**********1"


@pytest.mark.parametrize(
    ("masked", "may_be"),
    [
        ("110101********0014", True),
        ("1101011900****0014", True),
        ("****", True),
        ("110101*****1001", True),
        ("91******00000****Q", False),
        ("91999999****00035K", False),
        ("9199MA**********3X", False),
        ("91****************", True),
    ],
)
def test_a_masked_code_is_a_citizens_unless_its_visible_signs_rule_that_out(masked: str, may_be: bool) -> None:
    assert may_hide_a_citizen(masked) is may_be


def test_plain_text_is_narrow_and_out_of_its_wrapping() -> None:
    assert plain('　="２０２６"　') == "2026"
