"""Licensing systems' cases on a running node: checks that offer deferral, stubs, and days made to pass."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.deferral_service_pb2_grpc import DeferralServiceStub
from clearway.registry import commands
from clearway.registry.cases.events import Case, Committed, NoticeIssued, Promise, Words
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of
from tests.contract.loaded import ESSENTIAL, a_check, outcome
from tests.node import RunningNode

PATIENCE = 10.0
OFFICER = "officer 7"
AUTHORITY = "DEMO-LICENSING"
BEGUN = date(2024, 5, 6)
PAST = date(2024, 5, 13)
"""A deadline that has passed, whenever the tests run."""


def deferrals(node: RunningNode) -> DeferralServiceStub:
    return DeferralServiceStub(node.channel())


def audits(node: RunningNode) -> AuditServiceStub:
    return AuditServiceStub(node.channel())


def a_case() -> str:
    """A case number that no other test uses."""
    return f"CASE-{uuid4().hex[:12]}"


def offered(node: RunningNode, number: int = Character.TRUSTED, **changes: Any) -> pb.CheckSubjectResponse:
    """A check that offers deferral: all essential materials and no other were handed in."""
    fields: dict[str, Any] = {"supplied_materials": ESSENTIAL, "case_number": a_case()}
    response = node.checks().CheckSubject(a_check(number, **(fields | changes)), timeout=PATIENCE)
    assert outcome(response) == "DEFERRED_ACCEPTANCE"
    return response


def a_commitment(check_id: str, **changes: Any) -> deferral_pb.CommitRequest:
    fields: dict[str, Any] = {
        "check_id": check_id,
        "officer": OFFICER,
        "signatory": "法定代表人",
        "commitment_reference": "file 3, page 1",
    }
    return deferral_pb.CommitRequest(**(fields | changes))


def committed_long_ago(registry: Registry, check_id: str, case_number: str, *, noticed: bool = True) -> None:
    """A commitment whose deadlines have passed, as an authority would have recorded it at the time."""
    name, how = Words("Plan of premises and equipment", "经营设备布局和操作流程图"), Words("at the counter", "窗口")
    commitment = Committed(
        officer=OFFICER,
        signatory="法定代表人",
        reference="file 3, page 1",
        item="FOOD-OPERATION",
        item_name=Words("Food operation licence", "食品经营许可"),
        consequence=Words("returned and deemed withdrawn", "退回"),
        counted_from=BEGUN,
        promises=(Promise("LAYOUT-PLAN", name, how, 5, PAST),),
    )
    moment = datetime.now(UTC)
    with registry.cases.acting(Case(AUTHORITY, case_number), actor="local", moment=moment) as file:
        file.append(check_id, commitment)
        if noticed:
            file.append(check_id, NoticeIssued(OFFICER, "N-1", Words("the notice", "通知书")))


def trusted(registry: Registry, number: int) -> int:
    """A fresh subject with an open incentive route, registered now; gives the revision."""
    today = datetime.now(UTC).date()
    code = code_of(number)
    return registry.execute(
        commands.RegisterSubject("cn-uscc", code, known_since=today - timedelta(days=30)),
        commands.ListSubject(
            "cn-uscc",
            code,
            f"TRUSTED-{number}",
            "TAX-A",
            document_number="SYN-T-1",
            document_date=today - timedelta(days=20),
            effective_from=today - timedelta(days=20),
        ),
        actor="test",
        moment=datetime.now(UTC),
    )


def serious(number: int, listing_id: str) -> commands.ListSubject:
    """The act that puts a subject on a serious list as of today."""
    today = datetime.now(UTC).date() - timedelta(days=1)
    return commands.ListSubject(
        "cn-uscc",
        code_of(number),
        listing_id,
        "SAMR-SERIOUS",
        document_number="SYN-D-9",
        document_date=today,
        effective_from=today,
    )
