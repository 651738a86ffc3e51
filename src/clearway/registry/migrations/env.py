"""Alembic's way in: steps run on the connection, and inside the transaction, that the registry hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from clearway.registry.migrations import VERSION_TABLE

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table=VERSION_TABLE)
context.run_migrations()
