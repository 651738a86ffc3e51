"""What comes over the wire is read whole, into values that a type checker can exhaust."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from clearway.client import BasisRank, Material, MeasureForce, NoticeCode, Outcome, Standing
from clearway.client.answer import Answer, answer_in, recorded_check_in
from clearway.client.errors import ErrorReason
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.testing import decisions
from clearway.testing.refusals import refused


def answered(decision: decision_pb2.Decision) -> Answer:
    response = pb.CheckSubjectResponse(decision=decision, check_id="C", request_id="R", revision="r1")
    response.catalogue_edition.id = "cn-demo-1"
    response.index_age.FromTimedelta(timedelta(seconds=2))
    response.decided_at.FromDatetime(datetime(2026, 3, 1, tzinfo=UTC))
    return answer_in(response)


def test_a_restriction_carries_everything_an_officer_must_be_able_to_tell() -> None:
    decision = decisions.restriction(first_day=date(2026, 1, 1), last_day=date(2028, 12, 31))
    decision.expires_at.FromDatetime(datetime(2029, 1, 1, tzinfo=UTC))
    answer = answered(decision)
    assert (answer.outcome, answer.standing, answer.restricts) == (Outcome.RESTRICTION, Standing.LISTED, True)
    (reason,) = answer.reasons
    assert reason.legal_basis.rank is BasisRank.LAW
    assert (reason.term.first_day, reason.term.last_day) == (date(2026, 1, 1), date(2028, 12, 31))
    assert reason.document.date == date(2026, 1, 1)
    assert reason.objection is not None
    assert reason.repair is not None
    assert reason.mandatory
    assert (answer.check_id, answer.request_id, answer.revision, answer.edition) == ("C", "R", "r1", "cn-demo-1")
    assert answer.index_age == timedelta(seconds=2)
    assert answer.decided_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert answer.expires_at == datetime(2029, 1, 1, tzinfo=UTC)
    assert answer.known_since == date(2020, 1, 1)
    assert answer.explanation == decision.explanation.text


def test_what_is_missing_stands_in_one_list_the_essential_first() -> None:
    decision = decisions.deferred_acceptance(["B"], deadline=date(2026, 12, 31), provisional=True)
    decision.materials.missing_essential.add(code="A", name="a")
    answer = answered(decision)
    assert answer.missing == (
        Material("A", "a", essential=True),
        Material("B", "B", False, date(2026, 12, 31), True, "At the counter."),
    )
    assert answer.commitment_required
    assert answer.notice_text


def test_a_notice_keeps_its_details() -> None:
    decision = decisions.undetermined(NoticeCode.STALE_DATA)
    decision.notices[0].details["stale"] = "index"
    (notice,) = answered(decision).notices
    assert (notice.code, notice.details) == (NoticeCode.STALE_DATA, {"stale": "index"})


def test_absent_parts_are_none_not_empty() -> None:
    answer = answered(decision_pb2.Decision(incentives=[decision_pb2.Reason()]))
    assert (answer.known_since, answer.expires_at) == (None, None)
    (reason,) = answer.incentives
    assert (reason.objection, reason.repair, reason.term.last_day, reason.document.date) == (None, None, None, None)


def test_an_outcome_of_a_later_contract_is_never_clear() -> None:
    later = decision_pb2.Decision()
    later.MergeFromString(b"\x08\x63")
    assert later.outcome == 99
    answer = answered(later)
    assert answer.outcome is Outcome.UNDETERMINED
    assert not answer.restricts


def test_a_force_of_a_later_contract_is_taken_to_bind() -> None:
    decision = decisions.restriction(force=MeasureForce.RECOMMENDED)
    assert not answered(decision).reasons[0].mandatory
    decision.restrictions[0].MergeFromString(b"\x28\x63")
    assert answered(decision).reasons[0].mandatory


def test_an_answer_does_not_change() -> None:
    answer = answered(decisions.ordinary())
    with pytest.raises(AttributeError):
        answer.outcome = Outcome.GREEN_CHANNEL  # type: ignore[misc]


def test_a_recorded_refusal_reads_as_the_error_it_was() -> None:
    message = pb.GetCheckResponse(error=refused(ErrorReason.UNKNOWN_ITEM, "words").status)
    recorded = recorded_check_in(message)
    assert recorded.answer is None
    assert recorded.refusal is not None
    assert recorded.refusal.reason is ErrorReason.UNKNOWN_ITEM
