"""Which generation of the dual-publicity templates a header is of, and what its numbered codes mean then."""

from __future__ import annotations

import pytest

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.cells import header_key
from clearway.registry.feeds.dual_publicity import LABELLED, ONLY_IN, Generation, generation_of, settle_codes
from clearway.registry.feeds.formats import shipped_mapping
from clearway.registry.feeds.header import Header

LICENCES = shipped_mapping("dual-publicity-licences")


def schemes(*cells: str) -> dict[str, str]:
    """Header cell → scheme, for the columns of codes."""
    header = Header(list(cells))
    mapping, _ = settle_codes(header, LICENCES)
    return {header.cells[header.keys.index(column.headers[0])]: column.scheme for column in mapping.codes}


def personal(*cells: str) -> tuple[str, ...]:
    mapping, _ = settle_codes(Header(list(cells)), LICENCES)
    return mapping.personal


@pytest.mark.parametrize(
    ("cells", "generation"),
    [
        (["行政相对人代码_2(组织机构代码)"], Generation.OF_2016),
        (["行政相对人代码_3（工商登记码）："], Generation.OF_2016),
        (["行政相对人代码＿5（居民身份证号）"], Generation.OF_2016),
        (["行政相对人代码-2（工商注册号）"], Generation.OF_2018),
        (["行政相对人代码 _3 （组织机构代码）"], Generation.OF_2018),
        (["行政相对人代码_5（事业单位证书号）"], Generation.OF_2018),
        (["行政相对人代码_2", "行政相对人代码_6"], Generation.OF_2018),
        (["行政相对人代码_2", "地方编码"], Generation.OF_2016),
        (["行政相对人代码_2", "行政相对人类别"], Generation.OF_2018),
        (["XK_XDR_ZZJG"], Generation.OF_2018),
        (["行政相对人代码_1", "行政相对人代码_4"], None),
        (["行政相对人统一社会信用代码"], None),
    ],
)
def test_the_header_says_which_generation_it_is_of(cells: list[str], generation: Generation | None) -> None:
    assert generation_of(Header(cells)) is generation


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        (
            ["行政相对人代码_1", "行政相对人代码_2", "行政相对人代码_3"],
            "代码_2, 行政相对人代码_3 mean different codes.*label them",
        ),
        (["行政相对人代码_5"], "does not say which generation"),
        (["行政相对人类别", "地方编码"], "mixes both generations.*地方编码 is of 2016 but 行政相对人类别 is of 2018"),
        (["行政相对人代码_2(组织机构代码)", "行政相对人代码_3(组织机构代码)"], "mixes both"),
        (["行政相对人代码_2(组织机构代码)", "行政相对人代码_6"], "mixes both"),
        (["行政相对人代码_4(组织机构代码)"], "neither generation"),
        (["行政相对人名称"], "no column of subject codes"),
    ],
)
def test_a_header_that_says_neither_or_both_is_refused(cells: list[str], complaint: str) -> None:
    with pytest.raises(UnreadableFeed, match=complaint):
        settle_codes(Header(cells), LICENCES)


def test_numbered_codes_mean_what_their_generation_says() -> None:
    numbered = [f"行政相对人代码_{number}" for number in range(1, 6)]
    of_2016, of_2018 = schemes(*numbered, "地方编码"), schemes(*numbered, "行政相对人类别")
    assert list(of_2016.values()) == list(of_2018.values()) == ["cn-uscc", "cn-orgcode", "cn-regno", "cn-taxno"]
    assert (of_2016["行政相对人代码_2"], of_2018["行政相对人代码_2"]) == ("cn-orgcode", "cn-regno")
    assert (of_2016["行政相对人代码_3"], of_2018["行政相对人代码_3"]) == ("cn-regno", "cn-orgcode")


def test_a_citizens_number_is_no_code_of_a_subject() -> None:
    assert personal("行政相对人代码_1", "行政相对人代码_5", "地方编码") == ("行政相对人代码_5",)
    assert personal("行政相对人代码_1", "行政相对人代码_5", "行政相对人类别") == ()


def test_the_legal_representatives_number_is_not_the_subjects() -> None:
    assert schemes("行政相对人代码_1", "法定代表人身份证号") == {"行政相对人代码_1": "cn-uscc"}
    assert personal("行政相对人代码_1", "法定代表人身份证号") == ()


def test_tables_are_written_as_headers_are_compared() -> None:
    words = {*LABELLED, *ONLY_IN[Generation.OF_2016], *ONLY_IN[Generation.OF_2018]}
    assert {word for word in words if header_key(word) != word} == set()
    assert not ONLY_IN[Generation.OF_2016] & ONLY_IN[Generation.OF_2018]
