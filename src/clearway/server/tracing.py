"""What is traced with, or nothing: the one door to OpenTelemetry, which is loaded only where a collector is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearway.index.reader import IndexReader
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import Wrapper
from clearway.server.rounds import Rounds
from clearway.server.settings import Settings

if TYPE_CHECKING:
    from clearway.server.traces import Traces


def traces_of(settings: Settings, process: str) -> Traces | None:
    """What a process traces with, where a collector is named. Where none is, nothing of OpenTelemetry is loaded."""
    if not settings.traces_endpoint:
        return None
    from clearway.server.traces import Traces

    return Traces.of(settings, process)


def tracing_with(traces: Traces) -> Wrapper:
    """The interceptor that traces calls."""
    from clearway.server.interceptors.tracing import Tracing

    return Tracing(traces.tracer)


def rounds_of(index: IndexReader, journal: GroupCommit, traces: Traces | None) -> Rounds:
    """The worker's rounds, which trace their checks where calls are traced."""
    if traces is None:
        return Rounds(index, journal)
    from clearway.server.traced_rounds import TracedRounds

    return TracedRounds(index, journal, traces.tracer)
