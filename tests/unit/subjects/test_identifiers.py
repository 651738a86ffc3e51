"""How a code is read: what is accepted, what is refused, and what the refusal says."""

from __future__ import annotations

import csv
import os
import pickle
import warnings
from pathlib import Path

import pytest

from clearway.subjects.identifiers import (
    Identifier,
    IdentifierFault,
    InvalidIdentifier,
    organisation_code,
    organisation_code_within,
    parse_identifier,
    region_of_first_registration,
)
from clearway.subjects.schemes.orgcode import make_orgcode
from clearway.subjects.schemes.roster import find_scheme
from clearway.subjects.schemes.stdnum_schemes import ORGANISATION_LENGTHS, ORGANISATION_SCHEMES
from clearway.subjects.schemes.uscc import make_uscc

DOCUMENTED = "91110000600037341L"
NOBODYS_NUMBER = "110101199913320010"
"""The form of a citizen number, with a thirteenth month."""


def refusal(scheme: str, value: str) -> InvalidIdentifier:
    with pytest.raises(InvalidIdentifier) as raised:
        parse_identifier(scheme, value)
    return raised.value


@pytest.mark.parametrize(
    ("scheme", "written", "canonical"),
    [
        ("cn-uscc", DOCUMENTED, DOCUMENTED),
        ("cn-uscc", " 9111 0000-6000 3734-1l ", DOCUMENTED),
        ("cn-uscc", "９１１１００００６０００３７３４１Ｌ", DOCUMENTED),
        ("cn-uscc", "\ufeff91110000600037341L\u200b", DOCUMENTED),
        ("cn-orgcode", "60003734-1", "600037341"),
        ("cn-regno", "110108000000016", "110108000000016"),
        ("cn-regno", "1101080000000", "1101080000000"),
        ("cn-taxno", "110000600037341", "110000600037341"),
        ("lei", "inr2ejn1eran0w5zp974", "INR2EJN1ERAN0W5ZP974"),
        ("us.ein", "04-2103594", "042103594"),
        ("src.us-csl", " 12 34/a ", "12 34/a"),
    ],
)
def test_a_valid_code_is_brought_to_its_one_writing(scheme: str, written: str, canonical: str) -> None:
    assert parse_identifier(scheme, written) == Identifier(scheme, canonical)


@pytest.mark.parametrize("department", "123456789ANY")
def test_every_registering_department_is_accepted(department: str) -> None:
    code = make_uscc(department + "2" + "110105" + "MA0000001")
    assert parse_identifier("cn-uscc", code).value == code


@pytest.mark.parametrize(
    ("scheme", "written", "fault", "says"),
    [
        ("cn-uscc", "", IdentifierFault.EMPTY, "empty"),
        ("cn-uscc", " - ", IdentifierFault.EMPTY, "empty"),
        ("cn-uscc", DOCUMENTED[:-1], IdentifierFault.LENGTH, "17 signs; cn-uscc has 18"),
        ("cn-uscc", "9" * 10_000, IdentifierFault.LENGTH, "10000 signs"),
        ("cn-uscc", "91110000S00037341L", IdentifierFault.ALPHABET, "Sign 9 is 'S'"),
        ("cn-uscc", "9111\x0000600037341L0", IdentifierFault.ALPHABET, "Sign 5 is U+0000"),
        ("cn-uscc", "9111000060003734企L", IdentifierFault.ALPHABET, "Sign 17 is '企'"),
        ("cn-uscc", "9111000060003734\ud800L", IdentifierFault.ALPHABET, "Sign 17 is U+D800"),
        ("cn-uscc", "911100_0600037341L", IdentifierFault.ALPHABET, "Sign 7 is '_'"),
        ("cn-uscc", "9A1X0000600037341L", IdentifierFault.FORMAT, "Signs 3 to 8"),
        ("cn-uscc", "91110000600037341M", IdentifierFault.CHECK_SIGN, "check sign"),
        ("cn-uscc", "9111****600037341L", IdentifierFault.MASKED, "masked"),
        ("cn-uscc", "9111••••600037341L", IdentifierFault.MASKED, "masked"),
        ("cn-uscc", "9111××××600037341L", IdentifierFault.MASKED, "masked"),
        ("cn-orgcode", "60003734-2", IdentifierFault.CHECK_SIGN, "check sign"),
        ("cn-orgcode", "60003734-A", IdentifierFault.FORMAT, "digit or X"),
        ("cn-orgcode", "6000.7341", IdentifierFault.ALPHABET, "Sign 5 is '.'"),
        ("cn-orgcode", "60003734", IdentifierFault.LENGTH, "8 signs"),
        ("cn-regno", "110108000000015", IdentifierFault.CHECK_SIGN, "check sign"),
        ("cn-regno", "11010800000001", IdentifierFault.LENGTH, "15, or 13 before 2007"),
        ("cn-regno", "11010800000001X", IdentifierFault.ALPHABET, "Sign 15 is 'X'"),
        ("cn-taxno", "110000600037342", IdentifierFault.CHECK_SIGN, "signs 7 to 15"),
        ("cn-taxno", "11000A600037341", IdentifierFault.FORMAT, "Signs 1 to 6"),
        ("cn-taxno", DOCUMENTED, IdentifierFault.LENGTH, "cn-uscc"),
        ("lei", "INR2EJN1ERAN0W5ZP975", IdentifierFault.CHECK_SIGN, "check sign"),
        ("lei", "1098", IdentifierFault.LENGTH, "4 signs"),
        ("lei", "INR2EJN1ERAN0W5ZP9A4", IdentifierFault.FORMAT, "check digits"),
        ("us.ein", "04-210359", IdentifierFault.FORMAT, "us.ein"),
        ("br.cnpj", "123", IdentifierFault.LENGTH, "3 signs, which is no length of a br.cnpj code"),
        ("us.ein", "no number at all", IdentifierFault.FORMAT, "us.ein"),
        ("gb.vat", "980 7806 85", IdentifierFault.CHECK_SIGN, "check sign"),
        ("src.us-csl", "a\x07b", IdentifierFault.FORMAT, "printable"),
        ("src.us-csl", "a" * 65, IdentifierFault.LENGTH, "at most 64"),
    ],
)
def test_a_refusal_says_what_is_wrong(scheme: str, written: str, fault: IdentifierFault, says: str) -> None:
    invalid = refusal(scheme, written)
    assert invalid.fault is fault
    assert says in str(invalid)


@pytest.mark.parametrize(
    "scheme",
    [
        *("", "cn", "CN-USCC", "cn_uscc", "us.nothing", "os", "us.os", "util", "stdnum.util", "exceptions", "luhn"),
        *("numdb", "iso7064.mod_11_10", "iso9362", "us.__name__", "us.get_cc_module", "..os", "us.ein.x", "us.\x00"),
        *("src.", "src.UPPER", "src." + "a" * 40),
    ],
)
def test_a_scheme_that_is_none_is_refused_by_name(scheme: str) -> None:
    assert refusal(scheme, "1234567890").fault is IdentifierFault.UNKNOWN_SCHEME


@pytest.mark.parametrize(
    ("scheme", "written", "suggestion"),
    [
        ("cn-uscc", "9111OOOO6OOO37341L", DOCUMENTED),
        ("cn-uscc", "9III0000600037341l", DOCUMENTED),
        ("cn-uscc", "9111OOOO6OOO37341M", None),
        ("cn-uscc", "91110000600037341M", None),
        ("cn-regno", "11O1O8OOOOOOOI6", "110108000000016"),
        ("cn-orgcode", "6OOO3734-I", "600037341"),
    ],
)
def test_letters_read_for_digits_are_suggested_and_never_corrected(
    scheme: str, written: str, suggestion: str | None
) -> None:
    assert refusal(scheme, written).suggestion == suggestion


def test_z_and_s_are_suggested_as_2_and_5() -> None:
    code = make_uscc("92" + "110105" + "MA2552255")
    assert refusal("cn-uscc", code[:8] + code[8:].replace("2", "Z").replace("5", "S")).suggestion == code


def test_a_refusal_never_repeats_the_code() -> None:
    for scheme, written in [("cn-uscc", "91110000600037341M"), ("cn-ric", NOBODYS_NUMBER), ("us.ein", "99-99")]:
        assert written not in str(refusal(scheme, written))


def test_no_suggestion_is_made_for_a_persons_number() -> None:
    assert refusal("us.ssn", "536-9O-4399").suggestion is None


def test_a_refusal_survives_pickling() -> None:
    invalid = refusal("cn-uscc", "9111OOOO6OOO37341L")
    again = pickle.loads(pickle.dumps(invalid))
    assert (again.scheme, again.fault, again.detail, again.suggestion) == (
        *(invalid.scheme, invalid.fault, invalid.detail),
        DOCUMENTED,
    )


@pytest.mark.parametrize(
    ("alias", "scheme", "code"),
    [("cn.uscc", "cn-uscc", DOCUMENTED), ("cn.vat", "cn-uscc", DOCUMENTED), ("at.vat", "at.uid", "U13585627")],
)
def test_a_code_has_one_scheme_whatever_it_is_called_by(alias: str, scheme: str, code: str) -> None:
    assert parse_identifier(alias, code).scheme == scheme


def test_the_scheme_is_never_guessed() -> None:
    assert refusal("cn-orgcode", DOCUMENTED).fault is IdentifierFault.LENGTH


@pytest.mark.parametrize(
    ("scheme", "code"),
    # Each is the example that python-stdnum's own documentation gives for the scheme.
    [("us.ssn", "536-90-4399"), ("fi.hetu", "131052-308T"), ("gb.nhs", "943-476-5870"), ("ru.inn", "123456789047")],
)
def test_a_scheme_that_may_number_persons_is_personal(scheme: str, code: str) -> None:
    assert parse_identifier(scheme, code).personal


@pytest.mark.parametrize(("scheme", "personal"), [("cn-ric", True), ("cn.ric", True)])
def test_a_citizen_number_is_personal_under_either_name(scheme: str, personal: bool) -> None:
    found = find_scheme(scheme)
    assert found is not None
    assert found.name == "cn-ric"
    assert found.personal("") is personal


@pytest.mark.parametrize(
    ("scheme", "code", "personal"),
    [
        ("eu.vat", "ATU13585627", False),
        ("eu.vat", "CZ7103192745", True),
        ("ru.inn", "1234567894", False),
        ("us.ein", "042103594", False),
    ],
)
def test_a_number_is_personal_only_where_it_may_be_a_persons(scheme: str, code: str, personal: bool) -> None:
    assert parse_identifier(scheme, code).personal is personal


@pytest.mark.parametrize("scheme", sorted(ORGANISATION_SCHEMES | ORGANISATION_LENGTHS.keys()))
def test_every_declared_organisation_scheme_exists_under_its_own_name(scheme: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = find_scheme(scheme)
    assert found is not None
    assert found.name == scheme


def test_organisation_code_is_read_out_of_a_uscc() -> None:
    assert organisation_code(parse_identifier("cn-uscc", DOCUMENTED)) == Identifier("cn-orgcode", "600037341")


def test_organisation_code_with_a_wrong_inner_check_is_refused() -> None:
    wrong = make_uscc("91" + "110000" + "600037342")
    with pytest.raises(InvalidIdentifier) as raised:
        organisation_code(parse_identifier("cn-uscc", wrong))
    assert raised.value.fault is IdentifierFault.CHECK_SIGN


@pytest.mark.parametrize(
    ("scheme", "code", "inside"),
    [
        ("cn-uscc", DOCUMENTED, "600037341"),
        ("cn-taxno", "110000600037341", "600037341"),
        ("cn-uscc", make_uscc("91" + "110000" + "600037342"), None),
        ("cn-orgcode", "600037341", None),
        ("cn-regno", "110108000000016", None),
    ],
)
def test_the_organisation_code_stands_inside_two_other_codes(scheme: str, code: str, inside: str | None) -> None:
    assert organisation_code_within(scheme, parse_identifier(scheme, code).value) == inside


def test_region_of_first_registration_is_read_out_of_a_uscc() -> None:
    assert region_of_first_registration(parse_identifier("cn-uscc", DOCUMENTED)) == "110000"


def test_only_a_uscc_has_an_organisation_code_inside() -> None:
    with pytest.raises(ValueError, match="expected a cn-uscc"):
        organisation_code(Identifier("cn-orgcode", "600037341"))


@pytest.mark.parametrize(("body", "code"), [("60003734", "600037341"), ("00000000", "000000000")])
def test_organisation_check_sign_eleven_is_written_zero(body: str, code: str) -> None:
    assert make_orgcode(body) == code


def test_organisation_check_sign_ten_is_written_x() -> None:
    # 4 in the first place weighs 4·3 = 12, which is 1 modulo 11, and 11 - 1 = 10.
    assert make_orgcode("40000000") == "40000000X"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("9111000060003734", IdentifierFault.LENGTH),
        ("9111000060003734I", IdentifierFault.ALPHABET),
        ("91ABCDEF600037341", IdentifierFault.FORMAT),
    ],
)
def test_make_uscc_refuses_a_body_that_no_check_sign_can_complete(body: str, fault: IdentifierFault) -> None:
    with pytest.raises(InvalidIdentifier) as raised:
        make_uscc(body)
    assert raised.value.fault is fault


@pytest.mark.real_lists
def test_every_published_uscc_is_valid() -> None:
    shared = Path(os.environ.get("CLEARWAY_SHARED") or Path(__file__).parents[4] / "shared" / "data")
    published = shared / "us_listed_uscc.csv"
    if not published.exists():
        pytest.skip(f"no published list at {published}")
    with published.open(encoding="utf-8", newline="") as lines:
        codes = [row["uscc"] for row in csv.DictReader(lines)]
    assert len(codes) == 142
    assert [code for code in codes if parse_identifier("cn-uscc", code).value != code] == []
