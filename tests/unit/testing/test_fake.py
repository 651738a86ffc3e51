"""The fake keeps the contract where integrations lean on it, and never makes up a clear answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import protovalidate
import pytest

from clearway.client import (
    Check,
    ErrorReason,
    InvalidRequest,
    NoticeCode,
    NotSupported,
    Outcome,
    Raise,
    ReceiptInvalid,
    Standing,
    StateForbids,
    methods,
    verify_receipt,
)
from clearway.client.answer import answer_in
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.registry.synthetic import code_of
from clearway.subjects.identifiers import InvalidIdentifier
from clearway.subjects.masking import mask
from clearway.testing import FakeClearway, decisions

CODE = code_of(3)
CITIZEN_NUMBER = "11010519491231002X"
NOW, LATER = datetime.now(UTC), datetime(2099, 1, 1, tzinfo=UTC)
CHECK = Check(scheme="cn-uscc", code=CODE, item="FOOD-OPERATION", case="C-1", officer="o-7")


def test_what_was_not_scripted_is_not_clear() -> None:
    with FakeClearway().client(on_unavailable=Raise()) as clearway:
        answer = clearway.check(CHECK)
    assert (answer.outcome, answer.standing) == (Outcome.UNDETERMINED, Standing.UNKNOWN)
    assert [notice.code for notice in answer.notices] == [NoticeCode.NO_DATA]


def test_an_answer_is_scripted_for_one_item_or_for_any() -> None:
    fake = FakeClearway()
    fake.answers(decisions.restriction(), scheme="cn-uscc", code=CODE, item="FOOD-OPERATION")
    fake.answers(decisions.green_channel(), scheme="cn-uscc", code=CODE)
    with fake.client(on_unavailable=Raise()) as clearway:
        assert clearway.check(CHECK).outcome is Outcome.RESTRICTION
        assert clearway.check(replace(CHECK, item="OTHER")).outcome is Outcome.GREEN_CHANNEL


def test_a_code_is_found_in_any_writing_but_only_exactly() -> None:
    fake = FakeClearway()
    fake.answers(decisions.restriction(), scheme="cn-uscc", code=CODE.lower())
    with fake.client(on_unavailable=Raise()) as clearway:
        assert clearway.check(replace(CHECK, code=f" {CODE} ")).restricts
        masked = clearway.check(replace(CHECK, code=f"{CODE[:4]}**********{CODE[-4:]}"))
    assert (masked.outcome, masked.standing) == (Outcome.UNDETERMINED, Standing.POSSIBLE_MATCH)


def test_a_script_for_a_code_that_no_check_can_name_is_a_mistake() -> None:
    with pytest.raises(InvalidIdentifier):
        FakeClearway().answers(decisions.ordinary(), scheme="cn-uscc", code="1")


@pytest.mark.parametrize("reason", [ErrorReason.UNKNOWN_ITEM, ErrorReason.NATURAL_PERSON_NOT_ACCEPTED])
def test_a_refusal_is_scripted(reason: ErrorReason) -> None:
    fake = FakeClearway()
    fake.refuses(reason, scheme="cn-uscc", code=CODE)
    with fake.client(on_unavailable=Raise()) as clearway, pytest.raises(InvalidRequest) as refused:
        clearway.check(CHECK)
    assert refused.value.reason is reason


def test_calls_are_kept_as_they_came() -> None:
    fake = FakeClearway()
    with fake.client(on_unavailable=Raise()) as clearway:
        clearway.check(CHECK)
        list(clearway.check_batch([CHECK, CHECK]))
    assert [received.method for received in fake.received] == ["CheckSubject", "BatchCheckSubjects"]
    assert len(fake.checks) == 3


def test_a_method_without_a_reply_is_not_supported() -> None:
    with FakeClearway().client(on_unavailable=Raise()) as clearway, pytest.raises(NotSupported):
        clearway.deferrals.get("00000000-0000-7000-8000-000000000000")


def test_one_test_cannot_change_what_another_call_gets() -> None:
    fake = FakeClearway()
    fake.answers(decisions.restriction(), scheme="cn-uscc", code=CODE)
    with fake.client(on_unavailable=Raise()) as clearway:
        clearway.check(CHECK).message.decision.Clear()
        assert clearway.check(CHECK).restricts


def test_a_measure_that_the_answer_does_not_have_cannot_be_reported() -> None:
    fake = FakeClearway()
    with fake.client(on_unavailable=Raise()) as clearway:
        answer = clearway.check(CHECK)
        report = pb.ReportOutcomeRequest(check_id=answer.check_id, report_id="P", officer="o")
        report.measures.add(measure="X", result=pb.MEASURE_RESULT_APPLIED)
        with pytest.raises(InvalidRequest) as refused:
            clearway.call(methods.REPORT_OUTCOME, report)
    assert refused.value.reason is ErrorReason.OUTCOME_MISMATCH


def test_a_closed_case_stays_closed() -> None:
    fake = FakeClearway()
    with fake.client(on_unavailable=Raise()) as clearway:
        first, second = clearway.check(CHECK), clearway.check(CHECK)
        final = pb.ReportOutcomeRequest(check_id=first.check_id, report_id="P", officer="o")
        final.case_result = pb.CASE_RESULT_GRANTED
        clearway.call(methods.REPORT_OUTCOME, final)
        late = pb.ReportOutcomeRequest(check_id=second.check_id, report_id="Q", officer="o")
        with pytest.raises(StateForbids):
            clearway.call(methods.REPORT_OUTCOME, late)


def test_a_receipt_is_of_the_answer_and_no_part_of_the_record() -> None:
    fake = FakeClearway()
    ending = decisions.restriction()
    ending.expires_at.FromDatetime(LATER)
    fake.answers(ending, scheme="cn-uscc", code=CODE)
    with fake.client(on_unavailable=Raise()) as clearway:
        first, again = (clearway.check(replace(CHECK, request_id="R-1", receipt=True)) for _ in range(2))
        unasked = clearway.check(CHECK)
        recorded = clearway.get_check(first.check_id).answer
        keys = clearway.receipt_keys()
    receipt = verify_receipt(first.receipt, keys, now=NOW, case="C-1", item="FOOD-OPERATION", authority="FAKE")
    assert (receipt.check_id, receipt.decided_at, receipt.expires_at) == (
        first.check_id,
        first.decided_at.replace(microsecond=0),
        LATER,
    )
    assert again.receipt == first.receipt
    assert recorded is not None
    assert not recorded.receipt
    assert not unasked.receipt
    with pytest.raises(ReceiptInvalid, match="expired"):
        verify_receipt(first.receipt, keys, now=LATER)


@pytest.mark.parametrize(
    ("scheme", "code", "shown"),
    [
        ("cn-uscc", f" {CODE.lower()} ", CODE),
        ("cn-ric", CITIZEN_NUMBER, mask(CITIZEN_NUMBER)),
        ("cn-uscc", f"{CODE[:4]}**********{CODE[-4:]}", f"{CODE[:4]}**********{CODE[-4:]}"),
        ("", "", ""),
    ],
)
def test_a_receipt_shows_no_natural_persons_number(scheme: str, code: str, shown: str) -> None:
    check = replace(CHECK, scheme=scheme, code=code, name="虚构", receipt=True)
    with FakeClearway().client(on_unavailable=Raise()) as clearway:
        receipt = verify_receipt(clearway.check(check).receipt, clearway.receipt_keys(), now=NOW)
    assert receipt.subject == shown


def test_a_receipt_of_one_fake_is_none_of_another() -> None:
    with FakeClearway().client(on_unavailable=Raise()) as one, FakeClearway().client(on_unavailable=Raise()) as other:
        receipt = one.check(replace(CHECK, receipt=True)).receipt
        with pytest.raises(ReceiptInvalid):
            verify_receipt(receipt, other.receipt_keys(), now=NOW)


WHOLE = [
    decisions.restriction(),
    decisions.green_channel(),
    decisions.deferred_acceptance(),
    decisions.ordinary(["A"]),
    decisions.undetermined(),
]


@pytest.mark.parametrize("decision", WHOLE, ids=lambda decision: decision_pb2.Outcome.Name(decision.outcome))
def test_the_ready_decisions_are_whole(decision: decision_pb2.Decision) -> None:
    protovalidate.validate(decision)
    answer = answer_in(pb.CheckSubjectResponse(decision=decision))
    assert answer.explanation
    for reason in answer.reasons:
        assert reason.legal_basis.title
        assert reason.objection is not None
        assert reason.repair is not None
        assert reason.term.last_day is not None


def test_there_is_a_ready_decision_for_every_outcome() -> None:
    outcomes = {decision.outcome for decision in WHOLE}
    assert outcomes == {number for number in decision_pb2.Outcome.values() if number}
