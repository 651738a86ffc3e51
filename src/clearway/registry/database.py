"""The database under the record: how it is opened, brought up to date, written and read.

SQLite in write-ahead mode: one writer at a time, taken with BEGIN IMMEDIATE, and synced to disk at each commit; readers
see the last committed revision and never wait. Or PostgreSQL, the same for several nodes: see
`clearway.registry.engines.postgresql`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Self

import pysqlite3
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

from clearway.postgresql import engine as postgresql_engine
from clearway.postgresql.copying import copy_rows
from clearway.postgresql.engine import POOL_SIZE
from clearway.postgresql.privileges import grant
from clearway.registry.engines import postgresql
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.migrations import HEAD, VERSION_TABLE
from clearway.registry.schema import APPEND_ONLY

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another, in milliseconds, before it is refused as busy."""

_ROWS_A_STATEMENT = 200
_CACHE_KIB = 65_536
_PRAGMAS = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    # Without this, INSERT OR REPLACE would delete past the append-only triggers.
    ("recursive_triggers", "ON", 1),
    ("cache_size", f"-{_CACHE_KIB}", -_CACHE_KIB),
)


def open_engine(url: str, pool_size: int = POOL_SIZE) -> Engine:
    """An engine for `url` (`sqlite:///path`, `postgresql://…`). Raises `RegistryError` for any other database."""
    with postgresql.told_by_name():
        parsed = postgresql_engine.parsed(url)
    if parsed.get_backend_name() == postgresql_engine.BACKEND:
        return postgresql.open_engine(url, pool_size, BUSY_TIMEOUT_MS)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise RegistryError(
            RegistryReason.UNSUPPORTED_DATABASE, "the registry is kept in an SQLite file or in PostgreSQL"
        )
    engine = create_engine(parsed, module=pysqlite3)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _on_postgresql(engine: Engine | Connection) -> bool:
    return engine.dialect.name == postgresql_engine.BACKEND


def _prepare(connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes too late and is never IMMEDIATE: transactions are begun below.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    for name, setting, wanted in _PRAGMAS:
        cursor.execute(f"PRAGMA {name} = {setting}")
        found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            raise RegistryError(RegistryReason.UNSUPPORTED_DATABASE, f"PRAGMA {name} reads {found}, not {wanted}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("registry_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction: committed when the block ends, rolled back when it raises. `RegistryError` BUSY."""
    if _on_postgresql(engine):
        with postgresql.writing(engine) as connection:
            yield connection
        return
    try:
        with engine.execution_options(registry_writes=True).begin() as connection:
            yield connection
    except OperationalError as error:
        if "locked" in str(error.orig) or "busy" in str(error.orig):
            raise RegistryError(RegistryReason.BUSY, "another writer holds the registry") from error
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read transaction: everything in it is seen at one revision."""
    with postgresql.reading(engine) if _on_postgresql(engine) else engine.connect() as connection:
        yield connection


class _Many(TypeDecorator[list[Any]]):
    """Many values as one parameter: an array where there are arrays, a JSON text elsewhere."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.item) if dialect.name == postgresql_engine.BACKEND else Text())

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        return value if dialect.name == postgresql_engine.BACKEND else json.dumps(value)


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:
        """As it stands. SQLAlchemy would write `… = 1` where there are no booleans, and no index serves that."""
        return self


@compiles(_Among)
def _among_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608


@compiles(_Among, postgresql_engine.BACKEND)
def _among_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY({values})"


def among(column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[str | int]) -> ColumnElement[bool]:
    """Whether the column's value is one of many, bound as one parameter: a long list of parameters costs far more."""
    return _Among(column, bindparam(None, list(values), type_=_Many(column.type)))


def bulk_insert(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of plain numbers and text, past the layer that would look at each value again.

    `columns` stand in the table's own order. Many rows go into one statement: starting one costs as much as a row.
    """
    if _on_postgresql(connection):
        if rows:
            copy_rows(connection, table, columns, rows)
        return
    whole = len(rows) - len(rows) % _ROWS_A_STATEMENT
    statement = _insertion(table, tuple(columns), _ROWS_A_STATEMENT, connection.dialect)
    for start in range(0, whole, _ROWS_A_STATEMENT):
        values = tuple(chain.from_iterable(rows[start : start + _ROWS_A_STATEMENT]))
        connection.exec_driver_sql(statement, values)
    if rest := rows[whole:]:
        connection.exec_driver_sql(_insertion(table, tuple(columns), 1, connection.dialect), list(rest))


@cache
def _insertion(table: Table, columns: tuple[str, ...], rows: int, dialect: Dialect) -> str:
    one = str(insert(table).compile(dialect=dialect, column_keys=list(columns)))
    head, values, row = one.rpartition(" VALUES ")
    return f"{head}{values}{', '.join([row] * rows)}"


def open_up_to_date(url: str) -> Engine:
    """An engine for `url` whose tables are there and up to date. Raises `RegistryError`."""
    engine = open_engine(url)
    try:
        bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def grant_to_service(engine: Engine, role: str) -> None:
    """Let the role that nodes connect as read and append. PostgreSQL only. Raises `RegistryError`."""
    with writing(engine) as connection:
        grant(connection, role, append=APPEND_ONLY, read=(VERSION_TABLE,))


def bring_up_to_date(engine: Engine) -> None:
    """Run the migrations that are missing, all or none. `RegistryError` where the database is newer than the code."""
    if schema_of(engine) == HEAD:
        return
    with writing(engine) as connection:
        _upgrade(connection)


def schema_of(engine: Engine) -> str | None:
    """The migration that the database is at; None before the first. Raises `RegistryError`."""
    with reading(engine) as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        step: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
        return step


def clock_of(engine: Engine) -> datetime | None:
    """The time by the database's own clock, in UTC; None where it has none but ours. Raises `RegistryError`."""
    if not _on_postgresql(engine):
        return None
    with reading(engine) as connection:
        told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return told.astimezone(UTC)


def _upgrade(connection: Connection) -> None:
    # Imported here: a registry that is up to date starts without it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise RegistryError(RegistryReason.OTHER_SCHEMA, "the registry was written by a newer version") from error
