"""The central log as a journal: a batch is in it whole, or its failure is said."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, select

from clearway.querylog.central import attach, check_listing, check_log, settled
from clearway.querylog.central_journal import CentralJournal
from clearway.querylog.journal import JournalFailed, Recovery
from tests.unit.querylog.records import raws


@pytest.fixture
def central(postgresql_url: str) -> Iterator[Engine]:
    engine = attach(postgresql_url)
    yield engine
    engine.dispose()


@pytest.fixture
def journal(postgresql_url: str) -> Iterator[CentralJournal]:
    made = CentralJournal(attach(postgresql_url))
    yield made
    made.close()


def logged(central: Engine) -> list[bytes]:
    with central.connect() as connection:
        query = select(check_log.c.record).where(settled(connection)).order_by(check_log.c.seq)
        return list(connection.execute(query).scalars())


def test_a_batch_is_in_the_log_in_its_order(central: Engine, journal: CentralJournal) -> None:
    journal.append(raws(1, 2))
    journal.append([])
    journal.append(raws(3, listings=("L-1",)))
    assert logged(central) == [*raws(1, 2), *raws(3, listings=("L-1",))]
    with central.connect() as connection:
        assert [tuple(row) for row in connection.execute(select(check_listing.c.listing_id))] == [("L-1",)]


def test_a_batch_that_fails_leaves_nothing(central: Engine, journal: CentralJournal) -> None:
    journal.append(raws(1))
    with pytest.raises(JournalFailed):
        journal.append(raws(2, 1))
    assert logged(central) == raws(1)
    assert journal.recover(raws(2, 1)) == Recovery("of the central log", 2, 1)
    journal.append(raws(2))
    assert logged(central) == raws(1, 2)


def test_it_has_not_recovered_while_the_log_takes_no_writes(
    postgresql_url: str, central: Engine, journal: CentralJournal
) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with pytest.raises(JournalFailed):
        journal.append(raws(1))
    with pytest.raises(JournalFailed, match="takes no writes"):
        journal.recover(raws(1))
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert journal.recover(raws(1)).found == 0
    journal.append(raws(1))
    assert logged(central) == raws(1)


def test_a_log_that_cannot_be_reached_is_a_failure(postgresql_url: str) -> None:
    journal = CentralJournal(attach(postgresql_url.replace("db_", "no_")))
    with pytest.raises(JournalFailed):
        journal.append(raws(1))
    with pytest.raises(JournalFailed):
        journal.recover(raws(1))
    journal.close()
