"""Which region lies within which, and when."""

from __future__ import annotations

from datetime import date

import pytest

from clearway.subjects.regions import (
    RegionTable,
    RegionTableRejected,
    UnknownRegionTable,
    parse_regions,
    shipped_regions,
)

HEADER = "code,parent,name,valid_from,valid_to,successor"
TODAY = date(2026, 5, 1)
BEFORE_2015 = date(2014, 12, 31)


@pytest.fixture
def china() -> RegionTable:
    return shipped_regions("cn-demo")


@pytest.mark.parametrize(
    ("code", "ancestor", "day", "inside"),
    [
        ("110108", "110000", TODAY, True),
        ("110108", "100000", TODAY, True),
        ("110108", "110108", TODAY, True),
        ("110000", "110108", TODAY, False),
        ("110108", "310000", TODAY, False),
        ("659001", "650000", TODAY, True),
        ("441900", "440000", TODAY, True),
        ("441900", "440100", TODAY, False),
        ("652123", "652100", BEFORE_2015, True),
        ("650422", "650400", BEFORE_2015, False),
        ("650422", "650400", TODAY, True),
        ("652123", "650400", TODAY, True),
        ("650422", "652100", TODAY, True),
        ("999999", "100000", TODAY, False),
        ("110108", "999999", TODAY, False),
    ],
)
def test_within_follows_parents_and_successors(
    china: RegionTable, code: str, ancestor: str, day: date, inside: bool
) -> None:
    assert china.within(code, ancestor, day) is inside


def test_a_recoded_region_names_its_successor(china: RegionTable) -> None:
    assert china.successor_of("652100") == "650400"
    assert china.successor_of("650400") is None
    assert china.successor_of("999999") is None


def test_a_code_is_found_only_while_in_use(china: RegionTable) -> None:
    assert china.get("652100", TODAY) is None
    before = china.get("652100", BEFORE_2015)
    assert before is not None
    assert before.name == "吐鲁番地区"


def test_the_chinese_table_has_every_province(china: RegionTable) -> None:
    codes = [f"{code:02}0000" for code in range(11, 83)]
    assert sum(code in china for code in codes) == 34


def test_the_american_table_has_the_states() -> None:
    states = shipped_regions("us")
    assert states.within("CA", "US", TODAY)
    assert len(states) == 57


@pytest.mark.parametrize("name", ["atlantis", "../../catalogue/model", ""])
def test_only_shipped_tables_are_found(name: str) -> None:
    with pytest.raises(UnknownRegionTable):
        shipped_regions(name)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "line 1"),
        (["code,name"], "line 1"),
        ([HEADER, "A,,Land"], "line 2: 3 columns"),
        ([HEADER, ",,Land,,,"], "line 2"),
        ([HEADER, "A,,Land,2015,,"], "line 2: dates"),
        ([HEADER, "A,,Land,2015-01-02,2015-01-02,"], "ends before"),
        ([HEADER, "A,,Land,,,", "A,,Land,2015-01-01,,"], "two entries"),
        ([HEADER, "A,B,Land,,,"], "names the parent B"),
        ([HEADER, "A,,Land,,2015-01-01,C"], "names the successor C"),
        ([HEADER, "A,B,Land,,,", "B,A,Shire,,,"], "by its parent"),
        ([HEADER, "A,A,Land,,,"], "by its parent"),
        ([HEADER, "A,,Land,,2015-01-01,B", "B,,Shire,,2016-01-01,A"], "by its successor"),
    ],
)
def test_a_table_that_contradicts_itself_is_rejected(lines: list[str], says: str) -> None:
    with pytest.raises(RegionTableRejected, match=says):
        parse_regions(lines)


def test_a_region_may_change_its_parent() -> None:
    table = parse_regions([HEADER, "A,,Land,,,", "B,A,Shire,,,", "C,A,Town,,2020-01-01,", "C,B,Town,2020-01-01,,"])
    assert not table.within("C", "B", date(2019, 12, 31))
    assert table.within("C", "B", date(2020, 1, 1))
