"""Every reason for which a call fails: it has a status, a true example on the page, and a test that provokes it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2, status_pb2

from clearway.gen.v1 import audit_service_pb2 as audit_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1 import feed_service_pb2 as feed_pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1 import transparency_pb2 as tree_pb
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.gen.v1.feed_service_pb2_grpc import FeedServiceStub
from clearway.gen.v1.registry_service_pb2_grpc import RegistryServiceStub
from clearway.index.layout import IndexLayout
from clearway.querylog.central import LOG_FILE, attach
from clearway.querylog.reader import Log
from clearway.querylog.request_claims import RequestClaims
from clearway.querylog.request_ids import RequestIds
from clearway.querylog.retention.erasure import Act, NotErasable, erase_by_order
from clearway.registry.commands import RegisterSubject
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of
from clearway.server import replays
from clearway.server.call import Call, Gate, Method, Proceed, Wrapper
from clearway.server.claiming import Claiming
from clearway.server.errors import CODES, PREFIX
from clearway.server.identity.bearer import keys_unavailable, unknown_principal
from clearway.server.interceptors import compose
from clearway.server.interceptors.admission import Admission
from clearway.server.interceptors.deadline import deadline
from clearway.server.interceptors.faults import Faults
from clearway.server.listener import handlers_of, options
from clearway.server.replays import Neighbours, Recorded, Replays
from clearway.subjects.keys import SubjectKeys
from tests.contract.cases_service import a_case, a_commitment, deferrals, offered
from tests.contract.loaded import a_check, by_code, load, outcome, refusal_in
from tests.contract.speaking import CHECK, info_in, post
from tests.node import NO_PROXY, SERVICE, RunningNode
from tests.parties import as_caller, bearer
from tests.postgres import Server
from tests.processes import parts
from tests.unit.registry.making import CITIZEN, KEYS, listing_row, write_csv

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node-2")]

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
REASONS = [name.removeprefix(PREFIX) for name in ErrorReason.keys() if not name.endswith("_UNSPECIFIED")]  # noqa: SIM118
PATIENCE = 10.0
GATES = {"deadline"}
A_PERSON = "11010519491231002X"
"""The standard's own example of a citizen number."""

Document = dict[str, Any]


def fresh(token: str) -> pb.Consistency:
    return pb.Consistency(at_least_as_fresh=token)


ASKED: dict[str, Callable[[str], pb.CheckSubjectRequest]] = {
    "INVALID_REQUEST": lambda _: a_check(case_number=""),
    "UNKNOWN_SCHEME": lambda _: by_code("cn-nothing", "91999999000000000G"),
    "INVALID_IDENTIFIER": lambda _: by_code("cn-uscc", code_of(Character.SERIOUS).replace("0", "O", 1)),
    "UNKNOWN_ITEM": lambda _: a_check(item_code="FOOD-OPERATIONS"),
    "UNKNOWN_REGION": lambda _: a_check(region_code="990000"),
    "UNKNOWN_MATERIAL": lambda _: a_check(supplied_materials=["APPLICATION-FORM", "DRAWINGS-APPROVED"]),
    "NATURAL_PERSON_NOT_ACCEPTED": lambda _: by_code("cn-ric", A_PERSON, item_code="TRAVEL-AGENCY"),
    "INVALID_REVISION": lambda _: a_check(consistency=fresh("yesterday")),
    "FOREIGN_REVISION": lambda _: a_check(consistency=fresh(f"r1.{'0' * 32}.1")),
    "INDEX_BEHIND": lambda token: a_check(consistency=fresh(token.rpartition(".")[0] + ".999999")),
}
"""What one request provokes on a node that has nothing wrong with it; given a revision token of that node."""


def examples() -> dict[str, Document]:
    """Reason → the example that stands under its heading on the page."""
    found = re.findall(r"^### ([A-Z_]+)\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return {reason: example_in(text) for reason, text in found}


def example_in(text: str) -> Document:
    block = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert block, text[:80]
    document: Document = json.loads(block[1])["error"]
    return document


def as_documented(error: grpc.RpcError, reason: str) -> Document:
    """Holds a failed call to its reason, its code and the example on the page; gives it as a document."""
    found, example = refusal_in(error), examples()[reason]
    assert found["reason"] == reason
    assert found["code"] == CODES[ErrorReason.Value(PREFIX + reason)].name
    assert (found["code"], found["message"]) == (example["code"], example["message"])
    assert found["metadata"].keys() == example["metadata"].keys()
    assert fields_of(found) == fields_of(example)
    return found


def fields_of(document: Document) -> list[tuple[str, str]]:
    return [(violation["field"], violation["description"]) for violation in document.get("violations", [])]


def failing(call: Callable[[], object]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value


# The whole enum


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_status(reason: str) -> None:
    assert ErrorReason.Value(PREFIX + reason) in CODES


def test_no_status_says_internal_or_unknown() -> None:
    assert not {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.OK} & set(CODES.values())


def test_the_page_has_every_reason_in_the_order_of_the_enum() -> None:
    assert list(examples()) == REASONS


@pytest.mark.parametrize("reason", REASONS)
def test_the_page_shows_each_with_its_code_and_what_to_do(reason: str) -> None:
    example = examples()[reason]
    assert (example["reason"], example["code"]) == (reason, CODES[ErrorReason.Value(PREFIX + reason)].name)
    entry = PAGE.read_text().partition(f"### {reason}\n")[2].partition("\n### ")[0]
    assert f"`{example['code']}`" in entry
    assert "**When.**" in entry
    assert "**What to do.**" in entry


def test_every_reason_is_provoked_here() -> None:
    assert {*ASKED, *ACTED, *LEFT, *PROVOKED_ELSEWHERE} == set(REASONS)


# On a sound node


@pytest.mark.parametrize("reason", ASKED)
def test_a_request_at_fault_is_told_its_reason(node: RunningNode, reason: str) -> None:
    token = node.checks().CheckSubject(a_check(), timeout=PATIENCE).revision
    as_documented(failing(lambda: node.checks().CheckSubject(ASKED[reason](token), timeout=3)), reason)


def test_bytes_that_are_no_message(node: RunningNode) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = node.channel().unary_unary(f"/{SERVICE}/CheckSubject")
    as_documented(failing(lambda: call(b"\xff\xff", timeout=PATIENCE)), "MALFORMED_REQUEST")


def test_a_request_id_with_another_body(node: RunningNode) -> None:
    request_id = uuid4().hex
    node.checks().CheckSubject(a_check(request_id=request_id), timeout=PATIENCE)
    again = a_check(request_id=request_id, case_number="CASE-2")
    as_documented(failing(lambda: node.checks().CheckSubject(again, timeout=PATIENCE)), "REQUEST_ID_REUSED")


def test_a_check_that_was_never_made(node: RunningNode) -> None:
    wanted = pb.GetCheckRequest(check_id=str(uuid4()))
    as_documented(failing(lambda: node.checks().GetCheck(wanted, timeout=PATIENCE)), "CHECK_NOT_FOUND")


def test_a_check_that_was_erased(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path) as node:
        check_id = node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id
        node.checks().CheckSubject(a_check(), timeout=PATIENCE)  # the log's last row stays
        central = attach(tmp_path / LOG_FILE)
        order = Act("operator", order="2026-17", reason="an order of a court")

        def erased() -> bool:
            erase_by_order(central, check_id, order, datetime.now(UTC), "erasure-1")
            return True

        eventually(erased, NotErasable)
        central.dispose()
        wanted = pb.GetCheckRequest(check_id=check_id)
        found = as_documented(failing(lambda: node.checks().GetCheck(wanted, timeout=PATIENCE)), "CHECK_ERASED")
        assert found["metadata"]["because"] == "order 2026-17"


def test_a_method_that_does_not_exist(node: RunningNode) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = node.channel().unary_unary(f"/{SERVICE}/ListSubjects")
    as_documented(failing(lambda: call(b"", timeout=PATIENCE)), "UNKNOWN_METHOD")


def test_a_page_with_a_token_of_nobody(node: RunningNode) -> None:
    shown = (("authorization", "View nobody"),)
    error = failing(lambda: node.checks().CheckSubject(a_check(), timeout=PATIENCE, metadata=shown))
    assert as_documented(error, "VIEW_REFUSED")["metadata"] == {"because": "not_ours"}


# After the answer


def test_a_commitment_to_what_was_not_offered(node: RunningNode) -> None:
    check_id = node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id
    error = failing(lambda: deferrals(node).Commit(a_commitment(check_id), timeout=PATIENCE))
    assert as_documented(error, "DEFERRAL_NOT_OFFERED")["metadata"] == {"because": "outcome"}


def test_an_act_before_its_time(node: RunningNode) -> None:
    check_id = offered(node).check_id
    request = deferral_pb.IssueNoticeRequest(check_id=check_id, officer="officer 7")
    error = failing(lambda: deferrals(node).IssueNotice(request, timeout=PATIENCE))
    assert as_documented(error, "DEFERRAL_STATE")["metadata"] == {"state": "OFFERED", "because": "state"}


def a_restriction(node: RunningNode, **fields: Any) -> pb.ReportOutcomeRequest:
    """A report on the first restriction of a fresh answer."""
    answer = node.checks().CheckSubject(a_check(Character.SERIOUS, case_number=a_case()), timeout=PATIENCE)
    reason = answer.decision.restrictions[0]
    given: dict[str, Any] = {"measure": reason.measure, "listing_id": reason.listing_id}
    measure = pb.MeasureOutcome(**(given | {"result": pb.MEASURE_RESULT_APPLIED} | fields))
    return pb.ReportOutcomeRequest(
        check_id=answer.check_id, report_id=uuid4().hex, officer="officer 7", measures=[measure]
    )


def test_a_departure_without_its_reason(node: RunningNode) -> None:
    report = a_restriction(node, result=pb.MEASURE_RESULT_NOT_APPLIED)
    error = failing(lambda: node.checks().ReportOutcome(report, timeout=PATIENCE))
    as_documented(error, "DEPARTURE_REASON_REQUIRED")


def test_a_report_on_what_was_not_answered(node: RunningNode) -> None:
    report = a_restriction(node, listing_id="SYN-00000099")
    as_documented(failing(lambda: node.checks().ReportOutcome(report, timeout=PATIENCE)), "OUTCOME_MISMATCH")


def test_a_report_on_a_closed_case(node: RunningNode) -> None:
    report = a_restriction(node)
    report.case_result = pb.CASE_RESULT_REFUSED
    node.checks().ReportOutcome(report, timeout=PATIENCE)
    report.report_id = uuid4().hex
    as_documented(failing(lambda: node.checks().ReportOutcome(report, timeout=PATIENCE)), "CASE_CLOSED")


def test_a_page_token_that_is_none_of_ours(node: RunningNode) -> None:
    request = deferral_pb.ListOverdueDeferralsRequest(page_token="page 2")
    error = failing(lambda: deferrals(node).ListOverdueDeferrals(request, timeout=PATIENCE))
    as_documented(error, "INVALID_CURSOR")


# Who asks, and how much


def asked_by(node: RunningNode, name: str, request: pb.CheckSubjectRequest) -> grpc.RpcError:
    """The error that a principal's check gets."""
    return failing(lambda: node.checks().CheckSubject(request, metadata=bearer(name), timeout=PATIENCE))


def test_a_call_without_credentials(guarded: RunningNode) -> None:
    error = failing(lambda: guarded.checks().CheckSubject(a_check(), timeout=PATIENCE))
    as_documented(error, "CREDENTIALS_MISSING")


def test_a_token_that_nobody_has(guarded: RunningNode) -> None:
    as_documented(asked_by(guarded, "nobody at all", a_check()), "CREDENTIALS_INVALID")


def test_a_token_past_its_last_day(guarded: RunningNode) -> None:
    as_documented(asked_by(guarded, "long-gone", a_check()), "CREDENTIALS_EXPIRED")


def test_an_act_without_the_right(guarded: RunningNode) -> None:
    stub = RegistryServiceStub(as_caller(guarded, "checker"))
    as_documented(failing(lambda: stub.Delist(delists("anything"), timeout=PATIENCE)), "ACCESS_DENIED")


def test_one_call_more_than_the_burst(guarded: RunningNode) -> None:
    batch = pb.BatchCheckSubjectsRequest(checks=[a_check() for _ in range(99)])
    guarded.checks().BatchCheckSubjects(batch, metadata=bearer("too-many"), timeout=30)
    guarded.checks().CheckSubject(a_check(), metadata=bearer("too-many"), timeout=PATIENCE)
    as_documented(asked_by(guarded, "too-many", a_check()), "RATE_LIMITED")


def test_one_invalid_code_too_many(guarded: RunningNode) -> None:
    asked_by(guarded, "too-odd", ASKED["INVALID_IDENTIFIER"](""))
    as_documented(asked_by(guarded, "too-odd", a_check()), "WALK_SUSPECTED")


def test_one_case_too_many(guarded: RunningNode) -> None:
    guarded.checks().CheckSubject(a_check(), metadata=bearer("too-often"), timeout=PATIENCE)
    again = a_check(case_number="CASE-2")
    as_documented(asked_by(guarded, "too-often", again), "SUBJECT_CHECKED_TOO_OFTEN")


async def test_genuine_credentials_of_nobody() -> None:
    # `test_tls` has it with a certificate.
    async def unknown(call: Call) -> bytes:
        raise unknown_principal()

    as_documented(await served_by({"faults": Faults()}, unknown), "PRINCIPAL_UNKNOWN")


async def test_an_issuer_whose_keys_cannot_be_read() -> None:
    async def unjudged(call: Call) -> bytes:
        raise keys_unavailable()

    as_documented(await served_by({"faults": Faults()}, unjudged), "IDENTITY_UNAVAILABLE")


# Registrars and auditors


def act(**fields: Any) -> registry_pb.Act:
    return registry_pb.Act(registrar="registrar 3", reason="by the book", **fields)


def registers(number: int, *aliases: int) -> registry_pb.RegisterSubjectRequest:
    codes = [a_check(one).subject.identifier for one in (number, *aliases)]
    return registry_pb.RegisterSubjectRequest(act=act(), identifiers=codes)


def lists(number: int, regime: str = "SAMR-SERIOUS", **fields: Any) -> registry_pb.EnterListingRequest:
    statement = registry_pb.ListingStatement(regime=regime)
    statement.document.number, statement.document.date = "示决1号", str(datetime.now(UTC).date())
    identifier = a_check(number).subject.identifier
    return registry_pb.EnterListingRequest(
        act=act(), identifier=identifier, listing_id=f"ERR-{number}", listing=statement, **fields
    )


def delists(listing_id: str) -> registry_pb.DelistRequest:
    return registry_pb.DelistRequest(act=act(), listing_id=listing_id)


NOBODY, ONE, OTHER, GONE = 73_000_000, 73_000_001, 73_000_002, 73_000_003

ACTED: dict[str, Callable[[RegistryServiceStub], object]] = {
    "SUBJECT_NOT_FOUND": lambda acts: acts.GetSubject(
        registry_pb.GetSubjectRequest(identifier=a_check(NOBODY).subject.identifier)
    ),
    "FACT_NOT_FOUND": lambda acts: acts.Delist(delists("nothing")),
    "FACT_EXISTS": lambda acts: acts.EnterListing(lists(ONE)),
    "ALREADY_ENDED": lambda acts: acts.Delist(delists(f"ERR-{GONE}")),
    "IDENTIFIER_COLLISION": lambda acts: acts.RegisterSubject(registers(ONE, OTHER)),
    "INVALID_ACT": lambda acts: acts.EnterListing(lists(ONE, confirmed_on="2026-02-30")),
    "UNKNOWN_REGIME": lambda acts: acts.EnterListing(lists(ONE, "NO-SUCH-LIST")),
}
"""What one act provokes, once some subjects are registered and listed."""


@pytest.fixture(scope="module")
def acts(node: RunningNode) -> RegistryServiceStub:
    stub = RegistryServiceStub(node.channel())
    for number in (ONE, OTHER, GONE):
        stub.RegisterSubject(registers(number), timeout=PATIENCE)
        stub.EnterListing(lists(number), timeout=PATIENCE)
    stub.Delist(delists(f"ERR-{GONE}"), timeout=PATIENCE)
    return stub


@pytest.mark.parametrize("reason", ACTED)
def test_an_act_that_cannot_be_is_told_its_reason(acts: RegistryServiceStub, reason: str) -> None:
    as_documented(failing(lambda: ACTED[reason](acts)), reason)


def test_a_repair_before_its_time(acts: RegistryServiceStub) -> None:
    repair = registry_pb.RepairRequest(act=act(), fact_id=f"ERR-{ONE}")
    found = refusal_in(failing(lambda: acts.Repair(repair, timeout=PATIENCE)))
    example = examples()["REPAIR_TOO_EARLY"]
    assert (found["reason"], found["code"]) == ("REPAIR_TOO_EARLY", "FAILED_PRECONDITION")
    # The example's day is another one.
    earliest = found["metadata"].pop("earliest")
    assert found["message"] == example["message"].replace(example["metadata"].pop("earliest"), earliest)
    assert found["metadata"] == example["metadata"]


def test_a_page_token_of_nobody(node: RunningNode) -> None:
    stub = AuditServiceStub(node.channel())
    request = audit_pb.ListAffectedChecksRequest(listing_id="L-1", page_token="yesterday")
    as_documented(failing(lambda: stub.ListAffectedChecks(request, timeout=PATIENCE)), "INVALID_CURSOR")


# What feeds leave to a person


def read_feeds(data_dir: Path) -> Path:
    """A feed of which nothing waits; gives the feeds file."""
    inbox, file = data_dir / "inbox", data_dir / "feeds.yaml"
    inbox.mkdir(parents=True)
    source = f"source: {{folder: {inbox}}}, every: 1d"
    file.write_text(f"feeds:\n  - {{name: left, format: flat-csv, {source}}}\n", "utf-8")
    return file


@pytest.fixture(scope="module")
def left_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FeedServiceStub, list[int]]]:
    """A node with two rows set aside, and their ids."""
    data_dir = tmp_path_factory.mktemp("left-over")
    rows = [listing_row(number, document_date="some day") for number in (1, 2)]
    with load(data_dir) as registry:
        file = write_csv(data_dir / "left.csv", COLUMNS, rows)
        registry.import_feed("flat-csv", file, actor="o", moment=datetime.now(UTC))
        with RunningNode(data_dir, feeds=read_feeds(data_dir)) as node:
            yield FeedServiceStub(node.channel()), [row.row_id for row in registry.quarantine.list()]


def word_on(feed: str) -> feed_pb.ConfirmListRequest:
    return feed_pb.ConfirmListRequest(act=act(), feed=feed, sha256="0" * 64)


def corrects(row_id: int) -> feed_pb.CorrectRowRequest:
    cell = feed_pb.RowCell(column="document_date", value="another day")
    return feed_pb.CorrectRowRequest(act=act(), row_id=row_id, cells=[cell])


LEFT: dict[str, Callable[[FeedServiceStub, int], object]] = {
    "ROW_NOT_FOUND": lambda stub, _: stub.CorrectRow(corrects(999_999), timeout=PATIENCE),
    "ROW_REFUSED": lambda stub, row_id: stub.CorrectRow(corrects(row_id), timeout=PATIENCE),
    "LIST_NOT_WAITING": lambda stub, _: stub.ConfirmList(word_on("left"), timeout=PATIENCE),
    "FEED_NOT_FOUND": lambda stub, _: stub.ConfirmList(word_on("right"), timeout=PATIENCE),
}
"""What a word on a row or a list provokes."""


@pytest.mark.parametrize("reason", LEFT)
def test_a_word_on_what_feeds_left_is_told_its_reason(
    left_over: tuple[FeedServiceStub, list[int]], reason: str
) -> None:
    stub, (row_id, _) = left_over
    as_documented(failing(lambda: LEFT[reason](stub, row_id)), reason)


def test_a_row_that_two_people_dismiss(left_over: tuple[FeedServiceStub, list[int]]) -> None:
    stub, (_, row_id) = left_over
    stub.DismissRow(feed_pb.DismissRowRequest(act=act(), row_id=row_id), timeout=PATIENCE)
    other = registry_pb.Act(registrar="registrar 4", reason="by the book")
    request = feed_pb.DismissRowRequest(act=other, row_id=row_id)
    as_documented(failing(lambda: stub.DismissRow(request, timeout=PATIENCE)), "ROW_CLOSED")


# The tree over the log


def test_a_tree_that_nobody_signed(node: RunningNode) -> None:
    audits = AuditServiceStub(node.channel())
    node.checks().CheckSubject(a_check(), timeout=PATIENCE)
    eventually(
        lambda: bool(audits.GetCheckpoint(tree_pb.GetCheckpointRequest(), timeout=PATIENCE).tree_size), grpc.RpcError
    )
    wanted = tree_pb.GetConsistencyProofRequest(first_size=1_000_000_000)
    as_documented(failing(lambda: audits.GetConsistencyProof(wanted, timeout=PATIENCE)), "UNKNOWN_TREE_SIZE")


def test_a_file_that_the_tree_does_not_have(node: RunningNode) -> None:
    wanted = tree_pb.GetTileRequest(path="tile/5/999")
    error = failing(lambda: AuditServiceStub(node.channel()).GetTile(wanted, timeout=PATIENCE))
    as_documented(error, "TILE_NOT_FOUND")


def test_a_cosignature_that_is_none(node: RunningNode) -> None:
    note = tree_pb.AddCosignatureRequest(checkpoint=b"nothing")
    error = failing(lambda: AuditServiceStub(node.channel()).AddCosignature(note, timeout=PATIENCE))
    as_documented(error, "COSIGNATURE_REJECTED")


# On a node in trouble


def test_a_tree_that_nothing_is_signed_of_yet(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path) as node:
        wanted = tree_pb.GetCheckpointRequest()
        error = failing(lambda: AuditServiceStub(node.channel()).GetCheckpoint(wanted, timeout=PATIENCE))
        as_documented(error, "TREE_BEHIND")


def test_no_index_is_unavailable_and_never_not_listed(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path) as node:
        os.kill(parts(node.pid)["follower"], signal.SIGSTOP)
        IndexLayout(tmp_path).pointer.unlink()
        eventually(lambda: not node.serving())
        error = failing(lambda: node.checks().CheckSubject(a_check(), timeout=PATIENCE))
        as_documented(error, "INDEX_UNAVAILABLE")


def test_a_journal_that_cannot_be_written_means_no_answer_until_it_can(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path) as node:
        worker = parts(node.pid)["worker-1"]
        before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (1, before[1]))  # as a full disk would
        error = failing(lambda: node.checks().CheckSubject(a_check(), timeout=PATIENCE))
        as_documented(error, "AUDIT_UNAVAILABLE")
        eventually(lambda: not node.serving())
        resource.prlimit(worker, resource.RLIMIT_FSIZE, before)
        eventually(node.serving)
        assert outcome(node.checks().CheckSubject(a_check(), timeout=PATIENCE)) == "ORDINARY"


def test_one_call_too_many(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, max_in_flight=1) as node:
        token = node.checks().CheckSubject(a_check(), timeout=PATIENCE).revision
        waiting = node.checks().CheckSubject.future(ASKED["INDEX_BEHIND"](token), timeout=3)
        time.sleep(0.3)
        error = failing(lambda: node.checks().CheckSubject(a_check(), timeout=PATIENCE))
        assert as_documented(error, "OVERLOADED")["metadata"] == {"limit": "1"}
        assert retry_delay(error) == 1.0
        waiting.cancel()
        eventually(lambda: bool(node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id), grpc.RpcError)


def retry_delay(error: grpc.RpcError) -> float:
    """Seconds that the error's RetryInfo says to wait."""
    trailers: dict[str, Any] = dict(cast("Any", error.trailing_metadata()))
    info = error_details_pb2.RetryInfo()
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    (detail,) = (each for each in status.details if each.Is(info.DESCRIPTOR))
    detail.Unpack(info)
    return float(info.retry_delay.ToTimedelta().total_seconds())


def eventually(holds: Callable[[], bool], *passing: type[Exception], within: float = PATIENCE) -> None:
    last = time.monotonic() + within
    while time.monotonic() < last:
        try:
            if holds():
                return
        except passing:
            pass
        time.sleep(0.05)
    raise AssertionError("did not come about in time")


# On a server of this test's own: what no caller can bring about at will


async def served_by(steps: dict[str, Gate | Wrapper], servicer: Proceed) -> grpc.RpcError:
    """The error a caller gets from a server that passes each call through these steps, in this order, to a servicer."""
    gates = {name: cast("Gate", step) for name, step in steps.items() if name in GATES}
    wrappers = {name: cast("Wrapper", step) for name, step in steps.items() if name not in GATES}
    server = grpc.aio.server(options=options(1 << 20, 300.0, 2048))
    method = Method(f"/{SERVICE}/CheckSubject", pb.CheckSubjectRequest, is_check=True)
    server.add_generic_rpc_handlers((handlers_of(SERVICE, {method: compose([*steps], gates, wrappers, servicer)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        return await asyncio.to_thread(ask_once, f"127.0.0.1:{port}")
    finally:
        await server.stop(None)


def ask_once(address: str) -> grpc.RpcError:
    with grpc.insecure_channel(address, options=NO_PROXY) as channel:
        return failing(lambda: CheckServiceStub(channel).CheckSubject(a_check(), timeout=PATIENCE))


async def never(call: Call) -> bytes:
    raise AssertionError("the call was to be refused before")


async def test_a_fault_of_our_own_tells_the_caller_nothing_but_that() -> None:
    async def broken(call: Call) -> bytes:
        raise ZeroDivisionError("the secret text of a planted fault")

    error = await served_by({"faults": Faults()}, broken)
    as_documented(error, "SERVER_FAULT")
    assert "secret" not in str(error)


async def test_a_registry_that_another_writer_holds() -> None:
    async def waiting_in_vain(call: Call) -> bytes:
        # As `registry.database.writing` says it, after ten seconds.
        raise RegistryError(RegistryReason.BUSY, "another writer holds the registry")

    as_documented(await served_by({"faults": Faults()}, waiting_in_vain), "REGISTRY_BUSY")


async def test_a_registry_whose_database_is_gone(postgresql: Server) -> None:
    url = postgresql.url("gone").replace(str(postgresql.folder), str(postgresql.folder / "elsewhere"))

    async def asking(call: Call) -> bytes:
        Registry.open(url, KEYS, moment=datetime.now(UTC))
        return b""

    as_documented(await served_by({"faults": Faults()}, asking), "REGISTRY_UNAVAILABLE")


async def test_a_person_under_a_key_that_is_not_given(tmp_path: Path) -> None:
    url, now = f"sqlite:///{tmp_path / 'registry.db'}", datetime.now(UTC)
    with Registry.open(url, KEYS, moment=now) as registry:
        registry.execute(RegisterSubject("cn-ric", CITIZEN), actor="test", moment=now)
    newer = bytes(32)
    Registry.open(url, SubjectKeys(newer, bytes(range(32))), moment=now).close()

    async def asking(call: Call) -> bytes:
        Registry.open(url, SubjectKeys(newer), moment=now)
        return b""

    as_documented(await served_by({"faults": Faults()}, asking), "SUBJECT_KEY_MISSING")


async def test_an_id_that_another_node_has_taken(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "UNDER_WAY", 0.1)
    window = timedelta(hours=1)
    central = attach(postgresql_url)
    log = Log(central, Path("nowhere"))
    with closing(RequestClaims(attach(postgresql_url), "another node", window)) as another:
        another.claim([("A", "r")], datetime.now(UTC))
    claiming = Claiming(RequestClaims(attach(postgresql_url), "this node", window), lambda: datetime.now(UTC))
    known = Replays(RequestIds(), log, window, lambda: datetime.now(UTC), Neighbours(claiming=claiming))

    async def retried(call: Call) -> bytes:
        return await known.once("A", "r", bytes(16), make)

    async def make() -> Recorded:
        raise AssertionError("another node has the id")

    as_documented(await served_by({"faults": Faults()}, retried), "REQUEST_UNDER_WAY")
    claiming.close()
    central.dispose()


async def test_a_draining_server_sends_callers_elsewhere() -> None:
    admission = Admission(10)
    admission.draining = True
    as_documented(await served_by({"faults": Faults(), "admission": admission}, never), "SHUTTING_DOWN")


async def test_a_call_that_comes_too_late_is_not_begun() -> None:
    # A caller's own gRPC ends the call at its deadline, so the server's word is heard by proxies only: the step that
    # reads the clock is given a call whose time has passed.
    class Late:
        def time_remaining(self) -> float:
            return 0.0

    def of_a_late_call(call: Call) -> None:
        deadline(Call(call.method, call.raw, Late()))  # type: ignore[arg-type]

    as_documented(await served_by({"faults": Faults(), "deadline": of_a_late_call}, never), "DEADLINE_EXCEEDED")


# Over HTTP


def as_documented_over_http(answer: httpx.Response, reason: str) -> None:
    """Holds a refusal over HTTP to its reason, its code and the example on the page."""
    example, info = examples()[reason], info_in(answer.json())
    assert info["reason"] == reason
    assert (answer.json()["code"].upper(), answer.json()["message"]) == (example["code"], example["message"])
    assert info.get("metadata", {}) == example["metadata"]


def test_a_body_of_another_type(node: RunningNode) -> None:
    as_documented_over_http(post(node, CHECK, "{}", content_type="text/plain"), "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_that_is_too_long(node: RunningNode) -> None:
    as_documented_over_http(post(node, CHECK, b" " * 2_000_000), "REQUEST_TOO_LARGE")


def test_a_page_of_a_stranger(node: RunningNode) -> None:
    as_documented_over_http(post(node, CHECK, "{}", origin="https://elsewhere.example"), "ORIGIN_REFUSED")


def test_a_node_whose_workers_take_no_call(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, web_listen="127.0.0.1:0") as node:
        os.kill(node.pid, signal.SIGSTOP)
        try:
            os.kill(parts(node.pid, beside=("web",))["worker-1"], signal.SIGKILL)
            last = time.monotonic() + PATIENCE
            answer = post(node, CHECK, a_check())
            while answer.status_code == 200 and time.monotonic() < last:
                answer = post(node, CHECK, a_check())
            as_documented_over_http(answer, "NO_WORKER")
        finally:
            os.kill(node.pid, signal.SIGCONT)


PROVOKED_ELSEWHERE = {
    "MALFORMED_REQUEST": test_bytes_that_are_no_message,
    "REQUEST_ID_REUSED": test_a_request_id_with_another_body,
    "CHECK_NOT_FOUND": test_a_check_that_was_never_made,
    "CHECK_ERASED": test_a_check_that_was_erased,
    "UNKNOWN_METHOD": test_a_method_that_does_not_exist,
    "DEFERRAL_NOT_OFFERED": test_a_commitment_to_what_was_not_offered,
    "DEFERRAL_STATE": test_an_act_before_its_time,
    "DEPARTURE_REASON_REQUIRED": test_a_departure_without_its_reason,
    "OUTCOME_MISMATCH": test_a_report_on_what_was_not_answered,
    "CASE_CLOSED": test_a_report_on_a_closed_case,
    "INVALID_CURSOR": test_a_page_token_that_is_none_of_ours,
    "INDEX_UNAVAILABLE": test_no_index_is_unavailable_and_never_not_listed,
    "AUDIT_UNAVAILABLE": test_a_journal_that_cannot_be_written_means_no_answer_until_it_can,
    "OVERLOADED": test_one_call_too_many,
    "REGISTRY_BUSY": test_a_registry_that_another_writer_holds,
    "REGISTRY_UNAVAILABLE": test_a_registry_whose_database_is_gone,
    "SUBJECT_KEY_MISSING": test_a_person_under_a_key_that_is_not_given,
    "REQUEST_UNDER_WAY": test_an_id_that_another_node_has_taken,
    "TREE_BEHIND": test_a_tree_that_nothing_is_signed_of_yet,
    "UNKNOWN_TREE_SIZE": test_a_tree_that_nobody_signed,
    "TILE_NOT_FOUND": test_a_file_that_the_tree_does_not_have,
    "COSIGNATURE_REJECTED": test_a_cosignature_that_is_none,
    "REPAIR_TOO_EARLY": test_a_repair_before_its_time,
    "ROW_CLOSED": test_a_row_that_two_people_dismiss,
    "SERVER_FAULT": test_a_fault_of_our_own_tells_the_caller_nothing_but_that,
    "UNSUPPORTED_MEDIA_TYPE": test_a_body_of_another_type,
    "REQUEST_TOO_LARGE": test_a_body_that_is_too_long,
    "ORIGIN_REFUSED": test_a_page_of_a_stranger,
    "VIEW_REFUSED": test_a_page_with_a_token_of_nobody,
    "NO_WORKER": test_a_node_whose_workers_take_no_call,
    "SHUTTING_DOWN": test_a_draining_server_sends_callers_elsewhere,
    "DEADLINE_EXCEEDED": test_a_call_that_comes_too_late_is_not_begun,
    "CREDENTIALS_MISSING": test_a_call_without_credentials,
    "CREDENTIALS_INVALID": test_a_token_that_nobody_has,
    "CREDENTIALS_EXPIRED": test_a_token_past_its_last_day,
    "PRINCIPAL_UNKNOWN": test_genuine_credentials_of_nobody,
    "ACCESS_DENIED": test_an_act_without_the_right,
    "RATE_LIMITED": test_one_call_more_than_the_burst,
    "WALK_SUSPECTED": test_one_invalid_code_too_many,
    "SUBJECT_CHECKED_TOO_OFTEN": test_one_case_too_many,
    "IDENTITY_UNAVAILABLE": test_an_issuer_whose_keys_cannot_be_read,
}
"""What takes more than one request."""
