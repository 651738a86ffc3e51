"""Sessions of the console that were ended before their time."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_instant = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "ended_session",
        sa.Column("session_id", sa.LargeBinary, primary_key=True),
        sa.Column("kept_until", _instant, nullable=False),
    )


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
