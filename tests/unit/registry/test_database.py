from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pysqlite3
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Table, create_engine, select

from clearway.registry import migrations
from clearway.registry.commands import ListSubject, RegisterSubject
from clearway.registry.database import among, bring_up_to_date, open_engine, reading
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.readings import Fetch, FetchOutcome
from clearway.registry.registry import Registry
from clearway.registry.schema import APPEND_ONLY, Base, SubjectIdentifierRow
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.keys import SubjectKeys
from tests.unit.registry.making import CITIZEN, CSL_HEADER, KEYS, MOMENT, code, csl_row, open_registry, write_csv


def fill_every_table(registry: Registry, folder: Path) -> None:
    registry.execute(
        RegisterSubject("cn-uscc", code(1), "虚构1有限公司"),
        ListSubject("cn-uscc", code(1), "L-1", "SAMR-SERIOUS"),
        actor="registrar",
        moment=MOMENT,
    )
    rows = [csl_row(1), csl_row(2, source="Unheard-of List (XX) - Nobody")]
    registry.import_feed("us-csl", write_csv(folder / "list.csv", CSL_HEADER, rows), actor="operator", moment=MOMENT)
    (row,) = registry.quarantine.list()
    registry.quarantine.dismiss([row.row_id], actor="operator", moment=MOMENT, note="no list of ours")
    registry.readings.note(Fetch("us-csl", MOMENT, FetchOutcome.FAILED, "the source cannot be reached"))
    connection = bare(folder)
    for table in Base.metadata.sorted_tables:
        if connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] == 0:
            put_any_row(connection, table)
    connection.close()


def put_any_row(connection: Any, table: Table) -> None:
    """A row of any values that the table takes; what refers to another table refers to its first row."""
    values = [any_value(connection, column) for column in table.columns]
    places = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table.name} VALUES ({places})", values)


def any_value(connection: Any, column: Column[Any]) -> object:
    for key in column.foreign_keys:
        other = key.column
        return connection.execute(f"SELECT min({other.name}) FROM {other.table.name}").fetchone()[0]
    made: dict[type, object] = {int: 1, str: "x", bytes: b"x", bool: True, date: "2026-01-01"}
    return made.get(column.type.python_type, f"{MOMENT:%Y-%m-%d %H:%M:%S.%f}")


def bare(folder: Path) -> Any:
    return pysqlite3.connect(str(folder / "registry.db"), isolation_level=None)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_can_be_updated(table: str, tmp_path: Path, registry: Registry) -> None:
    fill_every_table(registry, tmp_path)
    connection = bare(tmp_path)
    column = connection.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()[0]
    with pytest.raises(pysqlite3.IntegrityError, match=f"append-only: {table}"):
        connection.execute(f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_can_be_deleted(table: str, tmp_path: Path, registry: Registry) -> None:
    fill_every_table(registry, tmp_path)
    with pytest.raises(pysqlite3.IntegrityError, match=f"append-only: {table}"):
        bare(tmp_path).execute(f"DELETE FROM {table}")


def test_no_row_can_be_replaced(tmp_path: Path, registry: Registry) -> None:
    fill_every_table(registry, tmp_path)
    engine = open_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    with reading(engine) as connection, pytest.raises(Exception, match="append-only: subject"):
        connection.exec_driver_sql("INSERT OR REPLACE INTO subject SELECT subject_id, revision FROM subject")


def test_commits_are_synced_and_readers_do_not_wait(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    with reading(engine) as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


def test_the_migrations_make_the_tables_that_the_code_declares(tmp_path: Path, registry: Registry) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'registry.db'}", module=pysqlite3).connect() as connection:
        options = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_the_code_works_with_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_subjects_recorded_before_get_the_organisation_codes_inside_theirs(tmp_path: Path) -> None:
    inner = code(1)[8:17]
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with open_engine(f"sqlite:///{tmp_path / 'registry.db'}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO revision VALUES (1, '2026-01-01 00:00:00.000000', 'a', 'command', '')")
        connection.exec_driver_sql("INSERT INTO subject VALUES (1, 1), (2, 1), (3, 1)")
        for subject, scheme, known in (
            (1, "cn-uscc", code(1)),
            (2, "cn-taxno", "999999" + inner),
            (3, "cn-uscc", code(3)),
            (2, "cn-orgcode", code(3)[8:17]),
        ):
            row = (scheme, known, subject)
            connection.exec_driver_sql("INSERT INTO subject_identifier VALUES (?, ?, ?, 1)", row)
    open_registry(tmp_path).close()
    query = "SELECT code, subject_id FROM subject_identifier WHERE scheme = 'cn-orgcode' ORDER BY subject_id"
    assert bare(tmp_path).execute(query).fetchall() == [(inner, 1), (code(3)[8:17], 2)]


def test_what_stood_for_numbers_before_there_were_several_keys_stood_under_the_first(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    person = parse_identifier("cn-ric", CITIZEN)
    with open_engine(f"sqlite:///{tmp_path / 'registry.db'}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        revision = "INSERT INTO revision VALUES (1, '2026-01-01 00:00:00.000000', 'a', 'command', '', '', NULL)"
        connection.exec_driver_sql(revision)
        connection.exec_driver_sql("INSERT INTO subject VALUES (1, 1)")
        identity = ("d" * 32, "2026-01-01 00:00:00.000000", KEYS.fingerprint, 1, "")
        connection.exec_driver_sql("INSERT INTO registry_identity VALUES (?, ?, ?, ?, ?)", identity)
        for scheme, known in (("cn-ric", KEYS.token(person)), ("cn-uscc", code(1)), ("src.a", "0123456789abcdef" * 2)):
            connection.exec_driver_sql("INSERT INTO subject_identifier VALUES (?, ?, 1, 1)", (scheme, known))
    with open_registry(tmp_path) as registry:
        (state,) = registry.key_states()
    assert (state.key_id, state.numbers, state.only_here) == (KEYS.fingerprint, 1, 1)


def test_a_registry_is_the_same_one_when_opened_again(tmp_path: Path) -> None:
    with open_registry(tmp_path) as first, open_registry(tmp_path) as again:
        assert first.database_id() == again.database_id()


def test_no_two_registries_are_the_same(tmp_path: Path) -> None:
    with open_registry(tmp_path, "a.db") as one, open_registry(tmp_path, "b.db") as other:
        assert one.database_id() != other.database_id()


def test_a_registry_is_refused_to_another_secret(tmp_path: Path) -> None:
    open_registry(tmp_path).close()
    with pytest.raises(RegistryError) as refused:
        Registry.open(f"sqlite:///{tmp_path / 'registry.db'}", SubjectKeys(b"?" * 32), moment=MOMENT)
    assert refused.value.reason is RegistryReason.OTHER_KEY


def test_a_registry_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    open_registry(tmp_path).close()
    bare(tmp_path).execute(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(RegistryError) as refused:
        open_registry(tmp_path)
    assert refused.value.reason is RegistryReason.OTHER_SCHEMA


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://nowhere/registry", "not a url"])
def test_a_database_we_do_not_keep_records_in_is_refused(url: str) -> None:
    with pytest.raises(RegistryError) as refused:
        Registry.open(url, KEYS, moment=MOMENT)
    assert refused.value.reason is RegistryReason.UNSUPPORTED_DATABASE


def test_a_second_writer_is_told_that_the_registry_is_busy(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clearway.registry.database.BUSY_TIMEOUT_MS", 10)
    holder = bare(tmp_path)
    holder.execute("BEGIN IMMEDIATE")
    with open_registry(tmp_path) as other, pytest.raises(RegistryError) as refused:
        other.execute(RegisterSubject("cn-uscc", code(1)), actor="registrar", moment=MOMENT)
    assert refused.value.reason is RegistryReason.BUSY


def test_many_values_are_looked_up_by_the_table_s_key(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    bring_up_to_date(engine)
    row = SubjectIdentifierRow
    query = select(row.subject_id).where(row.scheme == "cn-uscc", among(row.code, ["91", "92"]))
    compiled = query.compile(engine)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", ("cn-uscc", '["91", "92"]')).all()
    engine.dispose()
    assert "USING PRIMARY KEY (scheme=? AND code=?)" in plan[0].detail
