"""What the role that the nodes connect as may do: read, append, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql
from sqlalchemy import Connection


def grant(
    connection: Connection,
    role: str,
    *,
    append: Iterable[str],
    read: Iterable[str] = (),
    advance: Iterable[str] = (),
    forget: Iterable[str] = (),
    call: Iterable[str] = (),
) -> None:
    """Let `role` read and append to the tables `append`, update those in `advance`, delete from those in
    `forget`, read `read`, and `call`.

    Raises SQLAlchemy's `ProgrammingError` where there is no such role.
    """
    tables = [*append, *advance]
    statements = [
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(_schema(connection)), sql.Identifier(role)),
        sql.SQL("GRANT SELECT, INSERT ON {} TO {}").format(_names(tables), sql.Identifier(role)),
        *(sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(name), sql.Identifier(role)) for name in read),
        *(sql.SQL("GRANT UPDATE ON {} TO {}").format(sql.Identifier(name), sql.Identifier(role)) for name in advance),
        *(sql.SQL("GRANT DELETE ON {} TO {}").format(sql.Identifier(name), sql.Identifier(role)) for name in forget),
        *(
            sql.SQL("GRANT USAGE ON SEQUENCE {} TO {}").format(sql.Identifier(name), sql.Identifier(role))
            for name in _sequences(connection, tables)
        ),
        *(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(name), sql.Identifier(role)) for name in call),
    ]
    for statement in statements:
        connection.exec_driver_sql(statement.as_string(None))


def _names(tables: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, tables))


def _schema(connection: Connection) -> str:
    found: str = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    return found


def _sequences(connection: Connection, tables: list[str]) -> list[str]:
    """The sequences that number these tables' rows."""
    query = """
        SELECT s.relname FROM pg_class s
        JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass
        JOIN pg_class t ON t.oid = d.refobjid
        WHERE s.relkind = 'S' AND t.relname = ANY(%(tables)s) AND pg_table_is_visible(t.oid)
        ORDER BY s.relname
    """
    return list(connection.exec_driver_sql(query, {"tables": tables}).scalars())
