"""What an application still lacks, and by which working day it may follow."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from clearway.catalogue.model import ApplicationKind
from clearway.decision.answer import Materials, NoticeCode
from clearway.decision.facts import CheckRequest
from clearway.decision.materials import materials_of, with_deadlines
from clearway.decision.terms import Instant
from tests.case_files import catalogue

ITEM = "FOOD-OPERATION"
ESSENTIAL = frozenset({"APPLICATION-FORM", "SAFETY-RULES", "PREMISES-PROOF"})


def lacking(*supplied: str) -> Materials:
    item = catalogue().item(ITEM)
    assert item is not None
    return materials_of(item, CheckRequest(ITEM, ApplicationKind.NEW, "A", "110000", frozenset(supplied)))


def at(year: int, month: int, day: int, hour: int = 10) -> Instant:
    return Instant.at(datetime(year, month, day, hour, tzinfo=catalogue().zone), catalogue().zone)


def test_what_is_not_supplied_is_missing_in_the_catalogue_s_order() -> None:
    found = lacking("SAFETY-RULES", "LAYOUT-PLAN")
    assert [material.code for material in found.missing_essential] == ["APPLICATION-FORM", "PREMISES-PROOF"]
    assert [deferred.material.code for deferred in found.deferrable] == ["STAFF-HEALTH-CERTIFICATES"]


def test_nothing_has_a_deadline_before_a_route_is_open() -> None:
    assert {deferred.deadline for deferred in lacking().deferrable} == {None}


def test_a_material_the_item_does_not_ask_for_changes_nothing() -> None:
    assert lacking("SOMETHING-ELSE") == lacking()


@pytest.mark.parametrize(
    ("day", "layout_plan", "health_certificates"),
    [
        ((2026, 3, 10), date(2026, 3, 17), date(2026, 3, 19)),
        # National Day is off, and Saturday 10 October is worked to make up for it.
        ((2026, 9, 28), date(2026, 10, 10), date(2026, 10, 13)),
        ((2026, 3, 14), date(2026, 3, 20), date(2026, 3, 24)),
    ],
    ids=["an ordinary week", "over National Day", "accepted on a Saturday"],
)
def test_deadlines_are_working_days_from_the_day_after(
    day: tuple[int, int, int], layout_plan: date, health_certificates: date
) -> None:
    materials, notices = with_deadlines(lacking(*ESSENTIAL), catalogue(), at(*day))
    assert [deferred.deadline for deferred in materials.deferrable] == [layout_plan, health_certificates]
    assert not any(deferred.provisional for deferred in materials.deferrable)
    assert not notices


def test_the_hour_is_of_no_account() -> None:
    early, late = (with_deadlines(lacking(), catalogue(), at(2026, 9, 28, hour)) for hour in (0, 23))
    assert early == late


def test_a_deadline_in_a_year_not_yet_published_is_provisional_and_told() -> None:
    materials, notices = with_deadlines(lacking(*ESSENTIAL, "STAFF-HEALTH-CERTIFICATES"), catalogue(), at(2026, 12, 29))
    (plan,) = materials.deferrable
    assert plan.provisional
    assert plan.deadline is not None
    # Never before the day on which it would fall if nobody rested but on weekends.
    assert plan.deadline >= date(2027, 1, 5)
    (notice,) = notices
    assert notice.code is NoticeCode.DEADLINE_PROVISIONAL
    assert notice.details == {"material": "LAYOUT-PLAN", "deadline": plan.deadline.isoformat()}


def test_only_the_deadlines_past_the_year_s_end_are_provisional() -> None:
    materials, _ = with_deadlines(lacking(*ESSENTIAL), catalogue(), at(2026, 12, 24))
    assert [deferred.provisional for deferred in materials.deferrable] == [False, True]
