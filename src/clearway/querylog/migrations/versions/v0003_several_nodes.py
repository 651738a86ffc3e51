"""On PostgreSQL: lives of the database, and a function that makes the partition of a month. Nothing elsewhere."""

import sqlalchemy as sa
from alembic import op

from clearway.postgresql import append_only
from clearway.querylog.postgresql import MONTHS

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The role of the nodes may call it without owning the table. A month's first id is its first millisecond in
# hexadecimal: eight digits, a hyphen, and the other four. Attaching a table made beside the log keeps nobody who reads
# or writes waiting, as making it a partition at once would.
_MAKE_MONTH = """
CREATE FUNCTION check_log_make_month(day date) RETURNS boolean
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
    IF to_regclass(partition) IS NOT NULL THEN
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
    """Creates them."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    op.create_table(
        "check_log_life",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("base", sa.BigInteger, nullable=False),
    )
    append_only.forbid_change(connection, "check_log_life")
    schema = connection.execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
    op.execute(_MAKE_MONTH.format(schema=schema, months=MONTHS, forbid=append_only.FUNCTION))
    op.execute("REVOKE EXECUTE ON FUNCTION check_log_make_month(date) FROM PUBLIC")


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
