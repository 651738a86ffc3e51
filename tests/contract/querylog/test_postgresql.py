"""The central log in PostgreSQL: what several shippers at once must not do to it, or to whoever follows it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from clearway.querylog import central as central_module
from clearway.querylog import postgresql
from clearway.querylog import shipper as shipper_module
from clearway.querylog.central import VERSION_TABLE, attach, check_log, metadata, open_central, settled, writing
from clearway.querylog.journal import Journal
from clearway.querylog.record import CheckRecord, UnreadableRecord, encode_record
from clearway.querylog.shipper import Shipper
from tests.unit.querylog.records import a_record, raws


@pytest.fixture
def central(postgresql_url: str) -> Iterator[Engine]:
    engine = open_central(postgresql_url)
    yield engine
    engine.dispose()


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def ship(central: Engine, journals: Path, name: str, *records: bytes) -> int:
    with closing(Journal(journals, name)) as journal:
        journal.append(list(records))
    with Shipper(central, journals, keep=0) as shipper:
        return shipper.step().rows


def logged(central: Engine) -> list[bytes]:
    with central.connect() as connection:
        return list(connection.execute(select(check_log.c.record).order_by(check_log.c.seq)).scalars())


def partitions(central: Engine) -> list[str]:
    query = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'check_log'::regclass ORDER BY 1")
    with central.connect() as connection:
        return list(connection.execute(query).scalars())


def id_of(moment: datetime, number: int = 1) -> str:
    """A UUIDv7 made then."""
    digits = f"{int(moment.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}"


def add(connection: Connection, *records: CheckRecord) -> None:
    """What a shipper does in its transaction, without the journal."""
    stored = [central_module.StoredCheck(record, encode_record(record)) for record in records]
    shipper_module.copy_in(connection, stored)


def test_the_migrations_make_exactly_the_tables_described(central: Engine) -> None:
    with central.connect() as connection:
        options = {
            "version_table": VERSION_TABLE,
            "include_name": lambda name, kind, _: kind != "table" or described(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def described(name: str) -> bool:
    return name in metadata.tables


@pytest.mark.parametrize("table", ["check_log", "check_log_202503", "check_listing", "check_log_life"])
@pytest.mark.parametrize("act", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_a_row_cannot_be_changed_or_deleted(central: Engine, journals: Path, table: str, act: str) -> None:
    ship(central, journals, "w0", *raws(1, listings=("L-1",)))
    column = {"check_listing": "check_id", "check_log_life": "place"}.get(table, "officer")
    with pytest.raises(IntegrityError, match="append-only"), writing(central) as connection:
        connection.execute(text(act.format(table, column, column)))


# Numbers


def follow(central: Engine, condition: str, after: int) -> list[int]:
    """A follower's look: what is numbered above its last number, and fits."""
    with central.connect() as connection:
        rows = connection.execute(text(f"SELECT seq FROM check_log WHERE seq > {after} AND {condition} ORDER BY seq"))
        return list(rows.scalars())


def settled_rows(central: Engine, after: int) -> list[int]:
    with central.connect() as connection:
        query = select(check_log.c.seq).where(check_log.c.seq > after, settled(connection)).order_by(check_log.c.seq)
        return list(connection.execute(query).scalars())


def test_following_by_number_alone_loses_a_row_and_following_what_is_settled_does_not(
    central: Engine, journals: Path
) -> None:
    ship(central, journals, "w0", *raws(9))
    with writing(central) as slow:
        add(slow, a_record(1))
        with writing(central) as quick:
            add(quick, a_record(2))
        # The second has committed, the first not yet.
        naive, ours = follow(central, "true", 0), settled_rows(central, 0)
        assert len(naive) == 2
        assert ours == naive[:1], "what came after a transaction that still runs is not final"
    later = follow(central, "true", naive[-1])
    assert later == [], "the naive follower never sees the row of the transaction that committed last"
    everything = follow(central, "true", 0)
    assert len(everything) == 3
    assert [*ours, *settled_rows(central, ours[-1])] == everything


def test_a_sequence_would_lose_a_row_the_same_way(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as setup:
        setup.execute("CREATE TABLE plain (seq bigint GENERATED ALWAYS AS IDENTITY, what text)")
    with psycopg.connect(postgresql_url) as slow, psycopg.connect(postgresql_url) as quick:
        slow.execute("INSERT INTO plain (what) VALUES ('first')")
        quick.execute("INSERT INTO plain (what) VALUES ('second')")
        quick.commit()
        reader = psycopg.connect(postgresql_url, autocommit=True)
        (cursor,) = reader.execute("SELECT max(seq) FROM plain").fetchone() or (0,)
        slow.commit()
        assert reader.execute("SELECT what FROM plain WHERE seq > %s", (cursor,)).fetchall() == []
        reader.close()


def test_an_aborted_transaction_does_not_hold_followers_back(central: Engine, journals: Path) -> None:
    ship(central, journals, "w0", *raws(3))
    with central.connect() as connection:
        add(connection, a_record(1))
        connection.rollback()
    ship(central, journals, "w1", *raws(2))
    assert len(settled_rows(central, 0)) == 2


def test_rows_of_one_shipment_are_numbered_in_their_order(central: Engine, journals: Path) -> None:
    ship(central, journals, "w0", *raws(5, 3, 4, 1))
    assert logged(central) == raws(5, 3, 4, 1)


def test_numbers_go_on_growing_in_a_database_whose_transaction_ids_began_anew(
    postgresql_url: str, central: Engine, journals: Path
) -> None:
    ship(central, journals, "w0", *raws(1, 2))
    before = settled_rows(central, 0)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        # As if the life before had used many more transaction ids than there were here.
        connection.execute(
            "INSERT INTO check_log_life SELECT 2, 'elsewhere', base + (1::bigint << 40) FROM check_log_life"
        )
        connection.execute("ALTER TABLE check_log DISABLE TRIGGER ALL")
        connection.execute("ALTER TABLE check_log_202503 DISABLE TRIGGER ALL")
        connection.execute("UPDATE check_log SET seq = seq + (1::bigint << 40)")
    ship(central, journals, "w1", *raws(3, 4))
    numbers = settled_rows(central, 0)
    assert numbers[:2] == [number + (1 << 40) for number in before]
    assert numbers[2] > numbers[1]
    assert len(numbers) == 4
    with central.connect() as connection:
        assert connection.execute(select(func.count()).select_from(postgresql.check_log_life)).scalar_one() == 3


def test_no_more_rows_than_can_be_numbered_in_one_transaction(central: Engine) -> None:
    with writing(central) as connection, pytest.raises(ValueError, match="65536"):
        postgresql.numbers(connection, 65_537)


# Months


def test_each_month_has_its_partition_and_the_next_one_is_made_ahead(central: Engine, journals: Path) -> None:
    ship(central, journals, "w0", *raws(1))
    assert partitions(central) == ["check_log_202503", "check_log_202504"]
    last = datetime(2025, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    ship(central, journals, "w1", *(encode_record(a_record(check_id=id_of(moment))) for moment in (last, first)))
    assert partitions(central)[2:] == ["check_log_202512", "check_log_202601", "check_log_202602"]
    with central.connect() as connection:
        for name, moment in (("check_log_202512", last), ("check_log_202601", first)):
            found = connection.execute(text(f"SELECT check_id FROM {name}")).scalars().all()
            assert found == [id_of(moment)]


def test_a_month_that_several_ask_for_at_once_is_made_once(postgresql_url: str) -> None:
    """As shippers, and workers whose log is central at once, do when a month begins."""
    engines = [attach(postgresql_url) for _ in range(4)]
    together = Barrier(len(engines))

    def make(engine: Engine) -> None:
        months = postgresql.Months(engine)
        for month in range(1, 13):
            together.wait(30)
            months.make_for([id_of(datetime(2025, month, 15, tzinfo=UTC))])

    with ThreadPoolExecutor(len(engines)) as askers:
        for asked in [askers.submit(make, engine) for engine in engines]:
            asked.result()
    assert len(partitions(engines[0])) == 13
    for engine in engines:
        engine.dispose()


def test_a_check_id_is_unique_in_the_whole_log(central: Engine, journals: Path) -> None:
    ship(central, journals, "w0", *raws(1))
    with pytest.raises(IntegrityError, match="check_id"), writing(central) as connection:
        add(connection, a_record(1))


def test_a_look_up_by_id_reads_one_partition(central: Engine, journals: Path) -> None:
    moments = [datetime(2025, month, 15, tzinfo=UTC) for month in range(1, 7)]
    ship(central, journals, "w0", *(encode_record(a_record(check_id=id_of(moment))) for moment in moments))
    with central.connect() as connection:
        query = text("EXPLAIN SELECT * FROM check_log WHERE check_id = :id")
        plan = " ".join(connection.execute(query, {"id": id_of(moments[3])}).scalars())
    assert "check_log_202504" in plan
    assert "check_log_202503" not in plan


@pytest.mark.parametrize(
    ("check_id", "month"),
    [
        (id_of(datetime(1970, 1, 1, tzinfo=UTC)), date(1970, 1, 1)),
        (id_of(datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)), date(2026, 2, 1)),
        ("0195a0b0-0000-7000-8000-000000000001", date(2025, 3, 1)),
    ],
)
def test_the_month_of_a_check_stands_in_its_id(check_id: str, month: date) -> None:
    assert postgresql.month_of(check_id) == month


@pytest.mark.parametrize("check_id", ["", "x", "zzzzzzzz-zzzz-7000-8000-000000000001", "ffffffff-ffff-7000-8000-0"])
def test_an_id_without_a_time_is_no_checks(check_id: str) -> None:
    with pytest.raises(UnreadableRecord):
        postgresql.month_of(check_id)


def test_a_partition_that_is_gone_is_made_again(central: Engine, journals: Path) -> None:
    with closing(Journal(journals, "w0")) as journal, Shipper(central, journals) as shipper:
        journal.append(raws(1))
        shipper.step()
        with writing(central) as connection:
            connection.execute(text("DROP TABLE check_log_202503"))
        journal.append(raws(2))
        with pytest.raises(IntegrityError, match="no partition"):
            shipper.step()
        assert shipper.step().rows == 1


# Each row once


def test_two_shippers_of_two_nodes_bring_each_row_once(central: Engine, tmp_path: Path) -> None:
    nodes = [tmp_path / "a", tmp_path / "b"]
    ship(central, nodes[0], "w-a", *raws(*range(1, 20)))
    ship(central, nodes[1], "w-b", *raws(*range(20, 40)))
    assert sorted(logged(central)) == sorted(raws(*range(1, 40)))


def test_a_commit_that_took_effect_although_it_was_reported_lost_is_not_repeated(
    central: Engine, journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = iter([True])
    commit = psycopg.Connection.commit

    def commit_and_lose(connection: psycopg.Connection[object]) -> None:
        commit(connection)
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE and next(copied, False):
            connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    copied: Iterator[bool] = iter(())
    add_rows = shipper_module._add_rows

    def add_and_lose(*arguments: object) -> int:
        nonlocal copied
        copied = lost
        return add_rows(*arguments)  # type: ignore[arg-type]

    with closing(Journal(journals, "w0")) as journal, Shipper(central, journals, batch_rows=2) as shipper:
        journal.append(raws(1, 2, 3))
        monkeypatch.setattr(shipper_module, "_add_rows", add_and_lose)
        monkeypatch.setattr(psycopg.Connection, "commit", commit_and_lose)
        with pytest.raises(OperationalError):
            shipper.step()
        assert logged(central) == raws(1, 2), "the commit took effect"
        assert shipper.step().rows == 1
    assert logged(central) == raws(1, 2, 3)


def test_a_transaction_whose_client_is_gone_is_waited_for(postgresql_url: str, central: Engine, journals: Path) -> None:
    ship(central, journals, "w9", *raws(9))
    with closing(Journal(journals, "w0")) as journal:
        journal.append(raws(1))
        impatient = attach(postgresql_url + "&options=-c%20lock_timeout%3D200")
        with Shipper(impatient, journals) as shipper:
            with writing(central) as limbo:
                # Another life of this shipper has copied the rows, and nobody knows yet whether it was committed.
                postgresql.lock_cursor(limbo, central_module.journal_cursor, "w0-0001")
                add(limbo, a_record(1))
                shipper_module._advance(limbo, "w0-0001", 1)
                with pytest.raises(OperationalError, match="lock timeout"):
                    shipper.step()
            assert shipper.step().rows == 0
        impatient.dispose()
    assert logged(central) == raws(9, 1)
