"""An answer in words: every one in both languages, every gap filled, and nothing that reads as clear but is not."""

from __future__ import annotations

import re
import string

import pytest

from clearway.catalogue.model import Text
from clearway.decision import explain as words
from clearway.decision.answer import Decision, Notice, NoticeCode, Outcome, Standing
from clearway.decision.decide import decide
from clearway.decision.deferral_notice import deferral_notice
from clearway.decision.explain import Language, explain, last_day, notice_text
from clearway.decision.materials import deferral_exclusions
from clearway.decision.terms import Lack
from tests.case_files import NumberedCase, all_cases, catalogue, evidence_of, moment_of, request_of, sources_of

CASES = all_cases()
HAN = re.compile(r"[\u4e00-\u9fff]")
EVERY_TEXT = (
    *words.OUTCOMES.values(),
    *words.NOTICES.values(),
    *words.WORDS.values(),
    *words._UNDETERMINED.values(),
    *(text for text in vars(words).values() if isinstance(text, Text)),
)
languages = pytest.mark.parametrize("language", Language)


def decided(numbered: NumberedCase) -> Decision:
    case = numbered.case
    return decide(
        evidence_of(numbered),
        request_of(numbered),
        catalogue(),
        moment_of(case),
        case.lists_confirmed,
        sources_of(case),
    )


def explained(numbered: NumberedCase, language: Language) -> str:
    day = moment_of(numbered.case).date()
    return explain(decided(numbered), language, day)


def gaps(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def case_named(name: str) -> NumberedCase:
    return next(numbered for numbered in CASES if numbered.case.case == name)


def test_every_outcome_and_every_notice_has_its_words() -> None:
    assert set(words.OUTCOMES) == set(Outcome)
    assert set(words.NOTICES) == set(NoticeCode)


@pytest.mark.parametrize("text", EVERY_TEXT, ids=lambda text: text.en[:40])
def test_both_languages_say_it_with_the_same_gaps(text: Text) -> None:
    assert gaps(text.en) == gaps(text.zh)
    assert HAN.search(text.zh)
    assert not HAN.search(text.en)


@languages
@pytest.mark.parametrize("numbered", CASES, ids=str)
def test_every_answer_is_explained_with_every_gap_filled(numbered: NumberedCase, language: Language) -> None:
    text = explained(numbered, language)
    assert text
    assert "{" not in text
    assert "None" not in text
    assert bool(HAN.search(text)) == (language is Language.ZH_CN)


@pytest.mark.parametrize(
    ("more", "en", "zh"),
    [
        ({}, "Opened on 2026-03-02, to be resolved by 2026-03-30.", "提出日期 2026-03-02，核实期限 2026-03-30。"),
        ({"provisional": "true"}, "by 2026-03-30 (provisional).", "2026-03-30（暂定）。"),
        ({"overdue": "true"}, "to have been resolved by 2026-03-30: the term is over.", "已逾期。"),
    ],
)
def test_the_clock_of_an_objection_is_told(more: dict[str, str], en: str, zh: str) -> None:
    details = {"objection_id": "O", "opened_on": "2026-03-02", "due_on": "2026-03-30", **more}
    for code in (NoticeCode.STAYED_UNDER_OBJECTION, NoticeCode.UNDER_OBJECTION):
        notice = Notice(code, "L1", "SAMR-SERIOUS", details)
        assert notice_text(notice, Language.EN).endswith(en)
        assert notice_text(notice, Language.ZH_CN).endswith(zh)
        assert "resolved" not in notice_text(Notice(code, "L1", "SAMR-SERIOUS"), Language.EN)


@languages
@pytest.mark.parametrize("numbered", CASES, ids=str)
def test_every_notice_is_put_into_words(numbered: NumberedCase, language: Language) -> None:
    for notice in decided(numbered).notices:
        text = notice_text(notice, language)
        assert text
        assert not re.search(r"[{}]|\(\)|（）", text)


@languages
@pytest.mark.parametrize("lack", Lack)
def test_whatever_is_missing_has_a_word(lack: Lack, language: Language) -> None:
    notice = Notice(NoticeCode.INFORMATION_ONLY, details={"missing": f"{lack},{Lack.DOCUMENT_NUMBER}"})
    assert lack.value not in words.words(lack, language) or language is Language.EN
    assert "_" not in notice_text(notice, language)


@languages
def test_why_deferral_is_excluded_has_a_word(language: Language) -> None:
    numbered = case_named("a broken commitment closes deferral in its own right")
    told = [notice for notice in decided(numbered).notices if notice.code is NoticeCode.DEFERRAL_EXCLUDED]
    assert len(told) == 2
    assert all("_" not in notice_text(notice, language) for notice in told)
    assert deferral_exclusions.__doc__


@languages
@pytest.mark.parametrize("name", ["index", "end", "catalogue", "end,index", "{measure}", "{0}"])
def test_a_recorded_name_stands_as_it_is(name: str, language: Language) -> None:
    notice = Notice(NoticeCode.NAME_DIFFERS, details={"recorded_name": name})
    assert f"({name})" in notice_text(notice, language).replace("（", "(").replace("）", ")")


UNDETERMINED = [numbered for numbered in CASES if numbered.case.want.outcome == Outcome.UNDETERMINED]


@pytest.mark.parametrize("numbered", UNDETERMINED, ids=str)
def test_an_undetermined_answer_never_reads_as_clear(numbered: NumberedCase) -> None:
    english, chinese = explained(numbered, Language.EN), explained(numbered, Language.ZH_CN)
    disclaimed = english.lower().replace("this is not a clear answer", "").replace("never clears", "")
    assert "clear" not in disclaimed
    assert "not listed" not in disclaimed
    assert "ordinary" not in disclaimed
    assert "no listing" not in disclaimed
    assert "by hand" in english
    remaining = chinese.replace("这不代表无记录", "")
    assert not re.search("无记录|无有效|未列入|一般程序", remaining)
    assert "人工" in chinese


@languages
def test_only_a_subject_that_is_not_listed_is_said_not_to_be(language: Language) -> None:
    says = {Language.EN: "No listing of this subject is in force", Language.ZH_CN: "无有效名单记录"}[language]
    saying = [numbered for numbered in CASES if says in explained(numbered, language)]
    assert saying
    assert {decided(numbered).standing for numbered in saying} == {Standing.NOT_LISTED}


@languages
def test_a_bar_is_named_with_its_list(language: Language) -> None:
    numbered = case_named("whoever lost a food licence gets no new one for five years")
    (restriction,) = decided(numbered).restrictions
    text = explained(numbered, language)
    assert words.say(restriction.measure.name, language) in text
    assert words.say(restriction.regime.name, language) in text


@languages
def test_deferral_names_the_first_deadline_and_the_notice_names_all(language: Language) -> None:
    numbered = case_named("deadlines are counted in working days, make-up days among them")
    item = catalogue().item(numbered.case.ask.item)
    assert item is not None
    assert "2026-10-10" in explained(numbered, language)
    notice = deferral_notice(decided(numbered), item, catalogue(), language)
    assert "2026-10-10" in notice
    assert "2026-10-13" in notice
    assert words.say(catalogue().edition.deferral.consequence, language) in notice
    assert all(words.say(material.how, language) in notice for material in item.deferrable_materials)


@languages
def test_a_provisional_deadline_is_called_so_in_the_notice(language: Language) -> None:
    numbered = case_named("a deadline in a year whose working days are not published is provisional")
    item = catalogue().item(numbered.case.ask.item)
    assert item is not None
    notice = deferral_notice(decided(numbered), item, catalogue(), language)
    assert {Language.EN: "(provisional)", Language.ZH_CN: "（暂定）"}[language] in notice


def test_the_last_day_is_the_one_before_the_end() -> None:
    numbered = case_named("the bar holds to the end of its last day")
    (restriction,) = decided(numbered).restrictions
    assert restriction.term.ends is not None
    assert last_day(restriction.term.ends).isoformat() == "2026-03-09"
