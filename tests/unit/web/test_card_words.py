"""Whatever an answer can say has its words on the card, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from clearway.catalogue.model import Text
from clearway.decision.answer import Outcome
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.registry.cases.errors import Obstacle
from clearway.web.card import words

ENUMS: tuple[tuple[Any, Mapping[Any, Text]], ...] = (
    (decision_pb2.BasisRank, words.RANKS),
    (pb.MeasureResult, words.RESULTS),
    (pb.DepartureReason, words.REASONS),
    (deferral_pb.DeferralState, words.STATES),
)
TEMPLATES = Path(str(files("clearway.web"))) / "templates"


@pytest.mark.parametrize(("enum", "worded"), ENUMS)
def test_every_value_of_the_contract_has_words(enum: Any, worded: Mapping[Any, Text]) -> None:
    assert set(worded) == set(enum.values()) - {0}


def test_a_case_may_end_in_every_way_and_go_on() -> None:
    assert set(words.CASE_RESULTS) == set(pb.CaseResult.values())


def test_every_outcome_says_what_to_do_next() -> None:
    assert set(words.NEXT) == set(Outcome)


def test_an_obstacle_is_named_as_the_cases_name_it() -> None:
    assert set(words.OBSTACLES) <= set(Obstacle)
    assert words.problem_text("DEFERRAL_STATE", "incomplete") is words.OBSTACLES["incomplete"]
    assert words.problem_text("DEFERRAL_STATE", "state") is words.PROBLEMS["DEFERRAL_STATE"]
    assert words.problem_text("INTERNAL", "") is words.ANY_PROBLEM


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*.html")), ids=lambda file: file.name)
def test_a_template_names_only_labels_that_there_are(file: Path) -> None:
    named = set(re.findall(r'label\["(\w+)"\]', file.read_text("utf-8")))
    assert named <= set(words.LABELS)


def test_every_label_is_used() -> None:
    used = "".join(file.read_text("utf-8") for file in TEMPLATES.glob("*.html"))
    used += (Path(str(files("clearway.web"))) / "card" / "view.py").read_text("utf-8")
    assert [name for name in words.LABELS if not re.search(rf"""["']{name}["']""", used)] == []


def texts() -> list[Text]:
    own = (words.LABELS, words.NEXT, words.PROBLEMS, words.OBSTACLES)
    tables: tuple[Mapping[Any, Text], ...] = (*own, *(table for _, table in ENUMS))
    return [text for table in tables for text in table.values()] + [
        text for both in words.TROUBLES.values() for text in both
    ]


def test_every_text_is_there_in_both_languages() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    assert [text for text in texts() if not text.en or han.search(text.en)] == []
    assert [text for text in texts() if not han.search(text.zh)] == []


def test_the_script_says_the_same_things_in_both_languages() -> None:
    script = (Path(str(files("clearway.web"))) / "static" / "clearway-check.js").read_text("utf-8")
    english, chinese = re.findall(r'(?:en|"zh-CN"): \{\n(.*?)\n  \},', script, re.DOTALL)
    key = re.compile(r"(?:^|[{,\n])\s*(\w+): \"")
    assert sorted(key.findall(english)) == sorted(key.findall(chinese))
    assert len(key.findall(english)) > 5
