"""双公示: licences and penalties as departments publish them, in both generations of the templates.

The numbered columns of subject codes changed meaning between the generations (`NUMBERED`), so a file is read only where
its header says which one it is: by the labels in brackets behind the numbers, by columns that only one generation has,
or by database column names. A header that says neither or both is refused.
"""

from __future__ import annotations

import re
from enum import IntEnum

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.header import Header
from clearway.registry.feeds.mapping import CodeColumn, Mapping
from clearway.subjects.schemes import orgcode, regno, taxno, uscc
from clearway.subjects.schemes.roster import CITIZEN_NUMBER


class Generation(IntEnum):
    """The template a file follows, by the year it came into use."""

    OF_2016 = 2016
    OF_2018 = 2018


NO_SCHEME = ""
"""Certificates of public institutions and of social organisations: numbers without a scheme of ours, read past."""

NUMBERED: dict[Generation, dict[int, str]] = {
    Generation.OF_2016: {1: uscc.NAME, 2: orgcode.NAME, 3: regno.NAME, 4: taxno.NAME, 5: CITIZEN_NUMBER},
    Generation.OF_2018: {1: uscc.NAME, 2: regno.NAME, 3: orgcode.NAME, 4: taxno.NAME, 5: NO_SCHEME, 6: NO_SCHEME},
}
"""What 行政相对人代码_N is, by generation: its scheme."""

LABELLED: dict[str, str] = {
    "统一社会信用代码": uscc.NAME,
    "组织机构代码": orgcode.NAME,
    "工商注册号": regno.NAME,
    "工商注册码": regno.NAME,
    "工商登记码": regno.NAME,
    "工商登记号": regno.NAME,
    "税务登记号": taxno.NAME,
    "税务登记证号": taxno.NAME,
    "居民身份证号": CITIZEN_NUMBER,
    "居民身份证号码": CITIZEN_NUMBER,
    "身份证号": CITIZEN_NUMBER,
    "身份证号码": CITIZEN_NUMBER,
    "事业单位证书号": NO_SCHEME,
    "社会组织登记证号": NO_SCHEME,
}
"""What a label says: of a number in brackets, or behind 行政相对人 without one."""

DATABASE: dict[str, str] = {
    "shxym": uscc.NAME,
    "gszc": regno.NAME,
    "zzjg": orgcode.NAME,
    "swdj": taxno.NAME,
}
"""The last part of a database column's name → its scheme. These columns are the later template's."""

ONLY_IN: dict[Generation, frozenset[str]] = {
    Generation.OF_2016: frozenset(
        {"项目名称", "审批类别", "许可截止期", "处罚名称", "处罚类别1", "处罚类别2", "处罚事由", "处罚结果"}
        | {"处罚生效期", "处罚截止期", "地方编码", "数据更新时间戳"}
    ),
    Generation.OF_2018: frozenset(
        {"行政相对人类别", "行政许可决定文书名称", "许可证书名称", "许可编号", "有效期自", "有效期至"}
        | {"许可机关统一社会信用代码", "违法行为类型", "违法事实", "处罚内容", "处罚有效期", "公示截止期"}
        | {"处罚机关统一社会信用代码", "数据来源单位", "数据来源单位统一社会信用代码"}
    ),
}
"""Columns that only one generation has."""

LEADING = (uscc.NAME, orgcode.NAME, regno.NAME, taxno.NAME)
"""The order in which a row's codes name its subject, the same in both generations."""

_CODE = re.compile(
    r"行政相对人代码_?(?P<number>[1-6])(?:[(\[【](?P<label>[^)\]】]*)[)\]】]|_?(?P<behind>[^\d(\[【]+))?"
)
_NAMED = re.compile(r"(?:行政相对人|行政相对人代码)?[(\[【]?(?P<label>[^()\[\]【】]+?)[)\]】]?")
_IN_DATABASE = re.compile(r"(?:xk|cf)_xdr_(?P<part>[a-z]+)")
_OF_ONE_MEANING = frozenset({1, 4})


def settle_codes(header: Header, mapping: Mapping) -> tuple[Mapping, tuple[int, ...]]:
    """The mapping with the columns of codes that this header has, and the columns that tell its generation.

    Raises `UnreadableFeed` where they are ambiguous.
    """
    generation = generation_of(header)
    columns: dict[str, str] = {}
    personal = []
    for key in header.keys:
        scheme = _scheme(key, generation)
        if scheme == CITIZEN_NUMBER:
            personal.append(key)
        elif scheme:
            columns.setdefault(key, scheme)
    if not columns:
        raise UnreadableFeed(
            "the header has no column of subject codes (行政相对人代码_1 …, or 行政相对人统一社会信用代码)"
        )
    in_order = sorted(columns, key=lambda key: LEADING.index(columns[key]))
    codes = tuple(CodeColumn(scheme=columns[key], headers=(key,)) for key in in_order)
    telling = tuple(at for at, key in enumerate(header.keys) if _tells(key) or key in personal)
    return mapping.model_copy(update={"codes": codes, "personal": tuple(personal)}), telling


def generation_of(header: Header) -> Generation | None:
    """The generation of a header; None where it has no column whose meaning depends on it.

    Raises `UnreadableFeed` where it has such columns and says neither generation, or both.
    """
    for key in header.keys:
        if _contradicts_itself(key):
            raise UnreadableFeed(
                "the header labels a numbered code as what it is in neither generation of the template"
            )
    signs = {generation: _signs(header, generation) for generation in Generation}
    speaking = [generation for generation, found in signs.items() if found]
    if len(speaking) > 1:
        said = " but ".join(f"{signs[generation][0]} is of {generation.value}" for generation in speaking)
        raise UnreadableFeed(f"the header mixes both generations of the template: {said}; say which it is")
    if speaking:
        return speaking[0]
    unclear = sorted({number for key in header.keys if (number := _number(key)) and number not in _OF_ONE_MEANING})
    if not unclear:
        return None
    numbers = ", ".join(f"行政相对人代码_{number}" for number in unclear)
    raise UnreadableFeed(
        f"the header does not say which generation of the template it follows, and {numbers} mean different codes "
        "in each: label them, as in 行政相对人代码_2(组织机构代码), or keep a column that only one generation has, "
        "such as 行政相对人类别 (2018) or 地方编码 (2016)"
    )


def _signs(header: Header, generation: Generation) -> list[str]:
    """What in the header belongs to this generation only, in words of ours."""
    found = []
    other = next(other for other in Generation if other is not generation)
    for key in header.keys:
        if key in ONLY_IN[generation]:
            found.append(key)
        elif (number := _number(key)) is not None:
            label = _label(key)
            if label is not None and label != NUMBERED[other].get(number) and label == NUMBERED[generation].get(number):
                found.append(f"the label of 行政相对人代码_{number}")
            elif label is None and number in NUMBERED[generation] and number not in NUMBERED[other]:
                found.append(f"行政相对人代码_{number}")
        elif generation is Generation.OF_2018 and (named := _IN_DATABASE.fullmatch(key)) and named["part"] in DATABASE:
            found.append(key.upper())
    return found


def _tells(key: str) -> bool:
    return _number(key) is not None or any(key in columns for columns in ONLY_IN.values())


def _number(key: str) -> int | None:
    found = _CODE.fullmatch(key)
    return int(found["number"]) if found else None


def _label(key: str) -> str | None:
    """The scheme that a numbered column's own label names; None where it has no label we know."""
    found = _CODE.fullmatch(key)
    return LABELLED.get(found["label"] or found["behind"] or "") if found else None


def _contradicts_itself(key: str) -> bool:
    label = _label(key)
    return label is not None and all(label != numbered.get(_number(key) or 0) for numbered in NUMBERED.values())


def _scheme(key: str, generation: Generation | None) -> str | None:
    """The scheme of a column of subject codes; None for any other column."""
    number = _number(key)
    if number is not None:
        label = _label(key)
        return label if label is not None else NUMBERED[generation or Generation.OF_2018].get(number)
    if in_database := _IN_DATABASE.fullmatch(key):
        return DATABASE.get(in_database["part"])
    named = _NAMED.fullmatch(key)
    return LABELLED.get(named["label"]) if named else None
