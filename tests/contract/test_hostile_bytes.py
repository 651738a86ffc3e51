"""Bytes from callers who are wrong, broken or hostile: only documented errors, and the server goes on serving.

What reaches our own code gets an `ErrorInfo`; what the gRPC library answers before us is named, case by case, with the
code that docs/errors.md gives for it. INTERNAL comes from nowhere but the library's own reading of HTTP/2 headers.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from datetime import UTC, date, datetime
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearway.gen.v1 import audit_service_pb2, decision_pb2, deferral_service_pb2, registry_service_pb2
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of
from clearway.server.embedding import varint
from clearway.server.errors import CODES, PREFIX
from tests.contract.loaded import a_check, listing, outcome, refusal_in
from tests.node import SERVICE, RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node-2")]


def methods_of(module: Any, service: str, *names: str) -> dict[str, type[Message]]:
    """Full name → request type, of a service's methods: of those named, or of all."""
    methods = module.DESCRIPTOR.services_by_name[service].methods
    return {
        f"/{method.containing_service.full_name}/{method.name}": GetMessageClass(method.input_type)
        for method in methods
        if not names or method.name in names
    }


METHODS = {
    **methods_of(pb, "CheckService", "CheckSubject", "BatchCheckSubjects", "GetCheck", "ReportOutcome"),
    **methods_of(registry_service_pb2, "RegistryService"),
    **methods_of(deferral_service_pb2, "DeferralService"),
    **methods_of(audit_service_pb2, "AuditService"),
}
BATCH = f"/{SERVICE}/BatchCheckSubjects"
AFFECTED = "/clearway.v1.AuditService/ListAffectedChecks"

NOTHING_REQUIRED = {
    "/clearway.v1.DeferralService/ListOverdueDeferrals",
    "/clearway.v1.AuditService/ListOverdueOutcomes",
    "/clearway.v1.AuditService/SearchChecks",
    "/clearway.v1.AuditService/GetCheckpoint",
    "/clearway.v1.AuditService/GetConsistencyProof",
}
"""Methods for which a message without a field they know is a good request."""

HEALTH = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
PATIENCE = 10.0
LARGEST = 1024 * 1024


OWN = 72_000_001
OWN_LISTING = f"EXTRA-{OWN}"


@pytest.fixture(scope="module", autouse=True)
def still_serving(served: tuple[RunningNode, Registry]) -> Any:
    """After all of it the node answers as before, in the same processes. Acts are done on a subject of our own."""
    node, registry = served
    registry.execute(
        commands.RegisterSubject("cn-uscc", code_of(OWN)),
        listing(OWN, "SAMR-SERIOUS", date(2026, 1, 31)),
        actor="test",
        moment=datetime.now(UTC),
    )
    yield
    assert node.serving()
    assert outcome(node.checks().CheckSubject(a_check(), timeout=PATIENCE)) == "ORDINARY"
    assert "process_died" not in node.log.read_text()
    assert '"fault"' not in node.log.read_text()


def path(method: str) -> str:
    return f"/clearway.v1.{method}" if "/" in method else f"/{SERVICE}/{method}"


def answer(node: RunningNode, method: str, raw: bytes, **given: Any) -> dict[str, Any] | None:
    """The refusal these bytes get, or None where they are answered."""
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = node.channel().unary_unary(method)
    try:
        call(raw, timeout=PATIENCE, **given)
    except grpc.RpcError as error:
        return refusal_in(error)
    return None


def documented(refusal: dict[str, Any] | None) -> bool:
    """Whether it is one of our reasons, with its own code, and the caller's fault."""
    if refusal is None:
        return True
    code = CODES.get(ErrorReason.Value(PREFIX + refusal["reason"])) if refusal["reason"] else None
    return code is not None and code.name == refusal["code"] and code is not grpc.StatusCode.UNAVAILABLE


# Bytes that are no message


@pytest.fixture(scope="module", autouse=True)
def signed(node: RunningNode) -> None:
    """The log has a checkpoint: until then what asks for one is told to come back, and nothing more is learnt."""
    node.checks().CheckSubject(a_check(), timeout=10)
    last = time.monotonic() + 20
    while answer(node, "/clearway.v1.AuditService/GetCheckpoint", b"") is not None:
        assert time.monotonic() < last
        time.sleep(0.05)


NO_MESSAGE = {
    "garbage": b"\xff" * 32,
    "a message cut short": b"\x0a\xff\x01",
    "a field number of zero": b"\x00\x00",
    "an unfinished varint": b"\x18\xff\xff",
    "a group that never ends": b"\x0b" * 10_000,
    "an end without a group": b"\x0c",
    "a wire type that does not exist": b"\x0e\x01",
    "a varint of eleven bytes": b"\x18" + b"\xff" * 10 + b"\x01",
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", NO_MESSAGE)
def test_bytes_that_are_no_message_are_the_callers_error(node: RunningNode, method: str, case: str) -> None:
    refusal = answer(node, method, NO_MESSAGE[case])
    assert refusal
    assert refusal["reason"] == "MALFORMED_REQUEST"


def nested(depth: int) -> bytes:
    """A message inside a message, `depth` deep, in field 1, whatever that is."""
    raw = b""
    for _ in range(depth):
        raw = b"\x0a" + varint(len(raw)) + raw
    return raw


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("depth", [2, 50, 5_000])
def test_nesting_of_any_depth_is_an_ordinary_matter(node: RunningNode, method: str, depth: int) -> None:
    refusal = answer(node, method, nested(depth))
    # A batch that holds an unreadable check is answered: the refusal is that check's own. To the other the first
    # field is a text, and such bytes may be one.
    assert documented(refusal)
    assert refusal or method in {BATCH, AFFECTED} or method in NOTHING_REQUIRED


@pytest.mark.parametrize("method", METHODS)
def test_groups_of_any_depth_are_an_ordinary_refusal(node: RunningNode, method: str) -> None:
    refusal = answer(node, method, b"\x9b\x06" * 20_000 + b"\x9c\x06" * 20_000)
    assert refusal
    assert refusal["reason"] in {"MALFORMED_REQUEST", "INVALID_REQUEST"}


@pytest.mark.parametrize("field", ["item_code", "case_number", "officer", "request_id", "region_code"])
def test_text_that_is_not_utf_8(node: RunningNode, field: str) -> None:
    number = pb.CheckSubjectRequest.DESCRIPTOR.fields_by_name[field].number
    for text in (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"ok\x80"):
        refusal = answer(node, path("CheckSubject"), varint(number << 3 | 2) + varint(len(text)) + text)
        assert refusal
        assert refusal["reason"] == "MALFORMED_REQUEST"


WRONG_TYPES = [bytes([number << 3 | kind]) + b"\x01" * 8 for number in range(1, 11) for kind in (0, 1, 5)]


@pytest.mark.parametrize("method", METHODS)
def test_fields_of_another_wire_type(node: RunningNode, method: str) -> None:
    for raw in WRONG_TYPES:
        refusal = answer(node, method, raw)
        assert refusal or method in NOTHING_REQUIRED
        assert refusal is None or refusal["reason"] in {"MALFORMED_REQUEST", "INVALID_REQUEST", "INVALID_CURSOR"}


HUGE = "a" * (LARGEST - 1000)
TOO_MUCH = {
    "a huge item code": a_check(item_code=HUGE),
    "a huge case number": a_check(case_number=HUGE),
    "a huge officer": a_check(officer=HUGE),
    "a huge request id": a_check(request_id=HUGE),
    "a huge region": a_check(region_code=HUGE),
    "huge annotations": a_check(annotations={"a": HUGE}),
    "a huge material": a_check(supplied_materials=[HUGE]),
    "many materials": a_check(supplied_materials=[f"M{n}" for n in range(50_000)]),
    "many annotations": a_check(annotations={f"a{n}": "" for n in range(20_000)}),
    "a huge token": a_check(consistency=pb.Consistency(at_least_as_fresh=HUGE)),
    "control signs": a_check(case_number="a\x00b", officer="a\nb"),
    "a number for a kind that does not exist": a_check(application_kind=99),
    "a negative kind": a_check(application_kind=-1),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_fields_beyond_their_bounds(node: RunningNode, case: str) -> None:
    refusal = answer(node, path("CheckSubject"), TOO_MUCH[case].SerializeToString())
    assert refusal
    assert refusal["reason"] == "INVALID_REQUEST"
    assert refusal["violations"]


@pytest.mark.parametrize("part", ["scheme", "value"])
def test_a_huge_identifier(node: RunningNode, part: str) -> None:
    request = a_check()
    setattr(request.subject.identifier, part, HUGE)
    refusal = answer(node, path("CheckSubject"), request.SerializeToString())
    assert refusal
    assert refusal["violations"][0]["field"] == f"subject.identifier.{part}"


def test_the_largest_check_that_is_allowed_is_answered(node: RunningNode) -> None:
    request = a_check(
        case_number="案" * 128,
        officer="员" * 128,
        request_id="r" * 128,
        annotations={f"{n:02d}".ljust(64, "k"): "值" * 512 for n in range(16)},
    )
    request.subject.name = "企" * 256
    refusal = answer(node, path("CheckSubject"), request.SerializeToString())
    assert refusal is None


@pytest.mark.parametrize(
    "value", ["'; DROP TABLE check_log;--", "\x00", "../../etc/passwd", "𝟗" * 18, "９" * 18, "\u202e1"]
)
def test_odd_codes_are_invalid_identifiers(node: RunningNode, value: str) -> None:
    request = a_check()
    request.subject.identifier.value = value
    refusal = answer(node, path("CheckSubject"), request.SerializeToString())
    assert refusal
    assert refusal["reason"] == "INVALID_IDENTIFIER"


@pytest.mark.parametrize("scheme", ["os", "stdnum", "util", "cn", "cn.", "numdb", "__init__", "a" * 32, "exceptions"])
def test_odd_schemes_are_refused(node: RunningNode, scheme: str) -> None:
    request = a_check()
    request.subject.identifier.scheme = scheme
    refusal = answer(node, path("CheckSubject"), request.SerializeToString())
    assert refusal
    assert refusal["reason"] in {"UNKNOWN_SCHEME", "INVALID_REQUEST"}


@pytest.mark.parametrize("accept", ["", ",", ";;;", "zh" * 4000, "*", "q=1", "\x7e" * 100])
def test_odd_languages_get_the_default(node: RunningNode, accept: str) -> None:
    raw = a_check().SerializeToString()
    assert answer(node, path("CheckSubject"), raw, metadata=(("accept-language", accept),)) is None


# Generated


def messages(descriptor: Any, depth: int = 4) -> st.SearchStrategy[bytes]:
    """Messages of this type, fields at random, some of them wrong: repeated, of another type, or unknown."""
    own = [fields(field, depth) for field in descriptor.fields]
    return st.lists(st.one_of(*own, unknown()), max_size=8).map(b"".join)


def fields(field: Any, depth: int) -> st.SearchStrategy[bytes]:
    """One field on the wire."""
    tag = field.number << 3
    if field.message_type is not None:
        inner = messages(field.message_type, depth - 1) if depth else st.just(b"")
        return inner.map(lambda raw: varint(tag | 2) + varint(len(raw)) + raw)
    if field.type == FieldDescriptor.TYPE_STRING:
        text = st.one_of(st.text(max_size=40).map(str.encode), known_words(), st.binary(max_size=8))
        return text.map(lambda raw: varint(tag | 2) + varint(len(raw)) + raw)
    return st.integers(0, 2**64 - 1).map(lambda number: varint(tag) + varint(number))


def known_words() -> st.SearchStrategy[bytes]:
    """Words that take a request further in than random ones."""
    words = ["cn-uscc", "cn-ric", "lei", "us.ein", "FOOD-OPERATION", "APPLICATION-FORM", "110000", "91999999000000000G"]
    words += ["SAMR-SERIOUS", "2026-02-30", "2026-01-31", "0001-01-01", "9999-12-31", "registrar 3", OWN_LISTING]
    return st.sampled_from([*words, "r1.0.1", "9199**********000G", "示例企业00000003"]).map(str.encode)


def unknown() -> st.SearchStrategy[bytes]:
    """A field nobody knows, or no field at all."""
    return st.one_of(st.binary(max_size=6), st.just(b"\xf8\x7f\x01"))


@pytest.mark.parametrize("method", METHODS)
@given(drawn=st.data())
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_generated_requests_get_documented_errors_only(node: RunningNode, method: str, drawn: st.DataObject) -> None:
    raw = drawn.draw(messages(METHODS[method].DESCRIPTOR))
    assert documented(answer(node, method, raw))


SOUND_ACT: dict[str, Any] = {
    "act": registry_service_pb2.Act(registrar="registrar 3", reason="by the book"),
    "identifier": a_check(OWN).subject.identifier,
    "identifiers": [a_check(OWN).subject.identifier],
    "listing": registry_service_pb2.ListingStatement(regime="SAMR-SERIOUS"),
    "listing_id": OWN_LISTING,
    "fact_id": OWN_LISTING,
    "record_id": "HOSTILE-A",
    "objection_id": "HOSTILE-O",
    "lifting_id": "HOSTILE-U",
    "grounds": registry_service_pb2.OBJECTION_GROUNDS_WRONG,
    "resolution": registry_service_pb2.OBJECTION_RESOLUTION_REJECTED,
    "kind": registry_service_pb2.ADVERSE_KIND_OTHER,
    "severity": registry_service_pb2.SEVERITY_MINOR,
    "document": decision_pb2.Document(number="1", date="2026-01-01"),
    "confirmed_on": "2026-01-01",
    "until": "2026-01-01",
    "page_size": 3,
}
"""A value for each field that an act or a reading must have."""

SOUND_PERIOD = {"since": Timestamp(seconds=1_767_225_600), "until": Timestamp(seconds=1_769_904_000)}
"""The same for the moments of a report."""


def sound_fields(kind: type[Message]) -> dict[str, Any]:
    """The sound values of a request's fields."""
    fields = kind.DESCRIPTOR.fields_by_name
    acts = {name: value for name, value in SOUND_ACT.items() if name in fields}
    moments = {name: at for name, at in SOUND_PERIOD.items() if name in fields and fields[name].message_type}
    return acts | moments


@pytest.mark.parametrize("method", [name for name in METHODS if not name.startswith(f"/{SERVICE}/")])
@given(drawn=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_sound_acts_with_anything_beside_get_documented_errors_only(
    node: RunningNode, method: str, drawn: st.DataObject
) -> None:
    kind = METHODS[method]
    sound = kind(**sound_fields(kind))
    # The last of a field counts, so what is drawn overrides some of the sound parts and joins others.
    assert documented(answer(node, method, sound.SerializeToString() + drawn.draw(messages(kind.DESCRIPTOR))))


@given(raw=st.binary(max_size=200))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_get_documented_errors_only(node: RunningNode, raw: bytes) -> None:
    for method in METHODS:
        assert documented(answer(node, method, raw))


# Methods, health, reflection


@pytest.mark.parametrize(
    "method",
    [f"/{SERVICE}/Nope", f"/{SERVICE}/", "/CheckService/CheckSubject", "/a.b/c", "/x", "/", f"/{SERVICE}/checkSubject"],
)
def test_methods_that_do_not_exist(node: RunningNode, method: str) -> None:
    refusal = answer(node, method, b"\xff\xff")
    assert refusal
    assert (refusal["code"], refusal["reason"]) == ("UNIMPLEMENTED", "UNKNOWN_METHOD")


@pytest.mark.parametrize("raw", [b"\xff\xff", b"\x0a\x02\xff\xff", b"\x0a\x7fshort"])
def test_garbage_to_health(node: RunningNode, raw: bytes) -> None:
    refusal = answer(node, HEALTH, raw)
    assert refusal
    assert refusal["reason"] == "MALFORMED_REQUEST"
    call: grpc.UnaryStreamMultiCallable[bytes, bytes] = node.channel().unary_stream(WATCH)
    with pytest.raises(grpc.RpcError) as raised:
        list(call(raw, timeout=PATIENCE))
    assert refusal_in(raised.value)["reason"] == "MALFORMED_REQUEST"


@pytest.mark.parametrize("raw", [b"\xff\xff", b"\x1a\x02\xff\xfe", b"\x2a\x7fshort"])
@pytest.mark.parametrize("before", [[], [b"\x3a\x00"]])
def test_garbage_to_reflection(node: RunningNode, before: list[bytes], raw: bytes) -> None:
    call: grpc.StreamStreamMultiCallable[bytes, bytes] = node.channel().stream_stream(REFLECTION)
    with pytest.raises(grpc.RpcError) as raised:
        list(call(iter([*before, raw]), timeout=PATIENCE))
    assert refusal_in(raised.value)["reason"] == "MALFORMED_REQUEST"


@pytest.mark.parametrize("raw", [b"", b"\x1a\x04nope", b"\x22\x04nope", b"\x2a\x06\x0a\x04nope", b"\x32\x04nope"])
def test_reflection_answers_what_it_does_not_know_inside_the_stream(node: RunningNode, raw: bytes) -> None:
    call: grpc.StreamStreamMultiCallable[bytes, bytes] = node.channel().stream_stream(REFLECTION)
    assert len(list(call(iter([raw]), timeout=PATIENCE))) == 1


# What the gRPC library answers before us


def test_an_oversize_message(node: RunningNode) -> None:
    refusal = answer(node, path("CheckSubject"), bytes(LARGEST + 1))
    assert refusal
    assert (refusal["code"], refusal["reason"]) == ("RESOURCE_EXHAUSTED", "")


@pytest.mark.parametrize("size", [24_000, 2_000_000])
def test_giant_metadata(node: RunningNode, size: int) -> None:
    refusal = answer(node, path("CheckSubject"), b"", metadata=(("x-filler", "a" * size),))
    assert refusal
    assert (refusal["code"], refusal["reason"]) == ("RESOURCE_EXHAUSTED", "")


def test_a_sound_compressed_message(node: RunningNode) -> None:
    refusal = answer(node, path("CheckSubject"), a_check().SerializeToString() * 20, compression=grpc.Compression.Gzip)
    assert refusal
    assert (refusal["code"], refusal["reason"]) == ("UNIMPLEMENTED", "")


# HTTP/2, frame by frame (RFC 9113): what no gRPC client would send


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4
CHECK = path("CheckSubject")


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def block(method: str, *extra: tuple[str, str], verb: str = "POST") -> bytes:
    """A header block without compression: each field a literal with a new name."""
    sent = [(":method", verb), (":scheme", "http"), (":path", method), (":authority", "localhost"), ("te", "trailers")]
    lines = [*sent, ("content-type", "application/grpc"), *extra]
    return b"".join(b"\x00" + sized(name.encode()) + sized(value.encode()) for name, value in lines)


def sized(text: bytes) -> bytes:
    assert len(text) < 127
    return bytes([len(text)]) + text


def prefixed(raw: bytes, flag: int = 0) -> bytes:
    return bytes([flag]) + struct.pack(">I", len(raw)) + raw


def status_after(node: RunningNode, *sent: bytes, wait: float = PATIENCE) -> int | None:
    """The `grpc-status` these frames get; None where the server ends the stream or connection, or says nothing."""
    host, _, port = node.address.rpartition(":")
    got = b""
    with socket.create_connection((host, int(port)), PATIENCE) as connection:
        connection.sendall(b"".join(sent))
        last = time.monotonic() + wait
        try:
            while b"grpc-status" not in got and (left := last - time.monotonic()) > 0:
                connection.settimeout(left)
                piece = connection.recv(65_536)
                if not piece:
                    break
                got += piece
        except (TimeoutError, ConnectionResetError):
            pass
    # The first mention on a connection is a literal: name, length of the value, value.
    found = re.search(rb"grpc-status.(\d+)", got, re.DOTALL)
    return int(found[1]) if found else None


def call_of(header: bytes, body: bytes) -> tuple[bytes, ...]:
    """A whole connection: preface, settings, one call."""
    settings = frame(SETTINGS, 0, 0, b"")
    return PREFACE, settings, frame(HEADERS, END_HEADERS, 1, header), frame(DATA, END_STREAM, 1, body)


INVALID, EXHAUSTED, UNIMPLEMENTED, INTERNAL = 3, 8, 12, 13
SOUND = a_check().SerializeToString()


def test_the_frames_of_a_sound_call_are_answered(node: RunningNode) -> None:
    assert status_after(node, *call_of(block(CHECK), prefixed(SOUND))) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"hello", INVALID),
        (prefixed(b"garbage", flag=1), INVALID),
        (prefixed(b"garbage", flag=7), INVALID),
        (b"\x00\xff\xff\xff\xffabc", EXHAUSTED),
    ],
    ids=["no length prefix", "compressed by nothing", "unknown flag", "a length of 4 GiB"],
)
def test_frames_around_no_message(node: RunningNode, body: bytes, status: int) -> None:
    assert status_after(node, *call_of(block(CHECK), body)) == status


@pytest.mark.parametrize("method", [CHECK, HEALTH, REFLECTION])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_garbage_is_unimplemented_and_not_internal(node: RunningNode, method: str, coding: str) -> None:
    header = block(method, ("grpc-encoding", coding))
    assert status_after(node, *call_of(header, prefixed(b"\xff\xfe garbage", flag=1))) == UNIMPLEMENTED


@pytest.mark.parametrize("body", [b"", b"\x00\x00\x00\x00\x10short"], ids=["no message", "a message cut short"])
def test_a_call_without_a_whole_message_ends_at_its_deadline(node: RunningNode, body: bytes) -> None:
    header = block(CHECK, ("grpc-timeout", "300m"))
    assert status_after(node, *call_of(header, body), wait=3) in {None, 4}


@pytest.mark.parametrize(
    "extra",
    [("grpc-encoding", "lzma"), ("grpc-timeout", "soon"), ("x-bin", "!!!")],
    ids=["unknown coding", "no timeout", "no base64"],
)
def test_metadata_that_break_grpcs_own_rules_are_the_librarys_internal(
    node: RunningNode, extra: tuple[str, str]
) -> None:
    assert status_after(node, *call_of(block(CHECK, extra), prefixed(SOUND))) == INTERNAL


def test_another_verb_resets_the_stream(node: RunningNode) -> None:
    assert status_after(node, *call_of(block(CHECK, verb="GET"), prefixed(SOUND)), wait=0.5) is None


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01" + b"\xff" * 200,
        PREFACE + b"\xff" * 100,
        PREFACE + frame(SETTINGS, 0, 0, b"") + frame(DATA, END_STREAM, 5, b"abc"),
        PREFACE + frame(SETTINGS, 0, 0, b"\x00" * 5),
        b"",
    ],
    ids=["HTTP/1.1", "TLS", "no frames", "data without a call", "odd settings", "silence"],
)
def test_what_is_not_http_2_gets_no_answer(node: RunningNode, sent: bytes) -> None:
    assert status_after(node, sent, wait=0.5) is None


def test_header_blocks_that_cannot_be_read(node: RunningNode) -> None:
    sent = PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_HEADERS, 1, b"\xff" * 50)
    assert status_after(node, sent, wait=1) in {None, INTERNAL}
