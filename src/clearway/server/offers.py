"""容缺受理 as a recorded answer offered it: what was offered, and whether the offer still stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import DeferrableMaterial, Text
from clearway.decision.answer import Decision, Outcome
from clearway.decision.decide import decide
from clearway.decision.facts import CheckRequest, Known, NotKnown, Sources
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import Snapshot
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.registry.cases.events import Case, Committed, Promise, Words
from clearway.server.call import Call
from clearway.server.errors import Refusal
from clearway.server.lookup import Lookup, RecordedKeys
from clearway.server.question import KINDS
from clearway.server.reaches import extends_to_check
from clearway.server.recorded_checks import absence_of, never_recorded


class NoOffer(StrEnum):
    """Why there is nothing to commit to."""

    OUTCOME = "outcome"
    """The check was answered otherwise, or refused."""
    EXPIRED = "expired"
    """Deadlines count from the day of acceptance, and that day is over, or a fact behind the answer has changed."""
    EDITION = "edition"
    """The catalogue has changed since."""
    CHANGED = "changed"
    """What the registry says now no longer offers it."""


WORDS = {
    NoOffer.OUTCOME: "the check did not offer deferred acceptance",
    NoOffer.EXPIRED: "the offer has expired; ask again",
    NoOffer.EDITION: "the catalogue has changed since the check; ask again",
    NoOffer.CHANGED: "deferred acceptance is no longer offered to this subject; ask again",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A check that answered DEFERRED_ACCEPTANCE, as it was recorded."""

    record: CheckRecord
    request: pb.CheckSubjectRequest
    response: pb.CheckSubjectResponse

    @property
    def case(self) -> Case:
        """The case it was made in."""
        return Case(self.record.authority, self.record.case_number)

    @property
    def materials(self) -> list[decision_pb2.DeferrableMaterial]:
        """What may follow, as the answer said."""
        return list(self.response.decision.materials.deferrable)


def recorded_check(log: Log, check_id: str, call: Call) -> CheckRecord:
    """The check of this id. Raises `Refusal` CHECK_ERASED; CHECK_NOT_FOUND, also where the caller may not act on it."""
    stored = log.get(check_id)
    if stored is None:
        raise absence_of(log, check_id)
    if not extends_to_check(call, stored.record):
        raise never_recorded()
    return stored.record


def offer_in(record: CheckRecord) -> Offer:
    """What the check offered. Raises `Refusal` DEFERRAL_NOT_OFFERED where it did not."""
    if record.outcome != decision_pb2.Outcome.Name(decision_pb2.OUTCOME_DEFERRED_ACCEPTANCE):
        raise not_offered(NoOffer.OUTCOME)
    request = pb.CheckSubjectRequest.FromString(record.request)
    return Offer(record, request, pb.CheckSubjectResponse.FromString(record.response))


def require_standing(
    offer: Offer,
    catalogue: Catalogue,
    region: str,
    lookup: Lookup,
    snapshot: Snapshot,
    moment: datetime,
    sources: Sources = (),
) -> None:
    """Refuse an offer that no longer stands at `moment`. Raises `Refusal` DEFERRAL_NOT_OFFERED.

    The same question is decided again on what the index holds now, without a record: a restriction that has come up
    since, or another broken commitment, ends the offer. `region` is where the caller's own powers lie.
    """
    decision = offer.response.decision
    decided_on = offer.record.decided_at.astimezone(catalogue.zone).date()
    over = decision.HasField("expires_at") and decision.expires_at.ToDatetime(UTC) <= moment
    if over or decided_on != moment.astimezone(catalogue.zone).date():
        raise not_offered(NoOffer.EXPIRED)
    if offer.record.edition_hash != catalogue.content_hash:
        raise not_offered(NoOffer.EDITION)
    decided = decided_again(offer, catalogue, region, lookup, snapshot, moment, sources)
    if decided.outcome is not Outcome.DEFERRED_ACCEPTANCE:
        raise not_offered(NoOffer.CHANGED)


def decided_again(
    offer: Offer,
    catalogue: Catalogue,
    region: str,
    lookup: Lookup,
    snapshot: Snapshot,
    moment: datetime,
    sources: Sources,
) -> Decision:
    """What the same question would get at `moment`; the subject is found by the recorded keys, without its number."""
    request, record = offer.request, offer.record
    hit = lookup.hit_of(request.subject, RecordedKeys.of(record), snapshot)
    question = CheckRequest(
        item=record.item_code,
        application_kind=KINDS[request.application_kind],
        authority=record.authority,
        region=request.region_code or region,
        supplied_materials=frozenset(request.supplied_materials),
        name=request.subject.name,
    )
    evidence = NotKnown() if hit is None else Known(hit.profile, hit.through)
    return decide(evidence, question, catalogue, moment, snapshot.confirmations, sources)


def commitment_on(offer: Offer, catalogue: Catalogue, request: deferral_pb.CommitRequest) -> Committed:
    """The commitment that takes a standing offer up, with all that its notice will need, in both languages."""
    item = catalogue.item(offer.record.item_code)
    if item is None:
        raise LookupError(offer.record.item_code)
    known = {material.code: material for material in item.deferrable_materials}
    return Committed(
        officer=request.officer,
        signatory=request.signatory,
        reference=request.commitment_reference,
        item=item.code,
        item_name=both(item.name),
        consequence=both(catalogue.edition.deferral.consequence),
        counted_from=offer.record.decided_at.astimezone(catalogue.zone).date(),
        promises=tuple(promise_of(offered, known[offered.code]) for offered in offer.materials),
    )


def promise_of(offered: decision_pb2.DeferrableMaterial, material: DeferrableMaterial) -> Promise:
    """A material as promised: by the day that the answer gave."""
    deadline = date.fromisoformat(offered.deadline)
    return Promise(
        offered.code, both(material.name), both(material.how), material.deadline, deadline, offered.provisional
    )


def both(text: Text) -> Words:
    """A text of the catalogue as an event keeps it."""
    return Words(text.en, text.zh)


def not_offered(because: NoOffer) -> Refusal:
    """There is nothing to commit to, and why."""
    return Refusal(ErrorReason.ERROR_REASON_DEFERRAL_NOT_OFFERED, WORDS[because], {"because": because.value})
