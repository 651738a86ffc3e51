"""Laws that hold for every code, name and date."""

from __future__ import annotations

from datetime import date

from hypothesis import assume, given
from hypothesis import strategies as st

from clearway.subjects.dates import DayInterval, parse_date, parse_end_date
from clearway.subjects.identifiers import (
    Identifier,
    IdentifierFault,
    InvalidIdentifier,
    organisation_code,
    parse_identifier,
)
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.masking import mask
from clearway.subjects.schemes.orgcode import is_orgcode
from clearway.subjects.schemes.roster import find_scheme
from clearway.subjects.schemes.uscc import ALPHABET, is_uscc, make_uscc
from clearway.subjects.text import is_masked, normalise_code, normalise_name
from tests.strategies import names, orgcodes, usccs

KEYS = SubjectKeys(bytes(range(32)))
SCHEMES = st.sampled_from(
    ["cn-uscc", "cn-orgcode", "cn-regno", "cn-taxno", "cn-ric", "lei", "us.ein", "gb.utr", "eu.vat", "ru.inn", "src.us"]
)
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def outcome_of(scheme: str, value: str) -> Identifier | InvalidIdentifier:
    try:
        return parse_identifier(scheme, value)
    except InvalidIdentifier as invalid:
        return invalid


@given(st.text())
def test_normalising_a_code_twice_changes_nothing_more(text: str) -> None:
    assert normalise_code(normalise_code(text)) == normalise_code(text)


@given(st.text() | names())
def test_normalising_a_name_twice_changes_nothing_more(text: str) -> None:
    assert normalise_name(normalise_name(text)) == normalise_name(text)


@given(usccs())
def test_a_made_code_is_valid_and_canonical(code: str) -> None:
    assert parse_identifier("cn-uscc", code).value == code


@given(st.text(alphabet="0123456789ABCXYZabz_-+ ", min_size=8, max_size=10) | orgcodes())
def test_the_quick_look_at_an_organisation_code_agrees_with_the_thorough_one(code: str) -> None:
    found = outcome_of("cn-orgcode", code)
    assert is_orgcode(code) == (isinstance(found, Identifier) and found.value == code)


@given(orgcodes())
def test_the_check_of_an_organisation_code_is_the_standards(code: str) -> None:
    total = sum(int(sign, 36) * weight for sign, weight in zip(code[:8], (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    assert code[-1] == {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


@given(usccs())
def test_the_check_is_the_standards(code: str) -> None:
    total = sum(ALPHABET.index(sign) * weight for sign, weight in zip(code, WEIGHTS, strict=False))
    assert code[-1] == ALPHABET[(31 - total % 31) % 31]


@given(usccs("ANY"))
def test_departments_past_the_digits_are_valid(code: str) -> None:
    assert is_uscc(code)


@given(usccs(), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_any_one_wrong_sign_is_noticed(code: str, position: int, sign: str) -> None:
    changed = code[:position] + sign + code[position + 1 :]
    assert is_uscc(changed) is (changed == code)


@given(usccs(), st.integers(0, 16))
def test_two_neighbours_swapped_are_noticed(code: str, position: int) -> None:
    swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    assert is_uscc(swapped) is (swapped == code)


@given(usccs(), st.data())
def test_a_code_reads_the_same_however_it_is_spaced(code: str, data: st.DataObject) -> None:
    gaps = data.draw(st.lists(st.sampled_from(["", " ", "-", "\u3000", "－"]), min_size=18, max_size=18))
    written = "".join(gap + sign for gap, sign in zip(gaps, code.lower(), strict=True))
    assert parse_identifier("cn-uscc", written).value == code


@given(orgcodes(), st.text("0123456789", min_size=6, max_size=6))
def test_an_organisation_code_makes_a_tax_number(code: str, region: str) -> None:
    assert parse_identifier("cn-taxno", region + code).value == region + code


@given(usccs("9"), orgcodes().filter(lambda code: set(code) <= set(ALPHABET)))
def test_the_organisation_code_comes_back_out_of_a_code(code: str, inside: str) -> None:
    around = make_uscc(code[:8] + inside)
    assert organisation_code(parse_identifier("cn-uscc", around)).value == inside


@given(SCHEMES, st.text(max_size=80) | st.text("0123456789ABX-* ", max_size=30))
def test_any_text_is_an_identifier_or_refused_with_a_reason(scheme: str, text: str) -> None:
    match outcome_of(scheme, text):
        case Identifier() as identifier:
            assert parse_identifier(identifier.scheme, identifier.value) == identifier
        case InvalidIdentifier() as invalid:
            assert invalid.fault is not IdentifierFault.UNKNOWN_SCHEME
            assert invalid.detail.endswith(".")


@given(st.text(max_size=40))
def test_any_text_is_a_scheme_or_unknown(name: str) -> None:
    found = find_scheme(name)
    assert found is None or found.name


@given(usccs(), st.sampled_from([("0", "O"), ("1", "I"), ("2", "Z"), ("5", "S")]))
def test_letters_for_digits_suggest_the_code_they_stand_for(code: str, slip: tuple[str, str]) -> None:
    assume(slip[0] in code)
    outcome = outcome_of("cn-uscc", code.replace(*slip))
    assert isinstance(outcome, InvalidIdentifier)
    assert outcome.suggestion == code


@given(usccs(), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_a_wrong_check_is_never_mended(code: str, position: int, sign: str) -> None:
    assume(sign != code[position])
    outcome = outcome_of("cn-uscc", code[:position] + sign + code[position + 1 :])
    assert isinstance(outcome, InvalidIdentifier)
    assert outcome.suggestion is None


@given(st.text("0123456789ABCDEFX", max_size=40))
def test_a_mask_shows_at_most_six_signs_and_a_third(code: str) -> None:
    shown = [sign for sign in mask(code) if sign != "*"]
    assert len(mask(code)) == len(code)
    assert len(shown) <= min(6, len(code) // 3)
    assert is_masked(mask(code)) is (code != "")


@given(usccs())
def test_a_mask_is_never_read_as_a_code(code: str) -> None:
    outcome = outcome_of("cn-uscc", mask(code))
    assert isinstance(outcome, InvalidIdentifier)
    assert outcome.fault is IdentifierFault.MASKED


@given(usccs(), st.sampled_from(["cn-orgcode", "cn-regno", "lei", "src.us"]))
def test_keys_differ_by_scheme(code: str, other: str) -> None:
    assert KEYS.identifier_key("cn-uscc", code) != KEYS.identifier_key(other, code)


@given(names())
def test_two_writings_of_a_name_share_a_key(name: str) -> None:
    assert KEYS.name_key(name) == KEYS.name_key(f"  {name.upper()} ")


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(2098, 12, 30)))
def test_a_day_written_in_any_shape_is_that_day(day: date) -> None:
    shapes = ["{:%Y-%m-%d}", "{:%Y/%m/%d}", "{:%Y.%m.%d}", "{:%Y%m%d}", "{:%Y年%m月%d日}"]
    readings = {parse_date(shape.format(day)) for shape in shapes}
    (reading,) = readings
    assert reading.start == day
    assert parse_end_date(day.isoformat()) == reading.end


@given(st.text() | st.floats() | st.integers())
def test_any_cell_is_a_date_or_refused(cell: str | float) -> None:
    try:
        interval = parse_date(cell)
    except ValueError:
        return
    assert isinstance(interval, DayInterval)
    assert interval.start < interval.end
