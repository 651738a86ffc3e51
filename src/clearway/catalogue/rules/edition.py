"""The edition as a whole: its time zone, its region table, its dates, its lengths, its breadth."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clearway.catalogue.complaints import Path
from clearway.catalogue.model import Duration, EndsOnDate
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
        if regime.max_publicity is not None:
            yield ("regimes", at, "max_publicity"), regime.max_publicity
    if draft.edition.deferral.broken_commitment is not None:
        yield ("deferral", "broken_commitment"), draft.edition.deferral.broken_commitment
    display = draft.edition.adverse_display
    yield ("adverse_display", "minor"), display.minor
    yield ("adverse_display", "general"), display.general
    yield ("adverse_display", "serious"), display.serious
