"""What an act rests on, what became of rows set aside, reading sources, and what follows the answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from clearway.registry.migrations.versions.first_tables import byte_text, forbid_change, moment, reference, row_number
from clearway.subjects.identifiers import organisation_code_within

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None

TABLES = ("quarantine_resolution", "fetch", "case_event", "case_change", "delivery")


def upgrade() -> None:
    op.add_column("revision", sa.Column("document_number", sa.String(512), nullable=False, server_default=""))
    op.add_column("revision", sa.Column("document_date", sa.Date(), nullable=True))
    claim_organisation_codes()
    make_feeds()
    make_cases()
    for table in TABLES:
        forbid_change(table)


def claim_organisation_codes() -> None:
    """Give every subject the organisation codes inside its codes, as long as no one has them: the first subject wins.

    Whoever comes too late keeps his own codes; asked for by the code inside, both are possible matches.
    """
    identifiers = sa.table("subject_identifier", *map(sa.column, ("scheme", "code", "subject_id", "revision")))
    holders = sa.select(identifiers).where(identifiers.c.scheme.in_(("cn-uscc", "cn-taxno")))
    connection = op.get_bind()
    taken = set(connection.scalars(sa.select(identifiers.c.code).where(identifiers.c.scheme == "cn-orgcode")))
    claims = []
    for scheme, code, subject_id, made in connection.execute(holders.order_by(identifiers.c.subject_id)):
        inside = organisation_code_within(scheme, code)
        if inside is not None and inside not in taken:
            taken.add(inside)
            claims.append({"scheme": "cn-orgcode", "code": inside, "subject_id": subject_id, "revision": made})
    if claims:
        connection.execute(identifiers.insert(), claims)


def make_feeds() -> None:
    op.create_index("feed_run_by_feed", "feed_run", ["feed", "revision"])
    op.add_column("quarantined_row", sa.Column("masked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "quarantine_resolution",
        reference("quarantined_id", "quarantined_row.quarantined_id", primary_key=True, autoincrement=False),
        reference("revision", "revision.revision"),
        sa.Column("outcome", byte_text(16), nullable=False),
    )
    op.create_index("ix_quarantine_resolution_revision", "quarantine_resolution", ["revision"])
    op.create_table(
        "fetch",
        sa.Column("fetch_id", row_number(), primary_key=True),
        sa.Column("feed", byte_text(64), nullable=False),
        sa.Column("fetched_at", moment(), nullable=False),
        sa.Column("outcome", byte_text(16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("etag", byte_text(512), nullable=False),
        sa.Column("last_modified", byte_text(64), nullable=False),
        sa.Column("sha256", byte_text(64), nullable=False),
        sa.Column("revision", row_number(), sa.ForeignKey("revision.revision"), nullable=True),
    )
    op.create_index("fetch_by_feed", "fetch", ["feed", "fetch_id"])


def make_cases() -> None:
    op.create_table(
        "case_event",
        sa.Column("seq", row_number(), primary_key=True),
        sa.Column("event_key", byte_text(300), nullable=False, unique=True),
        sa.Column("authority", byte_text(64), nullable=False),
        sa.Column("case_number", byte_text(128), nullable=False),
        sa.Column("check_id", byte_text(36), nullable=False),
        sa.Column("kind", byte_text(32), nullable=False),
        sa.Column("recorded_at", moment(), nullable=False),
        sa.Column("actor", byte_text(256), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("case_event_by_check", "case_event", ["check_id", "seq"])
    op.create_index("case_event_by_case", "case_event", ["authority", "case_number", "seq"])
    op.create_index("case_event_by_kind", "case_event", ["kind", "seq"])
    op.create_table(
        "case_change",
        sa.Column("seq", row_number(), primary_key=True),
        sa.Column("change_id", byte_text(64), nullable=False, unique=True),
        sa.Column("revision", row_number(), nullable=False),
        sa.Column("authority", byte_text(64), nullable=False),
        sa.Column("case_number", byte_text(128), nullable=False),
        sa.Column("item_code", byte_text(64), nullable=False),
        sa.Column("check_id", byte_text(36), nullable=False),
        sa.Column("officer", byte_text(128), nullable=False),
        sa.Column("noticed_at", moment(), nullable=False),
        sa.Column("differs", sa.Text(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("after", sa.LargeBinary(), nullable=False),
    )
    op.create_index("case_change_by_check", "case_change", ["check_id", "seq"])
    op.create_index("case_change_by_authority", "case_change", ["authority", "seq"])
    op.create_table(
        "delivery",
        sa.Column("delivery_id", row_number(), primary_key=True),
        sa.Column("endpoint", byte_text(64), nullable=False),
        reference("change_seq", "case_change.seq"),
        sa.Column("attempted_at", moment(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("delivery_by_endpoint", "delivery", ["endpoint", "change_seq"])


def downgrade() -> None:
    raise NotImplementedError("the record is append-only")
