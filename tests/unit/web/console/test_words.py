"""The console's words: each that a page uses is there, in both languages, and none is there for nothing."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from importlib import resources
from typing import get_args

import msgspec
import pytest

from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import feed_service_pb2 as feed_pb
from clearway.registry import events
from clearway.registry.cases import events as case_events
from clearway.registry.cases.events import CaseEvent, Committed, Promise, Words, encode
from clearway.registry.feeds.rows import RowReason
from clearway.registry.quarantine import RowState
from clearway.server.reports.kinds import KINDS
from clearway.server.reports.thresholds import Thresholds
from clearway.web.console.later import BOOKKEEPING, EVENTS, LABELS, VALUES, told
from clearway.web.console.patterns import SPANS
from clearway.web.console.reports import DRAWINGS
from clearway.web.console.words import DIMENSIONS, REPORTS, ROW_REASONS, ROW_STATES, THRESHOLDS, WORDS

FOLDER = resources.files("clearway.web.console")
SOURCES = [
    file.read_text("utf-8")
    for folder in (FOLDER, FOLDER / "oidc", FOLDER / "templates")
    for file in folder.iterdir()
    if file.name.endswith((".py", ".html")) and file.name != "words.py"
]


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
