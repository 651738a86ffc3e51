"""Lives of a database, told apart; on PostgreSQL, writers that take turns and ring for the followers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from clearway.registry.engines.postgresql import CHANNEL, WRITERS
from clearway.registry.migrations.versions import first_tables, life_of_a_listing
from clearway.registry.migrations.versions.first_tables import byte_text

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("registry_identity", sa.Column("number", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("registry_identity", sa.Column("place", byte_text(128), nullable=False, server_default=""))
    op.create_index("registry_identity_number", "registry_identity", ["number"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        take_turns()
        ring()


def take_turns() -> None:
    """Whoever inserts has the turn before a number is drawn, even past the code that takes it at once."""
    op.execute(
        f"""
        CREATE FUNCTION registry_take_turn() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock({WRITERS});
            RETURN NULL;
        END $$
        """
    )
    for table in (*first_tables.TABLES, *life_of_a_listing.TABLES):
        op.execute(
            f'CREATE TRIGGER {table}_takes_turn BEFORE INSERT ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION registry_take_turn()"
        )


def ring() -> None:
    """A revision wakes the followers when it becomes visible."""
    op.execute(
        f"""
        CREATE FUNCTION registry_ring() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('{CHANNEL}', '');
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER revision_rings AFTER INSERT ON revision FOR EACH STATEMENT EXECUTE FUNCTION registry_ring()"
    )


def downgrade() -> None:
    raise NotImplementedError("the record is append-only")
