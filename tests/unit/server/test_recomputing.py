"""Past answers computed again: every case of the specification agrees to the byte, and another edition's shows."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec
import pytest

from clearway.decision.decide import decide
from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.querylog.record import CheckRecord
from clearway.server.question import KINDS
from clearway.server.recomputing import Recomputing, Tally, Verdict
from clearway.server.recording import KeptFacts
from clearway.server.translate import Translation
from tests.case_files import NumberedCase, all_cases, catalogue, evidence_of, moment_of, request_of, sources_of
from tests.unit.querylog.records import a_record

CATALOGUE = catalogue()
WIRE_KINDS = {kind: wire for wire, kind in KINDS.items()}


def record_of(numbered: NumberedCase, language: Language = Language.EN) -> CheckRecord:
    """The record that a check of this case leaves."""
    moment = moment_of(numbered.case).astimezone(UTC)
    question = request_of(numbered)
    # As the index gives them: every moment in UTC.
    facts = msgspec.msgpack.encode(KeptFacts(evidence_of(numbered), {}, sources_of(numbered.case)))
    kept = msgspec.msgpack.decode(facts, type=KeptFacts)
    day = moment.astimezone(CATALOGUE.zone).date()
    response = pb.CheckSubjectResponse()
    decision = decide(kept.evidence, question, CATALOGUE, moment, {}, kept.sources)
    Translation(CATALOGUE, language).fill(response.decision, decision, question, day)
    request = pb.CheckSubjectRequest(
        item_code=question.item,
        application_kind=WIRE_KINDS[question.application_kind],
        region_code=question.region,
        supplied_materials=sorted(question.supplied_materials),
    )
    request.subject.name = question.name
    return a_record(
        decided_at=moment,
        authority=question.authority,
        item_code=question.item,
        edition_hash=CATALOGUE.content_hash,
        request=request.SerializeToString(),
        facts=facts,
        response=response.SerializeToString(),
    )


def changed(record: CheckRecord, **fields: Any) -> CheckRecord:
    return msgspec.structs.replace(record, **fields)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("numbered", all_cases(), ids=str)
def test_an_answer_agrees_with_itself_to_the_byte(numbered: NumberedCase, language: Language) -> None:
    assert Recomputing([CATALOGUE]).as_then(record_of(numbered, language)).verdict is Verdict.AGREES


def restricted() -> CheckRecord:
    records = (record_of(numbered) for numbered in all_cases())
    return next(one for one in records if pb.CheckSubjectResponse.FromString(one.response).decision.restrictions)


def test_an_answer_that_was_not_given_so_differs() -> None:
    response = pb.CheckSubjectResponse.FromString(restricted().response)
    del response.decision.restrictions[:]
    found = Recomputing([CATALOGUE]).as_then(changed(restricted(), response=response.SerializeToString()))
    assert (found.verdict, "restrictions" in found.differs) == (Verdict.DIFFERS, True)
    assert found.regimes


def test_words_alone_differ_by_the_byte_only() -> None:
    response = pb.CheckSubjectResponse.FromString(restricted().response)
    response.decision.explanation.text += "."
    record = changed(restricted(), response=response.SerializeToString())
    assert Recomputing([CATALOGUE]).as_then(record).differs == ("bytes",)
    assert Recomputing([]).as_if(record, CATALOGUE).verdict is Verdict.AGREES


def test_another_edition_is_passed_over_and_by_what_if_compared() -> None:
    record = changed(restricted(), edition_hash="1" * 64)
    assert Recomputing([CATALOGUE]).as_then(record).verdict is Verdict.OTHER_EDITION
    assert Recomputing([]).as_if(record, CATALOGUE).verdict is Verdict.AGREES


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"authority": "NOBODY"}, Verdict.NOT_ASKABLE),
        ({"request": pb.CheckSubjectRequest(item_code="NOTHING").SerializeToString()}, Verdict.NOT_ASKABLE),
        ({"facts": b"facts"}, Verdict.UNREADABLE),
        ({"facts": b""}, Verdict.UNREADABLE),
        ({"response": b"\xff"}, Verdict.UNREADABLE),
        ({"request": b"\xff"}, Verdict.UNREADABLE),
    ],
)
def test_what_cannot_be_computed_again_is_told_apart(fields: dict[str, Any], verdict: Verdict) -> None:
    assert Recomputing([CATALOGUE]).as_then(changed(restricted(), **fields)).verdict is verdict


def test_what_turns_is_counted_by_item_authority_and_regime() -> None:
    record, tally = restricted(), Tally()
    response = pb.CheckSubjectResponse.FromString(record.response)
    regimes = {reason.regime for reason in response.decision.restrictions}
    del response.decision.restrictions[:]
    response.decision.outcome = decision_pb2.OUTCOME_ORDINARY
    record = changed(record, response=response.SerializeToString())
    tally.add(record, Recomputing([]).as_if(record, CATALOGUE))
    assert tally.verdicts == {Verdict.DIFFERS: 1}
    assert {key[0] for key in tally.by_item} == {record.item_code}
    assert {key[0] for key in tally.by_authority} == {record.authority}
    assert {key[0] for key in tally.by_regime} == regimes
