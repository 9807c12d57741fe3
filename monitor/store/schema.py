"""The schema a database has, the one this program wants, and the way from one to the other.

All steps are one transaction, on SQLite and on PostgreSQL: who is killed half-way has changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, inspect

from monitor.domain.errors import IntegrityError
from monitor.domain.place import Place
from monitor.store.tables import METADATA

MIGRATIONS = Path(__file__).with_name("migrations")
ONLY_ADDED = {
    "sqlite": tuple(
        f"create trigger alert_event_no_{verb} before {verb} on alert_event "
        "begin select raise(abort, 'what happened to a warning is only added to'); end"
        for verb in ("update", "delete")
    ),
    "postgresql": (
        "create function only_added() returns trigger language plpgsql as "
        "$$ begin raise exception 'what happened to a warning is only added to'; end $$",
        "create trigger alert_event_only_added before update or delete on alert_event "
        "for each row execute function only_added()",
        "create trigger alert_event_not_emptied before truncate on alert_event "
        "for each statement execute function only_added()",
    ),
}
"""The guards of a new database's events. Migrations say theirs themselves: what they once did is not changed by this."""
COMPARED: dict[str, Any] = {"compare_type": True, "compare_server_default": True}


def head() -> str:
    """The schema this program works with."""
    return _known()[0]


def of(db: Connection, where: Place) -> str | None:
    """The schema a database has; None when there is nothing in it.

    Raises IntegrityError when it is one that this program does not know, or when others keep their tables there.
    """
    found = MigrationContext.configure(db).get_current_revision()
    if found is None and set(inspect(db).get_table_names()) - {"alembic_version"}:
        raise IntegrityError(
            f"{where}: there are tables, and they are not Lvyue's", hint="give Lvyue a database of its own"
        )
    if found is not None and found not in _known():
        raise IntegrityError(
            f"{where}: its schema is {found}, which this Lvyue does not know",
            hint="it was written by a newer Lvyue: install that version, or open a backup made before",
        )
    return found


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """One transaction for `upgrade`. SQLite's foreign keys are off meanwhile: where it rebuilds a table it would silently drop
    the rows of its children."""
    with engine.connect() as db:
        db.execution_options(writes=True)
        if db.dialect.name == "sqlite":
            db.connection.cursor().execute(
                "PRAGMA foreign_keys=OFF"
            )  # past SQLAlchemy: inside a transaction it is ignored
        with db.begin():
            yield db


def make(db: Connection) -> None:
    """All tables in an empty database, as `upgrade` would leave them but for the order of columns; in a tenth of the time."""
    METADATA.create_all(db)
    for statement in ONLY_ADDED[db.dialect.name]:
        db.exec_driver_sql(statement)
    command.stamp(steps(db), "head")


def upgrade(db: Connection, where: Place, *, to: str = "head") -> None:
    """Take every step to a schema, in the transaction of a connection that writes. Raises IntegrityError."""
    try:
        command.upgrade(steps(db), to)
    except CommandError as error:
        raise IntegrityError(f"{where}: {error}") from error


def differences(db: Connection) -> list[Any]:
    """What the models say and the database lacks, or the other way round."""
    return list(compare_metadata(MigrationContext.configure(db, opts=COMPARED), METADATA))


@cache
def _known() -> tuple[str, ...]:
    """Every schema, the newest first. Alembic reads and compiles all its files to tell them."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def steps(db: Connection) -> Config:
    """What Alembic's own commands ask for."""
    config = _config()
    config.attributes["connection"] = db
    return config


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
