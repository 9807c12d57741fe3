"""SQLite's rules of conduct: WAL, and every writer begins with BEGIN IMMEDIATE.

A transaction that reads first and writes later fails at once when another commits between, whatever the busy timeout says.
Readers take a snapshot and never wait for a writer. What was committed is on the disk (`synchronous=FULL`): after a power cut
no mail may have been sent that the outbox knows nothing of. That costs a millisecond a commit on a common disk; with NORMAL it
was a fiftieth of that, and a pull of 200,000 rows took as long either way.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from monitor.domain.errors import BusyError, IntegrityError, LvyueError, StoreError

BUSY_TIMEOUT_MS = 5_000


def engine(path: Path) -> Engine:
    """Connections to a file; each keeps the rules. None makes a file that is not there: one that vanished must be missed."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    made = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
    event.listen(made, "connect", _conduct)
    event.listen(made, "begin", _begin)
    return made


def still(path: Path) -> Engine:
    """Connections that only look at a file, and leave no trace on it."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)


def explained(error: DBAPIError, path: Path) -> LvyueError | None:
    """What happened to the file, and what to do; None where the fault is ours."""
    text = str(error.orig).lower()
    if isinstance(error, OperationalError):
        if "locked" in text:
            return BusyError(
                f"{path}: another program is writing to the database",
                hint=f"it did not finish within {BUSY_TIMEOUT_MS // 1000} s; try again, or stop it",
            )
        if not path.exists():
            return StoreError(f"{path}: the database is not there", hint="restore a backup: `lvyue db restore FILE`")
        return StoreError(f"{path}: {error.orig}", hint=_what_to_do(text))
    if isinstance(error.orig, sqlite3.DatabaseError) and "not a database" in text:
        return IntegrityError(f"{path}: this file is not a database", hint="look at `state` in config.toml")
    if isinstance(error.orig, sqlite3.DatabaseError) and "malformed" in text:
        return IntegrityError(f"{path}: the database is damaged", hint="restore a backup: `lvyue db restore FILE`")
    return None


def _what_to_do(text: str) -> str:
    if "full" in text:
        return "free some space and run again: nothing of this step was kept, everything before it was"
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return "let the account that runs lvyue write to the file and its folder"
    return "nothing of this step was kept; see the message above"


def _conduct(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's `begin` event below starts transactions, not the driver
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
