from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from clearway.querylog.central import (
    LOG_FILE,
    SCHEMA_HEAD,
    VERSION_TABLE,
    check_log,
    metadata,
    open_central,
    row_of,
)
from clearway.querylog.record import encode_record

from .records import NOON, a_record


def _insert_one(central: Engine) -> None:
    record = a_record(1)
    with central.begin() as connection:
        connection.execute(insert(check_log), [row_of(record, encode_record(record))])


def test_the_migrations_make_exactly_the_tables_described(central: Engine) -> None:
    with central.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_named() -> None:
    package = Path(__file__).parents[3] / "src/clearway/querylog/migrations"
    assert ScriptDirectory(str(package)).get_heads() == [SCHEMA_HEAD]


def test_opening_again_keeps_what_is_there(central: Engine, tmp_path: Path) -> None:
    _insert_one(central)
    again = open_central(tmp_path / LOG_FILE)
    with again.connect() as connection:
        assert connection.execute(select(check_log.c.check_id)).scalars().all() == [a_record(1).check_id]
    again.dispose()


@pytest.mark.parametrize("change", [update(check_log).values(officer="another"), delete(check_log)])
def test_a_row_cannot_be_changed_or_deleted(central: Engine, change: object) -> None:
    _insert_one(central)
    with pytest.raises(IntegrityError, match="append-only"), central.begin() as connection:
        connection.execute(change)  # type: ignore[call-overload]


def test_commits_are_durable_on_every_connection(central: Engine) -> None:
    for _ in range(2):
        with central.connect() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        central.dispose()


def test_moments_are_kept_in_utc_and_sort_as_text(central: Engine) -> None:
    _insert_one(central)
    with central.connect() as connection:
        assert connection.execute(select(check_log.c.decided_at)).scalar_one() == a_record(1).decided_at
        stored = connection.execute(text("SELECT decided_at FROM check_log")).scalar_one()
    assert stored == "2026-03-02T12:00:01.000000Z"
    assert NOON.tzinfo is not None


def test_a_file_that_is_no_database_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / LOG_FILE).write_bytes(b"not a database, and longer than a header " * 100)
    with pytest.raises(DatabaseError):
        open_central(tmp_path / LOG_FILE)
