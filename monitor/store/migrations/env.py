"""Alembic's entry: all steps in the one transaction of the connection it is given. See monitor/store/schema.py."""

from alembic import context
from sqlalchemy import Connection

from monitor.domain.errors import IntegrityError
from monitor.store import schema, tables

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.METADATA,
    render_as_batch=True,
    transactional_ddl=True,
    **schema.COMPARED,
)
with context.begin_transaction():
    context.run_migrations()
if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
    raise IntegrityError("the migration would leave rows that point at nothing; nothing was changed")
