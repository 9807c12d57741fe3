"""Backups: always one file of SQLite with the schema of the database it was made of, whatever that is.

So a backup of either can be put back into either, which is also how an office moves from SQLite to PostgreSQL. A backup gets its
name when it is whole: made under another one, looked through, and on the disk. Beside it lies its SHA-256, as `sha256sum -c`
reads it.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, Table, func, insert, select

from monitor.domain.errors import IntegrityError, StoreError, UsageError
from monitor.store import schema, sqlite
from monitor.store.tables import METADATA

if TYPE_CHECKING:
    from monitor.store.db import Store

PIECE = 2_000
"""Rows copied at a time."""

OURS = re.compile(r"lvyue-\d{8}T\d{6}Z\.db")
"""Names that `named` gives: only such files are ever pruned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that is whole: where it lies, its SHA-256 (hex), its schema, and how many rows each table has."""

    path: Path
    sha256: str
    schema: str
    rows: dict[str, int]


def backup(store: Store, target: Path) -> Backup:
    """Copy a database as it is at one moment, while others read and write it.

    Raises UsageError when there is such a file already, StoreError when it cannot be written or the database not be read.
    """
    if target.exists():
        raise UsageError(f"{target} is there already", hint="name another file")
    waiting = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _away(waiting)
        if isinstance(store.place, Path):
            _copied(store.place, waiting)
        else:
            _exported(store, waiting)
        found = inspected(waiting)
        _synced(waiting)
        sums = target.with_name(f"{target.name}.sha256")
        sums.write_text(f"{found.sha256}  {target.name}\n", encoding="utf-8")
        _synced(sums)
        waiting.replace(target)
        _synced(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target}: {_told(error)}", hint="no backup was made; the database is as it was") from error
    finally:
        with suppress(OSError):  # the folder could not be made
            _away(waiting)
    return Backup(path=target, sha256=found.sha256, schema=found.schema, rows=found.rows)


def named(state: Path, at: datetime) -> Path:
    """Where a backup of an instant belongs.

    >>> named(Path("state"), datetime(2026, 3, 1, 4, 30, tzinfo=UTC)).as_posix()
    'state/backups/lvyue-20260301T043000Z.db'
    """
    return state / "backups" / f"lvyue-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.db"


def before(store: Store, current: str, wanted: str) -> Backup:
    """A backup of a database of an earlier schema, before it is brought to another. These are never pruned."""
    stem, number = f"before-{wanted}-schema-{current}", 1
    while (target := store.state / "backups" / f"{stem}-{number}.db").exists():
        number += 1
    return backup(store, target)


def prune(folder: Path, *, keep: int, but: Path | None = None) -> list[Path]:
    """Delete all but the newest `keep` backups that are named by their instant; what was deleted. Others are left alone, and so
    is `but`: made today, it may have an older name than those of a night with a wrong clock.
    """
    ours = sorted(path for path in folder.glob("lvyue-*.db") if OURS.fullmatch(path.name))
    gone = [path for path in ours if path != but][: max(len(ours) - keep, 0)]
    for path in gone:
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.sha256").unlink(missing_ok=True)
    return gone


def inspected(file: Path) -> Backup:
    """Look a backup through: the sum beside it, where there is one, SQLite's own check, and its schema.

    Raises StoreError when it cannot be read, IntegrityError when it is damaged, no backup of Lvyue, or of a newer one.
    """
    try:
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        sums = file.with_name(f"{file.name}.sha256")
        said = sums.read_text(encoding="utf-8").split()[:1] if sums.exists() else [sha256]
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}", hint="name a file that `lvyue db backup` wrote") from error
    if said != [sha256]:
        raise IntegrityError(f"{file}: its SHA-256 is not the one in {sums.name}", hint="take another backup")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
            [said] = db.execute("pragma integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise IntegrityError(f"{file}: {error}", hint="take another backup") from error
    if said != "ok":
        raise IntegrityError(f"{file}: the backup is damaged: {said}", hint="take another backup")
    with opened_file(file) as db:
        revision = schema.of(db, file)
        if revision is None:
            raise IntegrityError(f"{file}: there is nothing in it", hint="take another backup")
        return Backup(path=file, sha256=sha256, schema=revision, rows=counts(db))


@contextmanager
def opened_file(file: Path) -> Iterator[Connection]:
    """A file of SQLite as it stands, to be read."""
    with sqlite.still(file).connect() as db:
        yield db


def counts(db: Connection) -> dict[str, int]:
    """How many rows each table has, by its name. Who leads is left out: that is of a service, not of the office."""
    tables = [table for table in _tables(db) if table.name != "leader"]
    return {table.name: db.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


def poured(source: Connection, target: Connection) -> None:
    """Copy every row of one database into the empty tables of another that has the same schema."""
    for table in _tables(source):
        keys = list(table.primary_key.columns)
        rows = source.execution_options(yield_per=PIECE).execute(select(table).order_by(*keys)).mappings()
        for piece in rows.partitions(PIECE):
            target.execute(insert(table), [dict(row) for row in piece])


def _tables(db: Connection) -> list[Table]:
    """The tables of a database: as this program knows them, or, of an earlier schema, as they are. Those that others point at
    come first."""
    if schema.of(db, Path()) == schema.head():
        return METADATA.sorted_tables
    found = MetaData()
    found.reflect(db)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _copied(source: Path, target: Path) -> None:
    """SQLite's own way: what is written meanwhile does not disturb it."""
    address = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as db, closing(sqlite3.connect(target)) as copy:
        db.backup(copy)
        copy.execute("pragma journal_mode=delete")  # one file, not three


def _exported(store: Store, target: Path) -> None:
    """A file of the same schema, filled table by table from one snapshot."""
    target.touch()
    with store.reading() as source:
        revision = schema.of(source, store.place)
        assert revision is not None  # a store that is open has a schema
        with schema.changing(sqlite.engine(target)) as copy:
            schema.upgrade(copy, target, to=revision)
            poured(source, copy)
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("pragma journal_mode=delete")


def _synced(path: Path) -> None:
    """Wait until it is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _away(file: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        file.with_name(f"{file.name}{ending}").unlink(missing_ok=True)


def _told(error: OSError | sqlite3.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
