"""A batch of checks: input order, a status for each, one revision for all, one group commit."""

from __future__ import annotations

import asyncio
from time import monotonic

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import IndexReader, Snapshot
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import Call
from clearway.server.checks import Checks
from clearway.server.embedding import embedded
from clearway.server.errors import Refusal, Violation, refusal_for, status_of
from clearway.server.freshness import Freshness
from clearway.server.interceptors.evidence import UNRECORDED
from clearway.server.interceptors.validation import require_valid
from clearway.server.reaches import require_check
from clearway.server.recording import digest_of
from clearway.server.replays import Recorded, Replays
from clearway.server.revision import token_of
from clearway.server.rounds import Answer


class Batches:
    """Answers batches through the same `Checks` as single calls."""

    def __init__(
        self, checks: Checks, index: IndexReader, journal: GroupCommit, freshness: Freshness, replays: Replays
    ) -> None:
        self._checks = checks
        self._index = index
        self._journal = journal
        self._freshness = freshness
        self._replays = replays

    async def check(self, request: pb.BatchCheckSubjectsRequest, call: Call) -> bytes:
        """The serialized answers, in input order; every one of them is on disk.

        One item's refusal is its own status and leaves the others alone. Raises what concerns the whole batch: no
        usable index, an index behind. A recorded answer returned for a repeated request id keeps its own revision.
        """
        allowance = call.known_caller().allowance
        if allowance is not None:
            # The call itself has been counted as one.
            allowance.spend(len(request.checks) - 1, monotonic())
        if request.HasField("consistency"):
            await self._freshness.wait(request.consistency, call.context.time_remaining())
        # Decided in one go, without a pause in between: a snapshot is not held across other calls.
        with self._index.snapshot() as snapshot:
            revision = token_of(snapshot.database_id, snapshot.revision)
            decided = [self._decide(item, call, snapshot) for item in request.checks]
        results = await asyncio.gather(
            *(self._record(item, call, found) for item, found in zip(request.checks, decided, strict=True))
        )
        answers = [embedded(pb.BatchCheckSubjectsResponse, "results", result) for result in results]
        return b"".join(answers) + pb.BatchCheckSubjectsResponse(revision=revision).SerializeToString()

    def _decide(self, request: pb.CheckSubjectRequest, call: Call, snapshot: Snapshot) -> Answer | Refusal:
        try:
            require_valid(request)
            if request.HasField("consistency"):
                message = "set consistency once, for the whole batch"
                violations = [Violation("consistency", message)]
                raise Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, message, violations=violations)
            require_check(call, request)
            return self._checks.answer(request, digest_of(request), call, snapshot)
        except Exception as error:
            return known_refusal(error)

    async def _record(self, request: pb.CheckSubjectRequest, call: Call, found: Answer | Refusal) -> bytes:
        if isinstance(found, Refusal):
            return await self._refused(request, call, found)
        try:
            raw = await self._recorded(request, call, found)
        except Exception as error:
            return await self._refused(request, call, known_refusal(error))
        return embedded(pb.BatchCheckResult, "response", raw)

    async def _refused(self, request: pb.CheckSubjectRequest, call: Call, refusal: Refusal) -> bytes:
        if refusal.reason not in UNRECORDED:
            try:
                await self._checks.record_refusal(call, request, refusal)
            except Exception as error:
                refusal = known_refusal(error)
        return pb.BatchCheckResult(error=status_of(refusal)).SerializeToString()

    async def _recorded(self, request: pb.CheckSubjectRequest, call: Call, answer: Answer) -> bytes:
        async def put() -> Recorded:
            await self._journal.put(answer.record)
            return Recorded(answer.response, answer.check_id)

        if not request.request_id:
            return (await put()).response
        authority = call.known_caller().authority
        return await self._replays.once(
            authority, request.request_id, digest_of(request), put, call.vouched_by_this_node_only
        )


def known_refusal(error: Exception) -> Refusal:
    """The refusal of a domain error; any other error is raised again, for the whole batch."""
    refusal = refusal_for(error)
    if refusal is None:
        raise error
    return refusal
