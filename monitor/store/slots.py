"""The ledger of the clock: which turn of which job was worked, by whom, and what came of it.

A turn is a row, named by its job and slot: two services cannot work the same one, and one that was killed is found `running` by
the next leader, which works it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from monitor.store.tables import Run, SlotRow, kept, table_of

State = Literal["running", "ok", "failed", "interrupted", "skipped"]
OPEN = ("failed", "interrupted")
"""States from which a slot is worked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A slot as the ledger has it. `missed` counts the slots before it that nobody worked; instants are UTC."""

    job: str
    key: str
    state: State
    attempts: int
    epoch: int
    began_at: datetime
    ended_at: datetime | None = None
    next_try_at: datetime | None = None
    missed: int = 0
    message: str | None = None


def last(db: Connection, job: str) -> Turn | None:
    """The latest slot of a job that anybody began."""
    table = table_of(SlotRow)
    query = select(table).where(table.c.job == job).order_by(table.c.key.desc()).limit(1)
    row = db.execute(query).mappings().first()
    return None if row is None else _turn(dict(row))


def claim(db: Connection, turn: Turn) -> bool:
    """Begin a slot, or once more one that failed, or that we began and could not settle. False when it is done, or worked by
    whoever leads now."""
    table = table_of(SlotRow)
    found = db.execute(
        select(table.c.state, table.c.attempts, table.c.epoch).where(table.c.job == turn.job, table.c.key == turn.key)
    ).first()
    values = {name: getattr(turn, name) for name in Turn.__slots__}
    if found is None:
        db.execute(insert(table).values(values))
        return True
    if found.state not in OPEN and (found.state, found.epoch) != ("running", turn.epoch):
        return False
    again = {"attempts": found.attempts + 1, "state": "running", "ended_at": None, "next_try_at": None, "message": None}
    mine = (table.c.job == turn.job) & (table.c.key == turn.key)
    db.execute(update(table).where(mine).values(again | {"epoch": turn.epoch, "began_at": turn.began_at}))
    return True


def settle(
    db: Connection, turn: Turn, state: State, *, at: datetime, message: str = "", next_try_at: datetime | None = None
) -> None:
    """End a slot: what came of it, and when a failed one is tried again."""
    table = table_of(SlotRow)
    mine = (table.c.job == turn.job) & (table.c.key == turn.key) & (table.c.epoch == turn.epoch)
    values = {"state": state, "ended_at": at, "message": kept(message[:500]) or None, "next_try_at": next_try_at}
    db.execute(update(table).where(mine).values(values))


def interrupt(db: Connection, *, at: datetime) -> int:
    """What is still `running` was cut off, for whoever asks leads now: slots, to be worked again, and runs. How many slots."""
    slot, run = table_of(SlotRow), table_of(Run)
    values = {"state": "interrupted", "ended_at": at, "message": "cut off"}
    found = db.execute(update(slot).where(slot.c.state == "running").values(values)).rowcount
    cut = {"state": "interrupted", "finished_at": at, "message": "cut off; what it had not finished is not kept"}
    db.execute(update(run).where(run.c.state == "running").values(cut))
    return found


def latest(db: Connection) -> list[Turn]:
    """The latest slot of every job, by job."""
    table = table_of(SlotRow)
    newest = select(table.c.job, func.max(table.c.key).label("key")).group_by(table.c.job).subquery()
    query = (
        select(table).join(newest, (table.c.job == newest.c.job) & (table.c.key == newest.c.key)).order_by(table.c.job)
    )
    return [_turn(dict(row)) for row in db.execute(query).mappings()]


def listed(db: Connection, job: str | None = None, *, limit: int = 50) -> list[Turn]:
    """The newest slots, of one job or all, newest first."""
    table = table_of(SlotRow)
    query = select(table).order_by(table.c.began_at.desc(), table.c.job).limit(limit)
    if job is not None:
        query = query.where(table.c.job == job)
    return [_turn(dict(row)) for row in db.execute(query).mappings()]


def _turn(row: dict[str, Any]) -> Turn:
    return Turn(**{name: row[name] for name in Turn.__slots__})
