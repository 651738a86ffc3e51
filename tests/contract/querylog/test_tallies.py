"""Checks counted by their columns: the same as counting every record by hand."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from clearway.querylog.case_spans import CaseSpan
from clearway.querylog.patterns import DIVIDING, NOT_VALID, Busy, OfficerHour, Walk
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.querylog.tallies import Scope, band_end, band_of, value_of
from tests.contract.querylog.synthetic import STEP, synthetic, with_looks
from tests.unit.querylog.records import NOON, log_of

RECORDS = synthetic()
LAST = NOON + 1000 * STEP
SCOPES = {
    "everything": Scope(NOON, LAST),
    "a period": Scope(NOON + 30 * STEP, NOON + 190 * STEP),
    "an authority's": Scope(NOON, LAST, "A"),
    "an item in a region": Scope(NOON, LAST, "", "FOOD", "310000"),
    "measured": Scope(NOON, LAST, measured=True),
    "answered": Scope(NOON, LAST, answered=True),
    "nothing": Scope(LAST, LAST + STEP),
}


@pytest.fixture
def log(central: Engine, journals: Path) -> Log:
    return log_of(central, journals, with_looks(RECORDS[:150] + RECORDS[170:]), with_looks(RECORDS[150:170]))


@pytest.fixture
def shipped(central: Engine, journals: Path) -> Log:
    return log_of(central, journals, with_looks(RECORDS))


def held(scope: Scope) -> list[CheckRecord]:
    return [record for record in RECORDS if scope.holds(record)]


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize(
    "columns", [(), ("authority", "item_code", "region"), ("error_reason",), ("standing", "elapsed_us")]
)
def test_a_tally_is_what_counting_every_record_gives(log: Log, name: str, columns: tuple[str, ...]) -> None:
    scope = SCOPES[name]
    by_hand = Counter(tuple(value_of(record, column) for column in columns) for record in held(scope))
    assert +log.tally(scope, columns) == by_hand


@pytest.mark.parametrize("value", [0, 1, 99, 100, 101, 999, 1000, 123_456, 9_999_999, 123_456_789])
def test_a_band_holds_its_value_and_is_no_wider_than_a_tenth_of_it(value: int) -> None:
    assert band_of(value) <= value <= band_end(band_of(value)) <= value * 1.1


@pytest.mark.parametrize("name", SCOPES)
def test_a_case_spans_its_answered_checks(log: Log, name: str) -> None:
    scope = SCOPES[name]
    found = list(log.case_spans(scope))
    assert len({span.case for span in found}) == len(found), "each case once"
    assert {span.case: span for span in found} == spans_by_hand(record for record in held(scope) if record.answered)


def spans_by_hand(records: Iterable[CheckRecord]) -> dict[tuple[str, str], CaseSpan]:
    cases = defaultdict(list)
    for record in records:
        cases[record.authority, record.case_number].append(record)
    found = {}
    for case, checks in cases.items():
        last = checks[-1]
        found[case] = CaseSpan(
            *case, checks[0].decided_at, last.decided_at, last.check_id, last.officer, last.item_code, last.region
        )
    return found


def test_an_officer_who_checks_one_subject_under_many_cases_is_found(shipped: Log) -> None:
    cases = defaultdict(set)
    for record in RECORDS:
        if record.subject_key:
            cases[record.authority, record.officer, record.subject].add(record.case_number)
    found = {(busy.authority, busy.officer, busy.subject): busy.cases for busy in shipped.busy(SCOPES["everything"], 5)}
    assert found == {key: len(numbers) for key, numbers in cases.items() if len(numbers) >= 5}
    assert found


def test_an_officer_s_checks_are_counted_by_the_hour(shipped: Log) -> None:
    by_hand: dict[tuple[str, str, object], list[str]] = defaultdict(list)
    for record in RECORDS:
        hour = record.decided_at.replace(minute=0, second=0, microsecond=0)
        by_hand[record.authority, record.officer, hour].append(record.check_id)
    found = list(shipped.officer_hours(SCOPES["everything"]))
    assert len(found) == len(by_hand)
    for one in found:
        ids = by_hand[one.authority, one.officer, one.hour]
        assert one == OfficerHour(one.authority, one.officer, one.hour, len(ids), ids[0])


def test_a_walk_over_codes_is_found_in_its_hour(central: Engine, journals: Path) -> None:
    walk = [walker(record, number) for number, record in enumerate(RECORDS[:30])]
    log = log_of(central, journals, walk)
    (found,) = log.walks(Scope(NOON, LAST), 20)
    assert (found.authority, found.caller, found.hour) == ("A", "cn=walker", NOON)
    # Ten codes that are not listed, each asked twice; ten that are not valid, each asking counted.
    assert (found.codes, found.checks, found.first_check_id) == (20, 30, walk[0].check_id)
    assert log.walks(Scope(NOON, LAST), 21) == []


@pytest.mark.parametrize("by", [("item_code",), ("region",), DIVIDING])
def test_divided_patterns_are_those_of_each_part_by_itself(shipped: Log, by: tuple[str, ...]) -> None:
    parts = [
        Scope(NOON, LAST, item_code=item, region=region)
        for item in (("FOOD", "DRUGS") if "item_code" in by else ("",))
        for region in (("110000", "310000") if "region" in by else ("",))
    ]
    searches: tuple[Callable[..., Iterable[Busy | OfficerHour | Walk]], ...] = (
        lambda scope, *by: shipped.busy(scope, 3, *by),
        lambda scope, *by: shipped.walks(scope, 1, *by),
        shipped.officer_hours,
    )
    for found in searches:
        alone = [
            dataclasses.replace(one, item_code=part.item_code, region=part.region)
            for part in parts
            for one in found(part)
        ]
        divided = list(found(SCOPES["everything"], by))
        assert Counter(divided) == Counter(alone)
        assert len({(one.item_code, one.region) for one in divided}) == len(parts)


def walker(record: CheckRecord, number: int) -> CheckRecord:
    """The asking of that number on a walk, within one hour."""
    valid = number < 20
    return msgspec.structs.replace(
        record,
        decided_at=NOON + timedelta(minutes=number),
        authority="A",
        caller="cn=walker",
        subject_key=bytes([number // 2]) * 16 if valid else b"",
        standing="STANDING_NOT_LISTED" if valid else "",
        outcome="OUTCOME_ORDINARY" if valid else "",
        error_reason="" if valid else NOT_VALID[0],
    )
