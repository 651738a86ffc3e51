"""What nodes say of themselves in the log that they share: one account each, replaced, read by all."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.nodes import NodeAccount, accounts, give_account
from clearway.querylog.reader import Log
from clearway.server.giving_account import MISSING, NodeLookedAt, give_account_until
from clearway.server.operators import node_account
from clearway.server.vitals import SUPERVISOR, SupervisorVitals, VitalsFolder
from tests.unit.registry.making import KEYS
from tests.waiting import until

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
WELL = NodeAccount("b@two", "1.0", NOW - timedelta(days=1), NOW, 7, NOW - timedelta(seconds=1), 0, None)
NEW = NodeAccount("a@one", "", NOW, NOW, None, None, 3, NOW - timedelta(seconds=2))


def test_each_node_has_one_account_and_any_tells_of_all(central: Engine) -> None:
    assert accounts(central) == ()
    give_account(central, WELL)
    give_account(central, NEW)
    later = replace(WELL, seen_at=NOW + timedelta(seconds=5), index_revision=8, unshipped_rows=1, unshipped_since=NOW)
    give_account(central, later)
    assert accounts(central) == (NEW, later)


def test_an_account_is_given_again_and_again_until_the_node_stops(central: Engine, tmp_path: Path) -> None:
    vitals = VitalsFolder(tmp_path)
    vitals.write(SUPERVISOR, SupervisorVitals(started_at=NOW.timestamp()))
    index = IndexReader(IndexLayout(tmp_path), KEYS.ids)
    moments = iter(NOW + timedelta(seconds=n) for n in range(1_000_000))
    node = NodeLookedAt("a@one", Log(central, tmp_path / "journal"), index, vitals, lambda: next(moments))
    stop = threading.Event()
    thread = threading.Thread(target=give_account_until, args=(stop, node, central, 0.01))
    thread.start()
    try:
        until(lambda: any(one.seen_at > NOW for one in accounts(central)))
    finally:
        stop.set()
        thread.join()
    (account,) = accounts(central)
    assert (account.name, account.started_at, account.index_revision) == ("a@one", NOW, None)


@pytest.mark.parametrize(("silent", "missing"), [(timedelta(), False), (MISSING, True), (-timedelta(minutes=1), False)])
def test_a_node_that_is_silent_for_long_is_missing(silent: timedelta, missing: bool) -> None:
    shown = node_account(WELL, NOW + silent)
    assert (shown.missing, shown.silent.ToTimedelta()) == (missing, max(silent, timedelta()))
    assert shown.index_age.ToTimedelta() == timedelta(seconds=1)
    assert not shown.HasField("unshipped_age")
