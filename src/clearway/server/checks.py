"""A check, free of transport: look up, decide, record, answer. The order is the promise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from clearway.access.limits import Allowance
from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import LicenceItem
from clearway.decision.decide import decide
from clearway.decision.explain import Language
from clearway.decision.facts import Evidence, NotKnown
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.reader import Snapshot
from clearway.querylog.central import StoredCheck
from clearway.querylog.group_commit import GroupCommit
from clearway.server.call import Call
from clearway.server.errors import Refusal
from clearway.server.freshness import Freshness
from clearway.server.lookup import Applicant, Lookup
from clearway.server.question import item_of, question_of
from clearway.server.receipts import Receipts
from clearway.server.recording import Answered, Recording, digest_of
from clearway.server.replays import Recorded, Replays
from clearway.server.rounds import Answer, Rounds
from clearway.server.sitting import Sitting, sit
from clearway.server.sources import ScheduledSources
from clearway.server.translate import Translation
from clearway.subjects.identifiers import InvalidIdentifier

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
        receipts: Receipts,
        now: Callable[[], float] = monotonic,
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
        self._receipts = receipts
        self._now = now
        self._translations = {language: Translation(catalogue, language) for language in Language}
        self._edition = pb.CatalogueEdition(id=catalogue.edition.edition, content_hash=catalogue.content_hash)
        self._sitting: Sitting | None = None

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
        sitting = self._sitting_on(snapshot)
        moment, caller = sitting.moment, call.known_caller()
        allowance = caller.allowance
        if allowance is not None:
            allowance.require_no_walk(self._now())
        item = item_of(request, self._catalogue)
        applicant = self._applicant(request, item, allowance)
        evidence = self._lookup.evidence(applicant, snapshot, moment)
        if allowance is not None and applicant.key:
            count(allowance, applicant, evidence)
        question = question_of(request, item, applicant, caller, self._catalogue, sitting.day)
        decision = decide(evidence, question, self._catalogue, moment, snapshot.confirmations, sitting.sources)
        check_id = self._new_id()
        response = pb.CheckSubjectResponse()
        response.CopyFrom(sitting.head)
        response.check_id = check_id
        response.request_id = request.request_id or check_id
        # Filled in place: a decision made beside it would be copied, and a message costs more to copy than to fill.
        translation = self._translations[call.language(self._language)]
        translation.fill(response.decision, decision, question, sitting.day)
        raw = response.SerializeToString()
        elapsed = call.elapsed_us(monotonic())
        answered = Answered(check_id, request, digest, applicant, evidence, decision, raw, elapsed)
        record = self._recording.answered(caller, sitting, answered)
        if request.receipt:
            raw = self._receipts.attached(StoredCheck.of(record))
        return Answer(raw, record, check_id)

    def _sitting_on(self, snapshot: Snapshot) -> Sitting:
        """What all checks on this snapshot share: theirs is the moment at which the first of them was decided."""
        if self._sitting is None or self._sitting.snapshot is not snapshot:
            moment = self._clock()
            day = moment.astimezone(self._catalogue.zone).date()
            self._sitting = sit(snapshot, moment, day, self._edition, self._sources.of(snapshot))
        return self._sitting

    def _applicant(self, request: pb.CheckSubjectRequest, item: LicenceItem, allowance: Allowance | None) -> Applicant:
        """Whom the request names, held to the caller's limits. Raises what the look-up raises, and `Exceeded`."""
        try:
            applicant = self._lookup.applicant(request.subject, item)
        except InvalidIdentifier:
            if allowance is not None:
                allowance.invalid()
            raise
        if allowance is not None and applicant.key:
            allowance.in_case(applicant.key, request.case_number, self._now())
        return applicant

    async def record_refusal(self, call: Call, request: pb.CheckSubjectRequest | None, refusal: Refusal) -> None:
        """Put a refused check on the log. Raises `AuditUnavailable`: then that is the refusal's reason."""
        elapsed = call.elapsed_us(monotonic())
        await self._journal.put(self._recording.refused(call, request, refusal, self._new_id(), self._clock(), elapsed))


def count(allowance: Allowance, applicant: Applicant, evidence: Evidence) -> None:
    """Count a code that was looked up; a natural person's by its key, so that its number is kept nowhere."""
    personal = applicant.identifier is None or applicant.identifier.personal
    code = applicant.key.hex() if personal else applicant.shown
    allowance.looked_up(code, applicant.key, not isinstance(evidence, NotKnown))
