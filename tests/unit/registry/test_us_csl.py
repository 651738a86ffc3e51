from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.rows import Disposition, Fault, ListingStated, Row, RowReason
from clearway.registry.feeds.us_csl import UsConsolidatedScreeningList
from tests.unit.registry.making import CSL_HEADER, INN, LEI, code, csl_row

TREASURY = "Treasury Department"
SDN = f"Specially Designated Nationals (SDN) - {TREASURY}"
SSI = f"Sectoral Sanctions Identifications List (SSI) - {TREASURY}"
CMIC = f"Non-SDN Chinese Military-Industrial Complex Companies List (CMIC) - {TREASURY}"
CAPTA = f"Capta List (CAP) - {TREASURY}"
MENU = f"Non-SDN Menu-Based Sanctions List (NS-MBS List) - {TREASURY}"
BIS = "Bureau of Industry and Security"


def only(row: dict[str, str]) -> Row:
    cells: Iterator[tuple[int, list[str]]] = iter(
        [(1, CSL_HEADER), (2, [row.get(column, "") for column in CSL_HEADER])]
    )
    (found,) = UsConsolidatedScreeningList().open(cells).rows()
    return found


def listed(**cells: str) -> ListingStated:
    content = only(csl_row(1, **cells)).content
    assert isinstance(content, ListingStated), content
    return content


def codes(**cells: str) -> list[tuple[str, str]]:
    return [(known.scheme, known.value) for known in listed(**cells).subject.identifiers]


@pytest.mark.parametrize(
    ("source", "regime"),
    [
        (SDN, "US-SDN"),
        (SSI, "US-SSI"),
        (CMIC, "US-CMIC"),
        (CAPTA, "US-CAPTA"),
        (MENU, "US-NS-MBS"),
        (f"Foreign Sanctions Evaders (FSE) - {TREASURY}", "US-FSE"),
        (f"Entity List (EL) - {BIS}", "US-ENTITY-LIST"),
        (f"Military End User (MEU) List - {BIS}", "US-MEU"),
        (f"Unverified List (UVL) - {BIS}", "US-UNVERIFIED"),
        (f"Denied Persons List (DPL) - {BIS}", "US-DPL"),
    ],
)
def test_each_list_is_a_regime_of_its_own(source: str, regime: str) -> None:
    content = listed(source=source)
    assert (content.facts.regime, content.listing_id) == (regime, f"us-csl:{regime}:1")
    assert content.facts.designating_authority == source.rpartition(" - ")[2]


def test_a_row_without_a_code_is_known_under_its_own_number() -> None:
    assert codes() == [("src.us-csl", "1")]


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (f"CN, {code(1)}, Unified Social Credit Code (USCC)", ("cn-uscc", code(1))),
        (f"CN, {code(1)}, United Social Credit Code Certificate (USCCC)", ("cn-uscc", code(1))),
        (f"RU, {INN}, Tax ID No.", ("ru.inn", INN)),
        ("12-3456789, US FEIN", ("us.ein", "123456789")),
        (f"{LEI}, Legal Entity Number", ("lei", LEI)),
    ],
)
def test_a_code_under_a_certain_label_is_read(ids: str, found: tuple[str, str]) -> None:
    assert codes(ids=f"Some Place, Website; {ids}; 01 Jan 2000, Organization Established Date") == [
        found,
        ("src.us-csl", "1"),
    ]


@pytest.mark.parametrize(
    "ids",
    [
        f"{INN}, Tax ID No.",
        "RU, 999900123456, Tax ID No.",
        "US, 12345678901 (Texas), Tax ID No.",
        "NL, 123456789, Legal Entity Number",
        "CN, 999999123456789, Tax ID No.",
        "IMO 1234567, Vessel Registration Identification",
        "Secondary sanctions risk:",
    ],
)
def test_a_number_whose_meaning_is_uncertain_is_passed_over(ids: str) -> None:
    assert codes(ids=ids) == [("src.us-csl", "1")]


def test_a_row_with_a_bad_code_is_quarantined_and_still_on_its_list() -> None:
    bad = code(1)[:-1] + ("0" if code(1)[-1] != "0" else "1")
    content = only(csl_row(1, ids=f"CN, {bad}, Unified Social Credit Code (USCC)")).content
    assert isinstance(content, Fault)
    assert (content.disposition, content.reason) == (Disposition.QUARANTINED, RowReason.IDENTIFIER_CHECK_SIGN)
    assert content.fact_id == "us-csl:US-ENTITY-LIST:1"


def test_an_entity_list_entry_has_its_federal_register_notice() -> None:
    facts = listed(federal_register_notice=" 99 FR  12345 (1/2/21), 99 FR 23456 ").facts
    assert facts.document_number == "99 FR 12345 (1/2/21), 99 FR 23456"
    assert facts.document_date == facts.effective_from == date(2021, 1, 2)


def test_an_entity_list_entry_without_a_date_is_left_without_it() -> None:
    assert listed(start_date="").facts.document_date is None


def test_a_chinese_military_company_has_its_order_and_listing_date() -> None:
    ids = "03 Jun 2021, Listing Date (CMIC); 02 Aug 2021, Effective Date (CMIC)"
    facts = listed(source=CMIC, programs="CMIC-EO13959", ids=ids, federal_register_notice="", start_date="").facts
    assert (facts.document_number, facts.document_date) == ("EO 13959", date(2021, 6, 3))
    assert facts.effective_from == date(2021, 8, 2)


DIRECTIVE_2 = "24 Feb 2022, Listing Date (EO 14024 Directive 2):; 26 Mar 2022, Effective Date (EO 14024 Directive 2):"
DIRECTIVE_3 = "22 Feb 2022, Listing Date (EO 14024 Directive 3):; 26 Mar 2022, Effective Date (EO 14024 Directive 3):"


@pytest.mark.parametrize(
    ("source", "number", "day"),
    [
        (CAPTA, "EO 14024 Directive 2", date(2022, 2, 24)),
        (MENU, "EO 14024 Directive 3", date(2022, 2, 22)),
        (SSI, "EO 13662", None),
        (SDN, "", None),
    ],
)
def test_a_directive_documents_only_its_own_list(source: str, number: str, day: date | None) -> None:
    facts = listed(
        source=source, programs="UKRAINE-EO13662; RUSSIA-EO14024", ids=f"{DIRECTIVE_2}; {DIRECTIVE_3}", start_date=""
    ).facts
    assert (facts.document_number, facts.document_date) == (number, day)


def test_other_names_are_separated_and_the_last_and_is_dropped() -> None:
    content = listed(alt_names="Imaginary Works;  Nowhere  Mills ; and Example\u00a0Co.")
    assert content.subject.other_names == ("Imaginary Works", "Nowhere Mills", "Example Co.")


@pytest.mark.parametrize(
    ("cells", "disposition", "reason"),
    [
        ({"type": "Individual"}, Disposition.REJECTED, RowReason.NATURAL_PERSON),
        ({"source": "ITAR Debarred (DTC) - State Department"}, Disposition.QUARANTINED, RowReason.UNKNOWN_LIST),
        ({"end_date": "some day"}, Disposition.QUARANTINED, RowReason.END_DATE),
        ({"start_date": "01/02/2021"}, Disposition.QUARANTINED, RowReason.DATE),
        ({"name": " "}, Disposition.QUARANTINED, RowReason.MISSING_VALUE),
        ({"_id": ""}, Disposition.QUARANTINED, RowReason.IDENTIFIER_EMPTY),
    ],
)
def test_a_row_that_is_not_taken_says_why(cells: dict[str, str], disposition: Disposition, reason: RowReason) -> None:
    content = only(csl_row(1, **cells)).content
    assert isinstance(content, Fault)
    assert (content.disposition, content.reason) == (disposition, reason)


def test_a_file_without_the_columns_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match="the header lacks _id"):
        UsConsolidatedScreeningList().open(iter([(1, ["name", "ids"])]))


def test_a_row_of_another_width_is_rejected() -> None:
    (row,) = UsConsolidatedScreeningList().open(iter([(1, CSL_HEADER), (2, ["1", "too short"])])).rows()
    assert isinstance(row.content, Fault)
    assert row.content.reason is RowReason.MALFORMED
