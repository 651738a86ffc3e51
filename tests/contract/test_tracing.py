"""Traces over the wire: a collector of the test's own gets them, and a node answers the same without one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Never, cast

import grpc
import httpx
import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as otlp
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as otlp_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from clearway.client import AsyncClearway, Check, Clearway, ConnectConfig, InvalidIdentifier, Raise
from clearway.registry.synthetic import Character, code_of, name_of
from tests.contract.loaded import DEFERRABLE, ESSENTIAL, ITEM, a_check, load
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("tracing")]

PATIENCE = 30.0
CODE = code_of(Character.SERIOUS)
NAME = name_of(Character.SERIOUS)
OFFICER, CASE = "officer-planted-7", "CASE-PLANTED-7"
CHECK = Check(
    scheme="cn-uscc", code=CODE, item=ITEM, case=CASE, officer=OFFICER, name=NAME, materials=ESSENTIAL + DEFERRABLE
)
CHECK_SUBJECT = "clearway.v1.CheckService/CheckSubject"
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01", "tracestate": f"planted={CODE}"}


class Collector(otlp_grpc.TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.received: list[otlp.ExportTraceServiceRequest] = []

    def Export(  # noqa: N802 - the service's own name
        self, request: otlp.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> otlp.ExportTraceServiceResponse:
        self.received.append(request)
        return otlp.ExportTraceServiceResponse()

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.received
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def of(self, trace_id: str, count: int) -> list[Span]:
        """The spans of a trace, once there are so many."""
        wait_for(lambda: len(self._of(trace_id)) >= count, lambda: f"{[span.name for span in self.spans]}")
        return self._of(trace_id)

    def _of(self, trace_id: str) -> list[Span]:
        return [span for span in self.spans if span.trace_id.hex() == trace_id]


def wait_for(met: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    last = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < last, otherwise()
        time.sleep(0.05)


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    cast(Any, otlp_grpc).add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield collector, f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningNode, Collector, str]]:
    """A node that traces every call, and the collector that it tells."""
    data_dir = tmp_path_factory.mktemp("traced")
    with pytest.MonkeyPatch.context() as outside, collecting() as (collector, endpoint):
        outside.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        settings = {"traces_endpoint": endpoint, "traces_sample": 1, "web_listen": "127.0.0.1:0"}
        with load(data_dir), RunningNode(data_dir, **settings) as node:  # type: ignore[arg-type]
            yield node, collector, endpoint


@pytest.fixture
def theirs(traced: tuple[RunningNode, Collector, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[trace.Tracer]:
    """The OpenTelemetry of an integrator, who sends to the same collector."""
    exporter = OTLPSpanExporter(endpoint=traced[2])
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace.get_tracer", provider.get_tracer)
    yield provider.get_tracer("theirs")
    provider.shutdown()


def client_of(node: RunningNode) -> Clearway[Never]:
    return Clearway(ConnectConfig(node.address, timeout=PATIENCE), on_unavailable=Raise())


def said(span: Span) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in span.attributes}


def parentage(spans: list[Span]) -> set[tuple[str, str]]:
    """Each span's name and kind, below its parent's."""
    called = {span.span_id: f"{span.name} {Span.SpanKind.Name(span.kind).removeprefix('SPAN_KIND_')}" for span in spans}
    return {(called.get(span.parent_span_id, ""), called[span.span_id]) for span in spans}


ONE_CHECK = {
    ("", "their work INTERNAL"),
    ("their work INTERNAL", f"{CHECK_SUBJECT} CLIENT"),
    (f"{CHECK_SUBJECT} CLIENT", f"{CHECK_SUBJECT} SERVER"),
    (f"{CHECK_SUBJECT} SERVER", "clearway.decide INTERNAL"),
    (f"{CHECK_SUBJECT} SERVER", "clearway.record INTERNAL"),
}


def test_a_check_is_one_trace_from_the_caller_to_the_journal(
    traced: tuple[RunningNode, Collector, str], theirs: trace.Tracer
) -> None:
    node, collector, _ = traced
    with client_of(node) as clearway, theirs.start_as_current_span("their work") as span:
        answer = clearway.check(CHECK)
    spans = collector.of(trace.format_trace_id(span.get_span_context().trace_id), 5)
    assert parentage(spans) == ONE_CHECK
    (served,) = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert said(served) | {
        "clearway.check_id": answer.check_id,
        "clearway.revision": answer.message.revision,
        "clearway.item_code": ITEM,
        "clearway.outcome": "OUTCOME_RESTRICTION",
    } == said(served)


async def test_the_client_of_an_event_loop_does_the_same(
    traced: tuple[RunningNode, Collector, str], theirs: trace.Tracer
) -> None:
    node, collector, _ = traced
    clearway = AsyncClearway(ConnectConfig(node.address, timeout=PATIENCE), on_unavailable=Raise())
    async with clearway:
        with theirs.start_as_current_span("their work") as span:
            await clearway.check(CHECK)
    assert parentage(collector.of(trace.format_trace_id(span.get_span_context().trace_id), 5)) == ONE_CHECK


def test_a_check_over_http_goes_on_with_the_trace_in_its_headers(traced: tuple[RunningNode, Collector, str]) -> None:
    node, collector, _ = traced
    body = {"itemCode": ITEM, "applicationKind": "APPLICATION_KIND_NEW", "caseNumber": CASE, "officer": OFFICER}
    subject = {"identifier": {"scheme": "cn-uscc", "value": CODE}}
    url = f"http://{node.web}/{CHECK_SUBJECT}"
    assert httpx.post(url, json=body | {"subject": subject}, headers=HEADERS, timeout=PATIENCE).status_code == 200
    (served,) = [span for span in collector.of(TRACE_ID, 3) if span.kind == Span.SPAN_KIND_SERVER]
    assert served.parent_span_id.hex() == SPAN_ID


def test_shipping_to_the_central_log_is_traced(traced: tuple[RunningNode, Collector, str]) -> None:
    node, collector, _ = traced
    with client_of(node) as clearway:
        clearway.check(CHECK)
    wait_for(lambda: any(s.name == "clearway.ship" for s in collector.spans), lambda: "no batch was traced")
    shipped = next(span for span in collector.spans if span.name == "clearway.ship")
    assert [pair.value.int_value > 0 for pair in shipped.attributes if pair.key == "clearway.rows"] == [True]
    assert not shipped.links


def test_no_subject_officer_or_case_reaches_the_collector(
    traced: tuple[RunningNode, Collector, str], theirs: trace.Tracer
) -> None:
    node, collector, _ = traced
    with client_of(node) as clearway, theirs.start_as_current_span("their work") as span:
        clearway.check(CHECK)
        with pytest.raises(InvalidIdentifier):
            clearway.check(Check(scheme="cn-uscc", code=CODE[:-1] + "A", item=ITEM, case=CASE, officer=OFFICER))
        stub = node.checks()
        with pytest.raises(grpc.RpcError):
            stub.CheckSubject(
                a_check(Character.SERIOUS, item_code=CODE), metadata=tuple(HEADERS.items()), timeout=PATIENCE
            )
    collector.of(trace.format_trace_id(span.get_span_context().trace_id), 7)
    served = [span for span in collector.spans if said(span).get("error.type") == "UNKNOWN_ITEM"]
    wait_for(
        lambda: any(said(span).get("error.type") == "UNKNOWN_ITEM" for span in collector.spans),
        lambda: f"the refusal was not traced: {served}",
    )
    sent = b"".join(request.SerializeToString() for request in collector.received)
    assert ITEM.encode() in sent
    for planted in (CODE, CODE[:-1], NAME, OFFICER, CASE):
        assert planted.encode() not in sent


@contextmanager
def deaf() -> Iterator[str]:
    """A collector that takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def absent() -> Iterator[str]:
    """A collector that is not there."""
    with deaf() as endpoint:
        pass
    yield endpoint


@pytest.mark.parametrize("broken", [absent, deaf])
def test_a_node_answers_and_ends_as_ever_where_its_collector_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[], AbstractContextManager[str]]
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    # A batch that fills at once: what cannot be sent is dropped, and nobody waits for room.
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
    with (
        broken() as endpoint,
        load(tmp_path),
        RunningNode(tmp_path, traces_endpoint=endpoint, traces_sample=1) as node,
        client_of(node) as clearway,
    ):
        began = time.monotonic()
        checked = {clearway.check(CHECK).check_id for _ in range(200)}
        took = time.monotonic() - began
        assert len(checked) == 200
        # Two seconds are lost with each batch that is given up: a hundred of them, were they waited for.
        assert took < PATIENCE
        assert node.stop(within=PATIENCE) == 0
        assert CODE not in node.log.read_text("utf-8")
