"""Checks by case: which is a case's last, within which window, shipped or not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clearway.querylog.cases import Window, last_in_window
from clearway.querylog.journal import Journal
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord, encode_record
from clearway.querylog.shipper import Shipper
from tests.unit.querylog.records import NOON, a_check_id, a_record

AUTHORITY = "DEMO-LICENSING"
WHOLE = Window(AUTHORITY, NOON, NOON + timedelta(days=1))


def log_of(central: Engine, journals: Path, shipped: Iterable[CheckRecord], waiting: Iterable[CheckRecord] = ()) -> Log:
    """A log with some checks shipped and some still in a journal."""
    journal = Journal(journals, "w0")
    journal.append([encode_record(record) for record in shipped])
    with Shipper(central, journals) as shipper:
        shipper.step()
    journal.append([encode_record(record) for record in waiting])
    journal.close()
    return Log(central, journals)


def refused(number: int, case: str) -> CheckRecord:
    return a_record(number, case_number=case, outcome="", standing="", error_reason="ERROR_REASON_UNKNOWN_ITEM")


def numbers(log: Log, window: Window = WHOLE, limit: int = 10) -> list[tuple[str, str]]:
    return [(check.case_number, check.check_id) for check in log.last_checks(window, limit)]


def test_the_last_answered_check_of_each_case_comes_in_the_order_of_time(central: Engine, journals: Path) -> None:
    log = log_of(
        central,
        journals,
        [
            a_record(1, case_number="A"),
            a_record(2, case_number="B"),
            a_record(3, case_number="A"),
            refused(4, "B"),
            refused(5, "C"),
            a_record(6, case_number="B", authority="OTHER"),
        ],
    )
    assert numbers(log) == [("B", a_check_id(2)), ("A", a_check_id(3))]


def test_what_is_not_shipped_yet_counts(central: Engine, journals: Path) -> None:
    shipped = [a_record(1, case_number="A"), a_record(2, case_number="B")]
    log = log_of(central, journals, shipped, [a_record(3, case_number="A"), a_record(4, case_number="C")])
    assert numbers(log) == [("B", a_check_id(2)), ("A", a_check_id(3)), ("C", a_check_id(4))]


def test_a_row_not_shipped_may_be_older_than_one_that_is(central: Engine, journals: Path) -> None:
    log = log_of(central, journals, [a_record(5, case_number="A")], [a_record(3, case_number="A")])
    assert numbers(log) == [("A", a_check_id(5))]


@pytest.mark.parametrize(
    ("since", "until", "found"), [(0, 9, ["A", "B", "C"]), (2, 9, ["B", "C"]), (0, 3, ["A", "B"]), (2, 3, ["B"])]
)
def test_a_window_is_half_open(central: Engine, journals: Path, since: int, until: int, found: list[str]) -> None:
    log = log_of(
        central, journals, [a_record(1, case_number="A"), a_record(2, case_number="B")], [a_record(3, case_number="C")]
    )
    window = Window(AUTHORITY, NOON + timedelta(seconds=since), NOON + timedelta(seconds=until))
    assert [case for case, _ in numbers(log, window)] == found


def test_a_case_checked_again_after_the_window_is_not_in_it(central: Engine, journals: Path) -> None:
    window = Window(AUTHORITY, NOON, NOON + timedelta(seconds=2))
    first = [a_record(1, case_number="A"), a_record(1, check_id=a_check_id(8), case_number="B")]
    log = log_of(central, journals, [*first, a_record(9, case_number="A")])
    assert [case for case, _ in numbers(log, window)] == ["B"]


def test_pages_meet_without_gap_or_overlap(central: Engine, journals: Path) -> None:
    # Some at the very same moment, told apart by their ids.
    records = [a_record(n, case_number=f"C{n}", decided_at=NOON + timedelta(seconds=n // 3)) for n in range(12)]
    log = log_of(central, journals, records[:8], records[8:])
    whole = log.last_checks(WHOLE, 100)
    paged, after = [], None
    while page := log.last_checks(Window(AUTHORITY, WHOLE.since, WHOLE.until, after), 5):
        paged += page
        after = page[-1].place
    assert paged == whole
    assert len(whole) == 12


def test_a_window_is_found_by_its_index_and_a_case_by_its_own(central: Engine, journals: Path) -> None:
    statement = last_in_window(WHOLE).compile(central, compile_kwargs={"literal_binds": True})
    with central.connect() as connection:
        plan = " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}"))
    assert "check_log_decided_at" in plan
    assert "check_log_case_number" in plan
    assert "SCAN" not in plan


def test_all_checks_of_some_cases(central: Engine, journals: Path) -> None:
    log = log_of(
        central,
        journals,
        [a_record(1, case_number="A"), a_record(2, case_number="B"), refused(3, "A")],
        [a_record(4, case_number="A"), a_record(5, case_number="A", authority="OTHER")],
    )
    found = log.of_cases(AUTHORITY, ["A", "Z"])
    assert {case: [check.check_id for check in checks] for case, checks in found.items()} == {
        "A": [a_check_id(1), a_check_id(4)],
        "Z": [],
    }
