"""The record in PostgreSQL: writers of several nodes at once, roles, restores, and a database that fails."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from psycopg import sql
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from clearway.cli.main import cli
from clearway.postgresql import turns
from clearway.postgresql.engine import UnsupportedDatabase, open_engine, parsed
from clearway.querylog.central import attach
from clearway.querylog.ended_sessions import end_session, has_ended
from clearway.querylog.journal import Journal
from clearway.querylog.shipper import Shipper
from clearway.registry import migrations
from clearway.registry.commands import Delist, ListSubject, RegisterSubject
from clearway.registry.database import reading, writing
from clearway.registry.engines import postgresql as engine_module
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.registry import Registry
from clearway.registry.schema import APPEND_ONLY, Base, CaseEventRow
from tests.postgres import Server
from tests.unit.querylog.records import raws
from tests.unit.registry.making import KEYS, MOMENT, code, listing_row, write_csv


@pytest.fixture
def registry(postgresql_url: str) -> Iterator[Registry]:
    with Registry.open(postgresql_url, KEYS, moment=MOMENT) as opened:
        yield opened


def register(registry: Registry, number: int) -> int:
    return registry.execute(RegisterSubject("cn-uscc", code(number)), actor="r", moment=MOMENT)


def name_in(url: str) -> str:
    return str(parsed(url).database)


def test_the_migrations_make_the_tables_that_the_code_declares(registry: Registry) -> None:
    with registry._engine.connect() as connection:
        options = {
            "version_table": migrations.VERSION_TABLE,
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or name in Base.metadata.tables,
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("act", ['UPDATE "{0}" SET {1} = {1}', 'DELETE FROM "{0}"', 'TRUNCATE "{0}" CASCADE'])
def test_no_row_can_be_changed_or_deleted(registry: Registry, table: str, act: str) -> None:
    register(registry, 1)
    column = next(iter(Base.metadata.tables[table].columns)).name
    with pytest.raises(IntegrityError, match="append-only"), writing(registry._engine) as connection:
        connection.execute(text(act.format(table, column)))


# Writers at once


def test_writers_of_two_nodes_take_turns_and_number_their_revisions_without_a_gap(
    postgresql_url: str, registry: Registry
) -> None:
    def act(first: int) -> None:
        with Registry.open(postgresql_url, KEYS, moment=MOMENT) as other:
            for number in range(first, first + 15):
                register(other, number)

    threads = [threading.Thread(target=act, args=(first,)) for first in (100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.head() == 45
    assert [entry.revision for entry in registry.revisions(limit=100)] == list(range(45, 0, -1))
    assert len(list(registry.changes.everything(45))) == 45


def put_event(connection: Connection, number: int) -> None:
    row = {"event_key": f"k{number}", "authority": "A", "case_number": "C", "check_id": "c", "kind": "x"}
    connection.execute(insert(CaseEventRow), row | {"recorded_at": MOMENT, "actor": "a", "body": "{}"})


def test_a_row_numbered_earlier_never_appears_after_a_follower_has_seen_a_later_one(
    postgresql_url: str, registry: Registry
) -> None:
    """Whoever writes queues before a number is drawn: also a writer that goes past the code that queues."""
    with psycopg.connect(postgresql_url, autocommit=True) as control:
        for guard in (True, False):
            if not guard:
                control.execute("ALTER TABLE case_event DISABLE TRIGGER case_event_takes_turn")
            missed = follow_two_writers(registry, 0 if guard else 10)
            assert missed == (0 if guard else 1), "without the queue, asking by number alone loses a row"


def follow_two_writers(registry: Registry, first: int) -> int:
    """How many rows a follower by number misses, of two writers of whom the first to draw is the last to commit."""
    engine = registry._engine.execution_options(isolation_level="READ COMMITTED")

    def numbered_above(last: int) -> list[int]:
        with reading(registry._engine) as connection:
            return list(connection.execute(text(f"SELECT seq FROM case_event WHERE seq > {last} ORDER BY 1")).scalars())

    before = max(numbered_above(0), default=0)
    second_done = threading.Event()

    def second() -> None:
        with engine.begin() as connection:
            put_event(connection, first + 2)
        second_done.set()

    with engine.begin() as connection:
        put_event(connection, first + 1)
        thread = threading.Thread(target=second)
        thread.start()
        second_done.wait(0.5)
        seen = numbered_above(before)
    thread.join()
    seen += numbered_above(seen[-1] if seen else before)
    return len(set(numbered_above(before)) - set(seen))


def test_a_writer_that_waits_too_long_is_told_that_the_registry_is_busy(
    postgresql_url: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clearway.registry.database.BUSY_TIMEOUT_MS", 100)
    with Registry.open(postgresql_url, KEYS, moment=MOMENT) as impatient, writing(registry._engine):
        with pytest.raises(RegistryError) as refused:
            register(impatient, 1)
        assert refused.value.reason is RegistryReason.BUSY
        assert impatient.head() == 0, "who reads does not wait"


def test_a_writer_that_stands_still_loses_its_turn(
    postgresql_url: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "STANDING_STILL", "200ms")

    def stand_still(connection: Connection) -> None:
        with Registry.open(postgresql_url, KEYS, moment=MOMENT) as other:
            assert register(other, 1) == 1, "the other has waited for the turn, and got it"
        connection.execute(text("SELECT 1"))

    with pytest.raises(RegistryError) as refused, writing(registry._engine) as connection:
        stand_still(connection)
    assert refused.value.reason is RegistryReason.UNAVAILABLE


def test_readers_see_one_moment(registry: Registry) -> None:
    register(registry, 1)
    with reading(registry._engine) as connection:
        before = connection.execute(text("SELECT count(*) FROM revision")).scalar_one()
        register(registry, 2)
        assert connection.execute(text("SELECT count(*) FROM revision")).scalar_one() == before == 1


def test_a_failed_statement_that_nobody_gave_up_is_not_committed_in_silence(registry: Registry) -> None:
    def go_on_regardless(connection: Connection) -> None:
        with contextlib.suppress(IntegrityError):
            connection.execute(text("INSERT INTO subject VALUES (1, 404)"))

    with pytest.raises(turns.AbortedUnnoticed), writing(registry._engine) as connection:
        go_on_regardless(connection)


def test_an_import_that_fails_leaves_the_connection_usable(registry: Registry, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "flat.csv", list(listing_row(1)), [listing_row(number) for number in range(3)])
    path.write_bytes(path.read_bytes() + b'"never closed')
    for _ in range(2):
        with pytest.raises(RegistryError, match="unreadable_feed"):
            registry.import_feed("flat-csv", path, actor="operator", moment=MOMENT)
    assert registry.head() == 0


# Waking


def test_a_follower_is_woken_by_a_revision_of_another_node(postgresql_url: str, registry: Registry) -> None:
    stop, woken = threading.Event(), threading.Event()

    def follow() -> None:
        with registry.waiting(stop) as pause:
            pause(0.01)
            listening.set()
            pause(60.0)
            woken.set()

    listening = threading.Event()
    thread = threading.Thread(target=follow)
    thread.start()
    assert listening.wait(5)
    assert not woken.wait(0.3), "nobody has rung"
    with Registry.open(postgresql_url, KEYS, moment=MOMENT) as other:
        register(other, 1)
    assert woken.wait(5)
    thread.join()


def test_a_follower_that_is_told_to_stop_does_not_sleep_on(registry: Registry) -> None:
    stop = threading.Event()
    with registry.waiting(stop) as pause:
        pause(0.01)
        threading.Timer(0.2, stop.set).start()
        done = threading.Thread(target=pause, args=(60.0,))
        done.start()
        done.join(5)
        assert not done.is_alive()


# Lives


def test_a_database_keeps_its_identity_while_it_stays_where_it_is(postgresql_url: str, registry: Registry) -> None:
    with Registry.open(postgresql_url, KEYS, moment=MOMENT + timedelta(days=1)) as again:
        assert again.database_id() == registry.database_id()


def test_a_dump_that_is_loaded_begins_another_life(
    postgresql: Server, postgresql_url: str, registry: Registry, tmp_path: Path
) -> None:
    register(registry, 1)
    dump = postgresql.folder / "dump.sql"
    dump.write_bytes(postgresql.tool("pg_dump", name_in(postgresql_url)))
    copy = postgresql.make_database()
    try:
        postgresql.tool("psql", "--quiet", "--set=ON_ERROR_STOP=1", "--file", str(dump), copy)
        with Registry.open(postgresql.url(copy), KEYS, moment=MOMENT) as loaded:
            assert loaded.head() == 1
            assert loaded.database_id() != registry.database_id()
            assert register(loaded, 2) == 2
    finally:
        postgresql.drop_database(copy)


def test_a_restore_under_a_running_follower_is_noticed(
    postgresql: Server, postgresql_url: str, registry: Registry
) -> None:
    """As an operator restores a dump: the restored database takes the name of the old one."""
    register(registry, 1)
    before, name = registry.database_id(), name_in(postgresql_url)
    registry.close()
    copy = postgresql.make_database(template=name)
    for old, new in ((name, f"{name}_old"), (copy, name)):
        names = map(sql.Identifier, (old, new))
        postgresql.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))
    try:
        assert registry.database_id() != before, "the same registry object, with a new connection"
        assert registry.database_id() == registry.database_id()
        with Registry.open(postgresql_url, KEYS, moment=MOMENT) as other:
            assert other.database_id() == registry.database_id(), "every node finds the same new life"
    finally:
        registry.close()
        postgresql.drop_database(f"{name}_old")


def test_two_nodes_that_notice_a_restore_at_once_begin_one_life(postgresql_url: str, registry: Registry) -> None:
    register(registry, 1)
    with psycopg.connect(postgresql_url, autocommit=True) as control:
        control.execute(
            "INSERT INTO registry_identity SELECT 'elsewhere', created_at, key_fingerprint, 2, 'another place'"
            " FROM registry_identity"
        )
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(registry.database_id())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert "elsewhere" not in found


# Roles


GUIDE = Path(__file__).parents[3] / "docs" / "operations.md"
OWNER, SERVICE = "clearway_owner", "clearway"
"""The guide's roles."""


@pytest.fixture
def owned(postgresql: Server) -> Iterator[str]:
    """The database that the operators' guide sets up, with its owner and its service role; nothing in it yet."""
    (setup,) = re.findall(r"^### Setting it up$.*?```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for statement in filter(str.strip, setup.split(";\n")):
        postgresql.execute(statement)
    yield "clearway"
    postgresql.drop_database("clearway")
    for role in (OWNER, SERVICE):
        postgresql.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def prepare(postgresql: Server, name: str, *arguments: str) -> Any:
    environment = {"CLEARWAY_DATABASE": postgresql.url(name, OWNER)}
    return CliRunner().invoke(cli, ["database", "prepare", *arguments], env=environment)


def test_the_service_role_can_do_what_a_node_does_and_change_nothing(
    postgresql: Server, owned: str, tmp_path: Path
) -> None:
    done = prepare(postgresql, owned, "--service-role", SERVICE)
    assert done.exit_code == 0, done.output
    url = postgresql.url(owned, SERVICE)
    with Registry.open(url, KEYS, moment=MOMENT) as registry:
        register(registry, 1)
        registry.execute(ListSubject("cn-uscc", code(1), "L-1", "R"), Delist("L-1"), actor="r", moment=MOMENT)
        rows = write_csv(tmp_path / "flat.csv", list(listing_row(1)), [listing_row(number) for number in range(5)])
        registry.import_feed("flat-csv", rows, actor="o", moment=MOMENT)
    ship_some(url, tmp_path)
    end_a_session(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "UPDATE event SET body = ''",
            "DELETE FROM check_log",
            "TRUNCATE revision",
            "DROP TABLE check_log",
            "ALTER TABLE event DISABLE TRIGGER ALL",
            "CREATE TABLE mine ()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def end_a_session(url: str) -> None:
    central = attach(url)
    for moment in (MOMENT, MOMENT + timedelta(days=2)):
        end_session(central, bytes(16), moment + timedelta(days=1), moment)
    assert has_ended(central, bytes(16))
    central.dispose()


def ship_some(url: str, folder: Path) -> None:
    journal = Journal(folder / "journal", "w0")
    journal.append(raws(1, 2, listings=("L-1",)))
    journal.close()
    central = attach(url)
    with Shipper(central, folder / "journal") as shipper:
        assert shipper.step().rows == 2
    central.dispose()


def test_a_service_role_without_tables_is_told_who_makes_them(postgresql: Server, owned: str) -> None:
    with pytest.raises(RegistryError, match="clearway database prepare") as refused:
        Registry.open(postgresql.url(owned, SERVICE), KEYS, moment=MOMENT)
    assert refused.value.reason is RegistryReason.FORBIDDEN


def test_preparing_for_a_role_that_is_not_there_says_so(postgresql: Server, owned: str) -> None:
    done = prepare(postgresql, owned, "--service-role", "nobody_of_that_name")
    assert done.exit_code == 1
    assert 'role "nobody_of_that_name" does not exist' in done.stderr


def test_preparing_again_changes_nothing(postgresql: Server, owned: str) -> None:
    assert [prepare(postgresql, owned, "--service-role", SERVICE).exit_code for _ in range(2)] == [0, 0]


# A database that fails


def test_a_database_that_takes_no_writes_is_still_read(postgresql_url: str, registry: Registry) -> None:
    register(registry, 1)
    url = postgresql_url + "&options=-c%20default_transaction_read_only%3Don"
    with Registry.open(url, KEYS, moment=MOMENT) as reader:
        assert reader.head() == 1
        with pytest.raises(RegistryError) as refused:
            register(reader, 2)
    assert refused.value.reason is RegistryReason.READ_ONLY


def test_a_statement_that_takes_too_long_is_given_up(registry: Registry, postgresql_url: str) -> None:
    url = postgresql_url + "&options=-c%20statement_timeout%3D100"
    with (
        Registry.open(url, KEYS, moment=MOMENT) as slow,
        pytest.raises(RegistryError) as refused,
        reading(slow._engine) as connection,
    ):
        connection.execute(text("SELECT pg_sleep(5)"))
    assert refused.value.reason is RegistryReason.BUSY


def end_connections(postgresql: Server, url: str) -> None:
    query = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    postgresql.execute(query.format(sql.Literal(name_in(url))))


def test_a_broken_connection_is_replaced(postgresql: Server, postgresql_url: str, registry: Registry) -> None:
    register(registry, 1)
    end_connections(postgresql, postgresql_url)
    assert registry.head() == 1
    assert register(registry, 2) == 2


def test_a_connection_that_breaks_in_the_middle_has_a_name(
    postgresql: Server, postgresql_url: str, registry: Registry
) -> None:
    def act(connection: Connection) -> None:
        end_connections(postgresql, postgresql_url)
        connection.execute(text("SELECT 1"))

    with pytest.raises(RegistryError) as refused, writing(registry._engine) as connection:
        act(connection)
    assert refused.value.reason is RegistryReason.UNAVAILABLE


def test_a_server_that_is_not_there_has_a_name(tmp_path: Path) -> None:
    with pytest.raises(RegistryError) as refused:
        Registry.open(f"postgresql://somebody:secret@/registry?host={tmp_path}", KEYS, moment=MOMENT)
    assert refused.value.reason is RegistryReason.UNAVAILABLE
    assert "secret" not in str(refused.value)


def test_a_database_of_another_encoding_is_refused(postgresql: Server) -> None:
    postgresql.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        with pytest.raises(RegistryError, match="LATIN1") as refused:
            Registry.open(postgresql.url("latin"), KEYS, moment=MOMENT)
        assert refused.value.reason is RegistryReason.UNSUPPORTED_DATABASE
    finally:
        postgresql.drop_database("latin")


@pytest.mark.parametrize("url", ["sqlite:///x", "mysql://h/d", "", "no url"])
def test_only_postgresql_is_opened_as_such(url: str) -> None:
    with pytest.raises(UnsupportedDatabase):
        open_engine(url)


def test_the_lock_of_the_writers_is_the_one_in_the_tables(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url) as connection:
        found = connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'registry_take_turn'").fetchone()
    assert found is not None
    assert str(engine_module.WRITERS) in found[0]
