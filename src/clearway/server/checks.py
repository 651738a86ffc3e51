"""A check, free of transport: look up, decide, record, answer. The order is the promise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.decide import decide
from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.reader import Snapshot
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import Call
from clearway.server.errors import Refusal
from clearway.server.freshness import Freshness
from clearway.server.lookup import Lookup
from clearway.server.question import item_of, question_of
from clearway.server.recording import Recording, digest_of
from clearway.server.replays import Recorded, Replays
from clearway.server.revision import token_of
from clearway.server.rounds import Answer, Rounds
from clearway.server.sources import ScheduledSources
from clearway.server.translate import Translation

Clock = Callable[[], datetime]
NewId = Callable[[], str]


class Checks:
    """Answers checks from one index reader and one catalogue, and puts each on one journal."""

    def __init__(
        self,
        catalogue: Catalogue,
        lookup: Lookup,
        rounds: Rounds,
        journal: GroupCommit,
        recording: Recording,
        replays: Replays,
        freshness: Freshness,
        language: Language,
        clock: Clock,
        new_id: NewId,
        sources: ScheduledSources,
    ) -> None:
        self._catalogue = catalogue
        self._lookup = lookup
        self._rounds = rounds
        self._journal = journal
        self._recording = recording
        self._replays = replays
        self._freshness = freshness
        self._language = language
        self._clock = clock
        self._new_id = new_id
        self._sources = sources
        self._translations = {language: Translation(catalogue, language) for language in Language}
        self._edition = pb.CatalogueEdition(id=catalogue.edition.edition, content_hash=catalogue.content_hash)

    async def check(self, request: pb.CheckSubjectRequest, call: Call) -> bytes:
        """The serialized answer to one check, its record on disk.

        Raises `Refusal` and the domain errors of `clearway.server.errors.TABLE`. The refusals are recorded by the
        evidence interceptor.
        """
        if not request.request_id:
            return (await self._decide_and_record(request, b"", call)).response
        digest = digest_of(request)
        authority = call.known_caller().authority
        return await self._replays.once(
            authority,
            request.request_id,
            digest,
            lambda: self._decide_and_record(request, digest, call),
            call.vouched_by_this_node_only,
        )

    async def _decide_and_record(self, request: pb.CheckSubjectRequest, digest: bytes, call: Call) -> Recorded:
        if request.HasField("consistency"):
            await self._freshness.wait(request.consistency, call.context.time_remaining())
        return await self._rounds.join(request, digest, call, self.answer)

    def answer(self, request: pb.CheckSubjectRequest, digest: bytes, call: Call, snapshot: Snapshot) -> Answer:
        """Decide one check on one snapshot. Nothing is recorded yet."""
        moment = self._clock()
        item = item_of(request, self._catalogue)
        applicant = self._lookup.applicant(request.subject, item)
        evidence = self._lookup.evidence(applicant, snapshot, moment)
        day = moment.astimezone(self._catalogue.zone).date()
        question = question_of(request, item, applicant, call.known_caller(), self._catalogue, day)
        sources = self._sources.of(snapshot)
        decision = decide(evidence, question, self._catalogue, moment, snapshot.confirmations, sources)
        check_id = self._new_id()
        response = pb.CheckSubjectResponse(
            check_id=check_id,
            revision=token_of(snapshot.database_id, snapshot.revision),
            catalogue_edition=self._edition,
            request_id=request.request_id or check_id,
        )
        # Filled in place: a decision made beside it would be copied, and a message costs more to copy than to fill.
        translation = self._translations[call.language(self._language)]
        translation.fill(response.decision, decision, question, day)
        stamp(response, moment, snapshot.synced_at)
        raw = response.SerializeToString()
        elapsed = call.elapsed_us(monotonic())
        record = self._recording.answered(
            call, request, digest, applicant, evidence, snapshot.confirmations, sources, response, moment, raw, elapsed
        )
        return Answer(raw, record, check_id)

    async def record_refusal(self, call: Call, request: pb.CheckSubjectRequest | None, refusal: Refusal) -> None:
        """Put a refused check on the log. Raises `AuditUnavailable`: then that is the refusal's reason."""
        elapsed = call.elapsed_us(monotonic())
        await self._journal.put(self._recording.refused(call, request, refusal, self._new_id(), self._clock(), elapsed))


def stamp(response: pb.CheckSubjectResponse, moment: datetime, synced_at: float) -> None:
    """Set when the answer was made and how old the index was then."""
    seconds = moment.timestamp()
    decided_at, index_age = response.decided_at, response.index_age
    decided_at.seconds = int(seconds)
    decided_at.nanos = moment.microsecond * 1000
    age = max(0.0, seconds - synced_at)
    index_age.seconds = int(age)
    index_age.nanos = int((age - int(age)) * 1e9)
