"""What was recorded besides checks: refusals of other methods, and looks of auditors and registrars."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the column; every row recorded before it is a check."""
    op.add_column("check_log", sa.Column("method", _exact, nullable=False, server_default=sa.text("''")))
    given = sa.text("method > ''")
    op.create_index("check_log_method", "check_log", ["decided_at"], sqlite_where=given, postgresql_where=given)


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
