"""Rounds whose traced checks say where their time went. Loaded only where a collector is named."""

from __future__ import annotations

from opentelemetry import context, trace
from opentelemetry.trace import Span, Tracer

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.reader import IndexReader, Snapshot
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import Call
from clearway.server.replays import Recorded
from clearway.server.rounds import Answer, Decide, Rounds


class TracedRounds(Rounds):
    """Rounds with two spans for each check that is traced: its decision, and its wait for the journal."""

    def __init__(self, index: IndexReader, journal: GroupCommit, tracer: Tracer) -> None:
        super().__init__(index, journal)
        self._tracer = tracer

    async def join(self, request: pb.CheckSubjectRequest, digest: bytes, call: Call, decide: Decide) -> Recorded:
        """As `Rounds.join`."""
        if not trace.get_current_span().is_recording():
            return await super().join(request, digest, call, decide)
        # A round is played in whichever caller's context began it: each check brings its own.
        around = context.get_current()
        waiting: list[Span] = []

        def decided(request: pb.CheckSubjectRequest, digest: bytes, call: Call, snapshot: Snapshot) -> Answer:
            deciding = self._tracer.start_span("clearway.decide", around)
            try:
                answer = decide(request, digest, call, snapshot)
            finally:
                deciding.end()
            waiting.append(self._tracer.start_span("clearway.record", around))
            return answer

        try:
            return await super().join(request, digest, call, decided)
        finally:
            for span in waiting:
                span.end()
