"""Warnings and letters: what is open, what changed, what is to be sent. Written together in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from monitor.domain.portfolio import schema
from monitor.domain.warning import Alert, Change, Letter
from monitor.store.tables import AlertEvent, AlertRow, LetterRow, batched, table_of

_OWN = tuple(name for name in Alert.__slots__ if name != "id")
_OWN_OF = attrgetter(*_OWN)
_MOVING = tuple(
    name for name in _OWN if name not in ("rule", "subject", "subject_id")
)  # what it is about never changes
_MOVING_OF = attrgetter(*_MOVING)

PIECE = 5_000
"""Rows handed over at a time: what is made for all of them at once is looked through again and again by Python's collector."""

LEASE = timedelta(minutes=10)
"""How long a sender may hold a letter before another may take it: longer than the longest SMTP exchange."""


def open_alerts(db: Connection) -> list[Alert]:
    """Every warning not closed, in the order they were opened."""
    table = table_of(AlertRow)
    rows = db.execute(select(table).where(table.c.closed_on.is_(None)).order_by(table.c.id)).mappings()
    return [_alert(dict(row)) for row in rows]


def listed(db: Connection, *, include_closed: bool = False) -> list[Alert]:
    """Warnings for people to read, newest level change first."""
    table = table_of(AlertRow)
    query = select(table).order_by(table.c.level_since.desc(), table.c.id)
    if not include_closed:
        query = query.where(table.c.closed_on.is_(None))
    return [_alert(dict(row)) for row in db.execute(query).mappings()]


def as_facts(db: Connection, as_of: date) -> pa.Table:
    """Warnings as they stood when the day began, rebuilt from their events: what later scans did is not seen.

    One row a warning not closed by then. A scan's own warnings are not among its facts, so it can be repeated.
    """
    table, event = table_of(AlertRow), table_of(AlertEvent)
    query = (
        select(table.c.id, table.c.contract_id, table.c.rule, event.c.kind, event.c.after, event.c.happened_on)
        .join(event, event.c.alert_id == table.c.id)
        .where(event.c.happened_on < as_of)
        .order_by(event.c.id)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in db.execute(query).mappings():
        state = found.setdefault(
            row["id"], {"contract_id": row["contract_id"], "rule": row["rule"], "opened_on": row["happened_on"]}
        )
        state |= {"state": "closed" if row["kind"] == "closed" else "open"}
        state["cleared_on"] = row["happened_on"] if row["kind"] in ("cleared", "closed") else None
        if row["kind"] in ("opened", "raised", "lowered", "recurred"):
            state |= {"level": row["after"], "level_since": row["happened_on"]}
    rows = [state for state in found.values() if state["state"] != "closed"]
    return pa.Table.from_pylist(rows, schema=schema("alert"))


def save(db: Connection, changes: Sequence[Change], *, run_id: int, on: date) -> list[Change]:
    """Write changed warnings and their events; new ones come back with their id.

    Raises IntegrityError of the database when a second open warning for the same rule and subject would arise.
    """
    table, events = table_of(AlertRow), table_of(AlertEvent)
    new = [change for change in changes if change.alert.id is None]
    ids: list[int] = []
    if new:
        rows = [_values(change.alert, run_id) for change in new]
        ids = list(db.execute(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows).scalars())
    numbered = iter(ids)
    saved = [
        replace(change, alert=replace(change.alert, id=next(numbered))) if change.alert.id is None else change
        for change in changes
    ]
    known = [change.alert for change in changes if change.alert.id is not None]
    query = update(table).where(table.c.id == bindparam("row_id"))
    for alerts in batched(known, PIECE):
        values = (
            dict(zip(_MOVING, _MOVING_OF(alert), strict=True), run_id=run_id, row_id=alert.id) for alert in alerts
        )
        db.execute(query, list(values))
    for some in batched(saved, PIECE):
        db.execute(insert(events), [_event(change, run_id, on) for change in some])
    return saved


def post(db: Connection, letters: Sequence[Letter], *, run_id: int) -> int:
    """Put letters into the outbox; one whose key is there already is the same letter and is not added again."""
    table = table_of(LetterRow)
    keys = [letter.key for letter in letters]
    known = {
        key for some in batched(keys) for key in db.execute(select(table.c.key).where(table.c.key.in_(some))).scalars()
    }
    fresh = list({letter.key: letter for letter in letters if letter.key not in known}.values())
    if fresh:
        rows = [
            {name: getattr(letter, name) for name in Letter.__slots__}
            | {"run_id": run_id, "state": "waiting", "next_try_at": letter.created_at}
            for letter in fresh
        ]
        db.execute(insert(table), rows)
    return len(fresh)


def claim(db: Connection, *, at: datetime, limit: int = 50) -> list[Letter]:
    """Take letters whose time has come, oldest first, and hold them for `LEASE`. Letters of a sender that died come back."""
    table = table_of(LetterRow)
    due = or_(
        (table.c.state == "waiting") & (table.c.next_try_at <= at),
        (table.c.state == "sending") & (table.c.lease_until < at),
    )
    rows = db.execute(select(table).where(due).order_by(table.c.created_at, table.c.key).limit(limit)).mappings().all()
    names = Letter.__slots__
    for row in rows:
        values = {"state": "sending", "lease_until": at + LEASE, "attempts": row["attempts"] + 1}
        db.execute(update(table).where(table.c.key == row["key"]).values(values))
    return [Letter(**{name: row[name] for name in names} | {"attempts": row["attempts"] + 1}) for row in rows]


def settle(
    db: Connection, key: str, state: str, *, at: datetime, reply: str, next_try_at: datetime | None = None
) -> None:
    """Write down what became of a letter: `sent`, `waiting` for another try, or `parked` for a person to look at."""
    table = table_of(LetterRow)
    values: dict[str, Any] = {"state": state, "reply": reply[:500], "lease_until": None}
    if state == "sent":
        values["sent_at"] = at
    if next_try_at is not None:
        values["next_try_at"] = next_try_at
    db.execute(update(table).where(table.c.key == key).values(values))


def outbox(db: Connection) -> dict[str, int]:
    """How many letters are waiting, being sent, sent, parked."""
    table = table_of(LetterRow)
    rows = db.execute(select(table.c.state, func.count()).group_by(table.c.state)).all()
    return {row[0]: row[1] for row in rows}


def _alert(row: dict[str, Any]) -> Alert:
    return Alert(**{name: row[name] for name in Alert.__slots__})


def _values(alert: Alert, run_id: int) -> dict[str, Any]:
    """A row of the table. Not by `asdict`: that copies every finding to the bottom, which took longer than to write it."""
    return dict(zip(_OWN, _OWN_OF(alert), strict=True), run_id=run_id)


def _event(change: Change, run_id: int, on: date) -> dict[str, Any]:
    return {
        "alert_id": change.alert.id, "run_id": run_id, "happened_on": on, "kind": change.event,
        "before": change.before, "after": change.after, "actor": "lvyue",
    }  # fmt: skip
