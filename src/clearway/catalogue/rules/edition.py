"""The edition as a whole: its time zone, its region table, its dates, its lengths, its breadth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clearway.catalogue.complaints import Path
from clearway.catalogue.model import DisplayTerm, Duration, EndsOnDate
from clearway.catalogue.rules.draft import Draft, Finding

MAX_PAIRS = 500_000
"""The most (regime, licence item) pairs that an edition's measures may name, counted a measure at a time."""


def zone_known(draft: Draft) -> Iterator[Finding]:
    """Every date is a day in the registry's zone; it must be an IANA zone, so that its days can be computed."""
    try:
        ZoneInfo(draft.edition.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Finding(("zone",), f"{draft.edition.zone!r} is not an IANA time zone, such as Asia/Shanghai")


def region_table_known(draft: Draft) -> Iterator[Finding]:
    """Powers end at borders, so the table of regions must be there."""
    if draft.edition.regions is not None and draft.regions is None:
        yield Finding(("regions",), f"no region table {draft.edition.regions} is shipped with the service")


def validity_order(draft: Draft) -> Iterator[Finding]:
    """Validity is the half-open interval [valid_from, valid_to): an empty one would be a rule that never holds."""
    edition = draft.edition
    if edition.valid_to is not None and edition.valid_to <= edition.valid_from:
        yield Finding(("valid_to",), f"must be later than valid_from, {edition.valid_from}")
    for section, at, rule in draft.measures_and_incentives():
        if rule.valid_to is not None and rule.valid_to <= rule.valid_from:
            yield Finding((section, at, "valid_to"), f"must be later than valid_from, {rule.valid_from}")


def duration_one_unit(draft: Draft) -> Iterator[Finding]:
    """A term is so many years, or months, or days: exactly one, so that its last day is beyond dispute."""
    for path, duration in _durations(draft):
        units = [unit for unit in (duration.years, duration.months, duration.days) if unit]
        if len(units) != 1:
            yield Finding(path, "must give exactly one of years, months and days, and more than 0")


def publicity_order(draft: Draft) -> Iterator[Finding]:
    """The shortest publicity is over before the longest (信用修复管理办法), or no repair would ever be possible."""
    for path, term in _display_terms(draft):
        if term.min is not None and _may_exceed(term.min, term.max):
            yield Finding((*path, "min"), "must not be longer than max; give both in the same unit")
    for at, regime in enumerate(draft.edition.regimes):
        if regime.min_publicity is None:
            continue
        ends = regime.ends.term if isinstance(regime.ends, EndsOnDate) else None
        for name, limit in (("max_publicity", regime.max_publicity), ("the listing's own term", ends)):
            if limit is not None and _may_exceed(regime.min_publicity, limit):
                yield Finding(("regimes", at, "min_publicity"), f"must not be longer than {name}")
                break


def edition_breadth(draft: Draft) -> Iterator[Finding]:
    """Look-ups are worked out when the edition is loaded, so there is a bound to what it may span."""
    items = len(draft.items)
    pairs = sum(len(m.regimes) * (items if "*" in m.items else len(m.items)) for m in draft.edition.measures)
    if pairs > MAX_PAIRS:
        yield Finding(("measures",), f"the measures span {pairs} pairs of regime and item, more than {MAX_PAIRS}")


def _durations(draft: Draft) -> Iterator[tuple[Path, Duration]]:
    for at, regime in enumerate(draft.edition.regimes):
        if isinstance(regime.ends, EndsOnDate) and regime.ends.term is not None:
            yield ("regimes", at, "ends", "term"), regime.ends.term
        if regime.min_publicity is not None:
            yield ("regimes", at, "min_publicity"), regime.min_publicity
        if regime.max_publicity is not None:
            yield ("regimes", at, "max_publicity"), regime.max_publicity
    if draft.edition.deferral.broken_commitment is not None:
        yield ("deferral", "broken_commitment"), draft.edition.deferral.broken_commitment
    for path, term in _display_terms(draft):
        if term.min is not None:
            yield (*path, "min"), term.min
        yield (*path, "max"), term.max


def _display_terms(draft: Draft) -> Iterator[tuple[Path, DisplayTerm]]:
    display = draft.edition.adverse_display
    yield ("adverse_display", "minor"), display.minor
    yield ("adverse_display", "general"), display.general
    yield ("adverse_display", "serious"), display.serious


def _may_exceed(length: Duration, limit: Duration) -> bool:
    """Whether `length` may lead beyond `limit` from some day: months have 28 to 31 days."""
    months, most = 12 * length.years + length.months, 12 * limit.years + limit.months
    if not length.days and not limit.days:
        return months > most
    return (length.days or _most_days(months)) > (limit.days or _fewest_days(most))


def _most_days(months: int) -> int:
    return max(_days_in(months))


def _fewest_days(months: int) -> int:
    return min(_days_in(months))


def _days_in(months: int) -> Iterator[int]:
    """How many days so many months are, from the first of each month of a leap year and the year after."""
    for start in range(24):
        begins, ends = 2004 * 12 + start, 2004 * 12 + start + months
        yield (date(ends // 12, ends % 12 + 1, 1) - date(begins // 12, begins % 12 + 1, 1)).days
