"""Putting a backup back, into a file of SQLite or a PostgreSQL server: all of it, or nothing.

It is looked through and brought to this program's schema on a copy first. What was there before is kept.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import BigInteger, Connection, func, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from monitor import audit
from monitor.domain.errors import BusyError, IntegrityError, StoreError, UsageError
from monitor.domain.place import Place, Server, beside
from monitor.store import backup, schema, sqlite, warnings
from monitor.store.backup import Backup
from monitor.store.db import Store, engine, explained
from monitor.store.health import Health, examined
from monitor.store.tables import METADATA, LeaderRow, table_of

WAIT_S = 0.25
WAITS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back, what lies there now, and where what was there before is kept."""

    backup: Backup
    health: Health
    kept: Path | None


def restore(place: Place, file: Path, *, replace: bool, at: datetime) -> Restored:
    """Put a backup in the place of a database. Nobody else may be writing to it.

    Raises UsageError when there is something already and `replace` is false; IntegrityError when the backup is damaged or newer;
    StoreError when it cannot be written. Then everything is as it was.
    """
    found, state = backup.inspected(file), beside(place)
    try:
        state.mkdir(parents=True, exist_ok=True)
        prepared = state / ".restoring.db"
        _prepare(file, prepared)
        kept, epoch = _set_aside(place, replace=replace, at=at), _epoch(place)
        shutil.rmtree(state / "mirror", ignore_errors=True)  # it tells of another database
        if isinstance(place, Server):
            _pour(prepared, place)
        else:
            _overwrite(prepared, place)
        (state / "lvyue.made").unlink(missing_ok=True)  # opening it writes down which it is
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{place}: {error}", hint="nothing was put back") from error
    finally:
        for left in state.glob(".restoring.db*"):
            left.unlink()
    store = Store(place, create=True)
    _depose(store, epoch, at)
    return Restored(backup=found, health=examined(store), kept=kept)


def _prepare(file: Path, prepared: Path) -> None:
    """A copy of the backup with this program's schema, its chain verified."""
    shutil.copyfile(file, prepared)
    with explained(prepared), schema.changing(sqlite.engine(prepared)) as db:
        schema.upgrade(db, prepared)
        audit.verify(warnings.chain(db))


def _set_aside(place: Place, *, replace: bool, at: datetime) -> Path | None:
    """Keep what is there now: as a backup, or, where it cannot even be opened, the file as it is. None: there was nothing."""
    if not _something(place):
        return None
    target = backup.named(beside(place), at)
    target = target.with_name(f"replaced-{target.name}")
    try:
        store = Store(place)
        with store.reading() as db:
            empty = not any(backup.counts(db).values())
    except IntegrityError:
        if not isinstance(place, Path) or not replace:
            raise
        return _moved(place, target)
    if empty:
        return None
    if not replace:
        raise UsageError(
            f"{place}: there is a database already", hint="add --yes to put the backup in its place; a copy is kept"
        )
    return backup.backup(store, target).path


def _epoch(place: Place) -> int:
    """Of the last leader of what is replaced."""
    try:
        with explained(place), engine(place).connect() as db:
            return int(db.execute(select(table_of(LeaderRow).c.epoch)).scalar() or 0)
    except (StoreError, IntegrityError, SQLAlchemyError):
        return 0  # there is no such table, or nothing that can be read


def _depose(store: Store, epoch: int, at: datetime) -> None:
    """No service that led before, there or here, may go on writing as if nothing had happened: epochs never go back."""
    table = table_of(LeaderRow)
    with store.writing() as db:
        known = db.execute(select(table.c.epoch)).scalar()
        values = {"epoch": max(epoch, known or 0) + 1, "holder": "restored", "since": at, "released": True}
        change = insert(table).values(id=1, beat=0) if known is None else update(table)
        db.execute(change.values(values))


def _something(place: Place) -> bool:
    if isinstance(place, Path):
        return place.exists()
    with explained(place), engine(place).connect() as db:
        return schema.of(db, place) is not None


def _moved(place: Path, target: Path) -> Path:
    """A file that is damaged, or of a newer Lvyue, out of the way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for ending in ("-wal", "-shm", ""):
        file = place.with_name(f"{place.name}{ending}")
        if file.exists():
            file.replace(target.with_name(f"{target.name}{ending}"))
    return target


def _overwrite(prepared: Path, place: Path) -> None:
    """SQLite's own way, in one transaction: whoever reads meanwhile goes on with what was there."""
    waits = 0

    def patience(status: int, _remaining: int, _total: int) -> None:
        nonlocal waits
        waits += status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if waits > WAITS:
            raise BusyError(f"{place}: another program is writing to the database", hint="stop it, and try again")

    with closing(sqlite3.connect(prepared)) as source, closing(sqlite3.connect(place)) as target:
        source.backup(target, progress=patience, sleep=WAIT_S)


def _pour(prepared: Path, server: Server) -> None:
    """New tables, all rows, and sequences that go on after them, in one transaction."""
    with explained(server), schema.changing(engine(server)) as target, backup.opened_file(prepared) as source:
        METADATA.drop_all(target)
        target.execute(text("drop table if exists alembic_version"))
        target.execute(text("drop function if exists only_added() cascade"))
        schema.make(target)
        backup.poured(source, target)
        _set_sequences(target)
        if backup.counts(target) != backup.counts(source):
            raise IntegrityError(f"{server}: not every row arrived; nothing was put back")
        audit.verify(warnings.chain(target))


def _set_sequences(db: Connection) -> None:
    for table in METADATA.sorted_tables:
        for column in table.primary_key.columns:
            if isinstance(column.type, BigInteger) and column is table.autoincrement_column:
                last = db.execute(select(func.max(column))).scalar()
                sequence = func.pg_get_serial_sequence(table.name, column.name)
                db.execute(select(func.setval(sequence, last or 1, last is not None)))
