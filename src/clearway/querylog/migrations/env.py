"""Alembic's entry: runs the steps on the connection it is given, in that connection's transaction."""

from alembic import context

from clearway.querylog.central import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
