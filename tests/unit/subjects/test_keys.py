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


def test_new_hashes_are_made_with_the_current_key_whatever_came_before() -> None:
    keys = SubjectKeys(SECRET, bytes(32), b"?" * 32)
    assert keys.identifier_key("cn-uscc", CODE) == KEYS.identifier_key("cn-uscc", CODE)
    assert keys.fingerprint == KEYS.fingerprint
    assert keys.ids == (KEYS.fingerprint, SubjectKeys(bytes(32)).fingerprint, SubjectKeys(b"?" * 32).fingerprint)
    assert [one.fingerprint for one in keys.every] == list(keys.ids)
    assert [keys.under(key_id).name_key("x") for key_id in keys.ids] == [one.name_key("x") for one in keys.every]
    with pytest.raises(KeyError):
        keys.under("none of them")


def test_a_number_has_a_token_under_each_key() -> None:
    person, former = Identifier("us.ssn", "536904399", personal=True), SubjectKeys(bytes(32))
    keys = SubjectKeys(SECRET, bytes(32))
    assert keys.tokens(person) == {KEYS.fingerprint: KEYS.token(person), former.fingerprint: former.token(person)}
    assert keys.person_key(person) == KEYS.identifier_key("us.ssn", KEYS.token(person))


@pytest.mark.parametrize("former", [(SECRET,), (bytes(32), bytes(32)), (b"short",)])
def test_a_key_that_stands_twice_or_is_none_is_refused(former: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match=r"twice|bytes"):
        SubjectKeys(SECRET, *former)


def test_keys_are_frozen() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        KEYS.fingerprint = "other"


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_secret_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SubjectKeys(bytes(length))


def test_text_that_is_no_text_still_has_a_key() -> None:
    assert KEYS.name_key("\ud800") != KEYS.name_key("\ud801")
