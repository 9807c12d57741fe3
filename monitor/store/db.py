"""Opening the database, its rules of conduct, and its schema.

SQLite in WAL mode. Every writer begins with BEGIN IMMEDIATE: a transaction that reads first and writes later fails at
once when another commits between, whatever the busy timeout says. Readers take a snapshot and never wait for a writer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from monitor.domain.errors import BusyError, IntegrityError, StoreError

BUSY_TIMEOUT_MS = 5_000
MIGRATIONS = Path(__file__).with_name("migrations")


class Store:
    """A database file, brought to this program's schema when it is opened.

    Raises StoreError when the file cannot be made or written, IntegrityError when it is no Lvyue database or belongs
    to a newer Lvyue. With `create` a missing file is made, but only the first time: an office whose database vanished must
    hear of it, not go on with an empty one.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        marker = path.with_suffix(".made")
        if not path.exists() and (marker.exists() or not create):
            hint = (
                f"restore a backup; to start from nothing, remove {marker}" if marker.exists() else "run `lvyue init`"
            )
            raise StoreError(f"{path}: the database is not there", hint=hint)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
        except OSError as error:
            raise StoreError(
                f"{path.parent}: {error.strerror}", hint="choose another `state` in config.toml"
            ) from error
        self._engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
        event.listen(self._engine, "connect", _conduct)
        event.listen(self._engine, "begin", _begin)
        with self._explained():
            self._migrate()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot: everything read inside belongs to one moment. Keep it short, the WAL grows meanwhile."""
        with self._explained(), self._engine.connect() as connection:
            connection.execution_options(begin="BEGIN")
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it is kept, or none."""
        with self._explained(), self._engine.connect() as connection:
            connection.execution_options(begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    def revision(self) -> str | None:
        """The schema the file has, as Alembic names it."""
        with self._engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["engine"] = self._engine
        scripts = ScriptDirectory.from_config(config)
        current = self.revision()
        if current == scripts.get_current_head():
            return
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            raise IntegrityError(
                f"{self.path}: its schema is {current}, which this Lvyue does not know",
                hint="it was written by a newer Lvyue: install that version, or open a backup made before",
            )
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise IntegrityError(f"{self.path}: {error}") from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the driver's words into ours: what happened to the file, and what to do."""
        try:
            yield
        except OperationalError as error:
            text = str(error.orig).lower()
            if "locked" in text:
                raise BusyError(
                    f"{self.path}: another program is writing to the database",
                    hint=f"it did not finish within {BUSY_TIMEOUT_MS // 1000} s; try again, or stop it",
                ) from error
            raise StoreError(f"{self.path}: {error.orig}", hint=_what_to_do(text)) from error
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.DatabaseError) and "not a database" in str(error.orig):
                raise IntegrityError(
                    f"{self.path}: this file is not a database", hint="look at `state` in config.toml"
                ) from error
            if isinstance(error.orig, sqlite3.DatabaseError) and "malformed" in str(error.orig):
                raise IntegrityError(f"{self.path}: the database is damaged", hint="restore a backup") from error
            raise


def _what_to_do(text: str) -> str:
    if "full" in text:
        return "free some space and run again: nothing of this step was kept, everything before it was"
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return "let the account that runs lvyue write to the file and its folder"
    return "nothing of this step was kept; see the message above"


def _conduct(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's `begin` event below starts transactions, not the driver
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
