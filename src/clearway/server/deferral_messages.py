"""A deferral on the wire, in the language asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import assert_never

from clearway.catalogue.model import Text
from clearway.decision.deferral_notice import Due
from clearway.decision.explain import Language
from clearway.gen.v1 import deferral_service_pb2 as pb
from clearway.registry.cases.deferral import Deferral, DeferralState
from clearway.registry.cases.events import (
    CaseEntry,
    Committed,
    Completed,
    DeferralEvent,
    Extended,
    Lapsed,
    NoticeIssued,
    Supplemented,
    Withdrawn,
    Words,
    kind_of,
)
from clearway.server.offers import Offer
from clearway.subjects.workdays import WorkingCalendar

STATES: Mapping[DeferralState, pb.DeferralState.ValueType] = {
    state: pb.DeferralState.Value(f"DEFERRAL_STATE_{state}") for state in DeferralState
}


class DeferralMessages:
    """Deferrals put on the wire, their deadlines counted by one calendar."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar

    def offered(self, offer: Offer) -> pb.Deferral:
        """A deferral that nobody has committed to yet, in the words of the answer."""
        record = offer.record
        message = pb.Deferral(
            check_id=record.check_id,
            case_number=record.case_number,
            item_code=record.item_code,
            state=STATES[DeferralState.OFFERED],
            deadline=max(material.deadline for material in offer.materials),
        )
        for material in offer.materials:
            message.materials.add(
                code=material.code,
                name=material.name,
                deadline=material.deadline,
                provisional=material.provisional,
                how=material.how,
            )
        return message

    def committed(self, deferral: Deferral, closed: bool, day: date, language: Language) -> pb.Deferral:
        """A deferral as it stands on `day`; in a closed case nothing is overdue."""
        first, commitment = deferral.entries[0], deferral.commitment
        if commitment is None:
            raise LookupError(first.check_id)
        message = pb.Deferral(
            check_id=first.check_id,
            case_number=first.case.case_number,
            item_code=commitment.item,
            state=STATES[deferral.state],
            signatory=commitment.signatory,
            commitment_reference=commitment.reference,
            overdue=not closed and deferral.overdue_since(day, self._calendar) is not None,
            deadline=str(deferral.deadline(self._calendar)),
        )
        self._materials(message, deferral, language)
        if deferral.notice is not None and deferral.notice_at is not None:
            notice = deferral.notice
            message.notice.CopyFrom(
                pb.DeferralNotice(number=notice.number, text_en=notice.text.en, text_zh=notice.text.zh)
            )
            message.notice.issued_at.FromDatetime(deferral.notice_at)
        for entry in deferral.entries:
            if isinstance(entry.event, DeferralEvent):
                fill_act(message.acts.add(), entry, entry.event)
        return message

    def due(self, deferral: Deferral) -> list[Due]:
        """What is missing, as a notice names it."""
        return [
            Due(text(promise.name), text(promise.how), due.day, due.provisional)
            for promise in deferral.missing
            for due in (deferral.due(promise, self._calendar),)
        ]

    def _materials(self, message: pb.Deferral, deferral: Deferral, language: Language) -> None:
        for promise in deferral.promises:
            due = deferral.due(promise, self._calendar)
            material = message.materials.add(
                code=promise.material,
                name=in_language(promise.name, language),
                deadline=due.day.isoformat(),
                provisional=due.provisional,
                how=in_language(promise.how, language),
            )
            supplied_at = deferral.supplied.get(promise.material)
            if supplied_at is not None:
                material.supplied_at.FromDatetime(supplied_at)


def fill_act(act: pb.DeferralAct, entry: CaseEntry, event: DeferralEvent) -> None:
    """One act: what, when, by whom, and why or with which materials."""
    act.kind, act.officer = kind_of(event), event.officer
    act.recorded_at.FromDatetime(entry.recorded_at)
    match event:
        case Extended() | Withdrawn() | Lapsed():
            act.reason = event.reason
        case Supplemented():
            act.materials.extend(event.materials)
        case Committed():
            act.materials.extend(promise.material for promise in event.promises)
        case NoticeIssued() | Completed():
            pass
        case _:
            assert_never(event)


def text(words: Words) -> Text:
    """A text as an event keeps it, as the catalogue has it."""
    return Text(en=words.en, zh=words.zh)


def in_language(words: Words, language: Language) -> str:
    """The text in the language asked for."""
    return words.zh if language is Language.ZH_CN else words.en
