"""Traces: what a span says and does not say, whose trace it is in, and that nothing is loaded where none is made."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import IndexReader
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import Call, Method
from clearway.server.errors import Refusal
from clearway.server.interceptors import ORDER, TRACED
from clearway.server.interceptors.tracing import Tracing
from clearway.server.rounds import QUIET_TURNS
from clearway.server.traced_rounds import TracedRounds
from clearway.server.traces import Traces
from tests.unit.server.calls import CITIZEN_NUMBER, CODE, Context, a_call, a_request
from tests.unit.server.test_rounds import FakeIndex, FakeJournal, decide

NAME = "某某食品有限公司"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
SAMPLED = f"00-{TRACE_ID}-{SPAN_ID}-01"
NOT_SAMPLED = f"00-{TRACE_ID}-{SPAN_ID}-00"
CHECK_ID = "0199a0c4-0000-7000-8000-000000000001"
METHOD_NAME = "clearway.v1.CheckService/CheckSubject"


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traces(exported: InMemorySpanExporter) -> Traces:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    return Traces(provider)


def a_check_of(*metadata: tuple[str, Any]) -> Call:
    """A check that has come as far as being read, with a subject in every field that takes one."""
    call = a_call(b"", Context(metadata=metadata))
    call.message = a_request(name=NAME, officer=NAME, case_number=CODE)
    return call


async def restricted(call: Call) -> bytes:
    answer = pb.CheckSubjectResponse(check_id=CHECK_ID, revision="r-1", request_id=CODE)
    answer.decision.outcome = decision_pb2.OUTCOME_RESTRICTION
    answer.decision.explanation.text = NAME
    return answer.SerializeToString()


async def only(span_of: InMemorySpanExporter) -> ReadableSpan:
    (span,) = span_of.get_finished_spans()
    return span


async def refused_with(traces: Traces, call: Call, error: BaseException) -> None:
    async def refuse(call: Call) -> bytes:
        raise error

    with pytest.raises(type(error)):
        await Tracing(traces.tracer)(refuse)(call)


# What a span says


async def test_a_check_is_a_span_with_what_came_of_it(traces: Traces, exported: InMemorySpanExporter) -> None:
    await Tracing(traces.tracer)(restricted)(a_check_of())
    span = await only(exported)
    assert (span.name, span.kind, span.status.status_code) == (METHOD_NAME, SpanKind.SERVER, StatusCode.UNSET)
    assert dict(span.attributes or {}) == {
        "rpc.system.name": "grpc",
        "rpc.method": METHOD_NAME,
        "rpc.response.status_code": "OK",
        "clearway.authority": "DEMO-LICENSING",
        "clearway.item_code": "FOOD-OPERATION",
        "clearway.outcome": "OUTCOME_RESTRICTION",
        "clearway.revision": "r-1",
        "clearway.check_id": CHECK_ID,
    }


async def test_a_batch_says_how_many_checks_it_is_of(traces: Traces, exported: InMemorySpanExporter) -> None:
    method = Method("/clearway.v1.CheckService/BatchCheckSubjects", pb.BatchCheckSubjectsRequest, is_check=True)
    call = a_call(method=method)
    call.message = pb.BatchCheckSubjectsRequest(checks=[a_request(), a_request()])

    async def answer(call: Call) -> bytes:
        return b""

    await Tracing(traces.tracer)(answer)(call)
    assert ((await only(exported)).attributes or {})["clearway.checks"] == 2


async def test_no_subject_is_in_a_span_whatever_becomes_of_the_call(
    traces: Traces, exported: InMemorySpanExporter
) -> None:
    await Tracing(traces.tracer)(restricted)(a_check_of(("tracestate", f"v={CODE}"), ("traceparent", SAMPLED)))
    for error in (ValueError(NAME), Refusal(ErrorReason.ERROR_REASON_UNKNOWN_ITEM, NAME, {"code": CODE})):
        call = a_check_of(("traceparent", SAMPLED), ("tracestate", f"v={CODE}"))
        cast(pb.CheckSubjectRequest, call.message).item_code = CODE
        await refused_with(traces, call, error)
    spans = exported.get_finished_spans()
    assert len(spans) == 3
    for span in spans:
        assert NAME not in span.to_json().encode().decode("unicode_escape")
        assert CODE not in span.to_json()


@pytest.mark.parametrize(
    ("error", "reason", "code", "fails"),
    [
        (
            Refusal(ErrorReason.ERROR_REASON_UNKNOWN_ITEM, ""),
            "UNKNOWN_ITEM",
            grpc.StatusCode.INVALID_ARGUMENT,
            StatusCode.UNSET,
        ),
        (
            Refusal(ErrorReason.ERROR_REASON_OVERLOADED, ""),
            "OVERLOADED",
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            StatusCode.UNSET,
        ),
        (
            Refusal(ErrorReason.ERROR_REASON_AUDIT_UNAVAILABLE, ""),
            "AUDIT_UNAVAILABLE",
            grpc.StatusCode.UNAVAILABLE,
            StatusCode.ERROR,
        ),
        (KeyError("a fault of ours"), "SERVER_FAULT", grpc.StatusCode.UNAVAILABLE, StatusCode.ERROR),
    ],
)
async def test_a_refusal_says_why_and_fails_the_span_only_where_the_server_failed(
    traces: Traces,
    exported: InMemorySpanExporter,
    error: Exception,
    reason: str,
    code: grpc.StatusCode,
    fails: StatusCode,
) -> None:
    await refused_with(traces, a_check_of(), error)
    span = await only(exported)
    attributes = span.attributes or {}
    assert (attributes["error.type"], attributes["rpc.response.status_code"]) == (reason, code.name)
    assert "clearway.item_code" not in attributes
    assert (span.status.status_code, span.events) == (fails, ())


@pytest.mark.parametrize(("value", "said"), [("2", 2), (CITIZEN_NUMBER, None), (b"2", None), ("", None)])
async def test_a_call_that_was_sent_again_says_how_often_it_was_sent_before(
    traces: Traces, exported: InMemorySpanExporter, value: str | bytes, said: int | None
) -> None:
    await Tracing(traces.tracer)(restricted)(a_check_of(("grpc-previous-rpc-attempts", value)))
    assert ((await only(exported)).attributes or {}).get("clearway.previous_attempts") == said


async def test_a_call_that_its_caller_gave_up_says_so(traces: Traces, exported: InMemorySpanExporter) -> None:
    await refused_with(traces, a_check_of(), asyncio.CancelledError())
    assert ((await only(exported)).attributes or {})["rpc.response.status_code"] == "CANCELLED"


# Whose trace


async def test_a_call_goes_on_with_the_trace_of_its_caller(traces: Traces, exported: InMemorySpanExporter) -> None:
    await Tracing(traces.tracer)(restricted)(a_check_of(("traceparent", SAMPLED)))
    span = await only(exported)
    assert span.parent is not None
    assert trace.format_trace_id(span.context.trace_id) == TRACE_ID
    assert trace.format_span_id(span.parent.span_id) == SPAN_ID


@pytest.mark.parametrize(
    "metadata",
    [
        (("traceparent", CODE),),
        (("traceparent", SAMPLED.encode()),),
        (("traceparent", SAMPLED), ("traceparent", SAMPLED)),
        (("traceparent-bin", b"\xff"),),
    ],
)
async def test_what_is_no_trace_is_answered_in_a_trace_of_its_own(
    traces: Traces, exported: InMemorySpanExporter, metadata: tuple[tuple[str, Any], ...]
) -> None:
    await Tracing(traces.tracer)(restricted)(a_check_of(*metadata))
    assert (await only(exported)).parent is None


async def test_a_caller_that_does_not_trace_its_call_is_not_traced(
    traces: Traces, exported: InMemorySpanExporter
) -> None:
    answer = await Tracing(traces.tracer)(restricted)(a_check_of(("traceparent", NOT_SAMPLED)))
    assert answer == await restricted(a_check_of())
    assert exported.get_finished_spans() == ()


# Where the time went


async def test_the_decision_and_the_wait_for_the_journal_are_below_their_own_check(
    traces: Traces, exported: InMemorySpanExporter
) -> None:
    journal = FakeJournal()
    rounds = TracedRounds(cast(IndexReader, FakeIndex()), cast(GroupCommit, journal), traces.tracer)

    async def ask(case: str) -> tuple[int, bytes]:
        with traces.tracer.start_as_current_span(case) as span:
            request = pb.CheckSubjectRequest(case_number=case)
            recorded = await rounds.join(request, b"", cast(Call, None), decide)
            return span.get_span_context().span_id, recorded.response

    asked = [asyncio.create_task(ask(case)) for case in ("one", "two")]
    for _ in range(4 * QUIET_TURNS):
        await asyncio.sleep(0)
    journal.commit()
    answers = await asyncio.gather(*asked)
    assert [response for _, response in answers] == [b"answer one", b"answer two"]
    for parent, _ in answers:
        below = [s for s in exported.get_finished_spans() if s.parent is not None and s.parent.span_id == parent]
        assert sorted(span.name for span in below) == ["clearway.decide", "clearway.record"]


async def test_a_check_that_cannot_be_decided_has_no_wait_for_the_journal(
    traces: Traces, exported: InMemorySpanExporter
) -> None:
    rounds = TracedRounds(cast(IndexReader, FakeIndex()), cast(GroupCommit, FakeJournal()), traces.tracer)
    with traces.tracer.start_as_current_span("check"), pytest.raises(LookupError):
        await rounds.join(pb.CheckSubjectRequest(case_number="faulty"), b"", cast(Call, None), decide)
    decided, _ = exported.get_finished_spans()
    assert (decided.name, decided.events) == ("clearway.decide", ())


def test_a_batch_that_is_shipped_says_how_many_rows_it_has_and_what_went_wrong(
    traces: Traces, exported: InMemorySpanExporter
) -> None:
    with traces.shipping(7):
        pass
    with pytest.raises(OSError, match=NAME), traces.shipping(8):
        raise OSError(NAME)
    fine, failed = exported.get_finished_spans()
    assert (fine.name, dict(fine.attributes or {})) == ("clearway.ship", {"clearway.rows": 7})
    assert dict(failed.attributes or {}) == {"clearway.rows": 8, "error.type": "OSError"}
    assert (failed.status.status_code, failed.events) == (StatusCode.ERROR, ())


# Where nothing is traced


def test_only_the_traced_order_has_the_step() -> None:
    assert "tracing" not in ORDER
    assert tuple(name for name in TRACED if name != "tracing") == ORDER


BUILT = """
import sys
from pathlib import Path
from clearway.server.roles import preloaded
from clearway.server.settings import Settings
from clearway.server.worker import Worker

worker = Worker(Settings(data_dir=Path(sys.argv[1]), traces_endpoint=sys.argv[2]), "worker-1")
print(any(name.partition(".")[0] == "opentelemetry" for name in sys.modules))
"""


@pytest.mark.parametrize(("endpoint", "loaded"), [("", "False"), ("http://127.0.0.1:1", "True")])
def test_a_worker_that_traces_nothing_has_nothing_of_opentelemetry_loaded(
    tmp_path: Path, endpoint: str, loaded: str
) -> None:
    built = subprocess.run(
        [sys.executable, "-c", BUILT, str(tmp_path), endpoint], capture_output=True, text=True, timeout=100
    )
    assert (built.stdout.strip(), built.returncode) == (loaded, 0), built.stderr
