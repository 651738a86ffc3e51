"""Claims of request ids in PostgreSQL: one of several claimants has an id, and what the log has comes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from clearway.querylog import request_claims
from clearway.querylog.central import attach
from clearway.querylog.request_claims import Claim, ClaimsUnreachable, RequestClaims
from clearway.querylog.request_ids import Remembered
from tests.unit.querylog.records import NOON, a_record, log_of

WINDOW = timedelta(hours=1)
A, B = ("DEMO-LICENSING", "request-1"), ("DEMO-LICENSING", "request-2")
CHECK_ID = "019cae6b-6600-7000-8000-000000000001"
"""A UUIDv7 of NOON's day: the log is looked through by the time in its ids."""

OURS, ANOTHERS = Claim(ours=True, recorded=None), Claim(ours=False, recorded=None)

Claimant = Callable[[str], RequestClaims]


@pytest.fixture
def claimant(postgresql_url: str) -> Iterator[Claimant]:
    made: list[RequestClaims] = []

    def make(name: str) -> RequestClaims:
        made.append(RequestClaims(attach(postgresql_url), name, WINDOW))
        return made[-1]

    yield make
    for claims in made:
        claims.close()


def test_one_of_two_has_an_id(claimant: Claimant) -> None:
    one, other = claimant("one"), claimant("other")
    assert one.claim([A], NOON) == {A: OURS}
    assert other.claim([A, B], NOON) == {A: ANOTHERS, B: OURS}
    assert one.claim([A, B], NOON) == {A: ANOTHERS, B: ANOTHERS}, "not twice by the same either"


def test_an_id_that_is_released_is_free(claimant: Claimant) -> None:
    one, other = claimant("one"), claimant("other")
    one.claim([A, B], NOON)
    one.release([A])
    assert other.claim([A, B], NOON) == {A: OURS, B: ANOTHERS}


def test_nobody_releases_anothers_claim(claimant: Claimant) -> None:
    one, other = claimant("one"), claimant("other")
    one.claim([A], NOON)
    other.release([A])
    assert other.claim([A], NOON) == {A: ANOTHERS}


def test_a_claim_ends_with_its_lease(claimant: Claimant, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = claimant("one"), claimant("other")
    one.claim([A], NOON)
    monkeypatch.setattr(request_claims, "LEASE", 0.0)
    assert other.claim([A], NOON) == {A: OURS}
    monkeypatch.undo()
    one.release([A])
    assert one.claim([A], NOON) == {A: ANOTHERS}, "what was taken over is no longer the first one's to release"


def test_what_the_log_has_comes_with_the_answer(claimant: Claimant, postgresql_url: str, tmp_path: Path) -> None:
    refused = a_record(
        2, check_id=CHECK_ID[:-1] + "2", outcome="", standing="", error_reason="ERROR_REASON_UNKNOWN_ITEM"
    )
    central = attach(postgresql_url)
    log_of(central, tmp_path, [a_record(1, check_id=CHECK_ID), refused])
    central.dispose()
    recorded = Remembered(bytes(16), CHECK_ID)
    found = claimant("one").claim([A, B, ("ANOTHER", "request-1")], NOON)
    assert found[A].recorded == recorded
    assert (found[B], found["ANOTHER", "request-1"]) == (OURS, OURS), (
        "a refused check is none; nor is another authority's"
    )
    later = NOON + WINDOW + timedelta(minutes=5)
    assert claimant("two").claim([A], later)[A].recorded is None, "the window is over"


def test_claims_that_are_over_are_removed(
    claimant: Claimant, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = claimant("one")
    one.claim([A, B], NOON)
    assert one.clear() == 0
    monkeypatch.setattr(request_claims, "KEPT", 0.0)
    assert one.clear() == 2
    with psycopg.connect(postgresql_url) as connection:
        assert connection.execute("SELECT count(*) FROM request_claim").fetchone() == (0,)


def test_many_at_once_share_every_id_out_and_never_wait_in_a_circle(claimant: Claimant) -> None:
    ids = [("A", f"r-{number}") for number in range(200)]
    orders = [ids, ids[::-1], ids[100:] + ids[:100], ids[::2] + ids[1::2]]
    claimants = [claimant(f"c-{number}") for number in range(len(orders))]
    with ThreadPoolExecutor(len(orders)) as threads:
        found = list(threads.map(lambda pair: pair[0].claim(pair[1], NOON), zip(claimants, orders, strict=True)))
    for key in ids:
        assert sum(claims[key].ours for claims in found) == 1


def test_a_database_that_is_gone_is_said_to_be(postgresql_url: str) -> None:
    claims = RequestClaims(attach(postgresql_url.replace("db_", "no_")), "one", WINDOW)
    with closing(claims), pytest.raises(ClaimsUnreachable):
        claims.claim([A], NOON)


def test_a_broken_connection_is_replaced(claimant: Claimant, postgresql_url: str) -> None:
    one = claimant("one")
    one.claim([A], NOON)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(ClaimsUnreachable):
        one.claim([B], NOON)
    assert one.claim([A, B], NOON) == {A: ANOTHERS, B: OURS}


def test_a_claim_costs_the_database_no_write_to_its_disk(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url) as connection:
        kind = connection.execute("SELECT relpersistence FROM pg_class WHERE relname = 'request_claim'").fetchone()
    assert kind in ((b"u",), ("u",))
