"""What follows an answer, through the wire: deferrals to their end, outcomes, overdue feedback, coverage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from clearway.gen.v1 import audit_service_pb2 as audit_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character
from tests.contract.cases_service import (
    OFFICER,
    PATIENCE,
    a_case,
    a_commitment,
    audits,
    committed_long_ago,
    deferrals,
    offered,
    serious,
    trusted,
)
from tests.contract.loaded import DEFERRABLE, ESSENTIAL, a_check, notices, outcome, refusal_in
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

STATE = deferral_pb.DeferralState


def refused(call: Callable[[], object]) -> dict[str, Any]:
    """The refusal that a call gets."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return refusal_in(raised.value)


def committed(node: RunningNode, **changes: Any) -> deferral_pb.Deferral:
    """A deferral just committed to."""
    check_id = offered(node, **changes).check_id
    return deferrals(node).Commit(a_commitment(check_id), timeout=PATIENCE).deferral


def fresh(node: RunningNode, registry: Registry, number: int, revision: int, **changes: Any) -> pb.CheckSubjectResponse:
    """A check of a subject at a revision that was just made."""
    token = f"r1.{registry.database_id()}.{revision}"
    request = a_check(number, consistency=pb.Consistency(at_least_as_fresh=token), **changes)
    return node.checks().CheckSubject(request, timeout=PATIENCE)


# Deferral


def test_a_deferral_from_its_offer_to_its_completion(node: RunningNode) -> None:
    answer = offered(node)
    stub, check_id = deferrals(node), answer.check_id
    offer = stub.GetDeferral(deferral_pb.GetDeferralRequest(check_id=check_id), timeout=PATIENCE).deferral
    assert offer.state == STATE.DEFERRAL_STATE_OFFERED
    promised = [(material.code, material.deadline) for material in answer.decision.materials.deferrable]
    assert [(material.code, material.deadline) for material in offer.materials] == promised

    taken = stub.Commit(a_commitment(check_id), timeout=PATIENCE).deferral
    assert taken.state == STATE.DEFERRAL_STATE_COMMITTED
    assert (taken.signatory, taken.commitment_reference) == ("法定代表人", "file 3, page 1")
    assert [(material.code, material.deadline) for material in taken.materials] == promised
    assert taken.deadline == max(deadline for _, deadline in promised)

    request = deferral_pb.IssueNoticeRequest(check_id=check_id, officer=OFFICER, notice_number="容缺 1")
    notice = stub.IssueNotice(request, timeout=PATIENCE).deferral.notice
    assert notice.number == "容缺 1"
    for text in (notice.text_en, notice.text_zh):
        assert all(material.deadline in text for material in taken.materials)
        assert "容缺 1" in text
        assert taken.case_number in text
    assert "Plan of premises and equipment" in notice.text_en
    assert "经营设备布局和操作流程图" in notice.text_zh
    assert "deemed withdrawn; this is no refusal" in notice.text_en
    assert "不属于不予许可" in notice.text_zh

    one = deferral_pb.SupplementRequest(check_id=check_id, officer=OFFICER, materials=DEFERRABLE[:1])
    partly = stub.Supplement(one, timeout=PATIENCE).deferral
    assert partly.state == STATE.DEFERRAL_STATE_NOTICE_ISSUED
    assert [material.HasField("supplied_at") for material in partly.materials] == [True, False]
    rest = deferral_pb.SupplementRequest(check_id=check_id, officer=OFFICER, materials=DEFERRABLE)
    done = stub.Supplement(rest, timeout=PATIENCE).deferral
    assert done.state == STATE.DEFERRAL_STATE_COMPLETED
    acts = ["committed", "notice_issued", "supplemented", "supplemented", "completed"]
    assert [act.kind for act in done.acts] == acts
    assert stub.GetDeferral(deferral_pb.GetDeferralRequest(check_id=check_id), timeout=PATIENCE).deferral == done


def test_a_notice_without_a_number_has_the_checks_id(node: RunningNode) -> None:
    check_id = committed(node).check_id
    request = deferral_pb.IssueNoticeRequest(check_id=check_id, officer=OFFICER)
    assert deferrals(node).IssueNotice(request, timeout=PATIENCE).deferral.notice.number == check_id


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Plan of premises and equipment"), ("zh-CN", "经营设备布局和操作流程图")]
)
def test_a_deferral_reads_in_the_callers_language(node: RunningNode, language: str, name: str) -> None:
    request = deferral_pb.GetDeferralRequest(check_id=committed(node).check_id)
    answer = deferrals(node).GetDeferral(request, timeout=PATIENCE, metadata=(("accept-language", language),))
    assert answer.deferral.materials[0].name == name


def test_a_commitment_said_again_is_one(node: RunningNode) -> None:
    first = committed(node)
    stub = deferrals(node)
    assert stub.Commit(a_commitment(first.check_id), timeout=PATIENCE).deferral == first
    other = a_commitment(first.check_id, commitment_reference="file 4")
    refusal = refused(lambda: stub.Commit(other, timeout=PATIENCE))
    assert (refusal["reason"], refusal["metadata"]) == ("DEFERRAL_STATE", {"state": "COMMITTED", "because": "state"})


def test_a_case_has_one_open_deferral(node: RunningNode) -> None:
    first = committed(node)
    again = offered(node, case_number=first.case_number).check_id
    refusal = refused(lambda: deferrals(node).Commit(a_commitment(again), timeout=PATIENCE))
    assert (refusal["reason"], refusal["metadata"]["because"]) == ("DEFERRAL_STATE", "other_open")


def test_only_a_check_that_offered_deferral_can_be_committed_to(node: RunningNode) -> None:
    ordinary = node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id
    refusal = refused(lambda: deferrals(node).Commit(a_commitment(ordinary), timeout=PATIENCE))
    assert (refusal["reason"], refusal["metadata"]) == ("DEFERRAL_NOT_OFFERED", {"because": "outcome"})


def test_a_restriction_that_comes_up_ends_the_offer(node: RunningNode, served_registry: Registry) -> None:
    number = 75_000_001
    revision = trusted(served_registry, number)
    token = f"r1.{served_registry.database_id()}.{revision}"
    check_id = offered(node, number, consistency=pb.Consistency(at_least_as_fresh=token)).check_id
    listing = serious(number, "CASES-1")
    revision = served_registry.execute(listing, actor="test", moment=datetime.now(UTC))
    assert outcome(fresh(node, served_registry, number, revision)) == "RESTRICTION"
    refusal = refused(lambda: deferrals(node).Commit(a_commitment(check_id), timeout=PATIENCE))
    assert (refusal["reason"], refusal["metadata"]) == ("DEFERRAL_NOT_OFFERED", {"because": "changed"})


def test_force_majeure_extends_beyond_the_present_deadline_only(node: RunningNode) -> None:
    deferral = committed(node)
    stub, check_id = deferrals(node), deferral.check_id
    stub.IssueNotice(deferral_pb.IssueNoticeRequest(check_id=check_id, officer=OFFICER), timeout=PATIENCE)

    def extend(deadline: str, reason: str = "flood") -> deferral_pb.Deferral:
        request = deferral_pb.ExtendRequest(check_id=check_id, officer=OFFICER, reason=reason, deadline=deadline)
        return stub.Extend(request, timeout=PATIENCE).deferral

    for deadline, reason in ((deferral.deadline, "flood"), ("2999-02-30", "flood"), ("2999-01-01", " ")):
        assert refused(lambda: extend(deadline, reason))["reason"] == "INVALID_REQUEST"  # noqa: B023
    extended = extend("2999-01-01")
    assert extended.state == STATE.DEFERRAL_STATE_EXTENDED
    assert {material.deadline for material in extended.materials} == {"2999-01-01"}
    assert extend("2999-01-01") == extended


def test_what_was_not_promised_is_named_by_its_place(node: RunningNode) -> None:
    check_id = committed(node).check_id
    materials = [DEFERRABLE[0], "APPLICATION-FORM"]
    request = deferral_pb.SupplementRequest(check_id=check_id, officer=OFFICER, materials=materials)
    refusal = refused(lambda: deferrals(node).Supplement(request, timeout=PATIENCE))
    assert refusal["reason"] == "UNKNOWN_MATERIAL"
    assert [violation["field"] for violation in refusal["violations"]] == ["materials[1]"]


def test_a_withdrawal_ends_a_deferral_without_a_record(node: RunningNode) -> None:
    check_id = committed(node).check_id
    request = deferral_pb.WithdrawRequest(check_id=check_id, officer=OFFICER, reason="moved away")
    assert deferrals(node).Withdraw(request, timeout=PATIENCE).deferral.state == STATE.DEFERRAL_STATE_WITHDRAWN
    assert outcome(offered(node)) == "DEFERRED_ACCEPTANCE"


def test_nobody_lapses_before_the_deadline(node: RunningNode) -> None:
    check_id = committed(node).check_id
    stub = deferrals(node)
    stub.IssueNotice(deferral_pb.IssueNoticeRequest(check_id=check_id, officer=OFFICER), timeout=PATIENCE)
    request = deferral_pb.LapseRequest(check_id=check_id, officer=OFFICER, reason="nothing came")
    assert refused(lambda: stub.Lapse(request, timeout=PATIENCE))["metadata"] == {
        "state": "NOTICE_ISSUED",
        "because": "not_overdue",
    }


def test_a_lapse_closes_deferral_until_it_is_repaired(node: RunningNode, served_registry: Registry) -> None:
    number = 75_000_002
    token = f"r1.{served_registry.database_id()}.{trusted(served_registry, number)}"
    answer = offered(node, number, case_number="LAPSING", consistency=pb.Consistency(at_least_as_fresh=token))
    committed_long_ago(served_registry, answer.check_id, "LAPSING")
    stub = deferrals(node)
    assert answer.check_id in overdue(node)

    request = deferral_pb.LapseRequest(check_id=answer.check_id, officer=OFFICER, reason="nothing came")
    lapsed = stub.Lapse(request, timeout=PATIENCE)
    assert lapsed.deferral.state == STATE.DEFERRAL_STATE_LAPSED
    assert lapsed.record_id == f"deferral:{answer.check_id}"
    assert not lapsed.deferral.overdue
    assert stub.Lapse(request, timeout=PATIENCE) == lapsed
    assert answer.check_id not in overdue(node)

    consistency = pb.Consistency(at_least_as_fresh=lapsed.revision)
    closed = node.checks().CheckSubject(
        a_check(number, supplied_materials=ESSENTIAL, consistency=consistency), timeout=PATIENCE
    )
    assert outcome(closed) == "ORDINARY"
    because = [notice.details["because"] for notice in closed.decision.notices if notice.details.get("because")]
    assert "broken_commitment" in because

    revision = served_registry.execute(commands.Repair(lapsed.record_id), actor="test", moment=datetime.now(UTC))
    again = fresh(node, served_registry, number, revision, supplied_materials=ESSENTIAL)
    assert outcome(again) == "DEFERRED_ACCEPTANCE"
    assert "DEFERRAL_EXCLUDED" not in notices(again)


def test_no_file_is_returned_by_a_deadline_that_no_notice_told(node: RunningNode, served_registry: Registry) -> None:
    answer = offered(node, case_number=(case := a_case()))
    committed_long_ago(served_registry, answer.check_id, case, noticed=False)
    stub = deferrals(node)
    lapse = deferral_pb.LapseRequest(check_id=answer.check_id, officer=OFFICER, reason="nothing came")
    assert refused(lambda: stub.Lapse(lapse, timeout=PATIENCE))["metadata"]["because"] == "state"
    late = deferral_pb.IssueNoticeRequest(check_id=answer.check_id, officer=OFFICER)
    assert refused(lambda: stub.IssueNotice(late, timeout=PATIENCE))["metadata"]["because"] == "deadline_passed"


def test_a_late_material_is_taken_before_the_file_is_returned(node: RunningNode, served_registry: Registry) -> None:
    answer = offered(node, case_number=(case := a_case()))
    committed_long_ago(served_registry, answer.check_id, case)
    request = deferral_pb.SupplementRequest(check_id=answer.check_id, officer=OFFICER, materials=["LAYOUT-PLAN"])
    done = deferrals(node).Supplement(request, timeout=PATIENCE).deferral
    assert (done.state, done.overdue) == (STATE.DEFERRAL_STATE_COMPLETED, False)


def overdue(node: RunningNode, page_size: int = 0) -> list[str]:
    """The checks of all overdue deferrals, page by page."""
    found: list[str] = []
    request = deferral_pb.ListOverdueDeferralsRequest(page_size=page_size)
    while True:
        page = deferrals(node).ListOverdueDeferrals(request, timeout=PATIENCE)
        assert all(deferral.overdue for deferral in page.deferrals)
        found += [deferral.check_id for deferral in page.deferrals]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def test_overdue_deferrals_come_in_pages(node: RunningNode, served_registry: Registry) -> None:
    mine = []
    for _ in range(3):
        answer = offered(node, case_number=(case := a_case()))
        committed_long_ago(served_registry, answer.check_id, case)
        mine.append(answer.check_id)
    whole = overdue(node)
    assert set(mine) <= set(whole)
    assert overdue(node, page_size=2) == whole
    assert len(set(whole)) == len(whole)


# Outcomes


def a_report(answer: pb.CheckSubjectResponse, *measures: pb.MeasureOutcome, **fields: Any) -> pb.ReportOutcomeRequest:
    given: dict[str, Any] = {"check_id": answer.check_id, "report_id": uuid4().hex, "officer": OFFICER}
    return pb.ReportOutcomeRequest(measures=measures, **(given | fields))


def restricted(node: RunningNode, number: int = Character.SERIOUS) -> pb.CheckSubjectResponse:
    answer = node.checks().CheckSubject(a_check(number, case_number=a_case()), timeout=PATIENCE)
    assert outcome(answer) == "RESTRICTION"
    return answer


def of(answer: pb.CheckSubjectResponse, result: pb.MeasureResult.ValueType, **fields: Any) -> pb.MeasureOutcome:
    """What became of the answer's first reason."""
    reason = (*answer.decision.restrictions, *answer.decision.incentives)[0]
    return pb.MeasureOutcome(measure=reason.measure, listing_id=reason.listing_id, result=result, **fields)


def test_a_report_names_what_nothing_was_reported_on(node: RunningNode) -> None:
    answer = restricted(node)
    first = node.checks().ReportOutcome(a_report(answer), timeout=PATIENCE)
    assert {(left.measure, left.listing_id) for left in first.unreported} == {
        (reason.measure, reason.listing_id) for reason in answer.decision.restrictions
    }
    assert not first.case_closed
    final = a_report(answer, of(answer, pb.MEASURE_RESULT_APPLIED), case_result=pb.CASE_RESULT_REFUSED)
    second = node.checks().ReportOutcome(final, timeout=PATIENCE)
    assert len(second.unreported) == len(first.unreported) - 1
    assert second.case_closed
    assert node.checks().ReportOutcome(final, timeout=PATIENCE) == second


def test_departing_from_a_mandatory_measure_needs_code_and_words(node: RunningNode) -> None:
    answer = restricted(node)
    for result in (pb.MEASURE_RESULT_NOT_APPLIED, pb.MEASURE_RESULT_MODIFIED):
        refusal = refused(lambda: node.checks().ReportOutcome(a_report(answer, of(answer, result)), timeout=PATIENCE))  # noqa: B023
        assert refusal["reason"] == "DEPARTURE_REASON_REQUIRED"
        fields = [violation["field"] for violation in refusal["violations"]]
        assert fields == ["measures[0].reason", "measures[0].reason_text"]
    reasoned = of(
        answer,
        pb.MEASURE_RESULT_NOT_APPLIED,
        reason=pb.DEPARTURE_REASON_ORDERED_OTHERWISE,
        reason_text="the court stayed it",
    )
    assert node.checks().ReportOutcome(a_report(answer, reasoned), timeout=PATIENCE).departures == 1


def test_other_always_says_what(node: RunningNode) -> None:
    answer = offered(node)
    declined = of(answer, pb.MEASURE_RESULT_DECLINED, reason=pb.DEPARTURE_REASON_OTHER)
    refusal = refused(lambda: node.checks().ReportOutcome(a_report(answer, declined), timeout=PATIENCE))
    assert refusal["reason"] == "DEPARTURE_REASON_REQUIRED"
    assert [violation["field"] for violation in refusal["violations"]] == ["measures[0].reason_text"]


def test_a_report_fits_its_answer(node: RunningNode) -> None:
    answer = restricted(node)
    good = of(answer, pb.MEASURE_RESULT_APPLIED)
    elsewhere = pb.MeasureOutcome(measure=good.measure, listing_id="SYN-0", result=pb.MEASURE_RESULT_APPLIED)
    for measures, field in (
        ([elsewhere], "measures[0]"),
        ([good, good], "measures[1]"),
        ([of(answer, pb.MEASURE_RESULT_GRANTED)], "measures[0].result"),
    ):
        refusal = refused(lambda: node.checks().ReportOutcome(a_report(answer, *measures), timeout=PATIENCE))  # noqa: B023
        assert refusal["reason"] == "OUTCOME_MISMATCH"
        assert [violation["field"] for violation in refusal["violations"]] == [field]
    incentive = offered(node)
    wrong = of(incentive, pb.MEASURE_RESULT_APPLIED)
    refusal = refused(lambda: node.checks().ReportOutcome(a_report(incentive, wrong), timeout=PATIENCE))
    assert refusal["reason"] == "OUTCOME_MISMATCH"


def test_a_report_id_is_used_once(node: RunningNode) -> None:
    answer = restricted(node)
    first = a_report(answer)
    node.checks().ReportOutcome(first, timeout=PATIENCE)
    for other in (
        a_report(answer, report_id=first.report_id, officer="officer 8"),
        a_report(restricted(node), report_id=first.report_id),
    ):
        refusal = refused(lambda: node.checks().ReportOutcome(other, timeout=PATIENCE))  # noqa: B023
        assert refusal["reason"] == "REQUEST_ID_REUSED"


def test_a_closed_case_stays_closed(node: RunningNode) -> None:
    deferral = committed(node)
    answer = pb.CheckSubjectResponse(check_id=deferral.check_id)
    final = a_report(answer, case_result=pb.CASE_RESULT_WITHDRAWN)
    assert node.checks().ReportOutcome(final, timeout=PATIENCE).case_closed
    assert refused(lambda: node.checks().ReportOutcome(a_report(answer), timeout=PATIENCE))["reason"] == "CASE_CLOSED"
    late = deferral_pb.SupplementRequest(check_id=deferral.check_id, officer=OFFICER, materials=DEFERRABLE[:1])
    assert refused(lambda: deferrals(node).Supplement(late, timeout=PATIENCE))["reason"] == "CASE_CLOSED"


def test_the_licence_waits_for_everything_promised(node: RunningNode) -> None:
    deferral = committed(node)
    answer = pb.CheckSubjectResponse(check_id=deferral.check_id)
    granted = a_report(answer, case_result=pb.CASE_RESULT_GRANTED)
    refusal = refused(lambda: node.checks().ReportOutcome(granted, timeout=PATIENCE))
    assert (refusal["reason"], refusal["metadata"]["because"]) == ("DEFERRAL_STATE", "incomplete")
    rest = deferral_pb.SupplementRequest(check_id=deferral.check_id, officer=OFFICER, materials=DEFERRABLE)
    deferrals(node).Supplement(rest, timeout=PATIENCE)
    assert node.checks().ReportOutcome(granted, timeout=PATIENCE).case_closed


def test_a_moment_that_is_none_is_the_callers_error(node: RunningNode) -> None:
    never = Timestamp(seconds=2**62)
    report = a_report(restricted(node), decided_at=never)
    assert refused(lambda: node.checks().ReportOutcome(report, timeout=PATIENCE))["reason"] == "INVALID_REQUEST"


def test_a_check_nobody_made_has_no_deferral_and_no_outcome(node: RunningNode) -> None:
    unknown = pb.CheckSubjectResponse(check_id=str(uuid4()))
    report, commit = a_report(unknown), a_commitment(unknown.check_id)
    for call in (
        lambda: node.checks().ReportOutcome(report, timeout=PATIENCE),
        lambda: deferrals(node).Commit(commit, timeout=PATIENCE),
    ):
        assert refused(call)["reason"] == "CHECK_NOT_FOUND"


# What an auditor asks


def stamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def missing_feedback(node: RunningNode, page_size: int = 0) -> list[str]:
    """The cases without an outcome that were checked before now, page by page."""
    found: list[str] = []
    request = audit_pb.ListOverdueOutcomesRequest(page_size=page_size, checked_before=stamp(datetime.now(UTC)))
    while True:
        page = audits(node).ListOverdueOutcomes(request, timeout=PATIENCE)
        found += [case.case_number for case in page.cases]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def test_feedback_is_missing_until_the_case_is_closed(node: RunningNode) -> None:
    answer = node.checks().CheckSubject(a_check(case_number=(case := a_case())), timeout=PATIENCE)
    assert missing_feedback(node).count(case) == 1
    node.checks().ReportOutcome(a_report(answer), timeout=PATIENCE)
    assert missing_feedback(node).count(case) == 1
    node.checks().ReportOutcome(a_report(answer, case_result=pb.CASE_RESULT_GRANTED), timeout=PATIENCE)
    assert case not in missing_feedback(node)


def test_missing_feedback_comes_in_pages_and_is_not_due_at_once(node: RunningNode) -> None:
    for _ in range(3):
        node.checks().CheckSubject(a_check(case_number=a_case()), timeout=PATIENCE)
    whole = missing_feedback(node)
    assert len(set(whole)) == len(whole) >= 3
    assert missing_feedback(node, page_size=2) == whole
    assert not audits(node).ListOverdueOutcomes(audit_pb.ListOverdueOutcomesRequest(), timeout=PATIENCE).cases


@pytest.mark.parametrize("token", ["x", "====", "WyJhIl0=", "bnVsbA==", "e30=", "\u4e00"])
def test_a_page_token_of_somebody_elses_is_refused(node: RunningNode, token: str) -> None:
    for call in (
        lambda: audits(node).ListOverdueOutcomes(
            audit_pb.ListOverdueOutcomesRequest(page_token=token), timeout=PATIENCE
        ),
        lambda: deferrals(node).ListOverdueDeferrals(
            deferral_pb.ListOverdueDeferralsRequest(page_token=token), timeout=PATIENCE
        ),
    ):
        assert refused(call)["reason"] == "INVALID_CURSOR"


def test_coverage_tells_before_after_and_never_apart(node: RunningNode) -> None:
    answer = node.checks().CheckSubject(a_check(case_number=(case := a_case())), timeout=PATIENCE)
    at = answer.decided_at.ToDatetime(UTC)
    moments = [at - timedelta(microseconds=1), at, at + timedelta(days=1)]
    cases = [audit_pb.DecidedCase(case_number=case, decided_at=stamp(moment)) for moment in moments]
    cases.append(audit_pb.DecidedCase(case_number=a_case(), decided_at=stamp(at)))
    cases.append(audit_pb.DecidedCase(case_number=case, item_code="DRUG-RETAIL", decided_at=stamp(at)))
    report = audits(node).ReportCoverage(audit_pb.ReportCoverageRequest(cases=cases), timeout=PATIENCE)
    assert [found.coverage for found in report.cases] == [
        audit_pb.COVERAGE_AFTER,
        audit_pb.COVERAGE_BEFORE,
        audit_pb.COVERAGE_BEFORE,
        audit_pb.COVERAGE_NEVER,
        audit_pb.COVERAGE_NEVER,
    ]
    assert (report.before, report.after, report.never, report.coverage) == (2, 1, 2, 0.4)
    assert [found.check_id for found in report.cases[:4]] == [answer.check_id] * 3 + [""]
    assert report.cases[1].checked_at == answer.decided_at
