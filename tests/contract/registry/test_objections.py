"""Objections looked back on, and what else an auditor reads of the record, on every engine."""

from __future__ import annotations

from datetime import date, timedelta

from clearway.registry import commands
from clearway.registry.cases.events import Case, CaseClosed, CaseResult, OutcomeReported
from clearway.registry.events import ObjectionGrounds, Resolution
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of
from tests.unit.registry.making import MOMENT

DAY = timedelta(days=1)


def listed(registry: Registry, number: int) -> str:
    """A fresh listing."""
    listing = f"L-{number}"
    registry.execute(
        commands.RegisterSubject("cn-uscc", code_of(number)),
        commands.ListSubject(
            "cn-uscc",
            code_of(number),
            listing,
            "SAMR-SERIOUS",
            document_number="SYN-1",
            document_date=date(2026, 1, 5),
            effective_from=date(2026, 1, 5),
        ),
        actor="test",
        moment=MOMENT,
    )
    return listing


def objected(registry: Registry, listing: str, days: int, name: str = "O-1") -> None:
    opened = commands.OpenObjection(listing, name, ObjectionGrounds.WRONG)
    registry.execute(opened, actor="test", moment=MOMENT + days * DAY)


def resolved(registry: Registry, listing: str, resolution: Resolution, days: int, name: str = "O-1") -> None:
    registry.execute(commands.ResolveObjection(listing, name, resolution), actor="test", moment=MOMENT + days * DAY)


def test_the_objections_of_a_period_come_with_their_fate(registry: Registry) -> None:
    for number, days in enumerate((0, 3, 5, 40), 1):
        objected(registry, listed(registry, number), days)
    resolved(registry, "L-1", Resolution.UPHELD, 10)
    resolved(registry, "L-2", Resolution.REJECTED, 4)
    objected(registry, "L-2", 6, "O-2")
    found = registry.objections(MOMENT, MOMENT + 30 * DAY)
    assert [(fate.listing_id, fate.objection_id, fate.resolution) for fate in found] == [
        ("L-1", "O-1", Resolution.UPHELD),
        ("L-2", "O-1", Resolution.REJECTED),
        ("L-3", "O-1", None),
        ("L-2", "O-2", None),
    ]
    first = found[0]
    assert (first.regime, first.grounds) == ("SAMR-SERIOUS", ObjectionGrounds.WRONG)
    assert first.resolved_at is not None
    assert first.resolved_at - first.opened_at == 10 * DAY
    assert registry.objections(MOMENT + 50 * DAY, MOMENT + 60 * DAY) == ()


def test_a_listing_s_history_is_its_own(registry: Registry) -> None:
    objected(registry, listed(registry, 1), 1)
    objected(registry, listed(registry, 2), 2)
    assert [entry.kind for entry in registry.history_of_fact("L-1")] == ["listed", "objection_opened"]
    assert registry.history_of_fact("L-9") == ()


def test_the_feedback_of_cases_is_their_reports_and_their_end(registry: Registry) -> None:
    for number in ("C-1", "C-2"):
        with registry.cases.acting(Case("A", number), actor="test", moment=MOMENT) as file:
            file.append(f"check of {number}", OutcomeReported("officer", f"report {number}", "", ()))
    with registry.cases.acting(Case("A", "C-1"), actor="test", moment=MOMENT + DAY) as file:
        file.append("check of C-1", CaseClosed("officer", "report C-1", CaseResult.GRANTED, MOMENT))
    found = registry.cases.feedback("A", ["C-1", "C-2", "C-3"])
    assert {case: [type(entry.event) for entry in entries] for case, entries in found.items()} == {
        "C-1": [OutcomeReported, CaseClosed],
        "C-2": [OutcomeReported],
    }
    assert registry.cases.feedback("B", ["C-1"]) == {}
