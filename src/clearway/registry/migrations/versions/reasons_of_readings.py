"""Why a reading of a feed failed, or its list waits, by a code beside the sentence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None

_code = sa.String(64, collation="BINARY").with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("fetch", sa.Column("reason", _code, nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("the record is append-only")
