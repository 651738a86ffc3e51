"""Two writings of one code or name become one; a hidden sign is noticed."""

from __future__ import annotations

import pytest

from clearway.subjects.text import is_masked, normalise_code, normalise_name


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("ab 12-cd", "AB12CD"),
        ("ＡＢ１２", "AB12"),
        ("a\u00a0b\u3000c\td", "ABCD"),
        ("60003734－1", "600037341"),
        ("60003734–1", "600037341"),
        ("\ufeff12\u200b", "12"),
        ("O0I1", "O0I1"),
        ("", ""),
    ],
)
def test_a_code_loses_spaces_hyphens_and_width_and_nothing_else(written: str, normal: str) -> None:
    assert normalise_code(written) == normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Example Trading Co., Ltd.", "EXAMPLE TRADING CO LTD"),
        ("虚构（集团）有限公司", "虚构(集团)有限公司"),
        ("虚构 集团 有限公司", "虚构集团有限公司"),
        ("Imaginary  Works\u3000GmbH", "imaginary works gmbh"),
        ("O'Nobody & Sons", "ONOBODY & SONS"),
        ("样例·甲", "样例甲"),
        ("STRASSE 1 AG", "Straße 1 AG"),
    ],
)
def test_two_writings_of_a_name_are_one(one: str, other: str) -> None:
    assert normalise_name(one) == normalise_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("甲有限公司", "乙有限公司"), ("A & B", "A B"), ("张*", "张"), ("()", "[]"), ("Ab C", "A BC")],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert normalise_name(one) != normalise_name(other)


@pytest.mark.parametrize("hidden", ["1101**1234", "张＊", "••••1234", "●●", "1101××××1234", "11×2", "某××"])
def test_hidden_signs_are_noticed(hidden: str) -> None:
    assert is_masked(hidden)


@pytest.mark.parametrize("plain", ["", "91110000600037341L", "XXXX", "11010119900101001X", "A × B", "样例·甲"])
def test_what_hides_nothing_is_not_masked(plain: str) -> None:
    assert not is_masked(plain)
