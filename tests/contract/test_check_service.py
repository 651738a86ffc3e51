"""CheckService over the wire, on a running node: every outcome, retries, freshness, health, and a drain."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from clearway.cli.log import row_of
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.querylog.central import open_central
from clearway.querylog.filter import Filter
from clearway.querylog.reader import Log
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of, name_of
from clearway.server.keys import load_keys
from clearway.server.settings import Settings
from clearway.subjects.keys import SubjectKeys
from tests.contract.loaded import (
    ESSENTIAL,
    Extra,
    a_check,
    by_code,
    by_name,
    load,
    notices,
    outcome,
    refusal_in,
    standing,
)
from tests.node import SERVICE, RunningNode
from tests.processes import parts

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

PATIENCE = 10.0


@pytest.fixture(scope="session")
def checks(node: RunningNode) -> CheckServiceStub:
    return node.checks()


def log_of(node: RunningNode) -> Log:
    return Log(open_central(node.data_dir / "log.db"), node.data_dir / "journal")


def rows_of(node: RunningNode, request_id: str) -> list[dict[str, object]]:
    return [row_of(stored.record) for stored in log_of(node).newest(Filter(request_id=request_id))]


def register(registry: Registry, number: int) -> int:
    """Makes a subject known, and gives the revision."""
    registered = commands.RegisterSubject("cn-uscc", code_of(number), name_of(number))
    return registry.execute(registered, actor="test", moment=datetime.now(UTC))


def refused(checks: CheckServiceStub, request: pb.CheckSubjectRequest, timeout: float = PATIENCE) -> dict[str, object]:
    with pytest.raises(grpc.RpcError) as raised:
        checks.CheckSubject(request, timeout=timeout)
    return refusal_in(raised.value)


# Outcomes


@pytest.mark.parametrize(
    ("number", "materials", "wanted"),
    [
        (Character.TRUSTED, None, ("GREEN_CHANNEL", "LISTED")),
        (Character.CLEAN, None, ("GREEN_CHANNEL", "NOT_LISTED")),
        (Character.TRUSTED_MODEL, ESSENTIAL, ("DEFERRED_ACCEPTANCE", "LISTED")),
        (Character.SERIOUS, None, ("RESTRICTION", "LISTED")),
        (Character.BARRED, None, ("RESTRICTION", "LISTED")),
        (Character.UNKNOWN, None, ("ORDINARY", "NOT_LISTED")),
    ],
)
def test_each_kind_of_subject_gets_its_outcome(
    checks: CheckServiceStub, number: int, materials: tuple[str, ...] | None, wanted: tuple[str, str]
) -> None:
    request = a_check(number) if materials is None else a_check(number, supplied_materials=materials)
    response = checks.CheckSubject(request, timeout=PATIENCE)
    assert (outcome(response), standing(response)) == wanted


@pytest.mark.parametrize(
    ("number", "measure"),
    [
        (Character.SERIOUS, decision_pb2.MEASURE_KIND_ENHANCED_REVIEW),
        (Character.BARRED, decision_pb2.MEASURE_KIND_LICENCE_BAR),
    ],
)
def test_a_restriction_carries_everything_the_applicant_must_be_told(
    checks: CheckServiceStub, number: int, measure: int
) -> None:
    decision = checks.CheckSubject(a_check(number), timeout=PATIENCE).decision
    first = decision.restrictions[0]
    assert first.kind == measure
    assert first.document.number
    assert first.document.date
    assert first.designating_authority.name
    assert first.implementing_authority.name
    assert first.legal_basis.title
    assert first.legal_basis.article
    assert first.term.until
    assert first.objection.authority.name
    assert first.objection.how
    assert first.repair.how
    assert decision.HasField("expires_at")


def test_deferred_acceptance_names_what_may_follow_and_by_when(checks: CheckServiceStub) -> None:
    request = a_check(Character.TRUSTED_MODEL, supplied_materials=ESSENTIAL)
    materials = checks.CheckSubject(request, timeout=PATIENCE).decision.materials
    assert [material.code for material in materials.deferrable] == ["LAYOUT-PLAN", "STAFF-HEALTH-CERTIFICATES"]
    assert all(material.deadline for material in materials.deferrable)
    assert materials.notice_text
    assert materials.commitment_required


NOBODY_RESTRICTS = {
    "by name only": (by_name(name_of(Character.SERIOUS)), "NAME_ONLY"),
    "masked": (by_code("cn-uscc", code_of(Character.SERIOUS)[:8] + "*" * 10, name_of(Character.SERIOUS)), None),
    "expired": (a_check(Character.EXPIRED), None),
    "stayed": (a_check(Character.OBJECTING), "STAYED_UNDER_OBJECTION"),
    "without its document": (a_check(Extra.WITHOUT_DOCUMENT), "INFORMATION_ONLY"),
    "of a regime this catalogue lacks": (a_check(Extra.OF_UNKNOWN_REGIME), "UNKNOWN_REGIME"),
}


@pytest.mark.parametrize("case", NOBODY_RESTRICTS)
def test_what_must_not_restrict_does_not_and_says_why(checks: CheckServiceStub, case: str) -> None:
    request, why = NOBODY_RESTRICTS[case]
    response = checks.CheckSubject(request, timeout=PATIENCE)
    assert outcome(response) != "RESTRICTION"
    assert not response.decision.restrictions
    assert why is None or why in notices(response)
    assert response.decision.explanation.text


def test_a_name_alone_is_at_most_a_possible_match(checks: CheckServiceStub) -> None:
    response = checks.CheckSubject(by_name(name_of(Character.SERIOUS)), timeout=PATIENCE)
    assert (outcome(response), standing(response)) == ("UNDETERMINED", "POSSIBLE_MATCH")
    assert {"NAME_ONLY", "POSSIBLE_MATCH"} <= notices(response)


def test_a_name_nobody_bears_is_still_not_a_clear_answer(checks: CheckServiceStub) -> None:
    response = checks.CheckSubject(by_name("查无此名"), timeout=PATIENCE)
    assert (outcome(response), standing(response)) == ("UNDETERMINED", "UNKNOWN")


def test_a_masked_code_is_at_most_a_possible_match(checks: CheckServiceStub) -> None:
    response = checks.CheckSubject(NOBODY_RESTRICTS["masked"][0], timeout=PATIENCE)
    assert (outcome(response), standing(response)) == ("UNDETERMINED", "POSSIBLE_MATCH")
    assert {"MASKED_IDENTIFIER", "POSSIBLE_MATCH"} <= notices(response)


def test_an_expired_listing_is_not_shown(checks: CheckServiceStub) -> None:
    response = checks.CheckSubject(a_check(Character.EXPIRED), timeout=PATIENCE)
    assert standing(response) == "NOT_LISTED"
    assert not [notice for notice in response.decision.notices if notice.listing_id]


def test_another_name_than_the_recorded_one_is_noticed(checks: CheckServiceStub) -> None:
    request = by_code("cn-uscc", code_of(Character.SERIOUS), "另一家企业")
    response = checks.CheckSubject(request, timeout=PATIENCE)
    assert outcome(response) == "RESTRICTION"
    assert "NAME_DIFFERS" in notices(response)


def test_stale_data_answers_undetermined_and_says_so(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, max_index_age=1.5) as node:
        fresh = node.checks().CheckSubject(a_check(Character.SERIOUS), timeout=PATIENCE)
        assert outcome(fresh) == "RESTRICTION"
        os.kill(parts(node.pid)["follower"], signal.SIGSTOP)
        time.sleep(2.7)  # the limit, and the second that lies between two heartbeats
        for number in (Character.SERIOUS, Character.TRUSTED, Character.UNKNOWN):
            response = node.checks().CheckSubject(a_check(number), timeout=PATIENCE)
            assert (outcome(response), standing(response)) == ("UNDETERMINED", "UNKNOWN")
            assert notices(response) == {"STALE_DATA"}
            assert response.index_age.ToNanoseconds() > 1.5e9


def test_an_empty_registry_answers_undetermined_and_says_so(tmp_path: Path) -> None:
    with RunningNode(tmp_path) as node:
        response = node.checks().CheckSubject(a_check(), timeout=PATIENCE)
        assert (outcome(response), standing(response)) == ("UNDETERMINED", "UNKNOWN")
        assert notices(response) == {"NO_DATA"}


# Language


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "en"),
        ("zh-CN", "zh-CN"),
        ("fr, zh;q=0.8, en;q=0.1", "zh-CN"),
        ("en-GB", "en"),
        ("fr", "en"),
        (",;", "en"),
    ],
)
def test_the_answer_speaks_the_language_asked_for(checks: CheckServiceStub, accept: str | None, language: str) -> None:
    metadata = () if accept is None else (("accept-language", accept),)
    response = checks.CheckSubject(a_check(Character.SERIOUS), timeout=PATIENCE, metadata=metadata)
    assert response.decision.explanation.language == language
    chinese = any("\u4e00" <= sign <= "\u9fff" for sign in response.decision.restrictions[0].measure_name)
    assert chinese == (language == "zh-CN")


# Batches


def test_a_batch_is_answered_in_order_from_one_revision_with_a_status_each(
    node: RunningNode, checks: CheckServiceStub
) -> None:
    mark = uuid4().hex
    wanted = [
        a_check(Character.SERIOUS, request_id=f"{mark}-0"),
        by_code("cn-uscc", "NOT-A-CODE", request_id=f"{mark}-1"),
        a_check(Character.CLEAN, request_id=f"{mark}-2"),
        a_check(item_code="NO-SUCH-ITEM", request_id=f"{mark}-3"),
        a_check(request_id=f"{mark}-4", consistency=pb.Consistency(minimize_latency=True)),
        a_check(request_id=f"{mark}-5"),
    ]
    answer = checks.BatchCheckSubjects(pb.BatchCheckSubjectsRequest(checks=wanted), timeout=PATIENCE)
    assert [result.WhichOneof("result") for result in answer.results] == [
        "response", "error", "response", "error", "error", "response",
    ]  # fmt: skip
    assert [outcome(r.response) for r in answer.results if r.HasField("response")] == [
        "RESTRICTION", "GREEN_CHANNEL", "ORDINARY",
    ]  # fmt: skip
    assert [reason_in(r) for r in answer.results if r.HasField("error")] == [
        "INVALID_IDENTIFIER", "UNKNOWN_ITEM", "INVALID_REQUEST",
    ]  # fmt: skip
    assert {r.response.revision for r in answer.results if r.HasField("response")} == {answer.revision}
    assert [len(rows_of(node, request.request_id)) for request in wanted] == [1] * len(wanted)


def reason_in(result: pb.BatchCheckResult) -> str:
    info = error_details_pb2.ErrorInfo()
    assert result.error.details[0].Unpack(info)
    return str(info.reason)


@pytest.mark.parametrize(("count", "accepted"), [(0, False), (1, True), (100, True), (101, False)])
def test_a_batch_holds_one_to_a_hundred_checks(checks: CheckServiceStub, count: int, accepted: bool) -> None:
    batch = pb.BatchCheckSubjectsRequest(checks=[a_check(case_number=f"C-{n}") for n in range(count)])
    if accepted:
        answer = checks.BatchCheckSubjects(batch, timeout=PATIENCE)
        assert len({result.response.check_id for result in answer.results}) == count
    else:
        with pytest.raises(grpc.RpcError) as raised:
            checks.BatchCheckSubjects(batch, timeout=PATIENCE)
        assert refusal_in(raised.value)["reason"] == "INVALID_REQUEST"


def test_a_batch_that_repeats_a_request_id_answers_it_once(node: RunningNode, checks: CheckServiceStub) -> None:
    request = a_check(request_id=f"twice-{uuid4().hex}")
    answer = checks.BatchCheckSubjects(pb.BatchCheckSubjectsRequest(checks=[request, request]), timeout=PATIENCE)
    assert answer.results[0].response.check_id
    assert answer.results[0] == answer.results[1]
    assert len(rows_of(node, request.request_id)) == 1


def test_a_batch_that_reuses_a_request_id_refuses_the_second_and_records_that(
    node: RunningNode, checks: CheckServiceStub
) -> None:
    request_id = f"reused-{uuid4().hex}"
    batch = [a_check(request_id=request_id), a_check(request_id=request_id, case_number="CASE-2")]
    answer = checks.BatchCheckSubjects(pb.BatchCheckSubjectsRequest(checks=batch), timeout=PATIENCE)
    assert answer.results[0].HasField("response")
    assert reason_in(answer.results[1]) == "REQUEST_ID_REUSED"
    reasons = sorted(str(row["error_reason"]) for row in rows_of(node, request_id))
    assert reasons == ["", "ERROR_REASON_REQUEST_ID_REUSED"]


# Reading back


def test_a_recorded_check_reads_back_byte_for_byte(node: RunningNode, checks: CheckServiceStub) -> None:
    request = a_check(Character.OBJECTING, annotations={"b": "2", "a": "1", "c": "3"})
    asked: grpc.UnaryUnaryMultiCallable[pb.CheckSubjectRequest, bytes] = node.channel().unary_unary(
        f"/{SERVICE}/CheckSubject", request_serializer=pb.CheckSubjectRequest.SerializeToString
    )
    raw: bytes = asked(request, timeout=PATIENCE)
    response = pb.CheckSubjectResponse.FromString(raw)
    read: grpc.UnaryUnaryMultiCallable[bytes, bytes] = node.channel().unary_unary(f"/{SERVICE}/GetCheck")
    stored: bytes = read(pb.GetCheckRequest(check_id=response.check_id).SerializeToString(), timeout=PATIENCE)
    found = pb.GetCheckResponse.FromString(stored)
    assert raw in stored
    assert found.response == response
    assert found.request == request
    assert found.authority.code == "DEMO-LICENSING"
    assert found.recorded_at == response.decided_at
    assert not found.HasField("error")


def test_an_unknown_check_is_not_found(checks: CheckServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        checks.GetCheck(pb.GetCheckRequest(check_id=str(uuid4())), timeout=PATIENCE)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert refusal_in(raised.value)["reason"] == "CHECK_NOT_FOUND"


def test_a_refused_check_reads_back_with_its_error(node: RunningNode, checks: CheckServiceStub) -> None:
    request_id = f"refused-{uuid4().hex}"
    error = refused(checks, by_code("cn-uscc", "NOT-A-CODE", request_id=request_id))
    row = rows_of(node, request_id)[0]
    found = checks.GetCheck(pb.GetCheckRequest(check_id=str(row["check_id"])), timeout=PATIENCE)
    assert not found.HasField("response")
    assert found.error.message == error["message"]
    info = error_details_pb2.ErrorInfo()
    assert found.error.details[0].Unpack(info)
    assert info.reason == "INVALID_IDENTIFIER"
    assert "NOT-A-CODE" not in str(found)


# Retries


def test_the_same_id_and_body_get_the_recorded_answer(node: RunningNode, checks: CheckServiceStub) -> None:
    request = a_check(Character.SERIOUS, request_id=f"retry-{uuid4().hex}")
    first = checks.CheckSubject(request, timeout=PATIENCE)
    assert checks.CheckSubject(request, timeout=PATIENCE) == first
    assert first.request_id == request.request_id
    assert len(rows_of(node, request.request_id)) == 1


def test_the_same_id_with_another_body_is_refused(checks: CheckServiceStub) -> None:
    request_id = f"other-{uuid4().hex}"
    first = checks.CheckSubject(a_check(request_id=request_id), timeout=PATIENCE)
    error = refused(checks, a_check(request_id=request_id, case_number="CASE-2"))
    assert (error["code"], error["reason"]) == ("INVALID_ARGUMENT", "REQUEST_ID_REUSED")
    assert error["metadata"] == {"check_id": first.check_id}


def test_a_refused_check_may_be_asked_again_under_its_id(checks: CheckServiceStub) -> None:
    request_id = f"again-{uuid4().hex}"
    refused(checks, by_code("cn-uscc", "NOT-A-CODE", request_id=request_id))
    assert checks.CheckSubject(a_check(request_id=request_id), timeout=PATIENCE).check_id


def test_duplicates_at_once_are_one_check(node: RunningNode, checks: CheckServiceStub) -> None:
    request = a_check(Character.CLEAN, request_id=f"at-once-{uuid4().hex}")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: checks.CheckSubject(request, timeout=PATIENCE), range(64)))
    assert len({answer.check_id for answer in answers}) == 1
    assert len(rows_of(node, request.request_id)) == 1


def test_a_caller_that_gives_up_and_retries_gets_one_check(node: RunningNode, checks: CheckServiceStub) -> None:
    for attempt in range(30):
        request = a_check(request_id=f"gave-up-{attempt}-{uuid4().hex}")
        call = checks.CheckSubject.future(request, timeout=PATIENCE)
        time.sleep(attempt * 0.0002)
        call.cancel()
        answer = checks.CheckSubject(request, timeout=PATIENCE)
        assert [row["check_id"] for row in rows_of(node, request.request_id)] == [answer.check_id]


def test_a_retry_after_a_restart_gets_the_recorded_answer(tmp_path: Path) -> None:
    request = a_check(Character.TRUSTED, request_id="before-the-restart")
    with load(tmp_path), RunningNode(tmp_path) as node:
        first = node.checks().CheckSubject(request, timeout=PATIENCE)
        assert node.stop() == 0
        node.start()
        assert node.checks().CheckSubject(request, timeout=PATIENCE) == first
        assert len(rows_of(node, request.request_id)) == 1
        error = refused(node.checks(), a_check(request_id="before-the-restart", officer="another"))
        assert error["reason"] == "REQUEST_ID_REUSED"


def test_a_retry_that_lands_on_another_worker_gets_the_recorded_answer(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path, workers=2) as node:
        parts(node.pid, workers=2)
        time.sleep(1.0)  # the second worker may still be starting
        request = a_check(Character.TRUSTED, request_id="from-anywhere")
        found = [on_new_connection(node, request) for _ in range(20)]
        assert len({response.check_id for response in found}) == 1
        assert len(rows_of(node, request.request_id)) == 1
        for number in range(20):
            on_new_connection(node, a_check(request_id=f"spread-{number}"))
        workers = {stored.record.worker for stored in log_of(node).newest(Filter())}
        assert workers == {"worker-1", "worker-2"}


def on_new_connection(node: RunningNode, request: pb.CheckSubjectRequest) -> pb.CheckSubjectResponse:
    options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(node.address, options=options) as channel:
        return CheckServiceStub(channel).CheckSubject(request, timeout=PATIENCE)


# Freshness


def test_a_check_that_waits_for_a_revision_sees_what_it_brought(
    checks: CheckServiceStub, served_registry: Registry
) -> None:
    before = checks.CheckSubject(a_check(), timeout=PATIENCE)
    revision = register(served_registry, 71_000_001)
    token = before.revision.rpartition(".")[0] + f".{revision}"
    response = checks.CheckSubject(
        a_check(71_000_001, consistency=pb.Consistency(at_least_as_fresh=token)), timeout=PATIENCE
    )
    assert response.revision == token
    assert response.decision.known_since == "" or standing(response) == "NOT_LISTED"


def test_an_index_behind_says_so_before_the_deadline(checks: CheckServiceStub) -> None:
    have = checks.CheckSubject(a_check(), timeout=PATIENCE).revision
    database, _, number = have.rpartition(".")
    ahead = pb.Consistency(at_least_as_fresh=f"{database}.{int(number) + 1000}")
    error = refused(checks, a_check(consistency=ahead), timeout=2.0)
    # Past its deadline the call would have ended as DEADLINE_EXCEEDED, whatever the service says.
    assert (error["code"], error["reason"]) == ("UNAVAILABLE", "INDEX_BEHIND")
    assert error["metadata"] == {"have": number, "want": str(int(number) + 1000)}


def test_a_token_of_another_database_is_noticed(checks: CheckServiceStub) -> None:
    error = refused(checks, a_check(consistency=pb.Consistency(at_least_as_fresh=f"r1.{'0' * 32}.1")))
    assert (error["code"], error["reason"]) == ("FAILED_PRECONDITION", "FOREIGN_REVISION")


@pytest.mark.parametrize(
    "token", ["x", "r1.a", "r2.abc.1", "r1.abc.-1", "r1.abc.١", "r1.abc." + "9" * 30, "....", "r1"]
)
def test_a_token_that_is_none_is_refused(checks: CheckServiceStub, token: str) -> None:
    error = refused(checks, a_check(consistency=pb.Consistency(at_least_as_fresh=token)))
    assert (error["code"], error["reason"]) == ("INVALID_ARGUMENT", "INVALID_REVISION")


# Health and reflection


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_tells_by_service(node: RunningNode, service: str) -> None:
    health = health_pb2_grpc.HealthStub(node.channel())
    request = health_pb2.HealthCheckRequest(service=service)
    assert health.Check(request, timeout=PATIENCE).status == health_pb2.HealthCheckResponse.SERVING
    watch = health.Watch(request, timeout=PATIENCE)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()


def test_health_does_not_know_other_services(node: RunningNode) -> None:
    health = health_pb2_grpc.HealthStub(node.channel())
    with pytest.raises(grpc.RpcError) as raised:
        health.Check(health_pb2.HealthCheckRequest(service="other"), timeout=PATIENCE)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def reflected(
    node: RunningNode, request: reflection_pb2.ServerReflectionRequest
) -> reflection_pb2.ServerReflectionResponse:
    stub = reflection_pb2_grpc.ServerReflectionStub(node.channel())
    return next(iter(stub.ServerReflectionInfo(iter([request]), timeout=PATIENCE)))


def test_reflection_lists_the_services(node: RunningNode) -> None:
    answer = reflected(node, reflection_pb2.ServerReflectionRequest(list_services=""))
    names = {service.name for service in answer.list_services_response.service}
    assert {SERVICE, "grpc.health.v1.Health"} <= names


def test_reflection_describes_the_service(node: RunningNode) -> None:
    answer = reflected(node, reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE))
    files = map(descriptor_pb2.FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
    methods = {m.name for file in files for service in file.service for m in service.method}
    assert methods == {member.name for member in pb.DESCRIPTOR.services_by_name["CheckService"].methods}


# Starting and stopping


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    data_dir = tmp_path_factory.mktemp("drained")
    with load(data_dir):
        yield data_dir


def test_sigterm_lets_calls_in_flight_finish_and_ships_the_journals(loaded: Path) -> None:
    with RunningNode(loaded) as node:
        checks = node.checks()
        serving = checks.CheckSubject(a_check(), timeout=PATIENCE)
        database, _, number = serving.revision.rpartition(".")
        ahead = pb.Consistency(at_least_as_fresh=f"{database}.{int(number) + 1}")
        waiting = checks.CheckSubject.future(a_check(71_000_002, consistency=ahead), timeout=PATIENCE)
        time.sleep(0.3)
        seen: list[int] = []
        watching = health_pb2_grpc.HealthStub(node.channel()).Watch(
            health_pb2.HealthCheckRequest(service=SERVICE), timeout=PATIENCE
        )
        watcher = threading.Thread(target=lambda: follow(watching, seen))
        watcher.start()
        time.sleep(0.2)
        os.kill(node.pid, signal.SIGTERM)
        time.sleep(0.5)
        with Registry.open(*registry_of(loaded), moment=datetime.now(UTC)) as registry:
            register(registry, 71_000_002)
        answer = waiting.result()
        assert node.stop() == 0
        watcher.join()
        assert seen == [health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING]
        log = log_of(node)
        assert log.backlog().rows == 0
        assert log.get(answer.check_id) is not None
        assert not (loaded / "serving.json").exists()


def registry_of(data_dir: Path) -> tuple[str, SubjectKeys]:
    settings = Settings(data_dir=data_dir)
    return settings.registry_url, load_keys(settings)


def follow(watching: Iterator[health_pb2.HealthCheckResponse], seen: list[int]) -> None:
    with contextlib.suppress(grpc.RpcError):
        seen.extend(answer.status for answer in watching)


def second_serve(data_dir: Path, listen: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clearway.cli.main", "serve", "--data-dir", str(data_dir), "--listen", listen]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_second_node_on_the_same_folder_is_refused(node: RunningNode) -> None:
    ended = second_serve(node.data_dir, "127.0.0.1:0")
    assert ended.returncode == 1
    assert "another clearway serves from" in ended.stderr
    assert node.serving()


def test_a_second_node_on_the_same_port_is_refused(node: RunningNode, tmp_path: Path) -> None:
    ended = second_serve(tmp_path, node.address)
    assert ended.returncode == 1
    assert f"{node.address} cannot be served on" in ended.stderr
    assert node.serving()
