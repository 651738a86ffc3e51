"""The console's words: each that a page uses is there, in both languages, and none is there for nothing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import get_args

import msgspec
import pytest
from google.rpc import error_details_pb2

from clearway.catalogue.loader import load_catalogue
from clearway.catalogue.model import Text
from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import feed_service_pb2 as feed_pb
from clearway.gen.v1 import operator_service_pb2 as operator_pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry import events
from clearway.registry.cases import events as case_events
from clearway.registry.cases.events import CaseEvent, Committed, Promise, Words, encode
from clearway.registry.errors import RegistryReason
from clearway.registry.feeds.rows import RowReason
from clearway.registry.fetching.source import SourceFault
from clearway.registry.quarantine import RowState
from clearway.registry.readings import FetchOutcome
from clearway.registry.suspicion import Doubt, Suspicion
from clearway.server.reports.kinds import KINDS
from clearway.server.reports.thresholds import Thresholds
from clearway.subjects.schemes.roster import CITIZEN_NUMBER, OWN_SCHEMES
from clearway.web.console.codes import (
    DOUBTS,
    FAILURES,
    FAULTS_OF_FIELDS,
    KINDS_OF_SOURCES,
    LABELS_OF_FIELDS,
    OUTCOMES_OF_READINGS,
    PROCESSES,
    REFUSALS,
    REST,
    SCHEMES,
)
from clearway.web.console.later import BOOKKEEPING, EVENTS, LABELS, VALUES, told
from clearway.web.console.names import Names, Said
from clearway.web.console.patterns import SPANS
from clearway.web.console.refusals import field_words, refusal_words
from clearway.web.console.reports import DRAWINGS
from clearway.web.console.words import DIMENSIONS, REPORTS, ROW_REASONS, ROW_STATES, THRESHOLDS, WORDS
from tests.processes import PARTS

FOLDER = resources.files("clearway.web.console")
SOURCES = [
    file.read_text("utf-8")
    for folder in (FOLDER, FOLDER / "oidc", FOLDER / "templates")
    for file in folder.iterdir()
    if file.name.endswith((".py", ".html")) and file.name != "words.py"
]


def names(language: Language) -> Names:
    return Names(load_catalogue("cn-demo"), language, date(2026, 3, 2))


def test_every_word_that_a_template_uses_is_there() -> None:
    used = {name for text in SOURCES for name in re.findall(r'\bt\("(\w+)"', text)}
    assert used <= set(WORDS)
    assert len(used) > 60


@pytest.mark.parametrize("name", WORDS)
def test_every_word_is_used(name: str) -> None:
    assert any(f'"{name}"' in text for text in SOURCES)


@pytest.mark.parametrize("name", [name for name in WORDS if name != "other_language"])
def test_chinese_is_chinese(name: str) -> None:
    assert re.search(r"[\u4e00-\u9fff{]", WORDS[name].zh)
    assert not re.search(r"[\u4e00-\u9fff]", WORDS[name].en)
    assert set(re.findall(r"{\w+}", WORDS[name].en)) == set(re.findall(r"{\w+}", WORDS[name].zh))


def test_every_reason_and_state_of_a_row_has_words() -> None:
    assert set(ROW_REASONS) == {reason.value for reason in RowReason}
    assert set(ROW_STATES) == set(feed_pb.RowState.values()) - {0}
    assert {name for name, _ in ROW_STATES.values()} == {state.value for state in RowState}


def test_every_code_of_the_service_that_pages_show_has_words() -> None:
    assert set(REFUSALS) == {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()[1:]}
    assert set(SCHEMES) == {*OWN_SCHEMES, CITIZEN_NUMBER}
    assert set(OUTCOMES_OF_READINGS) == {outcome.value for outcome in FetchOutcome}
    assert set(DOUBTS) == {doubt.value for doubt in Doubt}
    assert set(FAILURES) >= {fault.value for fault in SourceFault}
    assert set(FAILURES) <= {fault.value for fault in SourceFault} | {reason.value for reason in RegistryReason}
    assert set(PROCESSES) >= {*PARTS, "web", "worker", "feeds"}
    assert set(LABELS_OF_FIELDS.values()) <= set(WORDS)


@pytest.mark.parametrize(
    "table",
    [
        REFUSALS,
        SCHEMES,
        OUTCOMES_OF_READINGS,
        KINDS_OF_SOURCES,
        DOUBTS,
        FAILURES,
        PROCESSES,
        FAULTS_OF_FIELDS,
        {"": REST},
    ],
)
def test_words_for_codes_are_in_both_languages(table: Mapping[str, Text]) -> None:
    for text in table.values():
        assert re.search(r"[\u4e00-\u9fff]", text.zh)
        assert not re.search(r"[\u4e00-\u9fff]", text.en)
        assert set(re.findall(r"{\w+}", text.en)) == set(re.findall(r"{\w+}", text.zh))


@pytest.mark.parametrize(
    ("suspected", "words"),
    [
        (Suspicion(Doubt.OLDER_LIST, as_of=date(2026, 3, 1), loaded_as_of=date(2026, 3, 2)), "名单截至 2026-03-01"),
        (Suspicion(Doubt.EMPTY_LIST), "名单为空"),
        (Suspicion(Doubt.MISSING_AND_UNREAD, 8, 10, 2), "缺少 8 条列入信息，且有行无法识别"),
        (Suspicion(Doubt.SHRUNK_LIST, 8, 10, 2), "原有 10 条列入信息中缺少 8 条"),
        (Suspicion(Doubt.GROWN_LIST, 0, 10, 2100), "列入信息由 10 条增至 2,100 条"),
    ],
)
def test_a_list_that_waits_says_why_in_either_language(suspected: Suspicion, words: str) -> None:
    waiting = operator_pb.WaitingList(
        suspicion=suspected.words,
        reason=suspected.doubt.value,
        gone=suspected.gone,
        held_before=suspected.held_before,
        holds_now=suspected.holds_now,
        as_of="2026-03-01",
        loaded_as_of="2026-03-02",
    )
    chinese, english = names(Language.ZH_CN).suspicion(waiting), names(Language.EN).suspicion(waiting)
    assert chinese.words.startswith(words)
    assert chinese.language == "zh-CN"
    assert english.words.lower().replace(",", "") == suspected.words.replace(",", "")
    waiting.reason = ""
    assert names(Language.ZH_CN).suspicion(waiting) == Said(suspected.words, "en")


@pytest.mark.parametrize(
    ("attempt", "words", "language"),
    [
        (("loaded", "", ""), "", "zh-CN"),
        (("waiting", "the list is empty", "empty_list"), "", "zh-CN"),
        (("failed", "the folder cannot be read (…)", "folder_unreadable"), "文件夹无法读取", "zh-CN"),
        (("failed", "the source answers with status 404", "source_status"), "来源返回错误状态（状态码 404）", "zh-CN"),
        (("failed", "from before there were codes", ""), "from before there were codes", "en"),
    ],
)
def test_an_attempt_that_failed_says_why(attempt: tuple[str, str, str], words: str, language: str) -> None:
    outcome, detail, reason = attempt
    made = operator_pb.FeedAttempt(outcome=outcome, detail=detail, reason=reason)
    assert names(Language.ZH_CN).failure(made) == Said(words, language)
    assert names(Language.EN).failure(made).words == (detail if outcome == "failed" else "")


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("document_date: no date we can read", "字段：document_date"),
        ("fact: want one of listing, known", "字段：fact；可填：listing, known"),
        ("id_number, cn-uscc: too few signs", "字段：id_number"),
        ("the id has more than 200 signs", "不得超过 200 字"),
        ("a code in the row belongs to another subject", ""),
    ],
)
def test_what_is_wrong_with_a_row_names_the_field_and_what_may_stand_there(detail: str, words: str) -> None:
    assert names(Language.ZH_CN).row_detail(detail) == words
    assert names(Language.EN).row_detail(detail) == detail


@pytest.mark.parametrize(
    ("field", "rule", "words"),
    [
        ("identifier.value", "check_sign", "主体代码：代码校验位不正确"),
        ("listing_id", "string.max_len", "列入编号：过长"),
        ("until", "", "至（含当日）：须晚于起始日期，且相距不超过 366 天"),
        ("act.registrar", "string.min_len", "登记人员：必填"),
        ("something_new", "some.rule", "something_new：填写不符合要求"),
    ],
)
def test_what_is_wrong_with_a_field_is_said_in_chinese_by_the_rule(field: str, rule: str, words: str) -> None:
    wrong = error_details_pb2.BadRequest.FieldViolation(field=field, description="is wrong", reason=rule)
    assert field_words(wrong, Language.ZH_CN) == words
    assert field_words(wrong, Language.EN) == f"{field}: is wrong"


def test_a_refusal_is_said_in_chinese_where_the_service_has_english_alone() -> None:
    assert refusal_words("TREE_BEHIND", "not signed yet", Language.EN) == "not signed yet"
    assert refusal_words("TREE_BEHIND", "not signed yet", Language.ZH_CN) == "尚未签署"
    assert refusal_words("NEW_ONE", "something new", Language.ZH_CN) == "something new"


def test_measures_and_materials_go_by_their_names() -> None:
    event = pb.LaterEvent(event="outcome_reported", body='{"measures":[{"measure":"SAMR-ENHANCED-REVIEW"}]}')
    named = names(Language.ZH_CN)
    assert named.told(event) == [("措施", named.measure("SAMR-ENHANCED-REVIEW"))]
    assert "SAMR" not in named.measure("SAMR-ENHANCED-REVIEW")
    assert re.fullmatch(r"[\u4e00-\u9fff]+ \(APPLICATION-FORM\)", named.material("FOOD-OPERATION", "APPLICATION-FORM"))
    assert (named.measure("X-1"), named.material("X-1", "Y")) == ("X-1", "Y")


def test_every_report_and_dimension_of_the_contract_has_words() -> None:
    assert {kind for kind, _ in REPORTS.values()} == set(KINDS) == set(DRAWINGS)
    assert {dimension for dimension, _ in DIMENSIONS.values()} == set(pb.Dimension.values()) - {0}


def test_every_number_that_makes_a_pattern_unusual_can_be_filled_in() -> None:
    assert set(THRESHOLDS) == {field.name for field in dataclasses.fields(Thresholds)} == set(SPANS)


@pytest.mark.parametrize("kind", DRAWINGS)
def test_a_chart_draws_figures_of_its_report_alone(kind: pb.ReportKind.ValueType) -> None:
    assert set(DRAWINGS[kind].figures) <= set(KINDS[kind].figures)


def tags(module: object, base: type[msgspec.Struct]) -> set[str]:
    found = (value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base))
    return {str(struct.__struct_config__.tag) for struct in found if struct is not base}


def test_everything_that_can_happen_afterwards_has_words() -> None:
    happening = tags(events, events._Event) | tags(case_events, case_events._Event)
    # These come before a check's answer, or are about what no answer names: an adverse record, a key.
    assert set(EVENTS) == happening - {"known", "listed", "adverse_recorded", "rehashed"} | {"answer_changed"}


def test_every_code_in_an_event_has_words() -> None:
    enums = (
        case_events.MeasureResult,
        case_events.DepartureReason,
        case_events.CaseResult,
        events.ObjectionGrounds,
        events.Resolution,
        events.DelistingCause,
    )
    assert {str(code) for enum in enums for code in enum} <= set(VALUES)


def test_an_event_is_told_in_words_without_what_is_for_programs() -> None:
    body = (
        '{"event":"outcome_reported","officer":"o-7","report_id":"r/1","digest":"87b5","measures":[{"measure":"SAMR-BAR",'
        '"listing_id":"L-1","result":"not_applied","departs":true,"reason":"conditions_not_met","text":"other"}]}'
    )
    assert list(told(body, Language.EN)) == [
        ("Officer", "o-7"),
        ("Measures", "SAMR-BAR · L-1 · not applied · conditions not met · other"),
    ]
    assert dict(told(body, Language.ZH_CN))["措施"] == "SAMR-BAR · L-1 · 未适用 · 不符合适用条件 · other"
    turned = '{"differs":["outcome","notices"],"before":"OUTCOME_RESTRICTION","after":"OUTCOME_GREEN_CHANNEL"}'
    assert [words for _, words in told(turned, Language.EN)] == ["outcome, notices", "Restriction", "Green channel"]
    assert not BOOKKEEPING & set(LABELS)


def test_every_field_of_an_event_has_a_label_or_is_for_programs() -> None:
    fields = {field for event in get_args(CaseEvent) for field in event.__struct_fields__}
    assert fields - set(LABELS) - BOOKKEEPING == set()


def test_a_commitment_is_told_in_one_language_and_says_what_its_figures_are() -> None:
    promise = Promise("PLAN", Words("Plan", "图纸"), Words("At the counter.", "窗口提交。"), 5, date(2026, 12, 3), True)
    consequence = Words("It is returned.", "退回申请材料。")
    event = Committed(
        "o-7", "director", "C-1", "FOOD", Words("Food", "食品"), consequence, date(2026, 11, 26), (promise,)
    )
    english, chinese = (dict(told(encode(event), language)) for language in (Language.EN, Language.ZH_CN))
    assert english["Promised"] == "PLAN · Plan · At the counter. · 5 working days · by 2026-12-03 · provisional"
    assert english["If it is not supplied"] == "It is returned."
    assert chinese["承诺补交"] == "PLAN · 图纸 · 窗口提交。 · 5 个工作日 · 期限 2026-12-03 · 暂定"
    assert chinese["逾期后果"] == "退回申请材料。"
