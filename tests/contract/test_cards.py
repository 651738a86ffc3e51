"""The officer's card: who may look, what it holds, and that a page can do no more than its token says."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

import grpc
import pytest

from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1.card_service_pb2_grpc import CardServiceStub
from clearway.gen.v1.deferral_service_pb2_grpc import DeferralServiceStub
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of
from tests.contract.loaded import ESSENTIAL, a_check, listing, refusal_in
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

PATIENCE = 10.0
OWN = 84_000_001
"""A subject of these tests' own."""

Metadata = tuple[tuple[str, str], ...]


def checked(node: RunningNode, character: int, language: str = "en", **changes: object) -> pb.CheckSubjectResponse:
    request = a_check(character, **({"case_number": f"CARD-{uuid4()}"} | changes))
    return node.checks().CheckSubject(request, timeout=PATIENCE, metadata=(("accept-language", language),))


def cards(node: RunningNode) -> CardServiceStub:
    return CardServiceStub(node.channel())


def granted(node: RunningNode, check_id: str, officer: str = "") -> Metadata:
    request = card_pb.GrantViewRequest(check_id=check_id, officer=officer)
    return (("authorization", f"View {cards(node).GrantView(request, timeout=PATIENCE).token}"),)


def card_of(node: RunningNode, check_id: str, view: Metadata = ()) -> card_pb.GetCardResponse:
    request = card_pb.GetCardRequest(check_id=check_id)
    return cards(node).GetCard(request, timeout=PATIENCE, metadata=view or granted(node, check_id))


def refusal_of(call: Callable[[], object]) -> tuple[str, dict[str, str]]:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    document = refusal_in(raised.value)
    return document["reason"], document["metadata"]


def test_a_card_holds_the_recorded_answer_and_its_purpose(node: RunningNode) -> None:
    answer = checked(node, Character.SERIOUS)
    card = card_of(node, answer.check_id)
    assert card.check.response == answer
    assert (card.item_name, card.officer, card.time_zone) == ("Food operation licence", "officer 7", "Asia/Shanghai")
    assert card.HasField("view_expires_at")
    assert not card.HasField("deferral")
    assert not card.HasField("change")


def test_a_card_speaks_the_language_of_its_answer(node: RunningNode) -> None:
    answer = checked(node, Character.SERIOUS, language="zh-CN")
    assert card_of(node, answer.check_id).item_name == "食品经营许可"


def test_a_page_records_as_the_officer_that_its_token_names(node: RunningNode) -> None:
    answer = checked(node, Character.UNKNOWN)
    view = granted(node, answer.check_id, "officer 9")
    assert card_of(node, answer.check_id, view).officer == "officer 9"
    report = pb.ReportOutcomeRequest(
        check_id=answer.check_id, report_id=str(uuid4()), officer="officer 9", case_result=pb.CASE_RESULT_GRANTED
    )
    assert node.checks().ReportOutcome(report, timeout=PATIENCE, metadata=view).case_closed
    assert card_of(node, answer.check_id, view).report.case_result == pb.CASE_RESULT_GRANTED


def test_a_page_shows_what_was_reported_of_each_reason(node: RunningNode) -> None:
    answer = checked(node, Character.SERIOUS)
    reason = answer.decision.restrictions[0]
    told = pb.MeasureOutcome(
        measure=reason.measure,
        listing_id=reason.listing_id,
        result=pb.MEASURE_RESULT_NOT_APPLIED,
        reason=pb.DEPARTURE_REASON_WRONG_SUBJECT,
        reason_text="another company",
    )
    report = pb.ReportOutcomeRequest(
        check_id=answer.check_id, report_id=str(uuid4()), officer="officer 7", measures=[told]
    )
    node.checks().ReportOutcome(report, timeout=PATIENCE, metadata=granted(node, answer.check_id))
    assert list(card_of(node, answer.check_id).report.measures) == [told]


def test_a_page_takes_a_commitment_and_issues_the_notice(node: RunningNode) -> None:
    answer = checked(node, Character.TRUSTED_MODEL, supplied_materials=ESSENTIAL)
    view, deferrals = granted(node, answer.check_id), DeferralServiceStub(node.channel())
    assert card_of(node, answer.check_id, view).deferral.state == deferral_pb.DEFERRAL_STATE_OFFERED
    acting = {"check_id": answer.check_id, "officer": "officer 7"}
    commitment = deferral_pb.CommitRequest(**acting, signatory="法定代表人", commitment_reference="C-1")
    deferrals.Commit(commitment, timeout=PATIENCE, metadata=view)
    deferrals.IssueNotice(deferral_pb.IssueNoticeRequest(**acting), timeout=PATIENCE, metadata=view)
    deferral = card_of(node, answer.check_id, view).deferral
    assert deferral.state == deferral_pb.DEFERRAL_STATE_NOTICE_ISSUED
    assert "容缺受理通知书" in deferral.notice.text_zh


def test_a_card_says_that_its_answer_has_turned(node: RunningNode, served_registry: Registry) -> None:
    answer = checked(node, OWN)
    assert answer.decision.outcome == decision_pb2.OUTCOME_ORDINARY
    day = answer.decided_at.ToDatetime().date()
    commands_ = (
        commands.RegisterSubject("cn-uscc", code_of(OWN), "示例企业"),
        listing(OWN, "SAMR-SERIOUS", day),
    )
    served_registry.execute(*commands_, actor="test", moment=answer.decided_at.ToDatetime().astimezone())
    view, last = granted(node, answer.check_id), time.monotonic() + 30
    while not (card := card_of(node, answer.check_id, view)).HasField("change"):
        assert time.monotonic() < last, "no change was told"
        time.sleep(0.1)
    assert card.change.after.outcome == decision_pb2.OUTCOME_RESTRICTION
    assert card.check.response == answer


# What a page may not do


def test_a_page_cannot_check_and_its_attempt_is_on_the_record(node: RunningNode) -> None:
    answer = checked(node, Character.UNKNOWN)
    view = granted(node, answer.check_id)
    reason, metadata = refusal_of(
        lambda: node.checks().CheckSubject(a_check(Character.SERIOUS), timeout=PATIENCE, metadata=view)
    )
    assert (reason, metadata) == ("VIEW_REFUSED", {"because": "scope"})


def test_a_page_cannot_read_another_check_of_its_own_authority(node: RunningNode) -> None:
    view, other = granted(node, checked(node, Character.UNKNOWN).check_id), checked(node, Character.SERIOUS)
    assert refusal_of(lambda: card_of(node, other.check_id, view)) == ("VIEW_REFUSED", {"because": "scope"})


def test_a_page_cannot_grant_itself_another_view(node: RunningNode) -> None:
    answer = checked(node, Character.UNKNOWN)
    view = granted(node, answer.check_id)
    request = card_pb.GrantViewRequest(check_id=answer.check_id)
    reason, _ = refusal_of(lambda: cards(node).GrantView(request, timeout=PATIENCE, metadata=view))
    assert reason == "VIEW_REFUSED"


def test_a_page_hears_of_its_case_and_of_no_other(node: RunningNode) -> None:
    request = a_check(Character.UNKNOWN, case_number=f"CARD-{uuid4()}")
    answer = node.checks().CheckSubject(request, timeout=PATIENCE)
    view = granted(node, answer.check_id)
    own = node.checks().WatchCases(
        pb.WatchCasesRequest(case_number=request.case_number), timeout=PATIENCE, metadata=view
    )
    assert next(iter(own)).cursor
    own.cancel()
    every = node.checks().WatchCases(pb.WatchCasesRequest(), timeout=PATIENCE, metadata=view)
    assert refusal_of(lambda: next(iter(every)))[0] == "VIEW_REFUSED"


def test_there_is_no_view_of_a_check_that_is_not_there(node: RunningNode) -> None:
    request = card_pb.GrantViewRequest(check_id=str(uuid4()))
    assert refusal_of(lambda: cards(node).GrantView(request, timeout=PATIENCE))[0] == "CHECK_NOT_FOUND"
