"""Two ways to say the same to ADBC: SQLite's and PostgreSQL's. What comes out is equal to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Boolean, Column, Integer
from sqlmodel.sql.sqltypes import UTCDateTime

from monitor.domain.errors import StoreError
from monitor.domain.place import Place, Server
from monitor.store.sqlite import BUSY_TIMEOUT_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a database is spoken to. `mark` stands for the one parameter of a query, however often it is named."""

    mark: str
    asked: str
    """The instant a long query asks about."""
    greatest: str
    by_bytes: str
    """What follows an ORDER BY of text so that both sort alike."""
    beginning: tuple[str, ...]
    """What is said first, so that all that is read belongs to one moment."""
    name: Literal["sqlite", "postgresql"]
    identity: str
    """What tells databases apart that may have the same content."""

    def told(self, column: Column[Any], of: str) -> str:
        """A column as it travels. ADBC takes SQLite's types from the first rows, so empty text and days travel as ''."""
        if isinstance(column.type, UTCDateTime):
            return self.instant(f"{of}.{column.name}")
        if self.name == "postgresql" or isinstance(column.type, (Boolean, Integer)):
            return f"{of}.{column.name}"
        return f"coalesce({of}.{column.name}, '')"

    def instant(self, expression: str) -> str:
        """An instant as text that sorts (`reading.INSTANT`), in UTC."""
        if self.name == "sqlite":
            return expression
        return f"to_char({expression} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"

    def ask(self, cursor: Any, query: str, instant: str) -> None:
        """Run a long query about an instant.

        PostgreSQL copies out in pieces only what has no parameter, else the answer stands in memory as a whole: so the instant is
        said before, as a setting of this transaction.
        """
        if self.name == "sqlite":
            cursor.execute(query, (instant,) if self.asked in query else None)
            return
        cursor.execute("select set_config('lvyue.asked', $1, true)", (f"{instant}+00",))
        cursor.fetchall()
        cursor.execute(query)


SQLITE = Dialect(
    mark="?1", asked="?1", greatest="max", by_bytes="",
    # Whoever closes the database last clears its journal away, alone for a moment: a reader that comes then waits.
    beginning=(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}",), name="sqlite", identity="select 'sqlite'",
)  # fmt: skip

POSTGRESQL = Dialect(
    mark="$1", asked="(select current_setting('lvyue.asked')::timestamptz)", greatest="greatest", by_bytes='collate "C"',
    beginning=("set transaction isolation level repeatable read, read only", "set application_name = 'lvyue'"),
    name="postgresql",
    identity="select oid || ' ' || datname from pg_database where datname = current_database()",
)  # fmt: skip


@contextmanager
def spoken(place: Place) -> Iterator[tuple[Any, Dialect]]:
    """A cursor of ADBC on a database, in one transaction that only reads, and its dialect. Raises StoreError."""
    import adbc_driver_manager

    try:
        with _connected(place) as connection, connection.cursor() as cursor:
            dialect = POSTGRESQL if isinstance(place, Server) else SQLITE
            for statement in dialect.beginning:
                cursor.execute(statement)
            yield cursor, dialect
    except adbc_driver_manager.Error as error:
        text = str(error).strip().splitlines()[0]
        raise StoreError(
            f"{place}: {text}", hint="nothing was changed; `lvyue db check` looks at the database"
        ) from None


def _connected(place: Place) -> Any:
    if isinstance(place, Server):
        import adbc_driver_postgresql.dbapi

        return adbc_driver_postgresql.dbapi.connect(place.address())
    import adbc_driver_sqlite.dbapi

    return adbc_driver_sqlite.dbapi.connect(f"{place.absolute().as_uri()}?mode=ro")
