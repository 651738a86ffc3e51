from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clearway.querylog.filter import Filter
from clearway.querylog.journal import Journal, SegmentLimits
from clearway.querylog.reader import Backlog, Log
from clearway.querylog.shipper import Shipper
from tests.unit.querylog.records import NOON, a_check_id, a_record, raws

ALL = list(range(1, 7))


@pytest.fixture
def log(central: Engine, journals: Path) -> Iterator[Log]:
    """Six checks: 1 and 2 shipped and their segment gone, 3 and 4 shipped, 5 and 6 (another worker's) not shipped."""
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(1, 2))
    with closing(Journal(journals, "w1")) as journal, closing(Journal(journals, "w2")) as other:
        journal.append(raws(3, 4))
        with Shipper(central, journals, keep=0) as shipper:
            shipper.step()
        journal.append(raws(5))
        other.append(raws(6))
        yield Log(central, journals)


@pytest.mark.parametrize("number", ALL)
def test_a_check_is_found_wherever_it_is(log: Log, number: int) -> None:
    found = log.get(a_check_id(number))
    assert found is not None
    assert (found.record, found.raw) == (a_record(number), raws(number)[0])
    assert (found.seq is None) == (number > 4)


@pytest.mark.parametrize("check_id", ["", "x", "%", a_check_id(7), "' OR 1=1 --", "CASE-5"])
def test_an_unknown_id_finds_nothing(log: Log, check_id: str) -> None:
    assert log.get(check_id) is None


def test_the_checks_that_relied_on_a_listing_are_found_shipped_or_not(central: Engine, journals: Path) -> None:
    relied, other = {"listings": ("L-1", "L-2")}, {"listings": ("L-2",)}
    with closing(Journal(journals, "w1")) as journal, closing(Journal(journals, "w2")) as another:
        journal.append([*raws(1, 3, **relied), *raws(2, **other), *raws(7)])
        with Shipper(central, journals, keep=0) as shipper:
            shipper.step()
        another.append([*raws(4, 6, **relied), *raws(8, **other)])
        journal.append(raws(5, **relied))
        log = Log(central, journals)
        assert [stored.record for stored in log.relying_on("L-1")] == [a_record(n, **relied) for n in (1, 3, 4, 5, 6)]
        assert [stored.seq is None for stored in log.relying_on("L-1")] == [False, False, True, True, True]
        assert log.relying_on("L-3") == []
        for limit in (1, 2, 3, 4, 5, 9):
            seen, after = [], ""
            while page := log.relying_on("L-1", after=after, limit=limit):
                assert len(page) <= limit
                seen += [stored.raw for stored in page]
                after = page[-1].record.check_id
            assert seen == raws(1, 3, 4, 5, 6, **relied)


def test_a_check_that_is_shipped_meanwhile_is_found_once(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w1")) as journal:
        journal.append(raws(1, 2, listings=("L-1",)))
    log = Log(central, journals)
    with Shipper(central, journals, keep=100) as shipper:
        shipper.step()
        assert [stored.raw for stored in log.relying_on("L-1")] == raws(1, 2, listings=("L-1",))


def test_an_export_has_every_row_once(log: Log) -> None:
    assert [stored.raw for stored in log.export()] == raws(*ALL)


def test_an_export_is_of_one_moment(log: Log, central: Engine, journals: Path) -> None:
    export = log.export()
    seen = [next(export).raw]
    with closing(Journal(journals, "w9")) as journal:
        journal.append(raws(9))
    with Shipper(central, journals, keep=0) as shipper:
        shipper.step()
    seen += [stored.raw for stored in export]
    assert seen == raws(*ALL), "rows shipped meanwhile are neither lost nor doubled"


def test_an_export_outlasts_the_deletion_of_what_it_reads(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0", SegmentLimits(rows=30))) as journal:
        journal.append(raws(1))
        with Shipper(central, journals, keep=0) as shipper:
            shipper.step()
            journal.append(raws(*range(2, 31), request=b"x" * 60_000))
            export = Log(central, journals).export()
            exported = [next(export)]
            for number in (31, 61, 91):  # left, found deleted, closed
                journal.append(raws(*range(number, number + 30)))
                shipper.step()
            journal.close()
            exported += export
    assert [stored.record.check_id for stored in exported] == [a_check_id(number) for number in range(1, 31)]


def test_the_newest_come_first_page_by_page(log: Log) -> None:
    pages, before = [], None
    while page := log.newest(limit=4, before=before):
        pages.append([stored.record.check_id for stored in page])
        before = pages[-1][-1]
    assert pages == [[a_check_id(n) for n in (6, 5, 4, 3)], [a_check_id(n) for n in (2, 1)]]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(case_number="CASE-2"), [2]),
        (Filter(case_number="CASE-6"), [6]),
        (Filter(authority="ANOTHER"), []),
        (Filter(authority="DEMO-LICENSING", error_reason=""), ALL),
        (Filter(since=NOON + timedelta(seconds=4)), [4, 5, 6]),
        (Filter(until=NOON + timedelta(seconds=4)), [1, 2, 3]),
        (Filter(subject_key=bytes(range(16)), since=NOON + timedelta(seconds=6)), [6]),
        (Filter(outcome="OUTCOME_RESTRICTION"), []),
    ],
)
def test_a_filter_means_the_same_shipped_or_not(log: Log, wanted: Filter, numbers: list[int]) -> None:
    assert [stored.raw for stored in log.export(wanted)] == raws(*numbers)
    assert [stored.raw for stored in log.newest(wanted)] == raws(*reversed(numbers))


@pytest.mark.parametrize("number", [1, 5])
def test_a_request_is_found_by_its_id_within_its_authority(log: Log, number: int) -> None:
    found = log.find_request("DEMO-LICENSING", f"request-{number}", NOON)
    assert found is not None
    assert found.record == a_record(number)
    assert log.find_request("ANOTHER", f"request-{number}", NOON) is None
    assert log.find_request("DEMO-LICENSING", f"request-{number}", NOON + timedelta(hours=1)) is None


def test_a_refused_check_is_not_a_request_to_answer_again(log: Log, journals: Path) -> None:
    with closing(Journal(journals, "w3")) as journal:
        journal.append(raws(8, error_reason="ERROR_REASON_UNKNOWN_ITEM", outcome="", standing=""))
        assert log.find_request("DEMO-LICENSING", "request-8", NOON) is None
        assert log.get(a_check_id(8)) is not None


def test_the_backlog_counts_what_is_not_shipped_and_says_since_when(log: Log) -> None:
    assert log.backlog() == Backlog(segments=2, rows=2, oldest=NOON + timedelta(seconds=5))


def test_a_log_without_journals_reads_as_empty(central: Engine, journals: Path) -> None:
    log = Log(central, journals)
    assert (list(log.export()), log.newest(), log.get("x"), log.backlog()) == ([], [], None, Backlog(0, 0))


def test_reading_changes_nothing(log: Log, journals: Path) -> None:
    before = sorted(path.name for path in journals.iterdir())
    list(log.export())
    log.get("x")
    assert sorted(path.name for path in journals.iterdir()) == before


def test_an_unreadable_segment_does_not_hide_the_others(log: Log, journals: Path) -> None:
    (journals / "bad-0001.db").write_bytes(b"garbage " * 1000)
    assert [stored.raw for stored in log.export()] == raws(*ALL)


class TestTail:
    def test_each_row_comes_once(self, log: Log, journals: Path) -> None:
        with log.tail() as tail, closing(Journal(journals, "w3")) as journal:
            assert [stored.raw for stored in tail.fresh()] == raws(3, 4, 5, 6)
            journal.append(raws(7))
            assert [stored.raw for stored in tail.fresh()] == raws(7)
            assert list(tail.fresh()) == []

    def test_rows_of_a_segment_deleted_meanwhile_still_come(self, log: Log, central: Engine, journals: Path) -> None:
        with log.tail() as tail:
            with closing(Journal(journals, "w3")) as journal:
                list(tail.fresh())
                journal.append(raws(7))
            with Shipper(central, journals, keep=0) as shipper:
                assert shipper.step().segments_closed == 1
            assert [stored.raw for stored in tail.fresh()] == raws(7)
            assert list(tail.fresh()) == []

    def test_ones_own_journal_is_skipped(self, log: Log) -> None:
        with log.tail(skip="w1") as tail:
            assert [stored.raw for stored in tail.fresh()] == raws(6)
