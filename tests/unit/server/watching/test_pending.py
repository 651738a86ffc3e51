"""The pending checks: the latest of each, found by whatever may turn it."""

from __future__ import annotations

from typing import Any

from clearway.decision.explain import Language
from clearway.server.lookup import RecordedKeys
from clearway.server.watching.pending import PendingCheck, PendingChecks, Told, check_key


def a_check(number: int, check_id: str = "", case: str = "", **changes: Any) -> PendingCheck:
    case = case or f"CASE-{number}"
    fields: dict[str, Any] = {
        "key": check_key("A", case, "ITEM", b"%d" % number),
        "check_id": check_id or f"id-{number}",
        "authority": "A",
        "case_number": case,
        "item_code": "ITEM",
        "officer": "o-7",
        "request": b"",
        "language": Language.EN,
        "keys": RecordedKeys(b"%d" % number),
        "told": Told(b"digest"),
        "found_by": (b"key-%d" % number,),
        "subjects": (number,),
    }
    return PendingCheck(**(fields | changes))


def held(*checks: PendingCheck) -> PendingChecks:
    pending = PendingChecks()
    for check in checks:
        pending.put(check)
    return pending


def test_a_later_check_takes_the_place_of_an_earlier_one() -> None:
    first, second = a_check(1, "id-1"), a_check(1, "id-2", found_by=(b"other",), subjects=(7,))
    pending = held(first, second)
    assert list(pending) == [second]
    assert list(pending.found_by([b"key-1"])) == []
    assert pending.about(1) == ()
    assert (list(pending.found_by([b"other"])), pending.about(7)) == ([second.key], (second.key,))


def test_of_two_checks_the_later_by_id_is_the_newer() -> None:
    pending = held(a_check(1, "id-2"))
    key = a_check(1).key
    assert [pending.newer(key, check_id) for check_id in ("id-1", "id-2", "id-3")] == [True, True, False]


def test_a_case_is_let_go_with_all_its_checks_and_no_other() -> None:
    pending = held(a_check(1, case="C"), a_check(2, case="C"), a_check(3))
    pending.drop_case("A", "C")
    pending.drop_case("A", "nobody's")
    assert [check.check_id for check in pending] == ["id-3"]
    assert list(pending.found_by([b"key-1", b"key-2"])) == []


def test_two_checks_of_one_subject_are_both_found() -> None:
    one, other = a_check(1, found_by=(b"k",), subjects=(9,)), a_check(2, found_by=(b"k",), subjects=(9,))
    pending = held(one, other)
    assert set(pending.found_by([b"k"])) == set(pending.about(9)) == {one.key, other.key}
    pending.drop(one.key)
    assert list(pending.found_by([b"k"])) == [other.key]


def test_what_an_answer_rests_on_moves() -> None:
    check = a_check(1, expires_at=100.0)
    pending = held(check)
    pending.rests_on(check, (4, 5), ("feed",), 50.0)
    assert (pending.about(1), pending.about(4), pending.about(5)) == ((), (check.key,), (check.key,))
    assert list(pending.turned(60.0)) == [check.key]
    assert list(pending.turned(200.0)) == []


def test_an_answer_turns_at_its_moment_once_and_a_replaced_one_not_at_all() -> None:
    pending = held(a_check(1, expires_at=10.0), a_check(2, "id-1", expires_at=10.0))
    pending.put(a_check(2, "id-2", expires_at=30.0))
    assert list(pending.turned(9.9)) == []
    assert list(pending.turned(10.0)) == [a_check(1).key]
    assert list(pending.turned(20.0)) == []
    assert list(pending.turned(30.0)) == [a_check(2).key]


def test_moments_of_checks_long_replaced_do_not_pile_up() -> None:
    pending = PendingChecks()
    for number in range(5000):
        pending.put(a_check(1, f"id-{number:05d}", expires_at=float(number)))
    assert len(pending._turning) < 2000
    assert list(pending.turned(5000.0)) == [a_check(1).key]
