"""The answer, read from the wire into frozen dataclasses.

Dataclasses rather than views on messages: a case screen gets dates as dates, sets of words as enums that a type checker
can exhaust, and values that compare, pickle and never change; integrators need no protobuf in their own code. The
message itself stays at hand as `Answer.message`, for what a later contract adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clearway.client.errors import ClearwayError, failure_of_status
from clearway.client.terms import (
    BasisRank,
    MeasureEffect,
    MeasureForce,
    MeasureKind,
    NoticeCode,
    Outcome,
    ReasonCode,
    Standing,
    read,
)
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2


@dataclass(frozen=True, slots=True)
class Authority:
    """A body with public powers."""

    code: str
    """Its code in the catalogue; empty where a source gives a name only."""

    name: str
    """Its name, in the answer's language."""


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A law, regulation or document that a measure rests on."""

    title: str
    article: str
    rank: BasisRank
    document_number: str


@dataclass(frozen=True, slots=True)
class Document:
    """The judicial or administrative document behind a listing."""

    number: str
    date: date | None


@dataclass(frozen=True, slots=True)
class Channel:
    """Where and how a subject objects, or repairs."""

    authority: Authority
    how: str
    url: str
    phone: str


@dataclass(frozen=True, slots=True)
class Term:
    """When a reason is in force, by days in the registry's zone."""

    first_day: date | None
    """None where the source gives none."""

    last_day: date | None
    """Inclusive. None where an event, not a date, ends it."""

    confirmed_on: date | None
    """Where an event ends it: the day on which the source last said that it stands."""

    ends_on_event: str
    """Where an event ends it: what that event is."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One restriction or incentive, with everything an officer must be able to tell the applicant."""

    code: ReasonCode
    measure: str
    """The measure's or incentive's code in the catalogue."""

    measure_name: str
    kind: MeasureKind
    force: MeasureForce
    effect: MeasureEffect
    regime: str
    """The list regime's code; empty for a clean record."""

    regime_name: str
    listing_id: str
    """Empty for a clean record."""

    document: Document
    designating_authority: Authority
    implementing_authority: Authority
    legal_basis: LegalBasis
    term: Term
    objection: Channel | None
    """How to object."""

    repair: Channel | None
    """How to repair."""

    @property
    def mandatory(self) -> bool:
        """Whether a departure from it needs a recorded reason. A force this client does not know is taken to bind."""
        return self.force is not MeasureForce.RECOMMENDED


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the officer should know that neither restricts nor grants."""

    code: NoticeCode
    text: str
    """In the answer's language."""

    listing_id: str
    regime: str
    details: Mapping[str, str]
    """For programs; docs/integrate.md has them by code."""


@dataclass(frozen=True, slots=True)
class Material:
    """A material that the licence item asks for and that is missing."""

    code: str
    name: str
    essential: bool
    """Whether its absence rules out green channel and deferred acceptance."""

    deadline: date | None = None
    """For a deferrable one: the last day to supply it. None where no deferral is open: supply it like any other."""

    provisional: bool = False
    """Whether the deadline runs into a year whose working days are not yet published."""

    how: str = ""
    """How to supply it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows for this subject, this licence item, at this moment. A named officer decides."""

    outcome: Outcome
    """What the officer is advised to do. Match it exhaustively; none of its values refuses."""

    standing: Standing
    """What is known of the subject."""

    explanation: str
    """The answer in words: the outcome, why, and what to do next."""

    restrictions: tuple[Reason, ...]
    """In force on this application, the gravest first."""

    incentives: tuple[Reason, ...]
    """Open to the subject."""

    notices: tuple[Notice, ...]
    missing: tuple[Material, ...]
    """Materials not supplied, the essential ones first."""

    notice_text: str
    """For deferred acceptance: the notice to hand to the applicant."""

    commitment_required: bool
    """Whether a written commitment is needed before acceptance."""

    known_since: date | None
    expires_at: datetime | None
    """When a fact behind the answer changes by itself: ask again then."""

    check_id: str
    """The record's id: keep it with the decision."""

    request_id: str
    revision: str
    """What the answer was made from; a later check may ask to be at least as fresh."""

    index_age: timedelta
    edition: str
    """The catalogue edition that was applied."""

    decided_at: datetime
    language: str
    message: pb.CheckSubjectResponse = field(repr=False, compare=False)
    """The answer as it came."""

    @property
    def receipt(self) -> str:
        """The signed receipt, where the check asked for one; see `clearway.client.verify_receipt`."""
        return self.message.receipt

    @property
    def restricts(self) -> bool:
        """Whether a restriction in force heads the answer. False does not say that the case is clear: see `outcome`."""
        return self.outcome is Outcome.RESTRICTION

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Restrictions, then incentives."""
        return self.restrictions + self.incentives


@dataclass(frozen=True, slots=True)
class RecordedCheck:
    """A check as it was recorded."""

    answer: Answer | None
    """As it was given. None where the check was refused."""

    refusal: ClearwayError | None
    """Why it was refused. None where it was answered."""

    authority: Authority
    """Who asked."""

    recorded_at: datetime
    request: pb.CheckSubjectRequest = field(repr=False)
    """As it was asked; a natural person's number stands masked."""


def answer_in(message: pb.CheckSubjectResponse) -> Answer:
    """The answer that a response carries."""
    decision = message.decision
    materials = decision.materials
    return Answer(
        outcome=read(Outcome, decision.outcome),
        standing=read(Standing, decision.standing),
        explanation=decision.explanation.text,
        restrictions=tuple(reason_in(reason) for reason in decision.restrictions),
        incentives=tuple(reason_in(reason) for reason in decision.incentives),
        notices=tuple(notice_in(notice) for notice in decision.notices),
        missing=missing_in(materials),
        notice_text=materials.notice_text,
        commitment_required=materials.commitment_required,
        known_since=day(decision.known_since),
        expires_at=moment(decision.expires_at) if decision.HasField("expires_at") else None,
        check_id=message.check_id,
        request_id=message.request_id,
        revision=message.revision,
        index_age=message.index_age.ToTimedelta(),
        edition=message.catalogue_edition.id,
        decided_at=moment(message.decided_at),
        language=decision.explanation.language,
        message=message,
    )


def recorded_check_in(message: pb.GetCheckResponse) -> RecordedCheck:
    """The recorded check that a response carries."""
    return RecordedCheck(
        answer=answer_in(message.response) if message.HasField("response") else None,
        refusal=failure_of_status(message.error, message.request.request_id) if message.HasField("error") else None,
        authority=authority_in(message.authority),
        recorded_at=moment(message.recorded_at),
        request=message.request,
    )


def reason_in(message: decision_pb2.Reason) -> Reason:
    """One restriction or incentive."""
    basis, term = message.legal_basis, message.term
    return Reason(
        code=read(ReasonCode, message.code),
        measure=message.measure,
        measure_name=message.measure_name,
        kind=read(MeasureKind, message.kind),
        force=read(MeasureForce, message.force),
        effect=read(MeasureEffect, message.effect),
        regime=message.regime,
        regime_name=message.regime_name,
        listing_id=message.listing_id,
        document=Document(message.document.number, day(message.document.date)),
        designating_authority=authority_in(message.designating_authority),
        implementing_authority=authority_in(message.implementing_authority),
        legal_basis=LegalBasis(basis.title, basis.article, read(BasisRank, basis.rank), basis.document_number),
        # `from` is a word of Python's own.
        term=Term(day(getattr(term, "from")), day(term.until), day(term.confirmed_on), term.ends_on_event),
        objection=channel_in(message.objection) if message.HasField("objection") else None,
        repair=channel_in(message.repair) if message.HasField("repair") else None,
    )


def notice_in(message: decision_pb2.Notice) -> Notice:
    """One notice."""
    return Notice(
        read(NoticeCode, message.code), message.text, message.listing_id, message.regime, dict(message.details)
    )


def missing_in(message: decision_pb2.Materials) -> tuple[Material, ...]:
    """What is missing, the essential materials first."""
    essential = (Material(missing.code, missing.name, essential=True) for missing in message.missing_essential)
    deferrable = (
        Material(one.code, one.name, False, day(one.deadline), one.provisional, one.how) for one in message.deferrable
    )
    return (*essential, *deferrable)


def authority_in(message: decision_pb2.Authority) -> Authority:
    """An authority."""
    return Authority(message.code, message.name)


def channel_in(message: decision_pb2.Channel) -> Channel:
    """A channel."""
    return Channel(authority_in(message.authority), message.how, message.url, message.phone)


def day(text: str) -> date | None:
    """An ISO 8601 day; None for an empty text."""
    return date.fromisoformat(text) if text else None


def moment(stamp: Any) -> datetime:
    """A timestamp, in UTC."""
    found: datetime = stamp.ToDatetime(tzinfo=UTC)
    return found
