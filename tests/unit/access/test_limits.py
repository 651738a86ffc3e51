"""How much one principal may ask: a bucket of calls, and counts that look like a walk over codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.access.limits import Allowance, Exceeded, Limit, Limits
from clearway.registry.synthetic import code_of

TIGHT = Limits(
    calls_per_second=10.0,
    burst=100,
    window_minutes=1,
    invalid_codes=3,
    unlisted_codes=5,
    neighbouring_codes=4,
    cases_per_subject=2,
)
KEY = bytes(16)


def exceeded(act: Callable[[], object]) -> Exceeded:
    with pytest.raises(Exceeded) as raised:
        act()
    return raised.value


def key_of(number: int) -> bytes:
    return number.to_bytes(16)


def begun(limits: Limits = TIGHT, now: float = 1000.0) -> Allowance:
    allowance = Allowance(limits)
    allowance.require_no_walk(now)
    return allowance


# Calls


def test_a_burst_passes_and_the_next_call_is_told_when_to_come_back() -> None:
    allowance = Allowance(TIGHT)
    allowance.spend(100, 50.0)
    found = exceeded(lambda: allowance.spend(1, 50.0))
    assert found.limit is Limit.CALLS_PER_SECOND
    assert found.retry_after == pytest.approx(0.1)
    allowance.spend(1, 50.0 + found.retry_after + 1e-9)


def test_a_refused_call_costs_nothing() -> None:
    allowance = Allowance(TIGHT)
    allowance.spend(100, 50.0)
    for _ in range(1000):
        exceeded(lambda: allowance.spend(1, 50.0))
    allowance.spend(1, 50.2)


@given(st.lists(st.tuples(st.integers(1, 100), st.floats(0, 2)), max_size=60))
def test_no_more_passes_than_the_burst_and_what_flows_in_since(asked: list[tuple[int, float]]) -> None:
    allowance, now, passed = Allowance(TIGHT), 0.0, 0
    for calls, pause in asked:
        now += pause
        try:
            allowance.spend(calls, now)
        except Exceeded:
            continue
        passed += calls
    assert passed <= TIGHT.burst + TIGHT.calls_per_second * now + 1e-6


def test_zero_is_no_limit() -> None:
    allowance = begun(
        Limits(calls_per_second=0, invalid_codes=0, unlisted_codes=0, neighbouring_codes=0, cases_per_subject=0)
    )
    for number in range(10_000):
        allowance.spend(1, 1000.0)
        allowance.invalid()
        allowance.looked_up(code_of(number), key_of(number), is_known=False)
        allowance.in_case(KEY, str(number), 1000.0)
    allowance.require_no_walk(1000.0)


# Walks over codes


def invalid_codes(allowance: Allowance) -> None:
    for _ in range(TIGHT.invalid_codes):
        allowance.invalid()


def unlisted_codes(allowance: Allowance) -> None:
    for number in range(TIGHT.unlisted_codes):
        allowance.looked_up(code_of(number * 7_654_321), key_of(number), is_known=False)


def neighbouring_codes(allowance: Allowance) -> None:
    for number in range(TIGHT.neighbouring_codes + 1):
        allowance.looked_up(code_of(12_345_600 + number), key_of(number), is_known=True)


@pytest.mark.parametrize("walk", [invalid_codes, unlisted_codes, neighbouring_codes])
def test_a_walk_is_stopped_until_the_window_ends(walk: Callable[[Allowance], None]) -> None:
    allowance = begun()
    walk(allowance)
    found = exceeded(lambda: allowance.require_no_walk(1020.0))
    assert found.limit.value == walk.__name__
    assert found.retry_after == pytest.approx(40.0)
    allowance.require_no_walk(1000.0 + 60.0)


def test_known_subjects_in_no_order_are_no_walk() -> None:
    allowance = begun()
    for number in range(1000):
        allowance.looked_up(code_of(number * 7919 % 99_999_999), key_of(number), is_known=True)
        allowance.require_no_walk(1001.0)


def test_the_same_code_again_is_no_walk() -> None:
    allowance = begun()
    for _ in range(1000):
        allowance.looked_up(code_of(7), KEY, is_known=False)
    allowance.require_no_walk(1001.0)


def test_a_batch_of_a_hundred_neighbours_is_no_walk_by_default() -> None:
    allowance = begun(Limits())
    for number in range(100):
        allowance.looked_up(code_of(number), key_of(number), is_known=True)
    allowance.require_no_walk(1001.0)


# One subject under many cases


def test_a_subject_under_too_many_cases() -> None:
    allowance = begun()
    allowance.in_case(KEY, "CASE-1", 1000.0)
    allowance.in_case(KEY, "CASE-2", 1000.0)
    found = exceeded(lambda: allowance.in_case(KEY, "CASE-3", 1015.0))
    assert found.limit is Limit.CASES_PER_SUBJECT
    assert found.retry_after == pytest.approx(45.0)
    allowance.in_case(KEY, "CASE-1", 1015.0)
    allowance.in_case(key_of(9), "CASE-3", 1015.0)


def test_the_counts_begin_again_with_the_window() -> None:
    allowance = begun()
    for case in ("CASE-1", "CASE-2"):
        allowance.in_case(KEY, case, 1000.0)
    allowance.require_no_walk(1061.0)
    allowance.in_case(KEY, "CASE-3", 1061.0)


def test_one_case_is_the_least_limit() -> None:
    allowance = begun(replace(TIGHT, cases_per_subject=1))
    allowance.in_case(KEY, "CASE-1", 1000.0)
    exceeded(lambda: allowance.in_case(KEY, "CASE-2", 1000.0))
