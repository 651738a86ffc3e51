"""The table cases of `tests/cases` again, as an integrator sees them: real registry, real node, by gRPC and by HTTP.

A check over the wire is always of this moment, so every day of a case is moved by as many days as lie between the
case's own and today. What then depends on the calendar is not compared: the days of deadlines, and the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from google.protobuf import json_format

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.registry.registry import Registry
from clearway.server.keys import load_keys
from clearway.server.settings import Settings
from tests.case_files import (
    EDITION,
    NumberedCase,
    Wanted,
    acts_of,
    all_cases,
    catalogue,
    chosen,
    materials_of,
    wire_id,
)
from tests.node import RunningNode

pytestmark = pytest.mark.sockets

CASES = tuple(numbered for numbered in all_cases() if numbered.case.wire)
ACTS_AT_ONCE = 200
CALENDAR_NOTICE = "DEADLINE_PROVISIONAL"
KINDS = {"new": pb.APPLICATION_KIND_NEW, "renewal": pb.APPLICATION_KIND_RENEWAL, "change": pb.APPLICATION_KIND_CHANGE}


@pytest.fixture(scope="module")
def cases_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node whose registry holds the subjects of every case, all days moved to today."""
    data_dir = tmp_path_factory.mktemp("cases")
    settings = Settings(data_dir=data_dir)
    now = datetime.now(UTC)
    today = now.astimezone(catalogue().zone).date()
    acts = [act for numbered in CASES for act in acts_of(numbered, today - numbered.case.at.date())]
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        for first in range(0, len(acts), ACTS_AT_ONCE):
            registry.execute(*acts[first : first + ACTS_AT_ONCE], actor="test", moment=now)
    with RunningNode(data_dir, catalogue=EDITION, web_listen="127.0.0.1:0") as node:
        yield node


def message_of(numbered: NumberedCase) -> pb.CheckSubjectRequest:
    """The check that a case asks for, as a licensing system would send it."""
    case, ask = numbered.case, numbered.case.ask
    message = pb.CheckSubjectRequest(
        item_code=ask.item,
        application_kind=KINDS[ask.kind],
        region_code=ask.region,
        case_number=f"CASE-{numbered.number}",
        officer="officer 7",
        supplied_materials=materials_of(ask),
    )
    message.subject.name = numbered.named(ask.name)
    scheme, code = ("cn-regno", numbered.other_code) if case.through else ("cn-uscc", numbered.code)
    if case.found == "masked":
        code = f"{code[:6]}********{code[14:]}"
    if case.found != "name_only":
        message.subject.identifier.scheme = scheme
        message.subject.identifier.value = code
    return message


def told(decision: decision_pb2.Decision, numbered: NumberedCase, wanted: Wanted) -> Wanted:
    """An answer off the wire in the words of a case file, without what depends on the calendar."""

    def short(listing_id: str) -> str:
        prefix = wire_id(numbered, "")
        assert not listing_id or listing_id.startswith(prefix), "a listing of another case"
        return listing_id.removeprefix(prefix)

    def reasons(found: list[decision_pb2.Reason]) -> tuple[str, ...]:
        return tuple(f"{reason.measure} {short(reason.listing_id)}".strip() for reason in found)

    codes = [decision_pb2.NoticeCode.Name(notice.code).removeprefix("NOTICE_CODE_") for notice in decision.notices]
    notices = [
        f"{code} {short(notice.listing_id)}".strip() for code, notice in zip(codes, decision.notices, strict=True)
    ]
    details = {code: dict(notice.details) for code, notice in zip(codes, decision.notices, strict=True)}
    return Wanted(
        outcome=decision_pb2.Outcome.Name(decision.outcome).removeprefix("OUTCOME_"),
        standing=decision_pb2.Standing.Name(decision.standing).removeprefix("STANDING_"),
        restrictions=reasons(list(decision.restrictions)),
        incentives=reasons(list(decision.incentives)),
        notices=tuple(sorted(notice for notice in notices if notice != CALENDAR_NOTICE)),
        details=chosen(details, wanted.details),
        missing=tuple(material.code for material in decision.materials.missing_essential),
        deadlines=dict.fromkeys(material.code for material in decision.materials.deferrable),
    )


def by_grpc(node: RunningNode, request: pb.CheckSubjectRequest) -> pb.CheckSubjectResponse:
    return node.checks().CheckSubject(request, timeout=10)


def by_http(node: RunningNode, request: pb.CheckSubjectRequest) -> pb.CheckSubjectResponse:
    """The same check as JSON, sent as curl sends it."""
    answer = httpx.post(
        f"http://{node.web}/clearway.v1.CheckService/CheckSubject",
        content=json_format.MessageToJson(request),
        headers={"content-type": "application/json"},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return json_format.Parse(answer.content, pb.CheckSubjectResponse())


@pytest.mark.parametrize("ask", [by_grpc, by_http])
@pytest.mark.parametrize("numbered", CASES, ids=str)
def test_the_answer_over_the_wire_is_the_one_wanted(
    numbered: NumberedCase,
    ask: Callable[[RunningNode, pb.CheckSubjectRequest], pb.CheckSubjectResponse],
    cases_node: RunningNode,
) -> None:
    decision = ask(cases_node, message_of(numbered)).decision
    wanted = msgspec.structs.replace(
        numbered.case.want,
        deadlines=dict.fromkeys(numbered.case.want.deadlines),
        expires=msgspec.UNSET,
        notices=tuple(notice for notice in numbered.case.want.notices if notice != CALENDAR_NOTICE),
    )
    assert told(decision, numbered, wanted) == wanted
    deferred = wanted.outcome == "DEFERRED_ACCEPTANCE"
    assert all(bool(material.deadline) == deferred for material in decision.materials.deferrable)
    assert decision.materials.commitment_required == deferred
    assert decision.explanation.text


def test_most_cases_are_run_over_the_wire() -> None:
    assert len(CASES) >= 50
