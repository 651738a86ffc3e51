"""The first tables: identity, revisions, subjects, identifiers, facts, events, feed runs, quarantined rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from clearway.postgresql import append_only

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def byte_text(length: int) -> TypeEngine[str]:
    return sa.String(length, collation="BINARY").with_variant(sa.String(length, collation="C"), "postgresql")


def row_number() -> TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def reference(name: str, target: str, **options: bool) -> sa.Column[int]:
    return sa.Column(name, row_number(), sa.ForeignKey(target), nullable=False, **options)  # type: ignore[arg-type]


def upgrade() -> None:
    make_heads()
    make_events()
    make_imports()
    for table in TABLES:
        forbid_change(table)


TABLES = (
    "registry_identity",
    "revision",
    "subject",
    "subject_identifier",
    "fact",
    "event",
    "feed_run",
    "quarantined_row",
)


def make_heads() -> None:
    op.create_table(
        "registry_identity",
        sa.Column("database_id", byte_text(32), primary_key=True),
        sa.Column("created_at", moment(), nullable=False),
        sa.Column("key_fingerprint", byte_text(128), nullable=False),
    )
    op.create_table(
        "revision",
        sa.Column("revision", row_number(), primary_key=True, autoincrement=False),
        sa.Column("recorded_at", moment(), nullable=False),
        sa.Column("actor", sa.String(256), nullable=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_table(
        "subject",
        sa.Column("subject_id", row_number(), primary_key=True, autoincrement=False),
        reference("revision", "revision.revision"),
    )
    op.create_table(
        "subject_identifier",
        sa.Column("scheme", byte_text(64), primary_key=True),
        sa.Column("code", byte_text(128), primary_key=True),
        reference("subject_id", "subject.subject_id"),
        reference("revision", "revision.revision"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fact",
        sa.Column("fact_id", byte_text(200), primary_key=True),
        reference("subject_id", "subject.subject_id"),
        sa.Column("kind", byte_text(16), nullable=False),
        sa.Column("feed", byte_text(64), nullable=False),
        reference("revision", "revision.revision"),
        sqlite_with_rowid=False,
    )


def make_events() -> None:
    op.create_table(
        "event",
        sa.Column("seq", row_number(), primary_key=True),
        reference("revision", "revision.revision"),
        reference("subject_id", "subject.subject_id"),
        sa.Column("kind", byte_text(32), nullable=False),
        sa.Column("fact_id", byte_text(400), nullable=False),
        sa.Column("regime", byte_text(64), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("event_by_subject", "event", ["subject_id", "seq"])
    op.create_index("event_by_revision", "event", ["revision"])
    stated = sa.text("regime IS NOT NULL")
    op.create_index("event_by_regime", "event", ["regime", "subject_id"], sqlite_where=stated, postgresql_where=stated)


def make_imports() -> None:
    op.create_table(
        "feed_run",
        reference("revision", "revision.revision", primary_key=True, autoincrement=False),
        sa.Column("feed", byte_text(64), nullable=False),
        sa.Column("file_name", sa.String(512), nullable=False),
        sa.Column("sha256", byte_text(64), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("full_list", sa.Boolean(), nullable=False),
        *(
            sa.Column(count, sa.Integer(), nullable=False)
            for count in ("rows", "accepted", "unchanged", "quarantined", "rejected", "added", "changed", "gone")
        ),
        sa.Column("reasons", sa.Text(), nullable=False),
    )
    op.create_table(
        "quarantined_row",
        sa.Column("quarantined_id", row_number(), primary_key=True),
        reference("revision", "revision.revision"),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("reason", byte_text(64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
    )
    op.create_index("ix_quarantined_row_revision", "quarantined_row", ["revision"])


def forbid_change(table: str) -> None:
    """Let the database itself refuse what the record never does."""
    if op.get_bind().dialect.name == "postgresql":
        append_only.forbid_change(op.get_bind(), table)
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_forbids_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
        )


def downgrade() -> None:
    raise NotImplementedError("the record is append-only")
