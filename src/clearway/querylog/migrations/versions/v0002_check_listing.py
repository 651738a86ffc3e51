"""Which checks relied on which listing."""

import sqlalchemy as sa
from alembic import op

from clearway.postgresql import append_only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates the table; rows recorded before it stand in none of its lists."""
    op.create_table(
        "check_listing",
        sa.Column("listing_id", _exact, primary_key=True),
        sa.Column("check_id", _exact, primary_key=True),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        append_only.forbid_change(op.get_bind(), "check_listing")
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER check_listing_no_{verb.lower()} BEFORE {verb} ON check_listing"
                " BEGIN SELECT RAISE(ABORT, 'check_listing is append-only'); END"
            )


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
