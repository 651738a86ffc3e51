"""Commitments, entries and cases that are nobody's, for the tests of what follows an answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from clearway.registry.cases.events import (
    Case,
    CaseEntry,
    CaseEvent,
    Committed,
    MeasureReport,
    MeasureResult,
    OutcomeReported,
    Promise,
    Words,
)

CASE = Case("DEMO-LICENSING", "CASE-1")
CHECK = "0195a0b0-0000-7000-8000-000000000001"
OTHER_CHECK = "0195a0b0-0000-7000-8000-000000000002"
DAY = date(2026, 5, 4)
MOMENT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
NOTICE = Words("the notice", "通知书")


def promise(material: str, deadline: date, **fields: Any) -> Promise:
    term = fields.pop("term", 5)
    return Promise(material, Words(material, material), Words("at the counter", "窗口"), term, deadline, **fields)


PLAN = promise("LAYOUT-PLAN", date(2026, 5, 11))
HEALTH = promise("STAFF-HEALTH-CERTIFICATES", date(2026, 5, 13))
FIRST_LATE = date(2026, 5, 12)
"""The first day on which something is overdue."""


def committed(*promises: Promise, **fields: Any) -> Committed:
    given: dict[str, Any] = {
        "officer": "officer 7",
        "signatory": "legal representative",
        "reference": "C-1",
        "item": "FOOD-OPERATION",
        "item_name": Words("Food operation licence", "食品经营许可"),
        "consequence": Words("returned", "退回"),
        "counted_from": DAY,
        "promises": promises or (PLAN, HEALTH),
    }
    return Committed(**(given | fields))


def entry(event: CaseEvent, number: int = 0, check_id: str = CHECK) -> CaseEntry:
    return CaseEntry(CASE, check_id, MOMENT + timedelta(minutes=number), "local", event)


def report(report_id: str = "R-1", *measures: MeasureReport, digest: str = "00") -> OutcomeReported:
    return OutcomeReported("officer 7", report_id, digest, measures)


def applied(measure: str = "M-1", listing_id: str = "L-1", **fields: Any) -> MeasureReport:
    return MeasureReport(measure, listing_id, fields.pop("result", MeasureResult.APPLIED), **fields)
