"""A span for each call that is traced: what it was, how it ended, and nothing of whom it was about.

Loaded only where a collector is named. Spans hold no text that a caller chose: an item is named once a check of it has
been answered, so that it is one of the catalogue's; of a trace's headers, only ids and flags are read.
"""

from __future__ import annotations

import asyncio

import grpc
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.server.call import Call, Proceed
from clearway.server.errors import CODES, refusal_for, server_fault

FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""Statuses that are the server's failures: by the semantic conventions, what a caller did wrong fails no span here."""

ATTEMPTS = frozenset("12345")
"""How often gRPC may have sent a call before; anything else is not from gRPC."""

_propagator = TraceContextTextMapPropagator()


class Tracing:
    """Goes around a call with a span, within the trace that the caller has begun."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def __call__(self, proceed: Proceed) -> Proceed:
        """Trace the call."""
        tracer = self._tracer

        async def traced(call: Call) -> bytes:
            method = call.method.name[1:]
            with tracer.start_as_current_span(
                method,
                context=parent_of(call),
                kind=SpanKind.SERVER,
                attributes={"rpc.system.name": "grpc", "rpc.method": method},
                # The text of an exception may quote a request.
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                repeated(span, call)
                try:
                    answer = await proceed(call)
                except asyncio.CancelledError:
                    ended(span, grpc.StatusCode.CANCELLED.name)
                    raise
                except Exception as error:
                    refused(span, call, error)
                    raise
                if span.is_recording():
                    answered(span, call, answer)
                return answer

        return traced


def parent_of(call: Call) -> Context:
    """The trace that the caller says its call belongs to; an empty context where it says nothing, or nothing clear."""
    given = [value for name, value in call.context.invocation_metadata() or () if name == "traceparent"]
    # `tracestate` is left where it is: it is free text, and it would be sent on with every span.
    clear = {"traceparent": given[0]} if len(given) == 1 and isinstance(given[0], str) else {}
    return _propagator.extract(clear, context=Context())


def repeated(span: Span, call: Call) -> None:
    """Say of a call that gRPC has sent again how often it was sent before: each time is a span below its caller's."""
    for name, value in call.context.invocation_metadata() or ():
        if name == "grpc-previous-rpc-attempts" and value in ATTEMPTS:
            span.set_attribute("clearway.previous_attempts", int(value))


def answered(span: Span, call: Call, answer: bytes) -> None:
    """Say of a call that was answered what came of it."""
    ended(span, grpc.StatusCode.OK.name)
    whose(span, call)
    match call.message:
        case pb.CheckSubjectRequest():
            response = pb.CheckSubjectResponse.FromString(answer)
            span.set_attribute("clearway.item_code", call.message.item_code)
            span.set_attribute("clearway.outcome", decision_pb2.Outcome.Name(response.decision.outcome))
            span.set_attribute("clearway.revision", response.revision)
            span.set_attribute("clearway.check_id", response.check_id)
        case pb.BatchCheckSubjectsRequest():
            span.set_attribute("clearway.checks", len(call.message.checks))
        case _:
            pass


def refused(span: Span, call: Call, error: Exception) -> None:
    """Say of a call that was refused why, by the reason that its caller is told."""
    whose(span, call)
    if isinstance(error, grpc.aio.AbortError):
        return
    refusal = refusal_for(error) or server_fault()
    span.set_attribute("error.type", refusal.reason_name)
    ended(span, CODES[refusal.reason].name)


def ended(span: Span, code: str) -> None:
    """Say by which status a call ended."""
    span.set_attribute("rpc.response.status_code", code)
    if code in FAULTS:
        span.set_status(StatusCode.ERROR)


def whose(span: Span, call: Call) -> None:
    """Say for which authority the call was made, where that is known."""
    if call.caller is not None and call.caller.authority:
        span.set_attribute("clearway.authority", call.caller.authority)
