"""When a listing is in force and what it lacks: by its dates, under its regime, at the moment of the question."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from clearway.catalogue.model import AdverseDisplay, Duration, Regime
from clearway.decision.facts import AdverseKind, AdverseRecord, Listing, Objection, Severity
from clearway.decision.terms import InForce, Instant, Lack, closes_deferral, in_force, later, usable
from tests.case_files import catalogue

SHANGHAI = ZoneInfo("Asia/Shanghai")
LISTING = Listing("L1", "SAMR-SERIOUS", "示字1号", date(2025, 6, 1))
DISPLAY = AdverseDisplay()


def regime(code: str = "SAMR-SERIOUS", **changes: Any) -> Regime:
    found = catalogue().regime(code)
    assert found is not None
    return found.model_copy(update=changes)


def noon(day: date) -> Instant:
    return Instant.at(datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI), SHANGHAI)


def stands(listing: Listing, day: date, under: Regime | None = None, **confirmations: date) -> InForce | None:
    return in_force(listing, under or regime(listing.regime), noon(day), confirmations)


@pytest.mark.parametrize(
    ("day", "length", "wanted"),
    [
        (date(2024, 2, 29), Duration(years=1), date(2025, 2, 28)),
        (date(2024, 2, 29), Duration(years=4), date(2028, 2, 29)),
        (date(2025, 8, 31), Duration(months=6), date(2026, 2, 28)),
        (date(2025, 12, 31), Duration(months=1), date(2026, 1, 31)),
        (date(2025, 12, 31), Duration(days=1), date(2026, 1, 1)),
        (date(2025, 1, 31), Duration(months=1, days=1), date(2025, 3, 1)),
        (date(9990, 1, 1), Duration(years=100), date.max),
        (date(9999, 12, 31), Duration(days=1), date.max),
    ],
)
def test_a_calendar_length_is_counted_by_the_calendar(day: date, length: Duration, wanted: date) -> None:
    assert later(day, length) == wanted


@pytest.mark.parametrize(
    ("day", "length", "wanted"),
    [
        (date(2024, 2, 29), Duration(years=1), date(2023, 2, 28)),
        (date(2026, 3, 31), Duration(months=1), date(2026, 2, 28)),
        (date(2, 1, 1), Duration(years=3), date.min),
    ],
)
def test_a_calendar_length_is_counted_back(day: date, length: Duration, wanted: date) -> None:
    assert later(day, length, times=-1) == wanted


def test_the_day_of_a_question_is_the_day_in_the_registry_s_zone() -> None:
    assert Instant.at(datetime(2026, 3, 9, 16, tzinfo=UTC), SHANGHAI).day == date(2026, 3, 10)
    assert Instant.at(datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC), SHANGHAI).day == date(2026, 3, 9)


def test_a_day_begins_at_midnight_of_the_zone() -> None:
    assert noon(date(2026, 1, 1)).start_of(date(2026, 3, 10)) == datetime(2026, 3, 9, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({}, date(2028, 6, 1)),
        ({"expires_on": date(2027, 1, 1)}, date(2027, 1, 1)),
        ({"expires_on": date(2030, 1, 1)}, date(2028, 6, 1)),
        ({"document_date": None, "expires_on": date(2027, 1, 1)}, date(2027, 1, 1)),
        ({"document_date": None}, None),
    ],
    ids=["its regime's term", "its own end", "display stops first", "own end, no document", "no end known"],
)
def test_a_listing_ends_on_the_first_day_that_ends_it(changes: dict[str, Any], ends: date | None) -> None:
    standing = stands(msgspec.structs.replace(LISTING, **changes), date(2026, 3, 10))
    assert standing is not None
    assert standing.term.ends == ends


@pytest.mark.parametrize(
    ("changes", "first", "last"),
    [
        ({}, None, date(2028, 5, 31)),
        ({"effective_from": date(2025, 7, 1)}, date(2025, 7, 1), date(2028, 5, 31)),
        ({"effective_from": date(2025, 7, 1), "expires_on": date(2025, 7, 2)}, date(2025, 7, 1), date(2025, 7, 1)),
    ],
)
def test_a_listing_is_in_force_from_its_first_day_to_its_last(
    changes: dict[str, Any], first: date | None, last: date
) -> None:
    listing, a_day = msgspec.structs.replace(LISTING, **changes), timedelta(days=1)
    if first is not None:
        assert stands(listing, first - a_day) is None
        assert stands(listing, first) is not None
    assert stands(listing, last) is not None
    assert stands(listing, last + a_day) is None


def test_a_listing_ends_with_the_instant_its_repair_takes_effect() -> None:
    repaired = datetime(2026, 3, 10, 4, tzinfo=UTC)
    listing = msgspec.structs.replace(LISTING, ended_at=repaired)
    before = Instant.at(repaired - timedelta(microseconds=1), SHANGHAI)
    assert in_force(listing, regime(), before, {}) is not None
    assert in_force(listing, regime(), Instant.at(repaired, SHANGHAI), {}) is None


@pytest.mark.parametrize(
    ("changes", "without", "lacks"),
    [
        ({}, {}, ()),
        ({"document_number": ""}, {}, (Lack.DOCUMENT_NUMBER,)),
        ({"document_date": None}, {}, (Lack.DOCUMENT_DATE, Lack.END)),
        ({"document_date": None, "expires_on": date(2027, 1, 1)}, {}, (Lack.DOCUMENT_DATE,)),
        ({}, {"objection": None}, (Lack.OBJECTION_CHANNEL,)),
        ({}, {"repair": None}, (Lack.REPAIR_CHANNEL,)),
    ],
)
def test_what_an_entry_lacks_is_told(changes: dict[str, Any], without: dict[str, Any], lacks: tuple[Lack, ...]) -> None:
    standing = stands(msgspec.structs.replace(LISTING, **changes), date(2026, 3, 10), regime(**without))
    assert standing is not None
    assert standing.lacks == lacks
    assert standing.effective == (not lacks)


def test_a_trusted_list_needs_no_channels() -> None:
    standing = stands(msgspec.structs.replace(LISTING, regime="TAX-A"), date(2026, 3, 10))
    assert standing is not None
    assert standing.effective


COURT = msgspec.structs.replace(LISTING, regime="JUDGMENT-DEFAULTER", feed="court")


@pytest.mark.parametrize(
    ("own", "whole_list", "effective"),
    [
        (None, None, False),
        (date(2026, 2, 3), None, True),
        (date(2026, 2, 2), None, False),
        (None, date(2026, 2, 3), True),
        (date(2026, 2, 3), date(2025, 1, 1), True),
        (date(2025, 1, 1), date(2026, 2, 3), True),
        (date(2025, 1, 1), date(2026, 2, 2), False),
        (date.max, None, True),
    ],
)
def test_where_an_event_ends_it_a_listing_needs_a_confirmation_of_35_days(
    own: date | None, whole_list: date | None, effective: bool
) -> None:
    confirmations = {} if whole_list is None else {"court": whole_list}
    standing = stands(msgspec.structs.replace(COURT, confirmed_on=own), date(2026, 3, 10), None, **confirmations)
    assert standing is not None
    assert standing.term.ends is None
    assert standing.effective is effective


def test_the_confirmation_of_another_list_counts_for_nothing() -> None:
    standing = stands(COURT, date(2026, 3, 10), None, elsewhere=date(2026, 3, 9))
    assert standing is not None
    assert standing.lacks == (Lack.CONFIRMATION,)


def test_a_regime_stays_its_measures_under_objection_unless_it_says_otherwise() -> None:
    opened = (Objection("O", datetime(2026, 3, 1, tzinfo=UTC)),)
    under_samr = stands(msgspec.structs.replace(LISTING, objections=opened), date(2026, 3, 10))
    before_the_court = stands(
        msgspec.structs.replace(COURT, objections=opened, confirmed_on=date(2026, 3, 1)), date(2026, 3, 10)
    )
    assert under_samr is not None
    assert before_the_court is not None
    assert (under_samr.objection, under_samr.stayed, under_samr.effective) == (*opened, True, False)
    assert (before_the_court.objection, before_the_court.stayed, before_the_court.effective) == (*opened, False, True)


def test_the_objection_open_longest_is_the_one_that_is_told() -> None:
    days = (3, 1, 2)
    opened = tuple(Objection(f"O{day}", datetime(2026, 3, day, tzinfo=UTC)) for day in days)
    standing = stands(msgspec.structs.replace(LISTING, objections=opened), date(2026, 3, 10))
    assert standing is not None
    assert standing.objection is not None
    assert standing.objection.objection_id == "O1"


def test_an_annulled_listing_was_never_in_force() -> None:
    annulled = msgspec.structs.replace(LISTING, annulled=True)
    assert [stands(annulled, day) for day in (date(2025, 6, 1), date(2026, 3, 10), date(2027, 1, 1))] == [None] * 3


def test_an_annulled_record_was_never_usable() -> None:
    annulled = msgspec.structs.replace(record(), annulled=True)
    assert not usable(annulled, DISPLAY, noon(date(2025, 12, 1)))


def record(kind: AdverseKind = AdverseKind.PENALTY, severity: Severity = Severity.MINOR) -> AdverseRecord:
    return AdverseRecord("A", kind, severity, "罚字1号", date(2025, 11, 30))


@pytest.mark.parametrize(
    ("severity", "last"),
    [
        (Severity.MINOR, date(2026, 2, 27)),
        (Severity.GENERAL, date(2026, 11, 29)),
        (Severity.SERIOUS, date(2028, 11, 29)),
    ],
)
def test_an_adverse_record_is_usable_for_its_display_term(severity: Severity, last: date) -> None:
    found = record(severity=severity)
    assert not usable(found, DISPLAY, noon(date(2025, 11, 29)))
    assert usable(found, DISPLAY, noon(date(2025, 11, 30)))
    assert usable(found, DISPLAY, noon(last))
    assert not usable(found, DISPLAY, noon(last + timedelta(days=1)))


@pytest.mark.parametrize(
    ("stated", "last"),
    [
        (date(2026, 1, 10), date(2026, 1, 9)),
        (date(2027, 1, 1), date(2026, 2, 27)),
    ],
    ids=["shorter than the longest term", "longer than it"],
)
def test_a_sources_own_end_of_display_shortens_the_term_and_never_lengthens_it(stated: date, last: date) -> None:
    found = msgspec.structs.replace(record(), display_ends_on=stated)
    assert usable(found, DISPLAY, noon(last))
    assert not usable(found, DISPLAY, noon(last + timedelta(days=1)))


@pytest.mark.parametrize(
    ("kind", "severity", "term", "day", "closes"),
    [
        (AdverseKind.PENALTY, Severity.SERIOUS, None, date(2026, 3, 10), False),
        (AdverseKind.BROKEN_COMMITMENT, Severity.SERIOUS, None, date(2028, 11, 29), True),
        (AdverseKind.BROKEN_COMMITMENT, Severity.SERIOUS, Duration(months=6), date(2026, 5, 29), True),
        (AdverseKind.BROKEN_COMMITMENT, Severity.SERIOUS, Duration(months=6), date(2026, 5, 30), False),
        (AdverseKind.BROKEN_COMMITMENT, Severity.MINOR, Duration(months=6), date(2026, 2, 28), False),
        (AdverseKind.BROKEN_COMMITMENT, Severity.MINOR, None, date(2026, 2, 28), False),
    ],
    ids=["no commitment", "no term", "last day of the term", "past the term", "past display", "past display, no term"],
)
def test_a_broken_commitment_closes_deferral_for_its_term_and_never_past_its_display(
    kind: AdverseKind, severity: Severity, term: Duration | None, day: date, closes: bool
) -> None:
    assert closes_deferral(record(kind, severity), term, DISPLAY, noon(day)) is closes
