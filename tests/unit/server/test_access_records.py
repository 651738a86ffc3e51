"""Refusals and looks become rows: how many of them, and what stands in one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from clearway.gen.v1 import audit_reports_pb2 as reports_pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.record import CheckRecord, decode_record
from clearway.server.access_records import ROWS_AT_ONCE, ROWS_PER_SECOND, AccessRecords, concealed
from clearway.server.call import Call, Method
from clearway.server.errors import Refusal
from clearway.server.recording import Recording
from tests.unit.server.calls import CITIZEN_NUMBER, NOON, Context, a_call, catalogue

LOOK = Method("/clearway.v1.RegistryService/GetSubject", registry_pb.GetSubjectRequest, is_check=False)
DENIED = Refusal(ErrorReason.ERROR_REASON_ACCESS_DENIED, "no", {"lack": "role"})


class Rows:
    """A journal that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[CheckRecord] = []

    async def put(self, raw: bytes) -> None:
        self.rows.append(decode_record(raw))


class Desk:
    """Records of access on a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.journal = Rows()
        recording = Recording(catalogue(), "worker-1")
        self.records = AccessRecords(
            cast("Any", self.journal),
            recording,
            lambda: f"row-{len(self.journal.rows)}",
            lambda: NOON,
            lambda: self.now,
        )


def a_look(value: str, scheme: str = "cn-ric") -> Call:
    call = a_call(method=LOOK)
    request = registry_pb.GetSubjectRequest()
    request.identifier.scheme, request.identifier.value = scheme, value
    call.message, call.raw = request, request.SerializeToString()
    return call


async def test_rows_are_bounded_and_the_next_says_how_many_have_none() -> None:
    desk = Desk()
    for _ in range(ROWS_AT_ONCE + 50):
        await desk.records.refused(a_look("x"), DENIED)
    assert len(desk.journal.rows) == ROWS_AT_ONCE
    desk.now += 1.5 / ROWS_PER_SECOND
    counted = desk.records.counted(a_look("x"), DENIED)
    assert counted is not None
    assert counted.metadata == {"lack": "role", "unrecorded": "50"}


async def test_one_callers_refusals_do_not_take_anothers_rows() -> None:
    desk = Desk()
    for _ in range(ROWS_AT_ONCE + 50):
        await desk.records.refused(a_look("x"), DENIED)
    other = a_look("x")
    other.caller = replace(other.known_caller(), principal="other")
    assert desk.records.counted(other, DENIED) is DENIED


async def test_whoever_is_not_known_is_nobody_in_the_row() -> None:
    desk = Desk()
    call = Call(LOOK, b"\xff", cast("Any", Context()))
    await desk.records.refused(call, Refusal(ErrorReason.ERROR_REASON_CREDENTIALS_MISSING, "none"))
    (row,) = desk.journal.rows
    assert (row.caller, row.authority, row.method) == ("", "", "RegistryService/GetSubject")
    assert (row.error_reason, row.request) == ("ERROR_REASON_CREDENTIALS_MISSING", b"")


async def test_a_look_keeps_its_request_without_a_persons_number() -> None:
    desk = Desk()
    for value, scheme in ((CITIZEN_NUMBER, "cn-ric"), (CITIZEN_NUMBER, "cn-uscc"), ("1", CITIZEN_NUMBER)):
        await desk.records.looked(a_look(value, scheme))
    assert [row.error_reason for row in desk.journal.rows] == ["", "", ""]
    for row in desk.journal.rows:
        assert CITIZEN_NUMBER.encode() not in row.request


async def test_a_look_keeps_no_name_but_an_organisations_beside_its_code() -> None:
    desk = Desk()
    request = reports_pb.SearchChecksRequest()
    subject = request.filter.subject
    subject.name = "某某"
    call = a_call(method=Method("/clearway.v1.AuditService/SearchChecks", type(request), is_check=False))
    call.message = request
    await desk.records.looked(call)
    subject.identifier.scheme, subject.identifier.value = "cn-ric", CITIZEN_NUMBER
    await desk.records.looked(call)
    subject.identifier.scheme, subject.identifier.value = "cn-uscc", "91350100M000100Y43"
    await desk.records.looked(call)
    kept = [reports_pb.SearchChecksRequest.FromString(row.request).filter.subject for row in desk.journal.rows]
    assert [one.name for one in kept] == ["", "", "某某"]
    assert request.filter.subject.name, "what the servicer reads stays"


def test_what_was_concealed_from_the_caller_is_not_from_the_log() -> None:
    call = a_call()
    assert concealed(call).reason_name == "ACCESS_DENIED"
