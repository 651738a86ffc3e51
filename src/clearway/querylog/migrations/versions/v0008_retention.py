"""Erasure by rule, and what is held: a row may go once an erasure names it, and in no other way."""

import sqlalchemy as sa
from alembic import op

from clearway.postgresql import append_only
from clearway.querylog.postgresql import MONTHS

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_NAMED_BY = {"check_log": "check_id", "check_listing": "check_id", "log_opening": "leaf_index"}
"""Tables that rows are erased from, and the column by which an erasure names them."""

_APPEND_ONLY = ("log_erased", "log_hold", "log_hold_lift")

_FORBID_UNNAMED_ON_SQLITE = """
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
WHEN NOT EXISTS (SELECT 1 FROM log_erased WHERE {column} = OLD.{column})
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""

# One row, one look: whether an erasure of this transaction or an earlier one names it.
_FORBID_UNNAMED = """
CREATE FUNCTION clearway_forbid_unnamed_{column}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM {schema}.log_erased WHERE {column} = OLD.{column}) THEN
        RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$
"""

# As it was, but for DELETE, which the log's own trigger looks at row by row: partitions inherit that one.
_MAKE_MONTH = """
CREATE OR REPLACE FUNCTION check_log_make_month(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    month timestamp := date_trunc('month', day);
    partition text := 'check_log_' || to_char(month, 'YYYYMM');
    digits text[] := ARRAY[
        lpad(to_hex((extract(epoch FROM month) * 1000)::bigint), 12, '0'),
        lpad(to_hex((extract(epoch FROM month + interval '1 month') * 1000)::bigint), 12, '0')
    ];
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock({months});
    IF EXISTS (
        SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = partition AND n.nspname = {schema_name}
    ) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE check_log INCLUDING INDEXES INCLUDING STORAGE)', partition);
    EXECUTE format(
        'CREATE TRIGGER %I BEFORE UPDATE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION {forbid}()',
        partition || '_forbids_change', partition
    );
    EXECUTE format(
        'ALTER TABLE check_log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition,
        left(digits[1], 8) || '-' || right(digits[1], 4), left(digits[2], 8) || '-' || right(digits[2], 4)
    );
    RETURN true;
END $$
"""


def upgrade() -> None:
    """Creates the tables, and opens the one door."""
    op.create_table(
        "log_erased",
        sa.Column("leaf_index", _number, primary_key=True, autoincrement=False),
        sa.Column("check_id", _exact, nullable=False),
        sa.Column("erasure_index", sa.BigInteger, nullable=False),
    )
    op.create_index("log_erased_check_id", "log_erased", ["check_id"], unique=True)
    op.create_table(
        "log_hold",
        sa.Column("number", _number, primary_key=True, autoincrement=False),
        sa.Column("case_number", _exact, nullable=False),
        sa.Column("subject_key", sa.LargeBinary, nullable=False),
        sa.Column("check_id", _exact, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("placed_by", sa.Text, nullable=False),
        sa.Column("placed_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "log_hold_lift",
        sa.Column("number", _number, primary_key=True, autoincrement=False),
        sa.Column("lifted_by", sa.Text, nullable=False),
        sa.Column("lifted_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _open_on_postgresql(op.get_bind())
    else:
        _open_on_sqlite()


def _open_on_sqlite() -> None:
    for table in _APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    for table, column in _NAMED_BY.items():
        op.execute(f"DROP TRIGGER {table}_no_delete")
        op.execute(_FORBID_UNNAMED_ON_SQLITE.format(table=table, column=column))


def _open_on_postgresql(connection: sa.Connection) -> None:
    for table in _APPEND_ONLY:
        append_only.forbid_change(connection, table)
    names = sa.text("SELECT quote_ident(current_schema()), quote_literal(current_schema())")
    schema, schema_name = connection.execute(names).one()
    for column in sorted(set(_NAMED_BY.values())):
        op.execute(_FORBID_UNNAMED.format(schema=schema, column=column))
    months = sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'check_log'::regclass")
    for partition in connection.execute(months).scalars().all():
        _but_for_delete(partition)
    for table, column in _NAMED_BY.items():
        _but_for_delete(table)
        op.execute(
            f"CREATE TRIGGER {table}_forbids_unnamed BEFORE DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION clearway_forbid_unnamed_{column}()"
        )
    made = _MAKE_MONTH.format(schema=schema, schema_name=schema_name, months=MONTHS, forbid=append_only.FUNCTION)
    op.execute(made)


def _but_for_delete(table: str) -> None:
    op.execute(f"DROP TRIGGER {table}_forbids_change ON {table}")
    op.execute(
        f"CREATE TRIGGER {table}_forbids_change BEFORE UPDATE OR TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {append_only.FUNCTION}()"
    )


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
