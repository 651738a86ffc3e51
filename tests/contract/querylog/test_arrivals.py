"""What a follower of the central log sees: every answered check, once, in the order of arrival."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clearway.querylog.arrivals import Arrivals
from clearway.querylog.central import StoredCheck, on_postgresql, writing
from clearway.querylog.journal import Journal
from clearway.querylog.record import encode_record
from clearway.querylog.shipper import Shipper, copy_in
from tests.unit.querylog.records import NOON, a_check_id, a_record, raws


def ship(central: Engine, journals: Path, name: str, *records: bytes) -> None:
    with closing(Journal(journals, name)) as journal:
        journal.append(list(records))
    with Shipper(central, journals, keep=0) as shipper:
        shipper.step()


def follow(arrivals: Arrivals, seq: int, limit: int = 100) -> tuple[list[bytes], int]:
    found, seq = arrivals.after(seq, limit)
    return [stored.raw for stored in found], seq


def test_nothing_has_arrived_in_an_empty_log(central: Engine) -> None:
    arrivals = Arrivals(central)
    assert (arrivals.head(), arrivals.after(0, 10)) == (0, ([], 0))


def test_arrivals_come_in_pages_without_the_refused(central: Engine, journals: Path) -> None:
    refused = raws(2, error_reason="ERROR_REASON_UNKNOWN_ITEM", outcome="", standing="")
    ship(central, journals, "w0", *raws(1), *refused, *raws(3, 4))
    arrivals = Arrivals(central)
    first, seq = follow(arrivals, 0, limit=2)
    second, end = follow(arrivals, seq)
    assert (first, second) == (raws(1), raws(3, 4))
    assert end == arrivals.head()
    assert follow(arrivals, end) == ([], end)


def test_a_row_that_is_committed_late_is_not_missed(central: Engine, journals: Path) -> None:
    if not on_postgresql(central):
        pytest.skip("an embedded log has one writer at a time")
    ship(central, journals, "w0", *raws(9))
    arrivals = Arrivals(central)
    seen, seq = follow(arrivals, 0)
    with writing(central) as slow:
        copy_in(slow, [StoredCheck.of(raw) for raw in raws(1)])
        ship(central, journals, "w1", *raws(2))
        more, seq = follow(arrivals, seq)
        assert more == [], "what came after a transaction that still runs waits for it"
        assert seq == arrivals.head()
    more, seq = follow(arrivals, seq)
    assert [*seen, *more] == raws(9, 1, 2)


def test_what_was_decided_since_comes_latest_first(central: Engine, journals: Path) -> None:
    ship(central, journals, "w0", *(encode_record(a_record(number)) for number in (1, 2, 3, 4)))
    arrivals = Arrivals(central)
    found = arrivals.decided_since(NOON + timedelta(seconds=2), arrivals.head())
    assert [stored.record.check_id for stored in found] == [a_check_id(number) for number in (4, 3, 2)]
    assert arrivals.responses([a_check_id(2), "nothing"]) == {a_check_id(2): b"response"}
