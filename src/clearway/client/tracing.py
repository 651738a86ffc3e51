"""Traces that the caller has begun go on to the service: nothing happens where there is none.

OpenTelemetry is the caller's: it is not loaded from here. Where it is loaded and a span is active, a call has a span of
its own, and the service's spans are below that. Spans say which method was called and how it ended, not what was asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from clearway.client.channels import Metadata
from clearway.client.errors import ClearwayError

NO_TRACE: Metadata = ()
API = "opentelemetry.trace"


@contextmanager
def call_span(path: str) -> Iterator[Metadata]:
    """A span around one call of a method, where the caller traces; gives what goes with the call."""
    if not is_tracing():
        yield NO_TRACE
        return
    from opentelemetry.trace import SpanKind, StatusCode, get_tracer

    method = path[1:]
    with get_tracer("clearway.client").start_as_current_span(
        method,
        kind=SpanKind.CLIENT,
        attributes={"rpc.system.name": "grpc", "rpc.method": method},
        # The text of an error may quote what was asked.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield trace_headers()
        except ClearwayError as error:
            span.set_attribute("rpc.response.status_code", error.code.name)
            span.set_attribute("error.type", error.reason_name or error.code.name)
            span.set_status(StatusCode.ERROR)
            raise
        span.set_attribute("rpc.response.status_code", "OK")


def trace_headers() -> Metadata:
    """The W3C headers of the caller's trace; nothing where it has none."""
    if not is_tracing():
        return NO_TRACE
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple(carrier.items())


def is_tracing() -> bool:
    """Whether the caller uses OpenTelemetry, and a span is active."""
    # Where nobody has loaded it, no span can be active.
    if API not in sys.modules:
        return False
    from opentelemetry.trace import get_current_span

    return get_current_span().get_span_context().is_valid
