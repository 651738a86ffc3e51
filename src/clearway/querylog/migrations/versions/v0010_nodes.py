"""How each node was when it last gave account of itself."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_instant = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "node_account",
        sa.Column("name", _exact, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("started_at", _instant, nullable=False),
        sa.Column("seen_at", _instant, nullable=False),
        sa.Column("index_revision", sa.BigInteger, nullable=True),
        sa.Column("index_synced_at", _instant, nullable=True),
        sa.Column("unshipped_rows", sa.BigInteger, nullable=False),
        sa.Column("unshipped_since", _instant, nullable=True),
    )


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
