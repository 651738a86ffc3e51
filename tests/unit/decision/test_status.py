"""How a fact stands in one word, and its terms of publicity, at the edges of each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from clearway.decision.decide import decide
from clearway.decision.facts import (
    AdverseKind,
    AdverseRecord,
    CheckRequest,
    Known,
    Lifting,
    Listing,
    Objection,
    Severity,
    SubjectProfile,
)
from clearway.decision.publicity import Publicity
from clearway.decision.status import FactStatus, adverse_status, listing_status
from clearway.decision.terms import Instant
from tests.case_files import catalogue

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 10, 10, tzinfo=SHANGHAI)
DAY = NOW.date()
LISTING = Listing("L1", "SAMR-SERIOUS", "示字1号", date(2025, 6, 1))
RECORD = AdverseRecord("A1", AdverseKind.PENALTY, Severity.GENERAL, "罚字1号", date(2025, 11, 30))
AN_HOUR = timedelta(hours=1)


def status(repaired: bool = False, **changes: Any) -> FactStatus:
    listing = msgspec.structs.replace(LISTING, **changes)
    return listing_status(listing, repaired, catalogue(), Instant.at(NOW, SHANGHAI), {})


def of_record(repaired: bool = False, **changes: Any) -> FactStatus:
    return adverse_status(msgspec.structs.replace(RECORD, **changes), repaired, catalogue(), Instant.at(NOW, SHANGHAI))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, FactStatus.IN_FORCE),
        ({"effective_from": DAY}, FactStatus.IN_FORCE),
        ({"effective_from": DAY + timedelta(days=1)}, FactStatus.NOT_BEGUN),
        ({"objections": (Objection("O", NOW),)}, FactStatus.STAYED),
        ({"liftings": (Lifting("U", NOW, NOW + AN_HOUR),)}, FactStatus.LIFTED),
        ({"liftings": (Lifting("U", NOW - AN_HOUR, NOW),)}, FactStatus.IN_FORCE),
        ({"document_number": ""}, FactStatus.INFORMATION_ONLY),
        ({"expires_on": DAY}, FactStatus.EXPIRED),
        ({"document_date": date(2023, 3, 10)}, FactStatus.EXPIRED),
        ({"document_date": date(2023, 3, 11)}, FactStatus.IN_FORCE),
        ({"ended_at": NOW}, FactStatus.DELISTED),
        ({"ended_at": NOW, "repaired": True}, FactStatus.REPAIRED),
        ({"ended_at": NOW + AN_HOUR, "repaired": True}, FactStatus.IN_FORCE),
        ({"ended_at": NOW + AN_HOUR, "annulled": True}, FactStatus.REVOKED),
        ({"regime": "SOME-OTHER-LIST"}, FactStatus.UNKNOWN_REGIME),
        ({"regime": "SOME-OTHER-LIST", "expires_on": DAY}, FactStatus.EXPIRED),
    ],
)
def test_a_listing_stands_as_its_dates_say(changes: dict[str, Any], wanted: FactStatus) -> None:
    assert status(**changes) is wanted


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, FactStatus.IN_FORCE),
        ({"document_date": DAY + timedelta(days=1)}, FactStatus.NOT_BEGUN),
        ({"document_date": date(2025, 3, 10)}, FactStatus.EXPIRED),
        ({"ended_at": NOW, "repaired": True}, FactStatus.REPAIRED),
        ({"ended_at": NOW}, FactStatus.DELISTED),
        ({"ended_at": NOW, "annulled": True}, FactStatus.REVOKED),
    ],
)
def test_an_adverse_record_stands_as_its_dates_say(changes: dict[str, Any], wanted: FactStatus) -> None:
    assert of_record(**changes) is wanted


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"objections": (Objection("O", NOW),)},
        {"liftings": (Lifting("U", NOW, NOW + AN_HOUR),)},
        {"document_number": ""},
        {"expires_on": DAY},
        {"annulled": True},
        {"ended_at": NOW},
    ],
)
def test_only_a_listing_in_force_restricts(changes: dict[str, Any]) -> None:
    question = CheckRequest("FOOD-OPERATION", next(iter(catalogue().edition.measures[0].application_kinds)), "X", "")
    profile = SubjectProfile(1, "cn-uscc", "1", "", None, (msgspec.structs.replace(LISTING, **changes),))
    restricted = bool(decide(Known(profile), question, catalogue(), NOW).restrictions)
    assert restricted is (status(**changes) is FactStatus.IN_FORCE)


@pytest.mark.parametrize(
    ("fact", "first", "last"),
    [
        (LISTING, date(2026, 6, 1), date(2028, 6, 1)),
        (msgspec.structs.replace(LISTING, document_date=None), None, None),
        (msgspec.structs.replace(LISTING, regime="SOME-OTHER-LIST"), None, None),
        (msgspec.structs.replace(LISTING, regime="TAX-A"), None, None),
        (msgspec.structs.replace(RECORD, severity=Severity.MINOR), None, date(2026, 2, 28)),
        (RECORD, date(2026, 2, 28), date(2026, 11, 30)),
        (msgspec.structs.replace(RECORD, severity=Severity.SERIOUS), date(2026, 11, 30), date(2028, 11, 30)),
    ],
)
def test_publicity_is_counted_from_the_document(
    fact: Listing | AdverseRecord, first: date | None, last: date | None
) -> None:
    publicity = Publicity(catalogue())
    assert (publicity.min_end(fact), publicity.max_end(fact)) == (first, last)


def test_a_repair_is_possible_from_the_first_moment_of_the_day_in_the_zone() -> None:
    assert Publicity(catalogue()).first_repair(LISTING) == datetime(2026, 6, 1, tzinfo=SHANGHAI)
