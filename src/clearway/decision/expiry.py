"""The earliest moment to come at which a fact or rule behind an answer changes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.answer import Outcome
from clearway.decision.facts import AdverseKind, Confirmations, SubjectProfile
from clearway.decision.terms import Instant, by_years, display_ends, is_over, later, turning_days, turning_moments


def expires_at(
    profiles: Sequence[SubjectProfile],
    item: str,
    outcome: Outcome,
    catalogue: Catalogue,
    now: Instant,
    confirmations: Confirmations,
) -> datetime | None:
    """The first moment after `now` at which a date in `profiles` or in the catalogue's rules for `item` falls due.

    Until then the same question on the same facts gets the same outcome, reasons and notices. None where no date is
    known to come. What is over for good is passed by: its dates must not show through either.
    """
    moments: list[datetime] = []
    days: list[date] = []
    for profile in profiles:
        for listing in profile.listings:
            regime = catalogue.regime(listing.regime)
            if not is_over(listing, regime, now):
                days += turning_days(listing, regime, confirmations)
                moments += turning_moments(listing)
        record_days(days, profile, item, catalogue, now)
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


def record_days(days: list[date], profile: SubjectProfile, item: str, catalogue: Catalogue, now: Instant) -> None:
    """Add the days on which an adverse record, or the subject's known-since date, begins or ceases to matter."""
    years = catalogue.clean_record_years(item)
    if profile.known_since is not None:
        days += [by_years(profile.known_since, length) for length in years]
    for record in profile.adverse_records:
        if record.ended_at is not None and record.ended_at <= now.moment:
            continue
        days.append(record.document_date)
        days.append(display_ends(record, catalogue.edition.adverse_display))
        days += [by_years(record.document_date, length) for length in years]
        closed = catalogue.edition.deferral.broken_commitment
        if record.kind is AdverseKind.BROKEN_COMMITMENT and closed is not None:
            days.append(later(record.document_date, closed))
