"""The tree over the log: leaves, the salts of their commitments, checkpoints, cosignatures, keys."""

import sqlalchemy as sa
from alembic import op

from clearway.postgresql import append_only

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Creates the tables; rows that are there already get their leaves from the notary."""
    op.create_table(
        "log_leaf",
        sa.Column("leaf_index", _number, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=True),
        sa.Column("check_id", _exact, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
    )
    of_checks = sa.text("seq IS NOT NULL")
    op.create_index(
        "log_leaf_check_id", "log_leaf", ["check_id"], unique=True, sqlite_where=of_checks, postgresql_where=of_checks
    )
    op.create_index("log_leaf_seq", "log_leaf", ["seq"], unique=True)
    op.create_table(
        "log_opening",
        sa.Column("leaf_index", _number, primary_key=True, autoincrement=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("tree_size", _number, primary_key=True, autoincrement=False),
        sa.Column("signed_at", sa.BigInteger, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_cosignature",
        sa.Column("tree_size", _number, primary_key=True, autoincrement=False),
        sa.Column("vkey", _exact, primary_key=True),
        sa.Column("line", sa.Text, nullable=False),
    )
    op.create_table(
        "log_signer",
        sa.Column("number", _number, primary_key=True, autoincrement=False),
        sa.Column("vkey", _exact, nullable=False),
    )
    for table in ("log_leaf", "log_opening", "log_checkpoint", "log_cosignature", "log_signer"):
        _forbid_change(table)


def _forbid_change(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        append_only.forbid_change(op.get_bind(), table)
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def downgrade() -> None:
    """There is no way back: evidence is not dropped by a migration."""
    raise NotImplementedError("the tree is not dropped by a migration")
