"""Whether a database is what it should be: undamaged, of this schema, guarded by its triggers, its chain of events whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from monitor import audit
from monitor.domain.errors import IntegrityError
from monitor.store import backup, schema, warnings
from monitor.store.db import Store

TRIGGERS = {
    "sqlite": "select name from sqlite_master where type = 'trigger' and tbl_name = 'alert_event'",
    "postgresql": "select tgname from pg_trigger where tgrelid = 'alert_event'::regclass and tgenabled <> 'D'",
}
GUARDS = {
    "sqlite": {"alert_event_no_update", "alert_event_no_delete"},
    "postgresql": {"alert_event_only_added", "alert_event_not_emptied"},
}
"""What keeps the events of warnings from being changed or deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A database in which nothing is wrong."""

    schema: str
    rows: dict[str, int]
    events: int
    head: str


def examined(store: Store, *, shape: bool = True) -> Health:
    """Look a database through. Raises IntegrityError with the first thing that is wrong.

    `shape`: every table is laid beside what it should be as well, which takes longer than all else on a small database.
    """
    with store.reading() as db:
        wrong = next(_wrong(db, shape), None)
        if wrong is not None:
            raise IntegrityError(
                f"{store.place}: {wrong}", hint="restore a backup: `lvyue db restore FILE`; look at the disk"
            )
        verified = audit.verify(warnings.chain(db))
        return Health(schema=schema.head(), rows=backup.counts(db), events=verified.events, head=verified.head)


def _wrong(db: Connection, shape: bool) -> Iterator[str]:
    """Everything that is wrong, the gravest first."""
    name = db.dialect.name
    if name == "sqlite":  # PostgreSQL checks its pages when they are read, and holds its foreign keys
        yield from (row[0] for row in db.exec_driver_sql("pragma integrity_check(1)") if row[0] != "ok")
        for row in db.exec_driver_sql("pragma foreign_key_check"):
            yield f"row {row[1]} of {row[0]} points at a row of {row[2]} that is not there"
    for found in schema.differences(db) if shape else ():
        yield f"its tables are not those of schema {schema.head()}: {found}"
    for missing in sorted(GUARDS[name] - set(db.execute(text(TRIGGERS[name])).scalars())):
        yield f"the trigger {missing} is not there: events could be changed"
    for number in warnings.out_of_step(db):
        yield f"{number} is not in the state that the last event about it says"
