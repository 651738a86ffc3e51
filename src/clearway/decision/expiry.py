"""The earliest moment to come at which a fact or rule behind an answer changes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import CleanRecordRoute, Duration
from clearway.decision.answer import Outcome
from clearway.decision.facts import AdverseKind, Confirmations, SubjectProfile
from clearway.decision.terms import Instant, display_ends, later, turning_points


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
    known to come.
    """
    moments: list[datetime] = []
    days: list[date] = list(catalogue.turning_days(item))
    for profile in profiles:
        for listing in profile.listings:
            regime = catalogue.regime(listing.regime)
            moments += turning_points(listing, regime, now, confirmations)
        days += record_days(profile, item, catalogue)
    if outcome is Outcome.DEFERRED_ACCEPTANCE:
        # Deadlines count from the day of acceptance, so tomorrow's are others.
        days.append(now.day + timedelta(days=1))
    to_come = [moment for moment in moments if moment > now.moment]
    nearest = min((day for day in days if day > now.day), default=None)
    if nearest is not None:
        to_come.append(now.start_of(nearest))
    return min(to_come, default=None)


def record_days(profile: SubjectProfile, item: str, catalogue: Catalogue) -> Iterable[date]:
    """Days on which an adverse record, or the subject's known-since date, begins or ceases to matter."""
    years = [i.route.years for i in catalogue.incentives(item) if isinstance(i.route, CleanRecordRoute)]
    if profile.known_since is not None:
        for length in years:
            yield later(profile.known_since, Duration(years=length))
    for record in profile.adverse_records:
        yield record.document_date
        yield display_ends(record, catalogue.edition.adverse_display)
        for length in years:
            yield later(record.document_date, Duration(years=length))
        closed = catalogue.edition.deferral.broken_commitment
        if record.kind is AdverseKind.BROKEN_COMMITMENT and closed is not None:
            yield later(record.document_date, closed)
