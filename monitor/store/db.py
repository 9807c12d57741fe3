"""Opening the database: a file of SQLite or a PostgreSQL server, with the same tables and the same promises.

`sqlite.py` and `postgresql.py` say how each keeps them; `schema.py` brings a database of an earlier release to this one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError

from monitor.domain.errors import BusyError, IntegrityError, StoreError
from monitor.domain.place import Place, Server, beside
from monitor.store import backup, postgresql, schema, sqlite
from monitor.store.tables import Run, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """That opening a database brought it from an earlier schema to this one, and where it lies as it was before."""

    before: str
    after: str
    kept: Path


class Store:
    """A database, brought to this program's schema when it is opened; of what was there before a backup is kept.

    Raises StoreError when it cannot be made, reached or written, IntegrityError when it is no Lvyue database, belongs to a
    newer Lvyue, or, with `migrate` false, to an older one. With `create` a missing one is made, but only the first time: an
    office whose database vanished must hear of it, not go on with an empty one.
    """

    def __init__(self, place: Place, *, create: bool = False, migrate: bool = True) -> None:
        self.place = place
        self.fence: int | None = None
        """The epoch of the leadership this store writes under; None: a person at a command, whom nobody leads."""
        self.state = beside(place)
        self.migrated: Migrated | None = None
        self._marker = self.state / "lvyue.made"
        if isinstance(place, Path) and not place.exists():
            self._may_be_made(create)
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            if isinstance(place, Path):
                self._marker.touch()
                place.touch()
        except OSError as error:
            raise StoreError(f"{self.state}: {error.strerror}", hint="choose another `state` in config.toml") from error
        self.engine = engine(place)
        with explained(place):
            self._bring_up(create=create, migrate=migrate)
        if isinstance(place, Server):
            self._recognise()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot: everything read inside belongs to one moment. Keep it short, what is replaced is kept meanwhile."""
        with explained(self.place), self.engine.connect() as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it is kept, or none. One writer at a time: nobody else writes between its first look and its
        last word."""
        with explained(self.place), self.engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                self._refuse_if_deposed(connection)
                yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A writing transaction in which tables may be rebuilt: see `schema.changing`."""
        with explained(self.place), schema.changing(self.engine) as connection:
            yield connection

    def alone(self) -> Connection:
        """A connection of its own, which commits each statement and lives until it is closed: for a lock that must not end."""
        return self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def revision(self) -> str | None:
        """The schema the database has, as Alembic names it."""
        with self.reading() as db:
            return schema.of(db, self.place)

    def remember(self) -> None:
        """Write down that a database was made here, and which: a server's by the instant of its first run."""
        self._marker.write_text(self._first_run() if isinstance(self.place, Server) else "", encoding="utf-8")

    def _refuse_if_deposed(self, connection: Connection) -> None:
        if self.fence is None:
            return
        row = connection.execute(text("select epoch, holder from leader")).one()
        if row.epoch != self.fence:
            raise BusyError(
                f"{row.holder} leads now: what this service did under an earlier leadership is not kept",
                hint="nothing was lost: who leads now does it again",
            )

    def _may_be_made(self, create: bool) -> None:
        if self._marker.exists():
            hint = f"restore a backup; to start from nothing, remove {self._marker}"
            raise StoreError(f"{self.place}: the database is not there", hint=hint)
        if not create:
            raise StoreError(f"{self.place}: the database is not there", hint="run `lvyue init`")

    def _bring_up(self, *, create: bool, migrate: bool) -> None:
        current, wanted = self.revision(), schema.head()
        if current == wanted:
            return
        if current is not None and not migrate:
            raise IntegrityError(
                f"{self.place}: its schema is {current}, this Lvyue's is {wanted}", hint="run `lvyue db upgrade`"
            )
        if current is None and isinstance(self.place, Server):
            self._may_be_made(create)
        if current is not None:
            kept = backup.before(self, current, wanted)
            self.migrated = Migrated(before=current, after=wanted, kept=kept.path)
        with self.changing() as db:
            schema.make(db) if current is None else schema.upgrade(db, self.place)

    def _recognise(self) -> None:
        """A server may have another database under the same name tomorrow: put back by somebody, or another office's."""
        said = self._marker.read_text(encoding="utf-8").strip() if self._marker.exists() else ""
        if said and said != self._first_run():
            raise IntegrityError(
                f"{self.place}: this is not the database that was here before: its first run is another",
                hint=f"look at `database` in config.toml; to go on with this one, remove {self._marker}",
            )
        if not said:
            self.remember()

    def _first_run(self) -> str:
        table = table_of(Run)
        with self.reading() as db:
            found = db.execute(select(table.c.started_at).order_by(table.c.id).limit(1)).scalar()
        return found.isoformat() if found else ""


def engine(place: Place) -> Engine:
    """Connections to a database that keep its rules."""
    return postgresql.engine(place) if isinstance(place, Server) else sqlite.engine(place)


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Turn the driver's words into ours: what happened, and what to do."""
    try:
        yield
    except DBAPIError as error:
        told = postgresql.explained(error, place) if isinstance(place, Server) else sqlite.explained(error, place)
        if told is None:
            raise
        raise told from error
