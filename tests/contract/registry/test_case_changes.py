from __future__ import annotations

from clearway.registry.case_changes import CaseChange, change_id_of
from clearway.registry.registry import Registry
from tests.unit.registry.making import MOMENT


def a_change(check_id: str, before: str = "") -> CaseChange:
    return CaseChange(
        change_id=change_id_of(check_id, before),
        revision=1,
        authority="A",
        case_number="C-1",
        item_code="I",
        check_id=check_id,
        officer="o",
        noticed_at=MOMENT,
        differs=("outcome", "restrictions"),
        before=b"before",
        after=b"after",
    )


def test_the_last_change_of_a_check_is_its_own_and_the_latest(registry: Registry) -> None:
    first = a_change("check-1")
    second = a_change("check-1", first.change_id)
    for change in (first, second, a_change("check-2")):
        registry.case_changes.append([change])
    latest = registry.case_changes.latest("check-1")
    assert latest is not None
    assert (latest.change_id, latest.differs) == (second.change_id, ("outcome", "restrictions"))


def test_a_check_without_a_change_has_no_last_one(registry: Registry) -> None:
    registry.case_changes.append([a_change("check-1")])
    assert registry.case_changes.latest("check-2") is None
