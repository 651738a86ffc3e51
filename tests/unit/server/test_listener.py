"""How much may wait in front of a worker."""

from __future__ import annotations

import pytest

from clearway.server.listener import options


@pytest.mark.parametrize(("in_flight", "some", "all_of_them"), [(1, 256, 512), (2048, 512, 1024), (8192, 2048, 4096)])
def test_what_waits_to_be_taken_is_bounded_by_what_may_be_in_flight(
    in_flight: int, some: int, all_of_them: int
) -> None:
    found = dict(options(1 << 20, 300.0, in_flight))
    assert found["grpc.server.max_pending_requests"] == some
    assert found["grpc.server.max_pending_requests_hard_limit"] == all_of_them
