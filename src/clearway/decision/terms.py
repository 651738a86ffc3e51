"""When a listing is in force: computed from dates at the moment of the question, never from a stored flag."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

import msgspec

from clearway.catalogue.model import (
    AdverseDisplay,
    DisplayTerm,
    Duration,
    EndsOnEvent,
    ListKind,
    ObjectionEffect,
    Regime,
)
from clearway.decision.answer import Term
from clearway.decision.facts import AdverseKind, AdverseRecord, Confirmations, Listing, Objection, Severity
from clearway.subjects.workdays import Deadline, WorkingCalendar

DAYS_KEPT = 16_384
"""Results of the calendar that are remembered: documents are of some thousand days, terms of a dozen lengths."""


class Instant(msgspec.Struct, frozen=True):
    """The moment of a question: an aware datetime, and the day it falls on in the registry's zone."""

    moment: datetime
    day: date
    zone: ZoneInfo

    @classmethod
    def at(cls, moment: datetime, zone: ZoneInfo) -> Instant:
        """The instant of `moment` (aware) in `zone`."""
        return cls(moment, moment.astimezone(zone).date(), zone)

    def start_of(self, day: date) -> datetime:
        """The first moment of `day` in the registry's zone, in UTC."""
        return first_moment_of(day, self.zone)

    def day_of(self, moment: datetime) -> date:
        """The day on which `moment` (aware) falls in the registry's zone."""
        return moment.astimezone(self.zone).date()


@lru_cache(maxsize=DAYS_KEPT)
def first_moment_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of `day` in `zone`, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def later(day: date, length: Duration, times: int = 1) -> date:
    """`day` moved by a calendar length; the last day of a month stays the last where the month is shorter.

    The first or last day there is, where the length leads beyond it.
    """
    moved = by_months(day, times * (12 * length.years + length.months))
    return days_after(moved, times * length.days) if length.days else moved


def days_after(day: date, days: int) -> date:
    """`day` moved by so many days; the first or last day there is, where they lead beyond it."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


@lru_cache(maxsize=DAYS_KEPT)
def by_months(day: date, months: int) -> date:
    """`day` moved by whole months, forwards or backwards; never past the calendar's ends."""
    count = day.month - 1 + months
    year, month = day.year + count // 12, count % 12 + 1
    if not date.min.year <= year <= date.max.year:
        return date.max if months > 0 else date.min
    try:
        return day.replace(year=year, month=month)
    except ValueError:  # the month is shorter
        return date(year, month, monthrange(year, month)[1])


def by_years(day: date, years: int) -> date:
    """`day` moved by whole years; 29 February becomes the 28th where there is none."""
    return by_months(day, 12 * years)


class Lack(StrEnum):
    """What an entry must have before anything may follow from it, and does not."""

    DOCUMENT_NUMBER = "document_number"
    DOCUMENT_DATE = "document_date"
    END = "end"
    CONFIRMATION = "confirmation"
    OBJECTION_CHANNEL = "objection_channel"
    REPAIR_CHANNEL = "repair_channel"
    TIMELY_SOURCE = "timely_source"


class InForce(msgspec.Struct, frozen=True):
    """A listing in force at an instant.

    `lacks` non-empty: it is shown as information only. `objection`: the objection that has been open the longest,
    whatever its effect. `stayed`: it keeps the measures from being applied. `lifted_until`: the moment until which the
    measures are lifted, where they are.
    """

    listing: Listing
    regime: Regime
    term: Term
    lacks: tuple[Lack, ...]
    objection: Objection | None
    stayed: bool
    lifted_until: datetime | None

    @property
    def effective(self) -> bool:
        """Whether anything may follow from it."""
        return not self.lacks and not self.stayed and self.lifted_until is None


def in_force(
    listing: Listing,
    regime: Regime,
    now: Instant,
    confirmations: Confirmations,
    overdue: frozenset[str] = frozenset(),
) -> InForce | None:
    """The listing as it stands at `now`; None where it has not begun, has ended, expired or is past display.

    `overdue` names the feeds that have not been read in time: their listings may have ended since.
    """
    if has_ended(listing, now):
        return None
    ends = end_of(listing, regime)
    if ends is not None and now.day >= ends:
        return None
    confirmed = confirmation_of(listing, confirmations)
    lacks = lacks_of(listing, regime, ends, confirmed, now.day)
    if listing.feed in overdue:
        lacks = (*lacks, Lack.TIMELY_SOURCE)
    objection = longest_open(listing, now) if listing.objections else None
    return InForce(
        listing=listing,
        regime=regime,
        term=Term(starts=listing.effective_from, ends=ends, confirmed_on=confirmed),
        lacks=lacks,
        objection=objection,
        stayed=objection is not None and objection_stays(regime),
        lifted_until=lifted_until(listing, now) if listing.liftings else None,
    )


def longest_open(listing: Listing, now: Instant) -> Objection | None:
    """The objection to the listing that has been open the longest, or None where none is open."""
    open_now = (objection for objection in listing.objections if objection.open_at(now.moment))
    return min(open_now, key=lambda objection: objection.opened_at, default=None)


def lifted_until(listing: Listing, now: Instant) -> datetime | None:
    """The latest end of the liftings that hold at `now`, or None where none does."""
    return max((lifting.ends_at for lifting in listing.liftings if lifting.holds_at(now.moment)), default=None)


def has_ended(listing: Listing, now: Instant) -> bool:
    """Whether the listing has not begun, was repaired, delisted or revoked, was never right, or its end has come."""
    return (
        listing.annulled
        or (listing.ended_at is not None and listing.ended_at <= now.moment)
        or (listing.effective_from is not None and now.day < listing.effective_from)
        or (listing.expires_on is not None and now.day >= listing.expires_on)
    )


def end_of(listing: Listing, regime: Regime) -> date | None:
    """The first day on which the listing no longer binds: its own, its regime's term, or the end of display."""
    ends = listing.expires_on
    if listing.document_date is None:
        return ends
    if ends is None and regime.ends.by == "date" and regime.ends.term is not None:
        ends = later(listing.document_date, regime.ends.term)
    if regime.max_publicity is not None:
        shown_until = later(listing.document_date, regime.max_publicity)
        ends = shown_until if ends is None else min(ends, shown_until)
    return ends


def confirmation_of(listing: Listing, confirmations: Confirmations) -> date | None:
    """The last day on which the source said that the listing stands, by itself or with its whole list."""
    whole_list = confirmations.get(listing.feed) if listing.feed else None
    if listing.confirmed_on is None or whole_list is None:
        return listing.confirmed_on or whole_list
    return max(listing.confirmed_on, whole_list)


def lacks_of(
    listing: Listing, regime: Regime, ends: date | None, confirmed: date | None, day: date
) -> tuple[Lack, ...]:
    """What the entry lacks of what a restriction must have."""
    lacks = []
    if not listing.document_number:
        lacks.append(Lack.DOCUMENT_NUMBER)
    if listing.document_date is None:
        lacks.append(Lack.DOCUMENT_DATE)
    if isinstance(regime.ends, EndsOnEvent):
        if confirmed is None or day > days_after(confirmed, regime.ends.confirm_within):
            lacks.append(Lack.CONFIRMATION)
    elif ends is None:
        lacks.append(Lack.END)
    if regime.kind is ListKind.SERIOUS:
        if regime.objection is None:
            lacks.append(Lack.OBJECTION_CHANNEL)
        if regime.repair is None:
            lacks.append(Lack.REPAIR_CHANNEL)
    return tuple(lacks)


def objection_stays(regime: Regime) -> bool:
    """Whether an open objection stays the regime's measures; the default is that it does."""
    return regime.objection is None or regime.objection.effect is ObjectionEffect.SUSPEND


def review_ends(objection: Objection, regime: Regime, calendar: WorkingCalendar, now: Instant) -> Deadline | None:
    """The last day to resolve an objection: so many working days after the day it was opened. None: no term is set."""
    if regime.objection is None or regime.objection.review_within is None:
        return None
    return calendar.add(now.day_of(objection.opened_at), regime.objection.review_within)


def is_over(listing: Listing, regime: Regime | None, now: Instant) -> bool:
    """Whether the listing has ended, been repaired or expired, or never was right: nothing follows from it any more."""
    if listing.annulled:
        return True
    if listing.ended_at is not None and listing.ended_at <= now.moment:
        return True
    ends = listing.expires_on if regime is None else end_of(listing, regime)
    return ends is not None and ends <= now.day


def turning_days(
    listing: Listing, regime: Regime | None, confirmations: Confirmations, calendar: WorkingCalendar, now: Instant
) -> list[date]:
    """Every day, past or to come, at whose start what follows from the listing changes by itself.

    `regime` is None where the catalogue has no such regime: then only the listing's own dates count.
    """
    days: list[date | None] = [listing.effective_from, listing.expires_on]
    if regime is not None:
        days.append(end_of(listing, regime))
        confirmed = confirmation_of(listing, confirmations)
        if isinstance(regime.ends, EndsOnEvent) and confirmed is not None:
            days.append(days_after(confirmed, regime.ends.confirm_within + 1))
        for objection in listing.objections:
            due = review_ends(objection, regime, calendar, now) if objection.open_at(now.moment) else None
            if due is not None:
                days.append(days_after(due.day, 1))
    return [day for day in days if day is not None]


def turning_moments(listing: Listing) -> list[datetime]:
    """Every moment, past or to come, at which an act on the listing takes effect."""
    moments = [] if listing.ended_at is None else [listing.ended_at]
    for objection in listing.objections:
        moments.append(objection.opened_at)
        if objection.resolved_at is not None:
            moments.append(objection.resolved_at)
    for lifting in listing.liftings:
        moments += (lifting.begins_at, lifting.ends_at)
    return moments


def display_ends(record: AdverseRecord, display: AdverseDisplay) -> date:
    """The first day on which an adverse record may no longer be displayed or used.

    Counted from its document; earlier where its source's own publicity ends earlier, never later.
    """
    longest = later(record.document_date, display_term(record, display).max)
    return longest if record.display_ends_on is None else min(longest, record.display_ends_on)


def display_term(record: AdverseRecord, display: AdverseDisplay) -> DisplayTerm:
    """How long a record of this severity is displayed."""
    match record.severity:
        case Severity.MINOR:
            return display.minor
        case Severity.GENERAL:
            return display.general
        case Severity.SERIOUS:
            return display.serious
        case _ as never:
            assert_never(never)


def is_spent(record: AdverseRecord, display: AdverseDisplay, now: Instant) -> bool:
    """Whether an adverse record has been repaired or withdrawn, was never right, or is past its display."""
    if record.annulled:
        return True
    repaired = record.ended_at is not None and record.ended_at <= now.moment
    return repaired or display_ends(record, display) <= now.day


def usable(record: AdverseRecord, display: AdverseDisplay, now: Instant) -> bool:
    """Whether an adverse record may be used at `now`: recorded, not repaired, still within its display term."""
    return record.document_date <= now.day and not is_spent(record, display, now)


def closes_deferral(record: AdverseRecord, term: Duration | None, display: AdverseDisplay, now: Instant) -> bool:
    """Whether a broken commitment closes the deferral route at `now`: for the catalogue's term, while it is usable."""
    if record.kind is not AdverseKind.BROKEN_COMMITMENT or not usable(record, display, now):
        return False
    return term is None or now.day < later(record.document_date, term)
