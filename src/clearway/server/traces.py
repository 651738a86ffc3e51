"""The spans of one process, and their way to the collector. Loaded only where a collector is named.

A thread of the process sends what has ended, in batches; nobody waits for it. A collector that is away, slow or broken
costs spans and a line in the log, never a call.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import StatusCode, Tracer

from clearway.server.settings import Settings

PATIENCE = 2.0
"""Seconds for one batch to reach the collector, and for the last ones when the process ends."""


class Traces:
    """What a process makes its spans with."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self.tracer: Tracer = provider.get_tracer("clearway")

    @classmethod
    def of(cls, settings: Settings, process: str) -> Self:
        """Spans that go to the collector of these settings. Its thread is this process's: made after the fork.

        Whoever calls decides whether its call is traced; of the calls that come without a trace, a share is.
        """
        resource = Resource.create(
            {"service.name": "clearway", "service.instance.id": f"{settings.node_name}/{process}"}
        )
        sampler = ParentBased(TraceIdRatioBased(settings.traces_sample))
        provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=settings.traces_endpoint, timeout=PATIENCE)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(provider)

    @contextmanager
    def shipping(self, rows: int) -> Iterator[None]:
        """A span around one batch of journal rows on its way to the central log."""
        with self.tracer.start_as_current_span(
            "clearway.ship",
            attributes={"clearway.rows": rows},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except Exception as fault:
                # Without its text, which may quote a row.
                span.set_attribute("error.type", type(fault).__name__)
                span.set_status(StatusCode.ERROR)
                raise

    def close(self) -> None:
        """Send what is left, within `PATIENCE`."""
        # The library's own end waits half a minute for a collector that is away.
        ending = threading.Thread(target=self._provider.shutdown, name="clearway-traces-end", daemon=True)
        ending.start()
        ending.join(PATIENCE)
