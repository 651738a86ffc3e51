"""容缺受理通知书 as it is handed over: everything missing, told once and for all, in both languages; no refusal."""

from __future__ import annotations

from datetime import date

import pytest

from clearway.catalogue.loader import load_catalogue
from clearway.catalogue.model import Text
from clearway.decision.deferral_notice import Due, Heading, issued_notice
from clearway.decision.explain import Language

HEADING = Heading("N-1", "CASE-1", Text(en="Licensing bureau", zh="审批局"), date(2026, 5, 4))
ITEM = Text(en="Food operation licence", zh="食品经营许可")
PLAN = Due(Text(en="Plan", zh="布局图"), Text(en="At the counter.", zh="窗口提交。"), date(2026, 5, 11), False)
LATE = Due(Text(en="Certificates {}", zh="健康证明 {}"), Text(en="By post.", zh="邮寄。"), date(2027, 1, 6), True)
CONSEQUENCE = load_catalogue("cn-demo").edition.deferral.consequence


def notice(language: Language, *due: Due) -> str:
    return issued_notice(HEADING, ITEM, due, CONSEQUENCE, language)


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        (Language.EN, ("N-1", "CASE-1", "Licensing bureau", "2026-05-04", "1. Plan — by 2026-05-11. At the counter.")),
        (Language.ZH_CN, ("N-1", "CASE-1", "审批局", "2026-05-04", "1. 布局图 — 期限 2026-05-11。窗口提交。")),
    ],
)
def test_a_notice_names_what_in_what_form_by_when(language: Language, wanted: tuple[str, ...]) -> None:
    text = notice(language, PLAN, LATE)
    assert all(part in text for part in wanted)
    assert text.endswith(CONSEQUENCE.zh if language is Language.ZH_CN else CONSEQUENCE.en)


@pytest.mark.parametrize(
    ("language", "mark", "words"),
    [(Language.EN, "(provisional)", "never earlier"), (Language.ZH_CN, "（暂定）", "不会提前")],
)
def test_a_provisional_deadline_is_explained_where_there_is_one(language: Language, mark: str, words: str) -> None:
    with_late = notice(language, PLAN, LATE)
    assert mark in with_late
    assert words in with_late
    assert mark not in notice(language, PLAN)
    assert words not in notice(language, PLAN)


def test_a_returned_file_is_never_called_refused() -> None:
    assert "refus" not in notice(Language.EN, PLAN).replace("this is no refusal", "")
    chinese = notice(Language.ZH_CN, PLAN).replace("不属于不予许可", "")
    assert "不予" not in chinese
    assert "驳回" not in chinese
