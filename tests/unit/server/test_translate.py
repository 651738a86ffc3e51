from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from clearway.catalogue import model
from clearway.catalogue.model import ApplicationKind
from clearway.decision.answer import NoticeCode, Outcome, Standing
from clearway.decision.decide import decide
from clearway.decision.explain import Language
from clearway.decision.facts import CheckRequest, Known, Listing, SubjectProfile
from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.server import question, translate
from tests.unit.server.calls import CODE, NOON, catalogue

DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("table", "ours", "wire"),
    [
        (translate.OUTCOMES, Outcome, decision_pb2.Outcome),
        (translate.STANDINGS, Standing, decision_pb2.Standing),
        (translate.NOTICES, NoticeCode, decision_pb2.NoticeCode),
        (translate.KINDS, model.MeasureKind, decision_pb2.MeasureKind),
        (translate.FORCES, model.MeasureForce, decision_pb2.MeasureForce),
        (translate.EFFECTS, model.MeasureEffect, decision_pb2.MeasureEffect),
        (translate.RANKS, model.BasisRank, decision_pb2.BasisRank),
    ],
)
def test_every_value_has_its_own_on_the_wire(table: Mapping[Any, int], ours: Any, wire: Any) -> None:
    assert set(table) == set(ours)
    assert len(set(table.values())) == len(table)
    assert 0 not in table.values()
    assert set(table.values()) <= set(wire.values())


@pytest.mark.parametrize(
    ("table", "wire"),
    [
        (translate.OUTCOMES, decision_pb2.Outcome),
        (translate.STANDINGS, decision_pb2.Standing),
        (translate.NOTICES, decision_pb2.NoticeCode),
        (translate.RANKS, decision_pb2.BasisRank),
    ],
)
def test_every_value_on_the_wire_can_come_about(table: Mapping[Any, int], wire: Any) -> None:
    assert set(wire.values()) == {0, *table.values()}


def test_every_application_kind_of_the_wire_is_understood() -> None:
    assert {0, *question.KINDS} == set(check_service_pb2.ApplicationKind.values())
    assert set(question.KINDS.values()) == set(ApplicationKind)


def listed(listing_id: str, regime: str, authority: str = "") -> SubjectProfile:
    listing = Listing(
        listing_id,
        regime,
        document_number=f"D-{listing_id}",
        document_date=date(2026, 1, 5),
        effective_from=date(2026, 1, 5),
        designating_authority=authority,
    )
    return SubjectProfile(1, "cn-uscc", CODE, "", date(2019, 1, 1), (listing,))


QUESTION = CheckRequest("FOOD-OPERATION", ApplicationKind.NEW, "DEMO-LICENSING", "110000")


def answer(translation: translate.Translation, profile: SubjectProfile) -> decision_pb2.Decision:
    decision = decide(Known(profile), QUESTION, catalogue(), NOON, {})
    wire = decision_pb2.Decision()
    translation.fill(wire, decision, QUESTION, DAY)
    return wire


def test_an_answer_leaves_nothing_of_itself_in_the_next() -> None:
    translation = translate.Translation(catalogue(), Language.EN)
    first = answer(translation, listed("L-1", "SAMR-SERIOUS", "MARKET-SH"))
    kept = decision_pb2.Decision.FromString(first.SerializeToString())
    second = answer(translation, listed("L-2", "SAMR-SERIOUS"))
    assert first == kept
    assert [reason.listing_id for reason in second.restrictions] == ["L-2"]
    assert second.restrictions[0].document.number == "D-L-2"
    assert second.restrictions[0].designating_authority.code == "SAMR"
    assert second == answer(translate.Translation(catalogue(), Language.EN), listed("L-2", "SAMR-SERIOUS"))


def test_changing_an_answer_does_not_change_the_next() -> None:
    translation = translate.Translation(catalogue(), Language.EN)
    profile = listed("L-1", "TAX-A")
    first = answer(translation, profile)
    kept = decision_pb2.Decision.FromString(first.SerializeToString())
    for reason in (*first.restrictions, *first.incentives):
        reason.Clear()
    first.materials.Clear()
    assert answer(translation, profile) == kept


def test_an_authority_the_catalogue_lacks_is_named_as_its_source_does() -> None:
    wire = answer(translate.Translation(catalogue(), Language.EN), listed("L-1", "SAMR-SERIOUS", "某地市场监管局"))
    authority = wire.restrictions[0].designating_authority
    assert (authority.code, authority.name) == ("", "某地市场监管局")


@pytest.mark.parametrize("language", list(Language))
def test_every_word_is_in_the_language_asked_for(language: Language) -> None:
    wire = answer(translate.Translation(catalogue(), language), listed("L-1", "SAMR-SERIOUS"))
    assert wire.explanation.language == language.value
    for words in (wire.explanation.text, wire.restrictions[0].measure_name, wire.restrictions[0].objection.how):
        assert any("\u4e00" <= sign <= "\u9fff" for sign in words) == (language is Language.ZH_CN)
