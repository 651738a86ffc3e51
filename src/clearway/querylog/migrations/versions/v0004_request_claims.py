"""On PostgreSQL: claims of request ids, and a month that several ask for at once. Nothing elsewhere."""

import sqlalchemy as sa
from alembic import op

from clearway.postgresql import append_only
from clearway.querylog.postgresql import MONTHS

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_exact = sa.Text(collation="C")

# As it was, but for its second look: `to_regclass` answered from what the session remembered from before it waited, and
# the partition was made twice. A query sees what was committed in the meantime.
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
        'CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION {forbid}()',
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
    """Creates the table, unlogged, as what it holds is of use for seconds; and replaces the function."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    op.create_table(
        "request_claim",
        sa.Column("authority", _exact, primary_key=True),
        sa.Column("request_id", _exact, primary_key=True),
        sa.Column("claimant", sa.Text, nullable=False),
        sa.Column("claimed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        prefixes=["UNLOGGED"],
    )
    names = sa.text("SELECT quote_ident(current_schema()), quote_literal(current_schema())")
    schema, schema_name = connection.execute(names).one()
    made = _MAKE_MONTH.format(schema=schema, schema_name=schema_name, months=MONTHS, forbid=append_only.FUNCTION)
    op.execute(made)


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
