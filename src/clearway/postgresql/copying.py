"""Binary COPY: the fastest way for many rows into a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import BigInteger, Connection, Table, TypeDecorator
from sqlalchemy.exc import DBAPIError

_TYPES: dict[type, str] = {bool: "bool", str: "text", bytes: "bytea", datetime: "timestamptz", date: "date"}


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of plain values, whose columns are named in their order.

    Raises SQLAlchemy's `DBAPIError` as any other statement does; the transaction is then to be rolled back.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_type_of(table, name) for name in columns])
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise _as_sqlalchemys(error, f"COPY {table.name}", connection) from error


def _type_of(table: Table, name: str) -> str:
    kind = table.c[name].type
    kind = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    python = kind.python_type
    return ("int8" if isinstance(kind, BigInteger) else "int4") if python is int else _TYPES[python]


def _as_sqlalchemys(error: psycopg.Error, statement: str, connection: Connection) -> BaseException:
    gone = connection.dialect.is_disconnect(error, None, None)  # type: ignore[arg-type]
    if gone:
        connection.invalidate(error)
    return DBAPIError.instance(
        statement, None, error, psycopg.Error, connection_invalidated=gone, dialect=connection.dialect
    )
