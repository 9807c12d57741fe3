"""The run ledger: a row before the work starts, completed when it ends, whatever came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from monitor.store.tables import Run, table_of

State = Literal["running", "ok", "unchanged", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything a scan is a pure function of. Hashes are SHA-256, instants UTC."""

    as_of: date
    known_at: datetime
    rules_hash: str
    calendar_hash: str
    facts_hash: str | None


def start(db: Connection, kind: str, *, at: datetime, source: str | None = None, as_of: date | None = None) -> int:
    """Open a row in the ledger; its id goes with everything the run writes."""
    values: dict[str, Any] = {
        "kind": kind,
        "source": source,
        "state": "running",
        "started_at": at,
        "counts": {},
        "as_of": as_of,
    }
    inserted = db.execute(insert(table_of(Run)).values(values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def finish(
    db: Connection, run_id: int, state: State, *, at: datetime, counts: dict[str, Any], message: str | None = None
) -> None:
    """Close the row: what came of it, in numbers, and in a sentence when it failed."""
    table = table_of(Run)
    values = {"state": state, "finished_at": at, "counts": counts, "message": message}
    db.execute(update(table).where(table.c.id == run_id).values(values))


def note_inputs(db: Connection, run_id: int, inputs: Inputs) -> None:
    """Write down what a scan was made from, so that it can be made again."""
    table = table_of(Run)
    values = {name: getattr(inputs, name) for name in Inputs.__slots__}
    db.execute(update(table).where(table.c.id == run_id).values(values))


def last_inputs(db: Connection) -> Inputs | None:
    """What the latest finished scan was made from; None before the first."""
    table = table_of(Run)
    done = (table.c.kind == "scan") & (table.c.state != "failed") & table.c.rules_hash.is_not(None)
    row = db.execute(select(table).where(done).order_by(table.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else Inputs(**{name: row[name] for name in Inputs.__slots__})


def last_scan_day(db: Connection) -> date | None:
    """The latest day any finished scan was about."""
    return last_day(db, "scan")


def last_day(db: Connection, kind: str) -> date | None:
    """The latest day that any finished run of a kind was about."""
    table = table_of(Run)
    return db.execute(select(func.max(table.c.as_of)).where(table.c.kind == kind, table.c.state != "failed")).scalar()


def recent(db: Connection, limit: int = 20) -> list[dict[str, Any]]:
    """The newest rows of the ledger, newest first."""
    table = table_of(Run)
    return [dict(row) for row in db.execute(select(table).order_by(table.c.id.desc()).limit(limit)).mappings()]
