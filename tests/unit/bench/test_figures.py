"""Measured latencies, and the logs of the load generators from which they come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import load, sampling
from bench.checks import MIX, SERVICE, batch, framed, spread
from bench.latency import Measured, middle
from bench.load import TICKS, Pressure, Target
from bench.processes import Memory, added_up

SMAPS = """\
7f00-7f10 r--s 00000000 fd:00 12  /data/index/0a1b.mdb
Rss:                9000 kB
Shared_Clean:       4000 kB
Private_Clean:      5000 kB
7f10-7f20 r--s 00000000 fd:00 13  /data/index/0a1c.mdb (deleted)
Rss:                1000 kB
Private_Clean:      1000 kB
7f20-7f30 rw-p 00000000 00:00 0
Rss:                 700 kB
Shared_Dirty:        200 kB
Private_Clean:       100 kB
Private_Dirty:       400 kB
VmFlags: rd wr mr
7f30-7f40 r-xp 00000000 fd:00 14  /usr/lib/libc.so
Shared_Clean:        300 kB
"""


def test_memory_of_the_index_is_counted_apart_from_the_process_s_own() -> None:
    assert added_up(SMAPS.splitlines()) == Memory(private=0.5, shared=0.5, index=10.0)


def test_quantiles_of_a_thousand_and_one_calls() -> None:
    measured = Measured.of([float(number) for number in reversed(range(1001))], seconds=2.0, failed=3)
    assert measured.rps == 500.5
    assert (measured.p50_ms, measured.p99_ms, measured.p999_ms) == pytest.approx((500, 990, 999))
    assert measured.failed == 3


@given(st.lists(st.floats(0, 1e6), min_size=2))
def test_quantiles_ascend_and_stay_among_the_latencies(latencies: list[float]) -> None:
    measured = Measured.of(latencies, 1.0)
    ordered = [min(latencies), measured.p50_ms, measured.p99_ms, measured.p999_ms, max(latencies)]
    assert all(a <= b * (1 + 1e-9) for a, b in pairwise(ordered))


@pytest.mark.parametrize("latencies", [[], [1.0]])
def test_next_to_no_answers_say_nothing(latencies: list[float]) -> None:
    with pytest.raises(ValueError, match="too few"):
        Measured.of(latencies, 1.0)


def test_the_middle_takes_medians_and_adds_up_failures() -> None:
    runs = [Measured(rps, 1, p99, 9, 1) for rps, p99 in ((100, 5), (300, 7), (200, 6))]
    assert middle(runs) == Measured(200, 1, 6, 9, 3)


def test_the_first_tenth_of_an_h2load_log_is_warm_up() -> None:
    lines = ["0\t200\t9000", "999999\t200\t9000", "1000000\t200\t1000", "6000000\t200\t3000", "3000000\t503\t1"]
    measured = load.counted(lines, seconds=10)
    assert measured.rps == pytest.approx(2 / 5)
    assert measured.p50_ms == pytest.approx(2.0)
    assert measured.failed == 1


def test_an_h2load_log_without_calls_is_no_measurement() -> None:
    with pytest.raises(ValueError, match="no call"):
        load.counted([], seconds=10)


def test_ghz_calls_are_told_apart_by_status() -> None:
    lines = [sampling.HEADS, "1.5,OK,", "2.5,OK,", "0.5,ResourceExhausted,full, come later"]
    seen = sampling.counted(lines, seconds=2.0)
    assert seen.statuses == {"OK": 2, "ResourceExhausted": 1}
    assert seen.share("ResourceExhausted") == pytest.approx(1 / 3)
    assert (seen.answered.rps, seen.answered.p50_ms, seen.answered.failed) == (1.0, 2.0, 1)


def test_a_message_is_framed_with_its_length() -> None:
    assert framed(b"abc") == b"\0\0\0\0\3abc"


def test_in_flight_counts_the_generators_of_every_message() -> None:
    target = Target.checks("127.0.0.1:1")
    assert target.url == f"http://127.0.0.1:1/{SERVICE}/CheckSubject"
    assert Pressure(2, 16, 4).in_flight(target) == 2 * 16 * len(MIX)


def test_at_a_rate_no_generator_sends_more_at_once_than_it_may() -> None:
    target = Target.checks("127.0.0.1:1")
    alone = Pressure(1, 16, 4, rate=2000)
    assert 2000 / alone.generators(target) <= TICKS
    assert alone.generators(target) % len(MIX) == 0
    assert Pressure(1, 16, 4, rate=2000, at_once=1000).generators(target) == len(MIX)
    assert Pressure(1, 16, 4).generators(target) == len(MIX)


def test_a_batch_keeps_the_shares_of_the_mix() -> None:
    assert [list(batch().checks).count(check) for check in MIX] == [25, 25, 25, 25]


def test_checks_are_spread_over_the_registry_the_same_way_every_time() -> None:
    first, again = list(spread(200, 1000)), list(spread(200, 1000))
    assert first == again
    assert len({check.subject.identifier.value for check in first}) > 150
