"""What goes on the log for a check: who asked what, the facts used, what was answered or why not."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from google.protobuf.message import Message

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.answer import Decision, Outcome, Standing
from clearway.decision.facts import Confirmations, Evidence, Sources
from clearway.gen.v1 import check_service_pb2, subject_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.record import CheckRecord, encode_record
from clearway.server.call import NOBODY, Call, Caller
from clearway.server.errors import Refusal, status_of
from clearway.server.lookup import Applicant
from clearway.server.sitting import Sitting
from clearway.subjects.identifiers import InvalidIdentifier, parse_identifier
from clearway.subjects.masking import mask, without_citizen_numbers

_encode_facts = msgspec.msgpack.Encoder().encode
LONGEST_SHOWN = 128
LONGEST_REGION = 16
OUTCOME_NAMES = {outcome: f"OUTCOME_{outcome}" for outcome in Outcome}
STANDING_NAMES = {standing: f"STANDING_{standing}" for standing in Standing}


class KeptFacts(msgspec.Struct, frozen=True, array_like=True):
    """The facts behind an answer, as its record keeps them."""

    evidence: Evidence
    confirmations: Confirmations = {}
    sources: Sources = ()


class Answered(NamedTuple):
    """A check that has its answer: what was asked, of whom, what was found and decided, and the answer's bytes."""

    check_id: str
    request: check_service_pb2.CheckSubjectRequest
    digest: bytes
    applicant: Applicant
    evidence: Evidence
    decision: Decision
    response: bytes
    elapsed_us: int


_decode_facts = msgspec.msgpack.Decoder(KeptFacts).decode


def facts_in(record: CheckRecord) -> KeptFacts:
    """The facts behind a recorded answer. Raises `msgspec.DecodeError` where they are not of this version's shape."""
    return _decode_facts(record.facts)


class Recording:
    """Makes the records of one worker's checks."""

    def __init__(self, catalogue: Catalogue, worker: str) -> None:
        self._edition = catalogue.edition.edition
        self._edition_hash = catalogue.content_hash
        self._worker = worker

    def answered(self, caller: Caller, sitting: Sitting, check: Answered) -> bytes:
        """The encoded record of an answered check. Raises `RecordTooLarge`."""
        request, applicant, decision = check.request, check.applicant, check.decision
        return encode_record(
            CheckRecord(
                check_id=check.check_id,
                decided_at=sitting.moment,
                authority=caller.authority,
                caller=caller.principal,
                officer=request.officer,
                case_number=request.case_number,
                item_code=request.item_code,
                request_id=request.request_id,
                request_digest=check.digest,
                scheme=applicant.scheme,
                subject=applicant.shown,
                subject_key=applicant.key,
                outcome=OUTCOME_NAMES[decision.outcome],
                standing=STANDING_NAMES[decision.standing],
                error_reason="",
                revision=sitting.revision,
                edition=self._edition,
                edition_hash=self._edition_hash,
                request=as_kept(request, applicant).SerializeToString(),
                facts=_encode_facts(KeptFacts(check.evidence, sitting.snapshot.confirmations, sitting.sources)),
                response=check.response,
                worker=self._worker,
                listings=listings_in(decision),
                region=request.region_code or caller.region,
                elapsed_us=check.elapsed_us,
                index_age_ms=sitting.index_age_ms,
                key_id=applicant.key_id,
                former_keys=applicant.former_keys,
            )
        )

    def refused(
        self,
        call: Call,
        request: check_service_pb2.CheckSubjectRequest | None,
        refusal: Refusal,
        check_id: str,
        decided_at: datetime,
        elapsed_us: int = 0,
    ) -> bytes:
        """The encoded record of a refused check. `request` is None where the bytes were no message.

        Whatever stands in a refused request is unchecked, so an identifier is kept masked, texts are cut to length,
        and a name is not kept.
        """
        caller = call.caller or NOBODY
        kept = check_service_pb2.CheckSubjectRequest() if request is None else refused_request(request)
        return encode_record(
            CheckRecord(
                check_id=check_id,
                decided_at=decided_at,
                authority=caller.authority,
                caller=caller.principal,
                officer=kept.officer,
                case_number=kept.case_number,
                item_code=kept.item_code,
                request_id=kept.request_id,
                request_digest=digest_of_bytes(call.raw),
                scheme=kept.subject.identifier.scheme,
                subject=kept.subject.identifier.value,
                subject_key=b"",
                outcome="",
                standing="",
                error_reason=ErrorReason.Name(refusal.reason),
                revision="",
                edition=self._edition,
                edition_hash=self._edition_hash,
                request=kept.SerializeToString(),
                facts=b"",
                response=status_of(refusal).SerializeToString(),
                worker=self._worker,
                region=(kept.region_code or caller.region)[:LONGEST_REGION],
                elapsed_us=elapsed_us,
            )
        )

    def refused_call(self, call: Call, refusal: Refusal, record_id: str, moment: datetime) -> bytes:
        """The encoded record of a refused call that is no check; of its request only a digest is kept."""
        return self._of_call(call, refusal, record_id, moment)

    def looked(self, call: Call, record_id: str, moment: datetime) -> bytes:
        """The encoded record of a look: who looked at what, without what they saw. Raises `RecordTooLarge`."""
        return self._of_call(call, None, record_id, moment)

    def _of_call(self, call: Call, refusal: Refusal | None, record_id: str, moment: datetime) -> bytes:
        caller, about = call.caller or NOBODY, call.about
        kept = b"" if call.message is None or refusal is not None else without_persons(call.message)
        return encode_record(
            CheckRecord(
                check_id=record_id,
                decided_at=moment,
                authority=caller.authority,
                caller=caller.principal,
                officer="",
                case_number="",
                item_code="",
                request_id="",
                request_digest=digest_of_bytes(call.raw),
                scheme=about.scheme,
                subject=about.shown,
                subject_key=about.key,
                outcome="",
                standing="",
                error_reason="" if refusal is None else ErrorReason.Name(refusal.reason),
                revision="",
                edition=self._edition,
                edition_hash=self._edition_hash,
                request=kept,
                facts=b"",
                response=b"" if refusal is None else status_of(refusal).SerializeToString(),
                worker=self._worker,
                method=call.method.short,
                key_id=about.key_id,
            )
        )


def without_persons(message: Message) -> bytes:
    """A request, serialized: with every code masked that may be a natural person's, in texts too, and without names."""
    kept = type(message)()
    kept.CopyFrom(message)
    conceal_persons(kept)
    return kept.SerializeToString()


def conceal_persons(message: Message) -> None:
    """Mask what may be a natural person's number, and take away what may be their name, at whatever depth."""
    if isinstance(message, subject_pb2.Identifier):
        if not is_organisation(message):
            message.scheme, message.value = without_citizen_numbers(message.scheme), mask(message.value)
        return
    if isinstance(message, subject_pb2.Subject) and not is_organisation(message.identifier):
        message.ClearField("name")
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for part in value if field.is_repeated else (value,):
                conceal_persons(part)
        elif field.type == field.TYPE_STRING and field.is_repeated:
            value[:] = [without_citizen_numbers(text) for text in value]
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, without_citizen_numbers(value))


def is_organisation(identifier: subject_pb2.Identifier) -> bool:
    """Whether a code is certainly no natural person's."""
    try:
        return not parse_identifier(identifier.scheme, identifier.value).personal
    except InvalidIdentifier:
        return False


def as_kept(
    request: check_service_pb2.CheckSubjectRequest, applicant: Applicant
) -> check_service_pb2.CheckSubjectRequest:
    """The request as the log keeps it: a natural person's number or a masked code only in its display form."""
    organisation = applicant.identifier is not None and not applicant.identifier.personal
    if organisation and not request.annotations:
        return request
    kept = check_service_pb2.CheckSubjectRequest()
    kept.CopyFrom(request)
    for name, text in request.annotations.items():
        kept.annotations[name] = without_citizen_numbers(text)
    if organisation:
        return kept
    if kept.subject.HasField("identifier"):
        kept.subject.identifier.value = applicant.shown
    kept.subject.name = applicant.name
    return kept


def refused_request(request: check_service_pb2.CheckSubjectRequest) -> check_service_pb2.CheckSubjectRequest:
    """What is kept of a refused request: its purpose, with the identifier masked and every text cut to length."""
    kept = check_service_pb2.CheckSubjectRequest(
        item_code=shown(request.item_code),
        application_kind=request.application_kind,
        region_code=shown(request.region_code),
        case_number=shown(request.case_number),
        officer=shown(request.officer),
        request_id=shown(request.request_id),
    )
    if request.subject.HasField("identifier"):
        kept.subject.identifier.scheme = without_citizen_numbers(request.subject.identifier.scheme)[:32]
        kept.subject.identifier.value = mask(request.subject.identifier.value[:64])
    return kept


def shown(text: str) -> str:
    """A text of a refused request as it is kept: without what looks like a citizen's number, and cut to length."""
    return without_citizen_numbers(text)[:LONGEST_SHOWN]


def listings_in(decision: Decision) -> tuple[str, ...]:
    """Ids of the listings that an answer speaks of, each once, in the answer's order."""
    if not (decision.restrictions or decision.incentives or decision.notices):
        return ()
    named = [restriction.listing.listing_id for restriction in decision.restrictions]
    named += [incentive.listing.listing_id for incentive in decision.incentives if incentive.listing is not None]
    named += [notice.listing_id for notice in decision.notices]
    return tuple(dict.fromkeys(filter(None, named)))


def digest_of(request: check_service_pb2.CheckSubjectRequest) -> bytes:
    """16 bytes that tell one request body from another, in whatever order its fields were sent."""
    return digest_of_bytes(request.SerializeToString(deterministic=True))


def digest_of_bytes(raw: bytes) -> bytes:
    """16 bytes that tell these bytes from others."""
    return blake2b(raw, digest_size=16).digest()
