"""容缺受理 after the answer: a deferral as it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from clearway.client.answer import day, moment
from clearway.client.terms import DeferralState, read
from clearway.gen.v1 import deferral_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class PromisedMaterial:
    """A material that was promised."""

    code: str
    name: str
    deadline: date | None
    provisional: bool
    how: str
    supplied_at: datetime | None
    """When it arrived. None while it is missing."""


@dataclass(frozen=True, slots=True)
class DeferralNotice:
    """The authority's notice to the applicant, in both languages."""

    number: str
    issued_at: datetime
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class Deferral:
    """A deferral, as it stands."""

    check_id: str
    case: str
    item: str
    state: DeferralState
    materials: tuple[PromisedMaterial, ...]
    notice: DeferralNotice | None
    """None before it was issued."""

    deadline: date | None
    """The latest day to supply."""

    overdue: bool
    message: pb.Deferral = field(repr=False, compare=False)
    """The deferral as it came, with its signatory and its acts."""

    @property
    def missing(self) -> tuple[PromisedMaterial, ...]:
        """What has not arrived."""
        return tuple(material for material in self.materials if material.supplied_at is None)


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The file was returned and is deemed withdrawn: never a refusal."""

    deferral: Deferral
    record_id: str
    """The adverse record of the broken commitment, for objection and repair."""

    revision: str


def deferral_in(message: pb.Deferral) -> Deferral:
    """The deferral that a message carries."""
    notice = message.notice
    return Deferral(
        check_id=message.check_id,
        case=message.case_number,
        item=message.item_code,
        state=read(DeferralState, message.state),
        materials=tuple(promised_in(material) for material in message.materials),
        notice=(
            DeferralNotice(notice.number, moment(notice.issued_at), notice.text_en, notice.text_zh)
            if message.HasField("notice")
            else None
        ),
        deadline=day(message.deadline),
        overdue=message.overdue,
        message=message,
    )


def promised_in(message: pb.PromisedMaterial) -> PromisedMaterial:
    """A promised material."""
    return PromisedMaterial(
        code=message.code,
        name=message.name,
        deadline=day(message.deadline),
        provisional=message.provisional,
        how=message.how,
        supplied_at=moment(message.supplied_at) if message.HasField("supplied_at") else None,
    )
