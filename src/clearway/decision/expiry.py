"""The earliest moment to come at which a fact or rule behind an answer changes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.answer import Outcome
from clearway.decision.facts import AdverseKind, AdverseRecord, Confirmations, Sources, SubjectProfile
from clearway.decision.sources import behind
from clearway.decision.terms import (
    Instant,
    by_years,
    display_ends,
    is_over,
    is_spent,
    later,
    turning_days,
    turning_moments,
)


def expires_at(
    profiles: Sequence[SubjectProfile],
    item: str,
    outcome: Outcome,
    catalogue: Catalogue,
    now: Instant,
    confirmations: Confirmations,
    sources: Sources = (),
) -> datetime | None:
    """The first moment after `now` at which a date in `profiles` or in the catalogue's rules for `item` falls due.

    Until then the same question on the same facts gets the same outcome, reasons and notices. None where no date is
    known to come. A feed behind the answer falls due when it is overdue. What is over for good is passed by: its dates
    must not show through either.
    """
    moments: list[datetime] = []
    days: list[date] = []
    for profile in profiles:
        for listing in profile.listings:
            regime = catalogue.regime(listing.regime)
            if not is_over(listing, regime, now):
                days += turning_days(listing, regime, confirmations, catalogue.calendar, now)
                moments += turning_moments(listing)
        days += clean_years_days(profile, item, catalogue)
        for record in profile.adverse_records:
            if not is_spent(record, catalogue.edition.adverse_display, now):
                days += record_days(record, item, catalogue)
                moments += () if record.ended_at is None else (record.ended_at,)
    if sources:
        moments += [source.overdue_at for source in behind(sources, profiles, item, catalogue, now)]
    if outcome is Outcome.DEFERRED_ACCEPTANCE:
        # Deadlines count from the day of acceptance, so tomorrow's are others.
        days.append(now.day + timedelta(days=1))
    turning = catalogue.next_turning_day(item, now.day)
    if turning is not None:
        days.append(turning)
    coming_days = [day for day in days if day > now.day]
    coming = [moment for moment in moments if moment > now.moment]
    if coming_days:
        coming.append(now.start_of(min(coming_days)))
    return min(coming, default=None)


def clean_years_days(profile: SubjectProfile, item: str, catalogue: Catalogue) -> list[date]:
    """The days on which the subject has been known for as long as each clean-record route asks."""
    if profile.known_since is None:
        return []
    return [by_years(profile.known_since, years) for years in catalogue.clean_record_years(item)]


def record_days(record: AdverseRecord, item: str, catalogue: Catalogue) -> list[date]:
    """The days on which an adverse record begins or ceases to matter."""
    days = [record.document_date, display_ends(record, catalogue.edition.adverse_display)]
    days += [by_years(record.document_date, years) for years in catalogue.clean_record_years(item)]
    closed = catalogue.edition.deferral.broken_commitment
    if record.kind is AdverseKind.BROKEN_COMMITMENT and closed is not None:
        days.append(later(record.document_date, closed))
    return days
