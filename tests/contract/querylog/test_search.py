"""The log searched: every row wanted is found once, the newest first, whatever is looked at between two pages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from clearway.querylog import search
from clearway.querylog.filter import Filter, Kind
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from tests.contract.querylog.synthetic import STEP, look_at, synthetic, with_looks
from tests.unit.querylog.records import NOON, a_record, log_of

RECORDS = synthetic()
FILTERS = {
    "everything": Filter(),
    "a subject": Filter(subject_key=bytes([3]) * 16),
    "a subject nobody asked about": Filter(subject_key=bytes([99]) * 16),
    "a case": Filter(case_number="CASE-7"),
    "a case of one authority": Filter(case_number="CASE-7", authority="A"),
    "an authority": Filter(authority="B"),
    "an officer for an item": Filter(officer="officer 2", item_code="DRUGS"),
    "a principal": Filter(caller="cn=two"),
    "an outcome": Filter(outcome="OUTCOME_RESTRICTION"),
    "a standing of an authority": Filter(standing="STANDING_LISTED", authority="A"),
    "refused for a reason": Filter(error_reason="ERROR_REASON_UNKNOWN_ITEM"),
    "a time": Filter(since=NOON + 50 * STEP, until=NOON + 250 * STEP),
    "a subject in a time": Filter(subject_key=bytes([1]) * 16, since=NOON + 100 * STEP, until=NOON + 200 * STEP),
    "an empty time": Filter(since=NOON, until=NOON),
}


@pytest.fixture
def log(central: Engine, journals: Path) -> Log:
    return log_of(central, journals, with_looks(RECORDS[:220] + RECORDS[240:]), with_looks(RECORDS[220:240]))


def wanted_of(wanted: Filter) -> list[CheckRecord]:
    """What a reader of the whole log would find."""
    found = [record for record in RECORDS if wanted.matches(record)]
    return sorted(found, key=lambda record: record.check_id, reverse=True)


def paged(log: Log, *wanted: Filter, limit: int) -> list[CheckRecord]:
    """Every page, one after the other."""
    found: list[CheckRecord] = []
    before = None
    for _ in range(2 * len(RECORDS)):
        page = log.search(*wanted, limit=limit, before=before)
        assert len(page.checks) <= limit
        found += [stored.record for stored in page.checks]
        if page.reached is None:
            return found
        assert before is None or page.reached < before, "a page goes back in time"
        before = page.reached
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("name", FILTERS)
def test_pages_have_every_check_wanted_once_the_newest_first(log: Log, name: str) -> None:
    wanted = FILTERS[name]
    for limit in (7, 1000):
        assert paged(log, wanted, limit=limit) == wanted_of(wanted)


@pytest.mark.parametrize("looked_at", [search.LOOKED_AT, 5])
def test_a_subject_of_several_keys_is_found_under_each_in_one_order(
    log: Log, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", looked_at)
    wanted = [Filter(subject_key=bytes([number]) * 16, authority="A") for number in (1, 3, 99)]
    records = sorted((r for one in wanted for r in wanted_of(one)), key=lambda r: r.check_id, reverse=True)
    for limit in (1, 7, 1000):
        assert paged(log, *wanted, limit=limit) == records


@pytest.mark.parametrize("name", FILTERS)
def test_a_page_looks_at_a_bounded_number_of_rows_and_nothing_is_lost_by_it(
    log: Log, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 11)
    wanted = FILTERS[name]
    assert paged(log, wanted, limit=5) == wanted_of(wanted)


def test_a_rare_check_is_found_on_a_later_page(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 11)
    wanted = Filter(caller="cn=one", until=NOON + 10 * STEP)
    first = log.search(Filter(caller=RECORDS[0].caller, item_code="NONE"), limit=5)
    assert first.checks == []
    assert first.reached is not None, "there is more to look at"
    assert paged(log, wanted, limit=5) == wanted_of(wanted)


def test_looks_are_found_where_they_are_asked_for(log: Log) -> None:
    looks = [look_at(check) for check in (RECORDS[:220] + RECORDS[240:])[::5] + RECORDS[220:240:5]]
    wanted = Filter(authority="A", kind=Kind.OTHERS)
    found = [look for look in looks if look.authority == "A"]
    assert paged(log, wanted, limit=7) == sorted(found, key=lambda look: look.check_id, reverse=True)


def test_a_clock_that_was_set_back_hides_nothing(central: Engine, journals: Path) -> None:
    record = a_record(check_id=RECORDS[5].check_id, decided_at=RECORDS[5].decided_at - timedelta(hours=20))
    log = log_of(central, journals, [record])
    around = Filter(since=record.decided_at, until=record.decided_at + timedelta(seconds=1))
    assert [stored.record for stored in log.search(around, limit=5).checks] == [record]


def test_a_row_of_the_longest_texts_is_shipped(central: Engine, journals: Path) -> None:
    # Four bytes a sign, and nothing that a database could pack.
    random = Random(3)
    officer, case, item = ("".join(chr(random.randrange(0x20000, 0x2A000)) for _ in range(128)) for _ in range(3))
    record = a_record(
        authority="A" * 64, caller="c" * 256, region="9" * 16, officer=officer, case_number=case, item_code=item
    )
    log = log_of(central, journals, [record])
    found = log.search(Filter(case_number=record.case_number), limit=1).checks
    assert [(stored.record, stored.seq is None) for stored in found] == [(record, False)]
