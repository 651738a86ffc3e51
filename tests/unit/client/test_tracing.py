"""The client's spans: below the caller's own, with nothing of what was asked; none, and nothing loaded, without it."""

from __future__ import annotations

import subprocess
import sys

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from clearway.client.errors import Details, Unavailable
from clearway.client.tracing import NO_TRACE, call_span, trace_headers

PATH = "/clearway.v1.CheckService/CheckSubject"
NAME = "某某食品有限公司"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What an integrator's own OpenTelemetry exports."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace.get_tracer", provider.get_tracer)
    return exporter


def is_sampled(traceparent: str) -> bool:
    return bool(int(traceparent.rpartition("-")[2], 16) & 1)


def test_a_call_is_a_span_below_its_callers_and_the_service_is_told_of_it(exported: InMemorySpanExporter) -> None:
    with trace.get_tracer("theirs").start_as_current_span("their work") as theirs, call_span(PATH) as headers:
        pass
    called, _ = exported.get_finished_spans()
    assert called.parent == theirs.get_span_context()
    assert (called.name, called.kind) == (PATH[1:], SpanKind.CLIENT)
    assert dict(called.attributes or {}) == {
        "rpc.system.name": "grpc",
        "rpc.method": PATH[1:],
        "rpc.response.status_code": "OK",
    }
    ids = [trace.format_trace_id(called.context.trace_id), trace.format_span_id(called.context.span_id)]
    ((name, value),) = headers
    assert (name, value.split("-")[:3], is_sampled(value)) == ("traceparent", ["00", *ids], True)


def test_a_call_that_failed_says_by_which_reason_and_not_in_which_words(exported: InMemorySpanExporter) -> None:
    fault = Unavailable(grpc.StatusCode.UNAVAILABLE, NAME, Details("SHUTTING_DOWN"))
    with trace.get_tracer("theirs").start_as_current_span("their work"), pytest.raises(Unavailable), call_span(PATH):
        raise fault
    called, _ = exported.get_finished_spans()
    assert (called.attributes or {})["error.type"] == "SHUTTING_DOWN"
    assert (called.attributes or {})["rpc.response.status_code"] == "UNAVAILABLE"
    assert (called.status.status_code, called.status.description, called.events) == (StatusCode.ERROR, None, ())


def test_a_caller_without_an_active_span_has_none_from_here(exported: InMemorySpanExporter) -> None:
    with call_span(PATH) as headers:
        assert headers == trace_headers() == NO_TRACE
    assert exported.get_finished_spans() == ()


def test_a_trace_that_is_not_sampled_stays_so_at_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    monkeypatch.setattr("opentelemetry.trace.get_tracer", provider.get_tracer)
    with trace.get_tracer("theirs").start_as_current_span("their work"), call_span(PATH) as headers:
        ((name, value),) = headers
    assert (name, is_sampled(value)) == ("traceparent", False)


def test_a_stream_is_told_of_the_callers_span(exported: InMemorySpanExporter) -> None:
    with trace.get_tracer("theirs").start_as_current_span("their work") as theirs:
        ((_, value),) = trace_headers()
    assert trace.format_span_id(theirs.get_span_context().span_id) in value


LOADS = """
import sys
import clearway.client
from clearway.client.tracing import call_span
with call_span("/s/m") as headers:
    print(headers, any(name.partition(".")[0] == "opentelemetry" for name in sys.modules))
"""


def test_the_client_does_not_load_opentelemetry() -> None:
    said = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True, timeout=100).stdout
    assert said.strip() == "() False"
