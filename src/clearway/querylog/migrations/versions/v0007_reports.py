"""What reports count and searches lead with: region, times, and indexes that serve them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_LEADING = {
    "subject": "subject_key",
    "case": "case_number",
    "officer": "officer",
    "authority": "authority",
    "outcome": "outcome",
}
_COUNTED = (
    "authority",
    "caller",
    "officer",
    "case_number",
    "item_code",
    "region",
    "subject_key",
    "outcome",
    "standing",
    "error_reason",
    "elapsed_us",
    "index_age_ms",
)


def upgrade() -> None:
    """Adds them. Rows recorded before have no region and no times."""
    op.add_column("check_log", sa.Column("region", _exact, nullable=False, server_default=""))
    for name in ("elapsed_us", "index_age_ms"):
        op.add_column("check_log", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    for name in ("subject_key", "case_number", "decided_at"):
        op.drop_index(f"check_log_{name}", "check_log")
    for name, column in _LEADING.items():
        op.create_index(f"check_log_{name}", "check_log", [column, "check_id"])
    refused = sa.text("error_reason > ''")
    op.create_index(
        "check_log_refused",
        "check_log",
        ["error_reason", "check_id"],
        sqlite_where=refused,
        postgresql_where=refused,
    )
    op.create_index("check_log_counted", "check_log", ["decided_at", "check_id", *_COUNTED])


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
