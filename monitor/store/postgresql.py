"""PostgreSQL's rules of conduct, by which it keeps the promises that SQLite keeps by itself.

Writers are serial: each takes one advisory lock when it begins, and keeps it until it commits. Readers see one moment.
Instants are spoken of in UTC. The driver is loaded when an office has a server, not before: it takes a quarter of a second.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from monitor.domain.errors import BusyError, ConfigError, IntegrityError, LvyueError, StoreError
from monitor.domain.place import Server

WRITER = 0x6C767975  # "lvyu"
"""The advisory lock of whoever writes. PostgreSQL keeps such locks apart by database."""

LOCK_TIMEOUT_S = 5
KEPT_ALIVE: dict[str, Any] = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""A server that vanished without a word is noticed within a minute, not after the two hours of TCP."""


UNREACHED = (
    "look whether the server runs and can be reached, has a database of that name (`createdb`), and lets this user in; "
    "nothing of this step was kept"
)
"""libpq gives no SQLSTATE to what goes wrong before there is a connection."""


def engine(server: Server) -> Engine:
    """Connections to a server; each keeps the rules. Raises ConfigError for an address that cannot be read."""
    address = server.address()

    def connect() -> Any:
        import psycopg

        try:
            return psycopg.connect(address, application_name="lvyue", connect_timeout=10, **KEPT_ALIVE)
        except psycopg.ProgrammingError:  # its text would show the address, password and all
            raise ConfigError(f"{server}: the address cannot be read", hint="see `database` in config.toml") from None

    made = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    event.listen(made, "connect", _conduct)
    event.listen(made, "begin", _begin)
    return made


def explained(error: DBAPIError, server: Server) -> LvyueError | None:
    """What happened to the server, and what to do; None where the fault is ours. The SQLSTATE says which it is."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    said = f"{server}: {_first_line(error)}"
    if state in ("55P03", "40P01", "40001"):
        return BusyError(
            f"{server}: another program is writing to the database",
            hint="it did not finish in time; try again, or stop it",
        )
    if state[:2] == "XX":
        return IntegrityError(f"{said}: the database is damaged", hint="restore a backup: `lvyue db restore FILE`")
    if isinstance(error, DataError):
        return IntegrityError(f"{said}: a value cannot be kept", hint="nothing of this step was kept")
    for begin, hint in _WHAT_TO_DO.items():
        if state.startswith(begin):
            return StoreError(said, hint=hint)
    if error.connection_invalidated or (not state and isinstance(error, OperationalError)):
        return StoreError(said, hint=UNREACHED)
    return None


_WHAT_TO_DO = {
    "53100": "free some space on the server and run again: nothing of this step was kept, everything before it was",
    "53": "the server has no room for another connection or has run out of memory; try again later",
    "25006": "the server only lets us read: is it a standby?",
    "42501": "let the database's user make tables in its schema and write to them",
    "57": "the server was stopped or is starting; nothing of this step was kept",
    "08": UNREACHED,
    "58": "the server cannot use its disk; nothing of this step was kept",
}
"""By the beginning of the SQLSTATE."""


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]


def _conduct(connection: Any, _record: object) -> None:
    """A limit that the server's administrator set for waiting stands."""
    with connection.cursor() as cursor:
        cursor.execute("set time zone 'UTC'")
        limit = "select set_config('lock_timeout', %s, false) where current_setting('lock_timeout') = '0'"
        cursor.execute(limit, (f"{LOCK_TIMEOUT_S}s",))
    connection.commit()


def _begin(connection: Connection) -> None:
    """A writer's snapshot is taken by each statement, so after the lock was given; a reader's by the first."""
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return  # no transaction: see Store.alone
    if options.get("writes", False):
        connection.exec_driver_sql("select pg_advisory_xact_lock(%s)", (WRITER,))
    else:
        connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
