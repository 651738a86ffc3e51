"""Of which erasures the rows are out of the database's files."""

import sqlalchemy as sa
from alembic import op

from clearway.postgresql import append_only

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Creates the table. What was erased before is cleaned up once more with the next erasure."""
    op.create_table(
        "log_cleaned",
        sa.Column("erasure_index", _number, primary_key=True, autoincrement=False),
        sa.Column("cleaned_at", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        append_only.forbid_change(op.get_bind(), "log_cleaned")
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER log_cleaned_no_{verb.lower()} BEFORE {verb} ON log_cleaned"
            " BEGIN SELECT RAISE(ABORT, 'log_cleaned is append-only'); END"
        )


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
