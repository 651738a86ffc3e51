"""容缺受理 after the answer: where a deferral stands, and which act each state allows. Pure.

Nothing runs when a deadline passes: whether a deferral is overdue is computed from its dates on the day of the
question. An act that was done before in the same words is done: it appends nothing, and is no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never

from clearway.registry.cases.errors import DeferralObstacle, NotLater, NotPromised, Obstacle
from clearway.registry.cases.events import (
    CaseEntry,
    Committed,
    Completed,
    DeferralEvent,
    Extended,
    Lapsed,
    NoticeIssued,
    Promise,
    Supplemented,
    Withdrawn,
    Words,
)
from clearway.subjects.workdays import Deadline, WorkingCalendar


class DeferralState(StrEnum):
    """Where a deferral stands."""

    OFFERED = "OFFERED"
    COMMITTED = "COMMITTED"
    NOTICE_ISSUED = "NOTICE_ISSUED"
    EXTENDED = "EXTENDED"
    COMPLETED = "COMPLETED"
    LAPSED = "LAPSED"
    WITHDRAWN = "WITHDRAWN"


OPEN = (DeferralState.COMMITTED, DeferralState.NOTICE_ISSUED, DeferralState.EXTENDED)
"""The states in which materials are awaited."""

TOLD = (DeferralState.NOTICE_ISSUED, DeferralState.EXTENDED)
"""The states in which the applicant has the notice, and so knows of the deadlines and of what follows."""

TRANSITIONS: Mapping[tuple[DeferralState, type[DeferralEvent]], DeferralState] = {
    (DeferralState.OFFERED, Committed): DeferralState.COMMITTED,
    (DeferralState.COMMITTED, NoticeIssued): DeferralState.NOTICE_ISSUED,
    # Before the notice an extension only moves the deadlines that the notice will tell.
    (DeferralState.COMMITTED, Extended): DeferralState.COMMITTED,
    **{(state, Extended): DeferralState.EXTENDED for state in TOLD},
    **{(state, Supplemented): state for state in OPEN},
    **{(state, Completed): DeferralState.COMPLETED for state in OPEN},
    **{(state, Withdrawn): DeferralState.WITHDRAWN for state in OPEN},
    # Nobody loses a file by a deadline that no notice told.
    **{(state, Lapsed): DeferralState.LAPSED for state in TOLD},
}
"""What may happen in which state, and where it leads. Nothing else may happen."""


@dataclass(frozen=True, slots=True)
class Deferral:
    """A deferral as its events add up. Before the commitment there is nothing but the offer.

    `supplied` says when each material arrived; `extended_to` is the day that an extension set for all that is missing.
    """

    state: DeferralState = DeferralState.OFFERED
    commitment: Committed | None = None
    notice: NoticeIssued | None = None
    notice_at: datetime | None = None
    supplied: Mapping[str, datetime] = field(default_factory=dict)
    extended_to: date | None = None
    entries: tuple[CaseEntry, ...] = ()

    @property
    def promises(self) -> tuple[Promise, ...]:
        """What was promised; nothing before the commitment."""
        return () if self.commitment is None else self.commitment.promises

    @property
    def missing(self) -> tuple[Promise, ...]:
        """What was promised and has not arrived."""
        return tuple(promise for promise in self.promises if promise.material not in self.supplied)

    @property
    def lapse(self) -> Lapsed | None:
        """How it lapsed, if it did."""
        return next((entry.event for entry in self.entries if isinstance(entry.event, Lapsed)), None)

    def due(self, promise: Promise, calendar: WorkingCalendar) -> Deadline:
        """The last day for a material.

        A provisional day is counted anew once the calendar knows the year; the later of the two holds, for the
        applicant was told the first.
        """
        if self.extended_to is not None:
            return Deadline(self.extended_to)
        if not promise.provisional or self.commitment is None:
            return Deadline(promise.deadline)
        counted = calendar.add(self.commitment.counted_from, promise.term)
        return Deadline(max(promise.deadline, counted.day), counted.provisional)

    def deadline(self, calendar: WorkingCalendar) -> date | None:
        """The last day of all: for what is missing, or, where nothing is, for what was promised."""
        return max((self.due(promise, calendar).day for promise in self.missing or self.promises), default=None)

    def overdue_since(self, day: date, calendar: WorkingCalendar) -> date | None:
        """The first deadline that has passed on `day` with its material missing; None where none has."""
        if self.state not in OPEN:
            return None
        passed = (due for promise in self.missing if (due := self.due(promise, calendar).day) < day)
        return min(passed, default=None)

    def happened(self, event: DeferralEvent) -> bool:
        """Whether this very thing was recorded before."""
        return any(entry.event == event for entry in self.entries)


def fold(entries: Iterable[CaseEntry]) -> Deferral:
    """What the recorded events of one deferral, in order, add up to; reports of its case's outcome are passed over."""
    deferral = Deferral()
    for entry in entries:
        if isinstance(entry.event, DeferralEvent):
            deferral = after(deferral, entry, entry.event)
    return deferral


def after(deferral: Deferral, entry: CaseEntry, event: DeferralEvent) -> Deferral:
    """The deferral after its next event. Raises `DeferralObstacle` for one that its state does not allow."""
    deferral = replace(deferral, state=state_after(deferral, event), entries=(*deferral.entries, entry))
    match event:
        case Committed():
            return replace(deferral, commitment=event)
        case NoticeIssued():
            return replace(deferral, notice=event, notice_at=entry.recorded_at)
        case Supplemented():
            arrived = dict.fromkeys(event.materials, entry.recorded_at)
            return replace(deferral, supplied=arrived | dict(deferral.supplied))
        case Extended():
            return replace(deferral, extended_to=event.deadline)
        case Completed() | Withdrawn() | Lapsed():
            return deferral
        case _:
            assert_never(event)


def state_after(deferral: Deferral, event: DeferralEvent) -> DeferralState:
    """The state that an event leads to. Raises `DeferralObstacle`."""
    state = TRANSITIONS.get((deferral.state, type(event)))
    if state is None:
        raise DeferralObstacle(deferral.state, Obstacle.STATE)
    return state


# The acts: what each appends to a deferral as it stands. Each raises `DeferralObstacle` where that is not allowed.


def commit(deferral: Deferral, commitment: Committed) -> tuple[DeferralEvent, ...]:
    """Take the applicant's written commitment."""
    known = deferral.commitment
    said_again = known is not None and signature(known) == signature(commitment)
    return () if said_again else allowed(deferral, commitment)


def signature(commitment: Committed) -> tuple[str, str, str]:
    """What makes a commitment the same one: who took it, in what capacity it was signed, where it is kept."""
    return commitment.officer, commitment.signatory, commitment.reference


def issue_notice(
    deferral: Deferral, officer: str, number: str, text: Words, day: date, calendar: WorkingCalendar
) -> tuple[DeferralEvent, ...]:
    """Hand over the notice, on `day`; none is issued that would tell of a deadline already passed."""
    notice = deferral.notice
    if notice is not None and (notice.officer, notice.number) == (officer, number):
        return ()
    events = allowed(deferral, NoticeIssued(officer, number, text))
    if deferral.overdue_since(day, calendar) is not None:
        raise DeferralObstacle(deferral.state, Obstacle.DEADLINE_PASSED)
    return events


def supplement(deferral: Deferral, officer: str, materials: tuple[str, ...]) -> tuple[DeferralEvent, ...]:
    """Take materials that arrived, also after their deadline, as long as the file was not returned.

    Raises `NotPromised`. The last one completes the deferral.
    """
    promised = {promise.material for promise in deferral.promises}
    unknown = tuple(place for place, material in enumerate(materials) if material not in promised)
    if unknown and deferral.commitment is not None:
        raise NotPromised(unknown)
    fresh = tuple(material for material in materials if material not in deferral.supplied)
    if not fresh:
        return ()
    events = allowed(deferral, Supplemented(officer, fresh))
    complete = len(fresh) == len(deferral.missing)
    return (*events, Completed(officer)) if complete else events


def extend(
    deferral: Deferral, officer: str, reason: str, deadline: date, calendar: WorkingCalendar
) -> tuple[DeferralEvent, ...]:
    """Extend for force majeure, beyond the present deadline. Raises `NotLater`."""
    extension = Extended(officer, reason, deadline)
    if deferral.happened(extension):
        return ()
    events = allowed(deferral, extension)
    present = deferral.deadline(calendar)
    if present is not None and deadline <= present:
        raise NotLater
    return events


def withdraw(deferral: Deferral, officer: str, reason: str) -> tuple[DeferralEvent, ...]:
    """Note that the applicant withdrew."""
    withdrawal = Withdrawn(officer, reason)
    return () if deferral.happened(withdrawal) else allowed(deferral, withdrawal)


def lapse(deferral: Deferral, lapsed: Lapsed, day: date, calendar: WorkingCalendar) -> tuple[DeferralEvent, ...]:
    """Return the file, deemed withdrawn: on a day after a deadline that the notice told, with its material missing."""
    before = deferral.lapse
    if before is not None and (before.officer, before.reason) == (lapsed.officer, lapsed.reason):
        return ()
    events = allowed(deferral, lapsed)
    if deferral.overdue_since(day, calendar) is None:
        raise DeferralObstacle(deferral.state, Obstacle.NOT_OVERDUE)
    return events


def allowed(deferral: Deferral, event: DeferralEvent) -> tuple[DeferralEvent, ...]:
    """The event, where the state allows it. Raises `DeferralObstacle`."""
    state_after(deferral, event)
    return (event,)
