"""Of several processes that do the same work on one database, one leads; on a database of its own, everybody does."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from clearway.registry.registry import Registry
from tests.unit.registry.making import KEYS, MOMENT
from tests.waiting import until


def test_one_leads_until_it_leaves(postgresql_url: str) -> None:
    with ExitStack() as opened:
        one, other = (opened.enter_context(Registry.open(postgresql_url, KEYS, moment=MOMENT)) for _ in range(2))
        assert one.leader("feeds") is None
        with other.leading("feeds", "node two") as second:
            with one.leading("feeds", "node one") as first:
                assert [lead.held() for lead in (first, second, first, second)] == [True, False, True, False]
                assert other.leader("feeds") == "node one"
            # The server notices a moment after the connection is closed.
            until(second.held)
            assert one.leader("feeds") == "node two"
        until(lambda: one.leader("feeds") is None)


def test_each_work_has_a_lead_of_its_own(postgresql_url: str) -> None:
    with (
        Registry.open(postgresql_url, KEYS, moment=MOMENT) as registry,
        registry.leading("feeds", "node one") as feeds,
        registry.leading("webhooks", "node two") as webhooks,
    ):
        assert feeds.held()
        assert webhooks.held()
        assert (registry.leader("feeds"), registry.leader("webhooks")) == ("node one", "node two")


def test_who_loses_the_connection_has_lost_the_lead_and_knows_it(postgresql_url: str) -> None:
    with ExitStack() as opened:
        one, other = (opened.enter_context(Registry.open(postgresql_url, KEYS, moment=MOMENT)) for _ in range(2))
        with one.leading("feeds", "node one") as first, other.leading("feeds", "node two") as second:
            assert first.held()
            with closing(psycopg.connect(postgresql_url, autocommit=True)) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'node one'"
                )
            assert not first.held()
            until(second.held)
            assert not first.held()


def test_asking_in_vain_holds_no_connection(postgresql_url: str) -> None:
    with ExitStack() as opened:
        one, other = (opened.enter_context(Registry.open(postgresql_url, KEYS, moment=MOMENT)) for _ in range(2))
        with one.leading("feeds", "node one") as first, other.leading("feeds", "node two") as second:
            assert first.held()
            assert not any(second.held() for _ in range(20)), "more often than the pool has connections"


def test_whoever_is_alone_leads(tmp_path: Path) -> None:
    with Registry.open(f"sqlite:///{tmp_path / 'registry.db'}", KEYS, moment=MOMENT) as registry:
        with registry.leading("feeds", "node") as lead:
            assert lead.held()
        assert registry.leader("feeds") is None


def test_a_database_that_is_gone_is_led_by_nobody(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry.open(postgresql_url, KEYS, moment=MOMENT) as registry, registry.leading("feeds", "node") as lead:
        with monkeypatch.context() as patched:
            patched.setattr(registry._engine, "raw_connection", _refuse)
            assert not lead.held()
        assert lead.held()


def _refuse() -> None:
    raise psycopg.OperationalError("gone")
