"""What a correction of a row set aside changed, and whose word it was on a list that waited."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("quarantine_resolution", sa.Column("changes", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("fetch", sa.Column("actor", sa.String(256), nullable=False, server_default=""))
    op.add_column("fetch", sa.Column("note", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("the record is append-only")
