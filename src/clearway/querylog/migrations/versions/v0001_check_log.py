"""The check log and the journals' cursors."""

import sqlalchemy as sa
from alembic import op

from clearway.postgresql import append_only
from clearway.querylog.central import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates both tables; the log refuses changes and deletions from the start."""
    partitioned = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "check_log",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        # A key of a partitioned table holds what it is partitioned by.
        sa.Column("check_id", _exact, nullable=False, primary_key=partitioned),
        sa.Column("decided_at", Instant, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("error_reason", sa.Text, nullable=False),
        sa.Column("authority", _exact, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("officer", sa.Text, nullable=False),
        sa.Column("case_number", _exact, nullable=False),
        sa.Column("item_code", _exact, nullable=False),
        sa.Column("request_id", _exact, nullable=False),
        sa.Column("scheme", _exact, nullable=False),
        sa.Column("subject", _exact, nullable=False),
        sa.Column("subject_key", sa.LargeBinary, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("edition", sa.Text, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        postgresql_partition_by="RANGE (check_id)",
    )
    op.create_index("check_log_check_id", "check_log", ["check_id"], unique=True)
    for column in ("request_id", "case_number", "decided_at", "subject_key"):
        op.create_index(f"check_log_{column}", "check_log", [column])
    given = sa.text("request_id > ''")
    op.create_index("check_log_requested_at", "check_log", ["decided_at"], sqlite_where=given, postgresql_where=given)
    op.create_table(
        "journal_cursor",
        sa.Column("segment", _exact, primary_key=True),
        sa.Column("shipped", sa.BigInteger, nullable=False),
    )
    if partitioned:
        append_only.forbid_change(op.get_bind(), "check_log")
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER check_log_no_{verb.lower()} BEFORE {verb} ON check_log"
                " BEGIN SELECT RAISE(ABORT, 'check_log is append-only'); END"
            )


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the check log is not dropped by a migration")
