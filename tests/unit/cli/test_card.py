"""The card: the outcome first, then what the officer must be able to tell the applicant, in either language."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from clearway.cli.card import Card
from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from tests.unit.cli.answers import CASES, CHECK_ID, Case, response_to


def drawn(response: pb.CheckSubjectResponse) -> str:
    """The card as text, wide enough not to fold."""
    out = StringIO()
    Card(response).print(Console(file=out, width=300, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.outcome)
def test_the_case_gets_its_outcome(case: Case) -> None:
    assert decision_pb2.Outcome.Name(response_to(case).decision.outcome) == f"OUTCOME_{case.outcome}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.outcome)
def test_an_english_card_has_its_lines(case: Case) -> None:
    card = drawn(response_to(case))
    for line in case.en:
        assert line in card


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.outcome)
def test_a_chinese_card_has_its_lines(case: Case) -> None:
    card = drawn(response_to(case, Language.ZH_CN)).replace("(强制性)", "（强制性）")
    for line in case.zh:
        assert line in card


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.outcome)
def test_the_outcome_leads_and_the_record_ends_the_card(case: Case) -> None:
    card = drawn(response_to(case)).splitlines()
    assert case.en[0].split()[0].lower() in "".join(card[:2]).lower()
    assert CHECK_ID in card[-2]
    assert "cn-demo-" in card[-2]


def test_what_a_source_wrote_is_never_markup() -> None:
    response = response_to(CASES[0])
    response.decision.restrictions[0].document.number = "[red]1[/red]"
    assert "[red]1[/red]" in drawn(response)


def test_a_listing_that_ends_on_an_event_says_when_it_was_confirmed() -> None:
    response = response_to(CASES[0])
    term = response.decision.restrictions[0].term
    term.until, term.ends_on_event, term.confirmed_on = "", "the judgment is performed", "2026-05-01"
    assert "→ the judgment is performed (confirmed 2026-05-01)" in drawn(response)


def test_a_deadline_not_yet_settled_is_marked() -> None:
    response = response_to(CASES[2])
    response.decision.materials.deferrable[0].provisional = True
    assert f"{response.decision.materials.deferrable[0].deadline} ?" in drawn(response)
