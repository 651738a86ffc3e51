from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from clearway.decision.facts import AdverseKind, Severity
from clearway.registry.errors import UnreadableFeed
from clearway.registry.events import AdverseFacts, ListingFacts
from clearway.registry.feeds.flat_csv import COLUMNS, FlatCsv
from clearway.registry.feeds.rows import AdverseStated, Disposition, Fault, ListingStated, Row, RowReason, SubjectKnown
from tests.unit.registry.making import CITIZEN, adverse_row, code, known_row, listing_row


def lines(*rows: dict[str, str]) -> Iterator[tuple[int, list[str]]]:
    yield 1, list(COLUMNS)
    for number, row in enumerate(rows, start=2):
        yield number, [row.get(column, "") for column in COLUMNS]


def only(row: dict[str, str]) -> Row:
    (found,) = FlatCsv().open(lines(row)).rows()
    return found


def test_a_listing_row_states_its_listing() -> None:
    content = only(listing_row(1)).content
    assert isinstance(content, ListingStated)
    assert content.listing_id == "L-1"
    assert content.facts == ListingFacts(
        "SAMR-SERIOUS", "虚构文〔2026〕1号", date(2026, 1, 31), "虚构市场监管局", date(2026, 2, 1), date(2029, 2, 1)
    )


def test_an_adverse_row_states_its_record() -> None:
    content = only(adverse_row(1, severity="Serious", record_kind="broken_commitment")).content
    assert isinstance(content, AdverseStated)
    assert content.facts == AdverseFacts(
        AdverseKind.BROKEN_COMMITMENT, Severity.SERIOUS, "虚构罚〔2026〕1号", date(2026, 1, 31)
    )


def test_a_known_row_states_names_aliases_and_the_first_day() -> None:
    content = only(known_row(1, other_names="甲; 乙;", aliases="src.tax:77")).content
    assert isinstance(content, SubjectKnown)
    described = content.subject
    assert described.other_names == ("甲", "乙")
    assert described.known_since == date(2020, 1, 1)
    assert [(known.scheme, known.value) for known in described.identifiers] == [
        ("cn-uscc", code(1)),
        ("src.tax", "77"),
    ]


@pytest.mark.parametrize(
    ("written", "expires_on"),
    [
        ("2028-12-31", date(2029, 1, 1)),
        ("2028年", date(2029, 1, 1)),
        ("2028-02", date(2028, 3, 1)),
        ("", None),
        ("长期", None),
        ("Permanent", None),
        ("2099-12-31", None),
    ],
)
def test_an_end_runs_to_the_end_of_what_is_written(written: str, expires_on: date | None) -> None:
    content = only(listing_row(1, expires_on=written)).content
    assert isinstance(content, ListingStated)
    assert content.facts.expires_on == expires_on


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (listing_row(1, code=code(1)[:-1] + ("0" if code(1)[-1] != "0" else "1")), RowReason.IDENTIFIER_CHECK_SIGN),
        (listing_row(1, code="9.1E+17"), RowReason.IDENTIFIER_LENGTH),
        (listing_row(1, code=""), RowReason.IDENTIFIER_EMPTY),
        (listing_row(1, scheme="cn-nothing"), RowReason.IDENTIFIER_UNKNOWN_SCHEME),
        (listing_row(1, aliases="no-colon"), RowReason.IDENTIFIER_UNKNOWN_SCHEME),
        (listing_row(1, expires_on="until further notice"), RowReason.END_DATE),
        (listing_row(1, document_date="01/02/2026"), RowReason.DATE),
        (listing_row(1, expires_on="2025-01-01"), RowReason.TERM),
        (listing_row(1, listing_id=""), RowReason.MISSING_VALUE),
        (listing_row(1, regime=""), RowReason.MISSING_VALUE),
        (listing_row(1, name="名" * 600), RowReason.OVERLONG_VALUE),
        (adverse_row(1, document_date=""), RowReason.MISSING_VALUE),
        (adverse_row(1, severity="dreadful"), RowReason.UNKNOWN_VALUE),
        (adverse_row(1, record_kind=""), RowReason.MISSING_VALUE),
        (known_row(1, code="9111********0001XX"), RowReason.IDENTIFIER_MASKED),
    ],
)
def test_a_row_that_can_be_corrected_is_quarantined_with_its_reason(row: dict[str, str], reason: RowReason) -> None:
    content = only(row).content
    assert isinstance(content, Fault)
    assert (content.disposition, content.reason) == (Disposition.QUARANTINED, reason)


def test_a_fault_never_repeats_the_code() -> None:
    row = listing_row(1, code=code(1)[:-1] + "?")
    content = only(row).content
    assert isinstance(content, Fault)
    assert row["code"] not in content.detail


def test_an_unknown_kind_of_fact_is_rejected() -> None:
    content = only(listing_row(1, fact="score")).content
    assert isinstance(content, Fault)
    assert (content.disposition, content.reason) == (Disposition.REJECTED, RowReason.UNKNOWN_FACT)


def test_a_row_wider_than_its_header_is_rejected() -> None:
    (row,) = FlatCsv().open(iter([(1, ["fact", "scheme", "code"]), (2, ["known", "cn-uscc", code(1), "x"])])).rows()
    assert isinstance(row.content, Fault)
    assert (row.content.disposition, row.content.reason) == (Disposition.REJECTED, RowReason.MALFORMED)


def test_empty_cells_at_the_end_may_be_left_out() -> None:
    (row,) = FlatCsv().open(iter([(1, ["fact", "scheme", "code", "name"]), (2, ["known", "cn-uscc", code(1)])])).rows()
    assert isinstance(row.content, SubjectKnown)


def test_an_organisation_with_a_masked_code_is_known_by_name_alone() -> None:
    content = only(listing_row(1, code="9111********0001XX")).content
    assert isinstance(content, ListingStated)
    assert [(known.scheme, known.value) for known in content.subject.identifiers] == [("src.flat-csv", "L-1")]
    assert content.subject.masked == "9111********0001XX"


def test_a_natural_person_with_a_masked_code_is_turned_away() -> None:
    content = only(listing_row(1, scheme="cn-ric", code="110108********1234")).content
    assert isinstance(content, Fault)
    assert (content.disposition, content.reason) == (Disposition.REJECTED, RowReason.NATURAL_PERSON)


def test_the_original_of_an_organisations_row_is_kept_as_it_came() -> None:
    row = listing_row(1, expires_on="some day")
    sheet = FlatCsv().open(lines(row))
    (found,) = sheet.rows()
    assert sheet.original(found) == dict.fromkeys(COLUMNS, "") | row


@pytest.mark.parametrize("scheme", ["cn-ric", "us.ssn", "no-such-scheme"])
def test_the_original_of_a_row_that_may_be_about_a_person_is_masked(scheme: str) -> None:
    row = listing_row(1, scheme=scheme, code=CITIZEN, name="虚构某人甲乙丙")
    sheet = FlatCsv().open(lines(row))
    (found,) = sheet.rows()
    original = sheet.original(found)
    assert CITIZEN not in original.values()
    assert original["name"].startswith("虚")
    assert "某人" not in original["name"]


@pytest.mark.parametrize(
    "header", [[], ["fact", "scheme"], ["fact", "scheme", "code", "scroe"], ["fact", "scheme", "code", "code"]]
)
def test_a_header_that_is_not_the_forms_is_refused(header: list[str]) -> None:
    with pytest.raises(UnreadableFeed, match="the header"):
        FlatCsv().open(iter([(1, header)]))
