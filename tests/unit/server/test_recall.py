from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from clearway.postgresql.faults import Trouble
from clearway.querylog.central import JOURNAL_DIRECTORY, LOG_FILE, LogUnreachable, open_central
from clearway.querylog.journal import Journal
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import RequestIds
from clearway.querylog.shipper import Shipper
from clearway.server import recall
from clearway.server.recall import Recall
from tests.unit.querylog.records import NOON, raws

AUTHORITY = "DEMO-LICENSING"


class Failing(Log):
    """A log whose database cannot be reached until it is mended."""

    mended = False

    def answered_requests(self, *arguments: object, **options: object) -> list[object]:  # type: ignore[override]
        if not self.mended:
            raise LogUnreachable(Trouble.UNAVAILABLE)
        return super().answered_requests(*arguments, **options)  # type: ignore[arg-type,return-value]


@pytest.fixture
def log(tmp_path: Path) -> Failing:
    """Check 1 is in the central log alone, check 2 in a journal."""
    central, journals = open_central(tmp_path / LOG_FILE), tmp_path / JOURNAL_DIRECTORY
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(1))
    with Shipper(central, journals, keep=0) as shipper:
        shipper.step()
    with closing(Journal(journals, "w1")) as journal:
        journal.append(raws(2))
    return Failing(central, journals)


def recalling(log: Log) -> tuple[RequestIds, Recall]:
    ids = RequestIds()
    return ids, Recall(ids, log, timedelta(hours=1), lambda: NOON + timedelta(minutes=1))


def knows(ids: RequestIds, *numbers: int) -> list[bool]:
    return [ids.get(AUTHORITY, f"request-{number}") is not None for number in numbers]


async def test_a_worker_begins_with_what_the_log_knows(log: Failing) -> None:
    log.mended = True
    ids, recall = recalling(log)
    await recall.begin()
    assert knows(ids, 1, 2) == [True, True]
    assert not ids.incomplete


async def test_while_the_log_cannot_be_asked_the_journals_are(log: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "PAUSE", 0.01)
    ids, later = recalling(log)
    await later.begin()
    assert knows(ids, 1, 2) == [False, True]
    assert ids.incomplete, "the log is asked about every id until all of them are known"
    log.mended = True
    await until(lambda: knows(ids, 1) == [True] and not ids.incomplete)
    later.close()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about in time")
