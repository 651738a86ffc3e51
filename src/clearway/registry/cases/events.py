"""What can happen in a case after an answer, each a frozen struct stored as tagged JSON.

An event says what an authority did; it is never changed. Moments are aware and in UTC; days are days in the registry's
zone. What a notice needs is kept with the commitment, so that a later catalogue edition does not change what was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import msgspec


class Words(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A text in both languages."""

    en: str
    zh: str


class Promise(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A material that was promised: `term` in working days from the day of the commitment, and the last day it gave."""

    material: str
    name: Words
    how: Words
    term: int
    deadline: date
    provisional: bool = False


class _Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, tag_field="event"):
    officer: str


class Committed(_Event, frozen=True, gc=False, tag="committed"):
    """承诺: the applicant committed in writing. `counted_from` is the day from which deadlines are counted."""

    signatory: str
    reference: str
    item: str
    item_name: Words
    consequence: Words
    counted_from: date
    promises: tuple[Promise, ...]


class NoticeIssued(_Event, frozen=True, gc=False, tag="notice_issued"):
    """容缺受理通知书: the authority's notice was handed over."""

    number: str
    text: Words


class Supplemented(_Event, frozen=True, gc=False, tag="supplemented"):
    """补正: materials arrived."""

    materials: tuple[str, ...]


class Completed(_Event, frozen=True, gc=False, tag="completed"):
    """The last material arrived; comes with the `Supplemented` that brought it."""


class Extended(_Event, frozen=True, gc=False, tag="extended"):
    """Force majeure: whatever is missing is due on `deadline`."""

    reason: str
    deadline: date


class Withdrawn(_Event, frozen=True, gc=False, tag="withdrawn"):
    """The applicant withdrew."""

    reason: str = ""


class Lapsed(_Event, frozen=True, gc=False, tag="lapsed"):
    """退件, 视为放弃: returned and deemed withdrawn. `revision` is the registry's that brought the adverse record."""

    reason: str
    record_id: str
    revision: int


class MeasureResult(StrEnum):
    """What an officer did with one measure or incentive."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    MODIFIED = "modified"
    GRANTED = "granted"
    DECLINED = "declined"


class DepartureReason(StrEnum):
    """Why a measure was not applied as advised."""

    CONDITIONS_NOT_MET = "conditions_not_met"
    WRONG_SUBJECT = "wrong_subject"
    LISTING_WRONG_OR_ENDED = "listing_wrong_or_ended"
    ORDERED_OTHERWISE = "ordered_otherwise"
    DISPROPORTIONATE = "disproportionate"
    OTHER = "other"


class CaseResult(StrEnum):
    """How a case ended."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class MeasureReport(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of one measure or incentive of an answer. `departs`: from a mandatory measure, with a reason."""

    measure: str
    listing_id: str
    result: MeasureResult
    departs: bool = False
    reason: DepartureReason | None = None
    text: str = ""


class OutcomeReported(_Event, frozen=True, gc=False, tag="outcome_reported"):
    """反馈: what became of an answer. `digest` tells one report's body from another's."""

    report_id: str
    digest: str
    measures: tuple[MeasureReport, ...]
    decided_at: datetime | None = None


class CaseClosed(_Event, frozen=True, gc=False, tag="case_closed"):
    """The case ended; comes with the `OutcomeReported` that said so."""

    report_id: str
    result: CaseResult
    decided_at: datetime


DeferralEvent = Committed | NoticeIssued | Supplemented | Completed | Extended | Withdrawn | Lapsed
"""Everything that can happen to a deferral."""

CaseEvent = DeferralEvent | OutcomeReported | CaseClosed
"""Everything that can happen in a case after an answer."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a licensing authority: what an event happens in."""

    authority: str
    case_number: str


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """An event as recorded: after which check, when, and by which caller."""

    case: Case
    check_id: str
    recorded_at: datetime
    actor: str
    event: CaseEvent


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[CaseEvent] = msgspec.json.Decoder(CaseEvent)


def encode(event: CaseEvent) -> str:
    """The event as stored: tagged JSON."""
    return _encoder.encode(event).decode()


def decode(body: str) -> CaseEvent:
    """The event as it was stored. Raises `msgspec.DecodeError` on anything else."""
    return _decoder.decode(body)


def kind_of(event: CaseEvent | type[CaseEvent]) -> str:
    """The event's tag, as it stands in the `kind` column."""
    return str(event.__struct_config__.tag)
