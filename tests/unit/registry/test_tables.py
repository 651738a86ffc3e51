"""Rows of tables under a mapping: where the header is, what a row states, and whose it may not be."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.cells import SheetNumber
from clearway.registry.feeds.mapping import Mapping
from clearway.registry.feeds.rows import AdverseStated, Disposition, Fault, ListingStated, Row, RowReason, SubjectKnown
from clearway.registry.feeds.spec import FeedSpec
from clearway.registry.feeds.tables import Table, TableFeed
from tests.unit.registry.making import CITIZEN, code

MAPPING: dict[str, Any] = {
    "states": "listing",
    "codes": [{"scheme": "cn-uscc", "headers": ["code"], "needed": True}],
    "name": {"headers": ["name"], "needed": True},
    "document_number": {"headers": ["number"]},
    "document_date": {"headers": ["day"]},
    "expires_on": {"headers": ["end"]},
}


def opened(*lines: list[str], feed_regime: str | None = "X", **fields: Any) -> Table:
    spec = FeedSpec(name="feed", format="mapped", regime=feed_regime, designating_authority="Office")
    return TableFeed(spec, Mapping.model_validate({**MAPPING, **fields})).open(iter(enumerate(lines, 1)))


def row(**cells: str) -> dict[str, str]:
    return {"code": code(1), "name": "虚构有限公司", **cells}


def read(cells: dict[str, str], **fields: Any) -> Row:
    (only,) = opened(list(cells), list(cells.values()), **fields).rows()
    return only


def stated(cells: dict[str, str], **fields: Any) -> ListingStated:
    content = read(cells, **fields).content
    assert isinstance(content, ListingStated), content
    return content


def fault(cells: dict[str, str], **fields: Any) -> Fault:
    content = read(cells, **fields).content
    assert isinstance(content, Fault), content
    return content


@pytest.mark.parametrize("notes", [0, 1, 29])
def test_the_header_is_found_below_the_notes(notes: int) -> None:
    (found,) = opened(*[["注：name"]] * notes, ["name", "code"], ["虚构", code(1)]).rows()
    assert (found.number, type(found.content)) == (notes + 2, ListingStated)


def test_a_file_without_a_header_is_refused_with_what_is_missing() -> None:
    with pytest.raises(UnreadableFeed, match="missing: code"):
        opened(["name", "colour"], ["虚构", "red"])
    with pytest.raises(UnreadableFeed, match="missing: name, code"):
        opened()
    with pytest.raises(UnreadableFeed, match="missing"):
        opened(*[["注"]] * 30, ["name", "code"])


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UnreadableFeed, match="two columns called name"):
        opened(["name", "code", "Name："])


def test_of_a_fields_names_the_first_that_is_there_counts() -> None:
    dates = {"document_date": {"headers": ["认定时间", "发布时间"]}}
    both = row(发布时间="2026-01-01", 认定时间="2026-02-02")
    assert stated(both, **dates).facts.document_date == date(2026, 2, 2)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("2026/3/1", date(2026, 3, 1)),
        ("20260301", date(2026, 3, 1)),
        ("２０２６年３月１日", date(2026, 3, 1)),
        (SheetNumber("46082"), date(2026, 3, 1)),
        (SheetNumber("46082.75"), date(2026, 3, 1)),
        ("", None),
    ],
)
def test_days_are_read_in_the_shapes_that_lists_write(written: str, day: date | None) -> None:
    assert stated(row(day=written)).facts.document_date == day


def test_five_digits_are_a_serial_only_where_a_spreadsheet_says_it_is_a_number() -> None:
    assert fault(row(day="46082")).reason is RowReason.DATE


def test_a_written_format_settles_what_could_be_read_two_ways() -> None:
    assert fault(row(day="01/02/2026")).reason is RowReason.DATE
    assert stated(row(day="01/02/2026"), date_formats=["%d/%m/%Y"]).facts.document_date == date(2026, 2, 1)
    assert stated(row(end="31/12/2026"), date_formats=["%d/%m/%Y"]).facts.expires_on == date(2027, 1, 1)
    assert stated(row(end="31/12/2099"), date_formats=["%d/%m/%Y"]).facts.expires_on is None


def test_no_end_is_invented() -> None:
    assert stated(row()).facts.expires_on is None
    assert stated(row(end="长期")).facts.expires_on is None


def test_what_the_feed_says_holds_where_the_row_says_nothing() -> None:
    columns = {"regime": {"headers": ["list"]}, "designating_authority": {"headers": ["by"]}}
    facts = stated(row(list="Y", by=""), **columns).facts
    assert (facts.regime, facts.designating_authority) == ("Y", "Office")
    assert stated(row(list=""), **columns).facts.regime == "X"
    assert fault(row(list=""), feed_regime=None, **columns).reason is RowReason.MISSING_VALUE


def test_an_id_is_made_of_what_tells_rows_apart_and_is_the_same_every_time() -> None:
    ids = {stated(row(number=number, day=day)).listing_id for number in ("1", "2") for day in ("2026-01-01", "")}
    assert len(ids) == 2
    assert stated(row(number="１")).listing_id == stated(row(number=" 1")).listing_id


def test_a_row_set_aside_is_still_on_its_list_where_its_id_can_be_told() -> None:
    assert fault(row(id="7", code="x"), id={"headers": ["id"]}).fact_id == "feed:7"
    assert fault(row(day="soon")).fact_id == stated(row()).listing_id
    assert fault(row(code="x")).fact_id == ""


def test_a_long_id_of_the_source_is_shortened_for_its_own_number_only() -> None:
    long = "7" * 100
    fields = {"id": {"headers": ["id"]}, "without_code": "by_name", "kinds": {"headers": ["kind"]}}
    content = stated(row(code="", id=long), **fields)
    assert content.listing_id == f"feed:{long}"
    assert len(content.subject.identifiers[0].value) == 32


# Who


@pytest.mark.parametrize(
    ("cells", "fields"),
    [
        (row(kind="自然人"), {"kinds": {"headers": ["kind"], "persons": ["自然人"]}}),
        (row(kind="any"), {"kinds": {"headers": ["kind"], "otherwise": "person"}}),
        (row(code=CITIZEN), {}),
        (row(code=f"{CITIZEN}00"), {}),
        (row(code=f"{CITIZEN[:10]}****{CITIZEN[14:]}"), {}),
        (row(code="", card=CITIZEN), {"personal": ["card"]}),
        (
            row(code="", owner=f"{CITIZEN[:6]}********{CITIZEN[14:]}"),
            {"codes": [*MAPPING["codes"], {"scheme": "cn-ric", "headers": ["owner"]}]},
        ),
    ],
    ids=[
        "by kind",
        "by no kind",
        "number",
        "tax number",
        "masked number",
        "personal column",
        "masked in a column of persons",
    ],
)
def test_a_natural_persons_row_is_turned_away(cells: dict[str, str], fields: dict[str, Any]) -> None:
    found = fault(cells, **fields)
    assert (found.reason, found.disposition) == (RowReason.NATURAL_PERSON, Disposition.REJECTED)


def test_a_registered_trader_is_known_by_its_own_code_and_its_owners_is_read_past() -> None:
    cells = row(taxno=f"{CITIZEN}00", card=CITIZEN)
    codes = [*MAPPING["codes"], {"scheme": "cn-taxno", "headers": ["taxno"]}]
    assert [known.value for known in stated(cells, codes=codes, personal=["card"]).subject.identifiers] == [code(1)]


def test_a_mapping_that_asks_for_persons_gets_them_under_their_own_id_alone() -> None:
    fields = {"codes": [{"scheme": "cn-ric", "headers": ["code"], "needed": True}]}
    (identifier,) = stated(row(code=CITIZEN, id="7"), id={"headers": ["id"]}, **fields).subject.identifiers
    assert identifier.personal
    assert fault(row(code=CITIZEN), **fields).detail.startswith("id: a natural person's row needs an id")


def test_a_later_taxpayer_number_is_a_unified_social_credit_code() -> None:
    codes = [*MAPPING["codes"], {"scheme": "cn-taxno", "headers": ["taxno"]}]
    assert len(stated(row(taxno=code(1)), codes=codes).subject.identifiers) == 1
    assert fault(row(taxno=code(2)), codes=codes).reason is RowReason.IDENTIFIER_COLLISION


def test_codes_among_others_are_taken_only_where_they_are_certain() -> None:
    where = {"headers": ["countries"], "any_of": ["cn"]}
    codes = [
        {"scheme": "cn-uscc", "headers": ["code"], "separator": ";", "certain": True, "needed": True, "where": where}
    ]
    fields = {"codes": codes, "without_code": "by_name", "kinds": {"headers": ["kind"]}}
    mixed = f"123; {code(1)} ;9199999900000000AA;x"
    assert [known.value for known in stated(row(code=mixed, countries="us;CN"), **fields).subject.identifiers] == [
        code(1)
    ]
    assert [known.scheme for known in stated(row(code=mixed, countries="us"), **fields).subject.identifiers] == [
        "src.feed"
    ]


# What is kept of a row that is set aside


def kept(cells: dict[str, str], **fields: Any) -> dict[str, str]:
    table = opened(list(cells), list(cells.values()), **fields)
    (only,) = table.rows()
    return dict(table.original(only))


def test_only_columns_that_are_read_are_kept() -> None:
    assert kept(row(legal_representative="某人", day="soon")) == row(day="soon")


def test_names_are_masked_where_nothing_shows_that_they_are_no_persons() -> None:
    assert kept(row(code=""))["name"] == "虚构****"
    assert kept(row(code="x"))["name"] == "虚构有限公司"


def test_citizens_numbers_are_masked_wherever_they_stand() -> None:
    assert CITIZEN not in str(kept(row(day="soon", number=f"号{CITIZEN}", name=f"虚构{CITIZEN}")))


# Other facts


def test_a_row_of_a_table_of_penalties_states_an_adverse_record() -> None:
    fields: dict[str, Any] = {
        "states": "adverse",
        "expires_on": None,
        "record_kind": {"constant": "penalty"},
        "severity": {
            "headers": ["kind"],
            "words": {"警告": "minor", "吊销": "serious", "罚款": "general"},
            "otherwise": "general",
        },
        "display_ends_on": {"headers": ["until"]},
    }
    severities = {}
    for kind in ("警告", "罚款,警告", "警告；吊销许可证；罚款", "其他", ""):
        content = read(row(kind=kind, day="2026-03-01", until="2026-05-31"), **fields).content
        assert isinstance(content, AdverseStated)
        severities[kind] = content.facts.severity.value
        assert content.facts.display_ends_on == date(2026, 6, 1)
    assert list(severities.values()) == ["minor", "general", "serious", "general", "general"]
    assert fault(row(kind="警告", day=""), **fields).reason is RowReason.MISSING_VALUE
    assert fault(row(kind="警告", day="2026-03-01", until="2026-02-28"), **fields).reason is RowReason.TERM


def test_several_statements_about_one_subject_are_told_apart() -> None:
    fields = {"states": "known", "expires_on": None, "document_date": None, "known_since": {"headers": ["day"]}}
    plain = read(row(day="2020-01-01", number="1"), **fields).content
    assert isinstance(plain, SubjectKnown)
    assert plain.about == ""
    told = {read(row(day="2020-01-01", number=number), id_of=["document_number"], **fields).content for number in "12"}
    assert len(told) == 2
