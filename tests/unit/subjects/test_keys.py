"""Keyed hashes tell subjects apart and reveal none."""

from __future__ import annotations

import pytest

from clearway.subjects.identifiers import Identifier
from clearway.subjects.keys import SubjectKeys

SECRET = bytes(range(32))
KEYS = SubjectKeys(SECRET)
CODE = "91110000600037341L"


def test_equal_secrets_give_equal_keys() -> None:
    assert SubjectKeys(SECRET).identifier_key("cn-uscc", CODE) == KEYS.identifier_key("cn-uscc", CODE)


def test_keys_have_sixteen_bytes() -> None:
    assert len(KEYS.identifier_key("cn-uscc", CODE)) == len(KEYS.name_key("样例")) == 16


def test_the_same_code_under_another_scheme_has_another_key() -> None:
    assert KEYS.identifier_key("cn-regno", "110108000000016") != KEYS.identifier_key("cn-taxno", "110108000000016")


def test_scheme_and_code_do_not_run_together() -> None:
    assert KEYS.identifier_key("src.a", "bc") != KEYS.identifier_key("src.ab", "c")


def test_another_secret_gives_other_keys_and_another_fingerprint() -> None:
    other = SubjectKeys(bytes(32))
    assert other.identifier_key("cn-uscc", CODE) != KEYS.identifier_key("cn-uscc", CODE)
    assert other.fingerprint != KEYS.fingerprint


def test_a_name_and_a_code_of_the_same_signs_have_different_keys() -> None:
    assert KEYS.name_key("src.a\0b") != KEYS.identifier_key("src.a", "b")


def test_two_writings_of_a_name_have_one_key() -> None:
    assert KEYS.name_key("虚构（集团）有限公司") == KEYS.name_key("虚构(集团) 有限公司")


def test_a_token_is_hexadecimal_and_no_index_key() -> None:
    person = Identifier("us.ssn", "536904399", personal=True)
    token = KEYS.token(person)
    assert len(bytes.fromhex(token)) == 16
    assert bytes.fromhex(token) != KEYS.identifier_key(person.scheme, person.value)


def test_the_secret_is_not_in_the_repr() -> None:
    assert repr(KEYS) == f"SubjectKeys(fingerprint='{KEYS.fingerprint}')"


def test_keys_are_frozen() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        KEYS.fingerprint = "other"


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_secret_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SubjectKeys(bytes(length))


def test_text_that_is_no_text_still_has_a_key() -> None:
    assert KEYS.name_key("\ud800") != KEYS.name_key("\ud801")
