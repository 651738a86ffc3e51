"""Subject keys, told apart; what stands for a natural person's number under each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

from clearway.registry.migrations.versions.first_tables import byte_text, forbid_change, moment, reference

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None

TABLES = ("subject_key", "token")
TOKEN = re.compile("[0-9a-f]{32}")
AT_ONCE = 5_000


def upgrade() -> None:
    op.create_table(
        "subject_key",
        sa.Column("key_id", byte_text(32), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False, unique=True),
        sa.Column("adopted_at", moment(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token",
        sa.Column("scheme", byte_text(64), primary_key=True),
        sa.Column("token", byte_text(32), primary_key=True),
        sa.Column("key_id", byte_text(32), nullable=False),
        sa.Column("root", byte_text(32), nullable=False),
        reference("revision", "revision.revision"),
        sqlite_with_rowid=False,
    )
    note_the_first_key()
    op.create_index("token_by_root", "token", ["scheme", "root"])
    op.create_index("token_by_key", "token", ["key_id"])
    for table in TABLES:
        forbid_change(table)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f'CREATE TRIGGER {table}_takes_turn BEFORE INSERT ON "{table}"'
                " FOR EACH STATEMENT EXECUTE FUNCTION registry_take_turn()"
            )


def note_the_first_key() -> None:
    """Until now there was one key, and all that stood for natural persons' numbers was made with it."""
    connection = op.get_bind()
    identity = sa.table("registry_identity", *map(sa.column, ("number", "key_fingerprint", "created_at")))
    first = connection.execute(sa.select(identity).order_by(identity.c.number).limit(1)).first()
    if first is None:
        return
    keys = sa.table("subject_key", *map(sa.column, ("key_id", "number", "adopted_at")))
    row = sa.select(identity.c.key_fingerprint, sa.literal(1), identity.c.created_at)
    connection.execute(keys.insert().from_select(["key_id", "number", "adopted_at"], row.where(identity.c.number == 1)))
    token = sa.table("token", *map(sa.column, ("scheme", "token", "key_id", "root", "revision")))
    rows = tokens_in(connection, first.key_fingerprint)
    while some := list(islice(rows, AT_ONCE)):
        connection.execute(token.insert(), some)


def tokens_in(connection: sa.Connection, key_id: str) -> Iterator[dict[str, Any]]:
    """The codes that are tokens: 32 hexadecimal signs, which no scheme's own codes are, but for feeds' numbers."""
    codes = sa.table("subject_identifier", *map(sa.column, ("scheme", "code", "revision")))
    query = sa.select(codes).where(sa.func.length(codes.c.code) == 32, codes.c.scheme.not_like("src.%"))
    for scheme, code, made in connection.execute(query).all():
        if TOKEN.fullmatch(code):
            yield {"scheme": scheme, "token": code, "key_id": key_id, "root": code, "revision": made}


def downgrade() -> None:
    raise NotImplementedError("the record is append-only")
