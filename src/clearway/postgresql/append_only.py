"""Tables that are only appended to: the database itself refuses everything else. Run by migrations."""

from __future__ import annotations

from sqlalchemy import Connection, text

# What a database has been given stays as it is: a change here needs a migration of its own.
FUNCTION = "clearway_forbid_change"
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def forbid_change(connection: Connection, table: str) -> None:
    """Let `table` refuse UPDATE, DELETE and TRUNCATE, whoever asks."""
    connection.execute(text(_FUNCTION))
    connection.execute(
        text(
            f'CREATE TRIGGER {table}_forbids_change BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}"'
            f" FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()"
        )
    )
