"""The routes to the green channel, under editions that the shipped one does not show."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import ApplicationKind, CleanRecordRoute
from clearway.decision.decide import decide
from clearway.decision.facts import AdverseKind, AdverseRecord, CheckRequest, Known, Severity, SubjectProfile
from tests.case_files import catalogue

MOMENT = datetime(2026, 3, 10, 10, tzinfo=catalogue().zone)
CLEAN = "GREEN-CHANNEL-CLEAN-RECORD"


def edition_with(**changes: Any) -> Catalogue:
    """The shipped edition with its clean-record incentive changed."""
    edition = catalogue().edition
    incentives = [i.model_copy(update=changes) if i.code == CLEAN else i for i in edition.incentives]
    return Catalogue(edition.model_copy(update={"incentives": tuple(incentives)}), "0" * 64, catalogue().regions)


def clean_route_is_open(under: Catalogue, known_since: date, documented: date | None = None) -> bool:
    records: tuple[AdverseRecord, ...] = ()
    if documented is not None:
        records = (AdverseRecord("A", AdverseKind.PENALTY, Severity.SERIOUS, "罚字1号", documented),)
    profile = SubjectProfile(1, "cn-uscc", "X", "示例企业", known_since, adverse_records=records)
    request = CheckRequest("FOOD-OPERATION", ApplicationKind.NEW, "DEMO-LICENSING", "110000")
    return bool(decide(Known(profile), request, under, MOMENT).incentives)


@pytest.mark.parametrize(
    ("documented", "is_open"),
    [(date(2025, 3, 11), False), (date(2025, 3, 10), True), (date(2024, 3, 10), True)],
    ids=["in the year", "the day before the year", "usable still, but before the year"],
)
def test_a_record_counts_within_the_years_that_the_route_asks_for(documented: date, is_open: bool) -> None:
    under = edition_with(route=CleanRecordRoute(by="clean_record", years=1))
    assert clean_route_is_open(under, date(2015, 1, 1), documented) is is_open


@pytest.mark.parametrize(("known_since", "is_open"), [(date(2025, 3, 10), True), (date(2025, 3, 11), False)])
def test_a_route_of_one_year_asks_for_one_year_known(known_since: date, is_open: bool) -> None:
    assert clean_route_is_open(edition_with(route=CleanRecordRoute(by="clean_record", years=1)), known_since) is is_open


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        ({"valid_from": date(2026, 3, 10)}, True),
        ({"valid_from": date(2026, 3, 11)}, False),
        ({"valid_to": date(2026, 3, 11)}, True),
        ({"valid_to": date(2026, 3, 10)}, False),
        ({"regions": ("110000",)}, True),
        ({"regions": ("110101",)}, False),
    ],
)
def test_an_incentive_holds_on_its_days_and_in_its_regions(changes: dict[str, Any], is_open: bool) -> None:
    assert clean_route_is_open(edition_with(**changes), date(2015, 1, 1)) is is_open
