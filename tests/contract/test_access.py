"""Who may do what, over the wire: role by method by scope; and what the log has of whoever was kept out, or looked."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from clearway.access.methods import METHODS, Openness, Role, rule_of, short
from clearway.cli.connection import error_document
from clearway.cli.log import refusals_in
from clearway.client.errors import status_in
from clearway.gen.v1 import audit_reports_pb2 as reports_pb
from clearway.gen.v1 import audit_service_pb2 as audit_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1 import subject_pb2
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.gen.v1.deferral_service_pb2_grpc import DeferralServiceStub
from clearway.gen.v1.registry_service_pb2_grpc import RegistryServiceStub
from clearway.querylog.filter import Filter, Kind
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.registry.synthetic import Character, code_of
from clearway.server.databases import open_log
from clearway.server.settings import Settings
from tests.contract.cases_service import a_case, a_commitment
from tests.contract.loaded import ESSENTIAL, a_check, by_code, outcome, refusal_in
from tests.node import RunningNode
from tests.parties import ROLES, as_caller, bearer
from tests.unit.registry.making import CITIZEN

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

PATIENCE = 10.0
OURS = [method for method in METHODS if method.startswith("/clearway.")]
CLOSED_TO_OPERATORS = [
    method
    for method in OURS
    if rule_of(method).openness is Openness.ROLES and Role.OPERATOR not in rule_of(method).roles
]
NO_MESSAGE = b"\xff\xff"
"""Whoever may call a method at all is told that this is none; nobody else comes so far."""

Failing = Callable[[], object]


def refused(call: Failing) -> dict[str, Any]:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return refusal_in(raised.value)


def raw(node: RunningNode, method: str, metadata: Any, body: bytes = NO_MESSAGE) -> list[bytes]:
    """A call of whatever method, with these bytes."""
    if method.endswith("/WatchCases"):
        stream: grpc.UnaryStreamMultiCallable[bytes, bytes] = node.channel().unary_stream(method)
        return list(stream(body, metadata=metadata, timeout=PATIENCE))
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = node.channel().unary_unary(method)
    return [call(body, metadata=metadata, timeout=PATIENCE)]


def recorded(node: RunningNode, caller: str, kind: Kind = Kind.OTHERS) -> list[CheckRecord]:
    """What is on the log of a caller, the newest first."""
    settings = Settings(data_dir=node.data_dir)
    engine = open_log(settings)
    try:
        log = Log(engine, settings.data_dir / "journal")
        return [stored.record for stored in log.newest(Filter(caller=caller, kind=kind), limit=5000)]
    finally:
        engine.dispose()


def checks(node: RunningNode, name: str) -> CheckServiceStub:
    return CheckServiceStub(as_caller(node, name))


def registry(node: RunningNode, name: str) -> RegistryServiceStub:
    return RegistryServiceStub(as_caller(node, name))


# Role by method


@pytest.mark.parametrize("method", OURS)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_call_the_methods_of_its_rows_and_no_others(guarded: RunningNode, role: str, method: str) -> None:
    found = refused(lambda: raw(guarded, method, bearer(role)))
    rule = rule_of(method)
    if Role(role) in rule.roles or rule.openness is Openness.KNOWN:
        assert found["reason"] == "MALFORMED_REQUEST"
    else:
        assert (found["code"], found["reason"]) == ("PERMISSION_DENIED", "ACCESS_DENIED")
        assert found["metadata"] == {"method": short(method), "lack": "role", "needed": ", ".join(rule.roles)}


@pytest.mark.parametrize("method", OURS)
def test_nobody_unknown_may_call_anything(guarded: RunningNode, method: str) -> None:
    found = refused(lambda: raw(guarded, method, ()))
    assert (found["code"], found["reason"]) == ("UNAUTHENTICATED", "CREDENTIALS_MISSING")


def test_whether_the_service_is_well_everybody_may_ask(guarded: RunningNode) -> None:
    assert guarded.serving()
    health = health_pb2_grpc.HealthStub(guarded.channel())
    stream = health.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
    assert next(iter(stream)).status == health_pb2.HealthCheckResponse.SERVING
    stream.cancel()


def test_the_contract_is_shown_to_the_known_only(guarded: RunningNode) -> None:
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    stub = reflection_pb2_grpc.ServerReflectionStub(guarded.channel())
    found = refused(lambda: list(stub.ServerReflectionInfo(iter([asked]), timeout=PATIENCE)))
    assert found["reason"] == "CREDENTIALS_MISSING"
    (answer,) = stub.ServerReflectionInfo(iter([asked]), metadata=bearer("operator"), timeout=PATIENCE)
    assert "clearway.v1.CheckService" in {service.name for service in answer.list_services_response.service}


@pytest.mark.parametrize(
    ("authorization", "fault"),
    [
        ("Basic dXNlcjpwYXNz", "malformed"),
        ("Bearer", "malformed"),
        ("Bearer ", "malformed"),
        ("Bearer nonsense", "malformed"),
        ("Bearer a.b.c", "malformed"),
        ("Bearer " + "x" * 7000, "malformed"),
        ("Bearer clearway_token_" + "A" * 43, "unknown_token"),
        ("Bearer clearway_token_", "unknown_token"),
    ],
)
def test_credentials_that_prove_nothing(guarded: RunningNode, authorization: str, fault: str) -> None:
    found = refused(lambda: raw(guarded, OURS[0], (("authorization", authorization),)))
    assert (found["code"], found["reason"], found["metadata"]) == (
        "UNAUTHENTICATED",
        "CREDENTIALS_INVALID",
        {"fault": fault},
    )


# Scope


FOOD, TRAVEL = "FOOD-OPERATION", "TRAVEL-AGENCY"


@pytest.mark.parametrize(
    ("caller", "changes", "lack"),
    [
        ("checker", {}, None),
        ("officer", {}, None),
        ("checker-of-food", {"item_code": FOOD}, None),
        ("checker-of-food", {"item_code": TRAVEL}, "item"),
        ("checker-of-food", {"item_code": "NO-SUCH-ITEM"}, "item"),
        ("checker-of-beijing", {}, None),
        ("checker-of-beijing", {"region_code": "110000"}, None),
        ("checker-of-beijing", {"region_code": "310000"}, "region"),
        ("checker-of-beijing", {"region_code": "990000"}, "region"),
        ("checker-for-one", {"officer": "officer 7"}, None),
        ("checker-for-one", {"officer": "officer 8"}, "officer"),
    ],
)
def test_a_check_is_answered_within_the_grant(
    guarded: RunningNode, caller: str, changes: dict[str, Any], lack: str | None
) -> None:
    stub, request = checks(guarded, caller), a_check(**changes)
    if lack is None:
        assert stub.CheckSubject(request, timeout=PATIENCE).check_id
        return
    found = refused(lambda: stub.CheckSubject(request, timeout=PATIENCE))
    assert (found["reason"], found["metadata"]["lack"]) == ("ACCESS_DENIED", lack)
    batch = pb.BatchCheckSubjectsRequest(checks=[a_check(officer="officer 7", item_code=FOOD), request])
    first, second = stub.BatchCheckSubjects(batch, timeout=PATIENCE).results
    assert first.response.check_id
    assert second.error.code == grpc.StatusCode.PERMISSION_DENIED.value[0]


def a_listing(regime: str, registrar: str = "registrar 3") -> registry_pb.EnterListingRequest:
    request = registry_pb.EnterListingRequest(act=an_act(registrar), listing_id=f"A-{uuid4().hex[:8]}")
    request.identifier.scheme, request.identifier.value = "cn-uscc", code_of(Character.CLEAN)
    request.listing.regime = regime
    request.listing.document.number, request.listing.document.date = "示决1号", str(datetime.now(UTC).date())
    return request


def an_act(registrar: str = "registrar 3") -> registry_pb.Act:
    return registry_pb.Act(registrar=registrar, reason="by the book")


@pytest.mark.parametrize(
    ("caller", "regime", "registrar", "lack"),
    [
        ("registrar-of-tax", "SAMR-SERIOUS", "registrar 3", "regime"),
        ("registrar", "TAX-MAJOR", "registrar 3", "regime"),
        ("registrar", "NO-SUCH-REGIME", "registrar 3", "regime"),
        ("registrar-of-shanghai", "SAMR-SERIOUS", "registrar 3", "region"),
        ("registrar-for-one", "SAMR-SERIOUS", "registrar 4", "officer"),
    ],
)
def test_a_registrar_acts_within_the_grant(
    guarded: RunningNode, caller: str, regime: str, registrar: str, lack: str
) -> None:
    request = a_listing(regime, registrar)
    found = refused(lambda: registry(guarded, caller).EnterListing(request, timeout=PATIENCE))
    assert (found["reason"], found["metadata"]["lack"]) == ("ACCESS_DENIED", lack)


def test_a_registrar_lists_under_its_own_regime(guarded: RunningNode) -> None:
    request = a_listing("TAX-MAJOR")
    stub = registry(guarded, "registrar-of-tax")
    assert stub.EnterListing(request, timeout=PATIENCE).recorded.revision
    stub.Delist(registry_pb.DelistRequest(act=an_act(), listing_id=request.listing_id), timeout=PATIENCE)


def test_an_adverse_record_takes_a_grant_that_says_so(guarded: RunningNode) -> None:
    request = registry_pb.RecordAdverseRequest(act=an_act(), record_id="AR-1")
    request.identifier.scheme, request.identifier.value = "cn-uscc", code_of(Character.CLEAN)
    found = refused(lambda: raw(guarded, OURS_BY_NAME["RecordAdverse"], bearer("registrar"), valid_adverse(request)))
    assert found["metadata"]["lack"] == "adverse_records"


OURS_BY_NAME = {method.rpartition("/")[2]: method for method in OURS}


def valid_adverse(request: registry_pb.RecordAdverseRequest) -> bytes:
    request.kind = registry_pb.ADVERSE_KIND_PENALTY
    request.severity = registry_pb.SEVERITY_MINOR
    request.document.number, request.document.date = "示罚1号", str(datetime.now(UTC).date())
    return request.SerializeToString()


# What is not a caller's to know


def delisting(listing_id: str) -> registry_pb.DelistRequest:
    return registry_pb.DelistRequest(act=an_act(), listing_id=listing_id)


@pytest.mark.parametrize("caller", ["registrar-of-tax", "registrar-of-shanghai"])
def test_a_listing_out_of_reach_looks_as_if_it_did_not_exist(guarded: RunningNode, caller: str) -> None:
    stub = registry(guarded, caller)
    there, absent = delisting(f"SYN-{Character.SERIOUS:08d}"), delisting("SYN-NOTHING")
    told = [refused(partial(stub.Delist, one, timeout=PATIENCE)) for one in (there, absent)]
    assert told[0] == told[1]
    assert told[0]["reason"] == "FACT_NOT_FOUND"
    latest = recorded(guarded, caller)[0]
    assert (latest.method, latest.error_reason) == ("RegistryService/Delist", "ERROR_REASON_ACCESS_DENIED")


def test_anothers_check_looks_as_if_it_did_not_exist(guarded: RunningNode) -> None:
    theirs = checks(guarded, "checker").CheckSubject(a_check(), timeout=PATIENCE).check_id
    stub = checks(guarded, "checker-elsewhere")
    told = [
        refused(partial(stub.GetCheck, pb.GetCheckRequest(check_id=one), timeout=PATIENCE))
        for one in (theirs, str(uuid4()))
    ]
    assert told[0] == told[1]
    assert told[0]["reason"] == "CHECK_NOT_FOUND"
    (row,) = recorded(guarded, "checker-elsewhere")
    assert (row.method, row.error_reason) == ("CheckService/GetCheck", "ERROR_REASON_ACCESS_DENIED")


def test_a_case_of_another_item_looks_as_if_it_did_not_exist(guarded: RunningNode) -> None:
    request = a_check(Character.TRUSTED, supplied_materials=ESSENTIAL, case_number=a_case())
    answer = checks(guarded, "officer").CheckSubject(request, timeout=PATIENCE)
    assert outcome(answer) == "DEFERRED_ACCEPTANCE"
    stub = DeferralServiceStub(as_caller(guarded, "officer-of-travel"))
    told = [
        refused(partial(stub.Commit, a_commitment(one), timeout=PATIENCE)) for one in (answer.check_id, str(uuid4()))
    ]
    assert told[0] == told[1]
    assert told[0]["reason"] == "CHECK_NOT_FOUND"
    own = DeferralServiceStub(as_caller(guarded, "officer"))
    assert own.Commit(a_commitment(answer.check_id), timeout=PATIENCE)


def test_who_may_not_ask_learns_nothing_of_what_there_is(guarded: RunningNode) -> None:
    """Permission comes before existence: an act on what exists and on what does not are refused alike."""
    stub = registry(guarded, "checker")
    there, absent = delisting(f"SYN-{Character.SERIOUS:08d}"), delisting("SYN-NOTHING")
    told = [refused(partial(stub.Delist, one, timeout=PATIENCE)) for one in (there, absent)]
    assert told[0] == told[1]
    assert told[0]["reason"] == "ACCESS_DENIED"


# What is on the log


@pytest.mark.parametrize("method", CLOSED_TO_OPERATORS)
def test_every_refusal_is_on_the_log_before_it_leaves(guarded: RunningNode, method: str) -> None:
    before = {row.check_id for row in recorded(guarded, "operator", Kind.ALL)}
    refused(lambda: raw(guarded, method, bearer("operator")))
    (row,) = [row for row in recorded(guarded, "operator", Kind.ALL) if row.check_id not in before]
    assert row.error_reason == "ERROR_REASON_ACCESS_DENIED"
    assert row.authority == "DEMO-LICENSING"
    is_check = method.endswith(("/CheckSubject", "/BatchCheckSubjects"))
    assert row.method == ("" if is_check else short(method))


def test_whom_nobody_knows_is_on_the_log_without_the_token(guarded: RunningNode) -> None:
    secret = "clearway_token_" + "S" * 43
    before = {row.check_id for row in recorded(guarded, "", Kind.ALL)}
    refused(lambda: raw(guarded, OURS_BY_NAME["GetSubject"], (("authorization", f"Bearer {secret}"),)))
    (row,) = [row for row in recorded(guarded, "", Kind.ALL) if row.check_id not in before]
    assert (row.method, row.error_reason) == ("RegistryService/GetSubject", "ERROR_REASON_CREDENTIALS_INVALID")
    assert secret.encode() not in row.request + row.response
    assert secret not in guarded.log.read_text()


def test_an_auditors_look_at_a_check_is_on_the_log(guarded: RunningNode) -> None:
    request = a_check(Character.SERIOUS, case_number=a_case())
    check_id = checks(guarded, "checker").CheckSubject(request, timeout=PATIENCE).check_id
    wanted = pb.GetCheckRequest(check_id=check_id)
    assert checks(guarded, "auditor").GetCheck(wanted, timeout=PATIENCE).request.case_number == (request.case_number)
    row = recorded(guarded, "auditor")[0]
    assert (row.method, row.error_reason, row.subject) == ("CheckService/GetCheck", "", code_of(Character.SERIOUS))
    assert pb.GetCheckRequest.FromString(row.request) == wanted


def test_a_licensing_systems_look_at_its_own_check_is_its_business(guarded: RunningNode) -> None:
    check_id = checks(guarded, "checker").CheckSubject(a_check(), timeout=PATIENCE).check_id
    before = len(recorded(guarded, "checker"))
    checks(guarded, "checker").GetCheck(pb.GetCheckRequest(check_id=check_id), timeout=PATIENCE)
    assert len(recorded(guarded, "checker")) == before


def test_a_look_at_who_relied_on_a_listing_is_on_the_log(guarded: RunningNode) -> None:
    request = audit_pb.ListAffectedChecksRequest(listing_id=f"SYN-{Character.SERIOUS:08d}")
    AuditServiceStub(as_caller(guarded, "auditor")).ListAffectedChecks(request, timeout=PATIENCE)
    row = recorded(guarded, "auditor")[0]
    assert (row.method, audit_pb.ListAffectedChecksRequest.FromString(row.request)) == (
        "AuditService/ListAffectedChecks",
        request,
    )


def test_a_search_for_a_subject_is_on_the_log_without_the_name(guarded: RunningNode) -> None:
    audits = AuditServiceStub(as_caller(guarded, "auditor"))
    request = reports_pb.SearchChecksRequest()
    request.filter.subject.name = "无人所有的名称"
    assert not audits.SearchChecks(request, timeout=PATIENCE).checks
    row = recorded(guarded, "auditor")[0]
    assert (row.method, row.subject, bool(row.subject_key)) == ("AuditService/SearchChecks", "", True)
    assert request.filter.subject.name.encode() not in row.request
    identifier = subject_pb2.Identifier(scheme="cn-uscc", value=code_of(Character.SERIOUS))
    audits.ReportSubjectAccess(reports_pb.ReportSubjectAccessRequest(identifier=identifier), timeout=PATIENCE)
    row = recorded(guarded, "auditor")[0]
    assert (row.method, row.subject) == ("AuditService/ReportSubjectAccess", identifier.value)


@pytest.mark.parametrize("caller", ["registrar", "auditor"])
def test_a_look_at_a_subject_is_on_the_log(guarded: RunningNode, caller: str) -> None:
    identifier = subject_pb2.Identifier(scheme="cn-uscc", value=code_of(Character.SERIOUS))
    wanted = registry_pb.GetSubjectRequest(identifier=identifier)
    registry(guarded, caller).GetSubject(wanted, timeout=PATIENCE)
    row = recorded(guarded, caller)[0]
    assert (row.method, row.scheme, row.subject) == ("RegistryService/GetSubject", "cn-uscc", identifier.value)


def test_a_look_in_vain_is_on_the_log_too(guarded: RunningNode) -> None:
    nobody = subject_pb2.Identifier(scheme="cn-uscc", value=code_of(76_000_000))
    wanted = registry_pb.GetSubjectRequest(identifier=nobody)
    found = refused(lambda: registry(guarded, "registrar").GetSubject(wanted, timeout=PATIENCE))
    assert found["reason"] == "SUBJECT_NOT_FOUND"
    row = recorded(guarded, "registrar")[0]
    assert (row.method, row.subject, row.error_reason) == (
        "RegistryService/GetSubject",
        nobody.value,
        "ERROR_REASON_SUBJECT_NOT_FOUND",
    )


def test_a_look_at_a_person_is_on_the_log_without_the_number(guarded: RunningNode) -> None:
    identifier = subject_pb2.Identifier(scheme="cn-ric", value=CITIZEN)
    registrar = registry_pb.RegisterSubjectRequest(act=an_act(), identifiers=[identifier])
    registry(guarded, "registrar").RegisterSubject(registrar, timeout=PATIENCE)
    wanted = registry_pb.GetSubjectRequest(identifier=identifier)
    registry(guarded, "auditor").GetSubject(wanted, timeout=PATIENCE)
    row = recorded(guarded, "auditor")[0]
    assert row.method == "RegistryService/GetSubject"
    assert row.subject_key
    assert CITIZEN not in row.subject
    assert CITIZEN.encode() not in row.request + row.facts + row.response


# Limits


@pytest.fixture
def told() -> Callable[[Failing], tuple[str, str, float]]:
    """Why a call was refused, by which limit, and after how many seconds it may be made again."""

    def reason_of(call: Failing) -> tuple[str, str, float]:
        with pytest.raises(grpc.RpcError) as raised:
            call()
        document, retry = error_document(raised.value)["error"], error_details_pb2.RetryInfo()
        assert document["code"] == "RESOURCE_EXHAUSTED"
        assert any(detail.Unpack(retry) for detail in status_in(raised.value).details)
        seconds = retry.retry_delay.ToTimedelta().total_seconds()
        return document["reason"], document["metadata"]["limit"], seconds

    return reason_of


Told = Callable[[Failing], tuple[str, str, float]]


def test_a_burst_is_refused_and_told_when_to_come_back(guarded: RunningNode, told: Told) -> None:
    stub = checks(guarded, "checker-in-bursts")
    batch = pb.BatchCheckSubjectsRequest(checks=[a_check() for _ in range(100)])
    assert len(stub.BatchCheckSubjects(batch, timeout=30).results) == 100
    reason, limit, seconds = told(lambda: stub.CheckSubject(a_check(), timeout=PATIENCE))
    assert (reason, limit) == ("RATE_LIMITED", "calls_per_second")
    assert 0 < seconds <= 100


def test_invalid_codes_in_a_row_look_like_a_walk(guarded: RunningNode, told: Told) -> None:
    stub = checks(guarded, "checker-of-typos")
    wrong = code_of(5)[:-1] + ("0" if code_of(5)[-1] != "0" else "1")
    for _ in range(2):
        assert refused(lambda: stub.CheckSubject(by_code("cn-uscc", wrong), timeout=PATIENCE))["reason"] == (
            "INVALID_IDENTIFIER"
        )
    reason, limit, seconds = told(lambda: stub.CheckSubject(a_check(), timeout=PATIENCE))
    assert (reason, limit) == ("WALK_SUSPECTED", "invalid_codes")
    assert 0 < seconds <= 600


def test_codes_that_nobody_has_look_like_a_walk(guarded: RunningNode, told: Told) -> None:
    stub = checks(guarded, "checker-of-strangers")
    for number in (81_111_111, 82_222_222, 83_333_333):
        stub.CheckSubject(a_check(number), timeout=PATIENCE)
    found = told(lambda: stub.CheckSubject(a_check(), timeout=PATIENCE))
    assert found[:2] == ("WALK_SUSPECTED", "unlisted_codes")


def test_codes_one_after_the_other_look_like_a_walk(guarded: RunningNode, told: Told) -> None:
    stub = checks(guarded, "checker-along-the-row")
    batch = pb.BatchCheckSubjectsRequest(checks=[a_check(number) for number in range(10, 20)])
    codes = [result.error.code for result in stub.BatchCheckSubjects(batch, timeout=PATIENCE).results]
    assert codes == [0] * 6 + [grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]] * 4
    found = told(lambda: stub.CheckSubject(a_check(), timeout=PATIENCE))
    assert found[:2] == ("WALK_SUSPECTED", "neighbouring_codes")


def test_one_subject_under_many_cases(guarded: RunningNode, told: Told) -> None:
    stub = checks(guarded, "checker-of-one-subject")
    for number in (1, 2, 1):
        stub.CheckSubject(a_check(case_number=f"MANY-{number}"), timeout=PATIENCE)
    found = told(lambda: stub.CheckSubject(a_check(case_number="MANY-3"), timeout=PATIENCE))
    assert found[:2] == ("SUBJECT_CHECKED_TOO_OFTEN", "cases_per_subject")
    assert stub.CheckSubject(a_check(Character.CLEAN, case_number="MANY-3"), timeout=PATIENCE).check_id
    rows = recorded(guarded, "checker-of-one-subject", Kind.CHECKS)
    assert [row.error_reason for row in rows].count("ERROR_REASON_SUBJECT_CHECKED_TOO_OFTEN") == 1


def test_a_flood_of_refusals_does_not_fill_the_disk(guarded: RunningNode) -> None:
    """Each caller's refusals have a hundred rows at once and ten a second; those above are counted in the next row."""
    caller, asked = "officer-of-travel", 0

    def refuse() -> None:
        nonlocal asked
        refused(lambda: raw(guarded, OURS_BY_NAME["Delist"], bearer(caller)))
        asked += 1

    before = recorded(guarded, caller, Kind.ALL)
    for _ in range(400):
        refuse()
    last, written, rows = time.monotonic() + 30.0, 0, before
    while not written:
        assert time.monotonic() < last, "no row says how many have none"
        known = len(recorded(guarded, caller, Kind.ALL))
        refuse()
        rows = recorded(guarded, caller, Kind.ALL)
        written = len(rows) - known
    assert len(rows) - len(before) < asked
    assert refusals_in(rows).total() - refusals_in(before).total() == asked
    assert refusals_in(rows)[caller, "RegistryService/Delist", "ACCESS_DENIED"] >= asked


# A batch job at its usual pace hits nothing


def test_the_usual_limits_let_a_batch_job_work(guarded: RunningNode) -> None:
    stub = checks(guarded, "checker")
    for start in range(0, 1000, 100):
        numbers = [number * 7919 % 10_000_000 for number in range(start, start + 100)]
        batch = pb.BatchCheckSubjectsRequest(checks=[a_check(number, case_number=a_case()) for number in numbers])
        assert {result.error.code for result in stub.BatchCheckSubjects(batch, timeout=30).results} == {0}
