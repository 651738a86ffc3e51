"""How long a check waits for its index: so that the refusal, and its record, still reach the caller in time."""

from __future__ import annotations

import pytest

from clearway.server.freshness import patience


@pytest.mark.parametrize(
    ("remaining", "waits"), [(0.0, 0.0), (0.04, 0.0), (0.2, 0.15), (2.0, 1.8), (5.0, 4.5), (60.0, 59.5)]
)
def test_a_share_of_the_time_left_is_kept_for_the_refusal(remaining: float, waits: float) -> None:
    assert patience(remaining) == pytest.approx(waits)
