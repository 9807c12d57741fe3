"""Alembic's entry. Foreign keys are off while tables are rebuilt: SQLite would silently drop the rows of their children."""

from alembic import context
from sqlalchemy import Engine, text

from monitor.domain.errors import IntegrityError
from monitor.store import tables

engine: Engine = context.config.attributes["engine"]

with engine.connect() as connection:
    connection.execution_options(begin="BEGIN IMMEDIATE")
    if engine.dialect.name == "sqlite":
        connection.execute(text("SELECT 1"))
        connection.rollback()
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=tables.METADATA,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise IntegrityError("the migration would leave rows that point at nothing; nothing was changed")
