"""Overdue feedback: which window of the log is looked at, and what is left of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from clearway.gen.v1 import audit_service_pb2 as pb
from clearway.querylog.central import JOURNAL_DIRECTORY, LOG_FILE, open_central
from clearway.querylog.reader import Log
from clearway.server.overdue import OverdueOutcomes
from clearway.server.registry_door import RegistryDoor
from tests.unit.querylog.records import NOON, a_record
from tests.unit.querylog.test_cases import log_of
from tests.unit.server.calls import a_call

NOW = NOON + timedelta(days=100)


class Closed:
    """A registry of closed cases."""

    def __init__(self, *numbers: str) -> None:
        self._numbers = set(numbers)

    async def read(self, look: Any) -> Any:
        return look(self)

    @property
    def cases(self) -> Closed:
        return self

    def closed(self, authority: str, numbers: Collection[str]) -> set[str]:
        return self._numbers & set(numbers)


def checked(days_ago: float, case: str, number: int) -> Any:
    return a_record(number, case_number=case, decided_at=NOW - timedelta(days=days_ago))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    ages = {"TOO-OLD": 366, "OLDEST": 364, "OVERDUE": 31, "DUE": 30, "FRESH": 1}
    records = [checked(age, case, n) for n, (case, age) in enumerate(ages.items(), 1)]
    return log_of(open_central(tmp_path / LOG_FILE), tmp_path / JOURNAL_DIRECTORY, records)


async def listed(log: Log, *closed: str, checked_before: datetime | None = None) -> list[str]:
    registry = cast("RegistryDoor", Closed(*closed))
    overdue = OverdueOutcomes(log, registry, timedelta(days=30), timedelta(days=365), lambda: NOW)
    request = pb.ListOverdueOutcomesRequest()
    if checked_before is not None:
        request.checked_before.FromDatetime(checked_before)
    raw = await overdue.list(request, a_call())
    return [case.case_number for case in pb.ListOverdueOutcomesResponse.FromString(raw).cases]


async def test_a_case_is_overdue_after_its_days_and_pending_within_its_year(log: Log) -> None:
    assert await listed(log) == ["OLDEST", "OVERDUE"]


async def test_a_closed_case_is_not_overdue(log: Log) -> None:
    assert await listed(log, "OLDEST") == ["OVERDUE"]


async def test_the_caller_may_say_before_when(log: Log) -> None:
    assert await listed(log, checked_before=NOW) == ["OLDEST", "OVERDUE", "DUE", "FRESH"]
