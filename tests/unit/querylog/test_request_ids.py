from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from clearway.querylog.journal import Journal
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import Remembered, RequestIds
from clearway.querylog.shipper import Shipper

from .records import NOON, a_check_id, raws

AUTHORITY = "DEMO-LICENSING"


def test_an_id_is_remembered_within_its_authority() -> None:
    ids = RequestIds()
    ids.remember("A", "r", b"d", "c")
    assert ids.get("A", "r") == Remembered(b"d", "c")
    assert ids.get("B", "r") is None


def test_the_first_check_under_an_id_stays() -> None:
    ids = RequestIds()
    ids.remember("A", "r", b"d", "first")
    ids.remember("A", "r", b"e", "second")
    assert ids.get("A", "r") == Remembered(b"d", "first")


def test_an_id_is_forgotten_in_time() -> None:
    now = 0.0
    ids = RequestIds(seconds=10, monotonic=lambda: now)
    ids.remember("A", "r", b"d", "c")
    now = 9.9
    assert ids.get("A", "r") is not None
    now = 10.0
    assert ids.get("A", "r") is None


def test_the_memory_is_bounded() -> None:
    ids = RequestIds(capacity=3)
    for number in range(10):
        ids.remember("A", str(number), b"d", "c")
    assert len(ids) == 3
    assert ids.get("A", "9") is not None


def test_recall_reads_what_is_shipped_and_what_is_not(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal, Shipper(central, journals) as shipper:
        journal.append(raws(1, 2))
        shipper.step()
        journal.append(raws(3))
        ids = RequestIds()
        assert ids.recall(Log(central, journals), NOON + timedelta(seconds=2)) == 2
    assert ids.get(AUTHORITY, "request-1") is None
    assert ids.get(AUTHORITY, "request-2") == Remembered(bytes(16), a_check_id(2))
    assert ids.get(AUTHORITY, "request-3") == Remembered(bytes(16), a_check_id(3))


def test_recall_takes_the_newest_that_fit(central: Engine, journals: Path) -> None:
    ids = RequestIds(capacity=3)
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(*range(1, 8)))
        assert ids.recall(Log(central, journals), NOON) == 3
        assert ids.overflowed
    assert [number for number in range(1, 8) if ids.get(AUTHORITY, f"request-{number}")] == [5, 6, 7]


def test_refused_checks_are_not_remembered(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(1, error_reason="ERROR_REASON_UNKNOWN_ITEM"))
        ids, log = RequestIds(), Log(central, journals)
        with log.tail() as tail:
            assert (ids.recall(log, NOON), ids.follow(tail), len(ids)) == (0, 0, 0)


def test_a_siblings_checks_are_learned(central: Engine, journals: Path) -> None:
    ids, log = RequestIds(), Log(central, journals)
    with closing(Journal(journals, "sibling")) as journal, log.tail(skip="own") as tail:
        journal.append(raws(1))
        assert ids.follow(tail) == 1
        assert ids.follow(tail) == 0
    assert ids.get(AUTHORITY, "request-1") == Remembered(bytes(16), a_check_id(1))
