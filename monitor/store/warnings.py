"""Warnings as they stand, what happened to them, and silences. Letters about them are in outbox.py, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, bindparam, func, insert, select, update

from monitor import audit
from monitor.domain.errors import IntegrityError, UsageError
from monitor.domain.portfolio import schema
from monitor.domain.warning import ARMING, SETTLED, Alert, Change, Silence
from monitor.store.tables import AlertEvent, AlertRow, SilenceRow, batched, table_of

_OWN = tuple(name for name in Alert.__slots__ if name != "id")
_OWN_OF = attrgetter(*_OWN)
_MOVING = tuple(
    name for name in _OWN if name not in ("rule", "subject", "subject_id")
)  # what it is about never changes
_MOVING_OF = attrgetter(*_MOVING)

PIECE = 5_000
"""Rows handed over at a time: what is made for all of them at once is looked through again and again by Python's collector."""


def standing(db: Connection) -> list[Alert]:
    """Every warning not released, in the order they were opened: what a scan must lay its outcomes against."""
    table = table_of(AlertRow)
    query = select(table).where(table.c.released_on.is_(None)).order_by(table.c.id)
    return [_alert(dict(row)) for row in db.execute(query).mappings()]


def around(db: Connection, alert: Alert) -> list[Alert]:
    """The warnings not released that bear on letters about one: on the same subject, or of the same contract."""
    table = table_of(AlertRow)
    same = (table.c.subject == alert.subject) & (table.c.subject_id == alert.subject_id)
    if alert.contract_id is not None:
        same |= table.c.contract_id == alert.contract_id
    rows = db.execute(select(table).where(table.c.released_on.is_(None), same).order_by(table.c.id)).mappings()
    return [_alert(dict(row)) for row in rows]


def by_id(db: Connection, ids: Sequence[int]) -> dict[int, Alert]:
    """Some warnings as they stand now."""
    table = table_of(AlertRow)
    return {
        row["id"]: _alert(dict(row))
        for some in batched(ids)
        for row in db.execute(select(table).where(table.c.id.in_(some)).order_by(table.c.id)).mappings()
    }


def numbered(db: Connection, number: str) -> Alert:
    """The warning of a number that people use, such as YJ-2026-00031, or of its bare id.

    Raises UsageError when there is none.
    """
    digits = number.strip().rpartition("-")[2]
    found = by_id(db, [int(digits)]) if digits.isdecimal() and len(digits) <= 18 else {}
    alert = next(iter(found.values()), None)
    if alert is None or number.strip().upper() not in (digits, alert.number):
        raise UsageError(f"there is no warning {number!r}", hint="`lvyue alerts list` shows those there are")
    return alert


def history(db: Connection, alert_id: int) -> list[dict[str, Any]]:
    """Everything that happened to a warning, oldest first."""
    table = table_of(AlertEvent)
    rows = db.execute(select(table).where(table.c.alert_id == alert_id).order_by(table.c.id)).mappings()
    return [dict(row) for row in rows]


def histories(db: Connection, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The same of several, by warning."""
    table = table_of(AlertEvent)
    found: dict[int, list[dict[str, Any]]] = {one: [] for one in ids}
    for some in batched(ids):
        for row in db.execute(select(table).where(table.c.alert_id.in_(some)).order_by(table.c.id)).mappings():
            found[row["alert_id"]].append(dict(row))
    return found


def acknowledged(db: Connection) -> dict[str, list[int]]:
    """By level: how many warnings somebody took up, and the seconds from when each was last raised until then, in all."""
    table = table_of(AlertEvent)
    columns = (table.c.alert_id, table.c.kind, table.c.after, table.c.happened_at)
    kinds = table.c.kind.in_(("acknowledged", *ARMING))
    since: dict[int, tuple[str, datetime]] = {}
    found: dict[str, list[int]] = {}
    for alert, kind, level, at in db.execute(
        select(*columns).where(kinds, table.c.happened_at.is_not(None)).order_by(table.c.id)
    ):
        if kind != "acknowledged":
            since[alert] = (level, at)
        elif alert in since:
            raised, then = since.pop(alert)
            counted = found.setdefault(raised, [0, 0])
            counted[0] += 1
            counted[1] += max(0, round((at - then).total_seconds()))
    return found


def between(db: Connection, first: date, last: date) -> list[dict[str, Any]]:
    """What happened from a day to another, oldest first."""
    table = table_of(AlertEvent)
    query = select(table).where(table.c.happened_on >= first, table.c.happened_on <= last).order_by(table.c.id)
    return [dict(row) for row in db.execute(query).mappings()]


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
        select(
            table.c.id,
            table.c.contract_id,
            table.c.rule,
            table.c.previous,
            event.c.kind,
            event.c.after,
            event.c.state,
            event.c.happened_on,
        )
        .join(event, event.c.alert_id == table.c.id)
        .where(event.c.happened_on < as_of, event.c.kind.not_in(("escalated", "resurfaced", "assigned")))
        .order_by(event.c.id)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in db.execute(query).mappings():
        state = found.setdefault(
            row["id"], {"contract_id": row["contract_id"], "rule": row["rule"], "opened_on": row["happened_on"]}
        )
        state |= {"state": row["state"] or ("closed" if row["kind"] == "closed" else "open")}
        if row["after"] is None:
            state["cleared_on"] = row["happened_on"]
        elif row["kind"] == "reopened":
            state["cleared_on"] = found[row["previous"]].get("cleared_on")
        elif row["kind"] in ("opened", "raised", "lowered", "recurred", "updated"):
            state["cleared_on"] = None
        if row["kind"] in ("opened", "raised", "lowered", "recurred", "reopened"):
            state |= {"level": row["after"], "level_since": row["happened_on"]}
    rows = [state for state in found.values() if state["state"] not in SETTLED]
    return pa.Table.from_pylist(rows, schema=schema("alert"))


def save(
    db: Connection, changes: Sequence[Change], *, run_id: int | None, on: date, at: datetime | None = None
) -> list[Change]:
    """Write changed warnings and their events; new ones come back with their id. A case that another goes on from is released.

    Raises IntegrityError of the database when a second open warning for the same rule and subject would arise.
    """
    table, events = table_of(AlertRow), table_of(AlertEvent)
    changes = [replace(one, alert=replace(one.alert, turn=one.alert.turn + 1)) for one in changes]
    new = [change for change in changes if change.alert.id is None]
    ids: list[int] = []
    for old in batched([change.alert.previous for change in new if change.alert.previous is not None]):
        gone = update(table).where(table.c.id.in_(old), table.c.released_on.is_(None))
        db.execute(gone.values(released_on=on, turn=table.c.turn + 1))
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
    head = audit.START if not saved else _head(db)
    for some in batched(saved, PIECE):
        rows = [_event(change, run_id, on, at) for change in some]
        for row in rows:
            row["previous_hash"], row["hash"] = head, audit.link(head, row)
            head = row["hash"]
        db.execute(insert(events), rows)
    return saved


def _alert(row: dict[str, Any]) -> Alert:
    return Alert(**{name: row[name] for name in Alert.__slots__})


def chain(db: Connection) -> Iterator[Mapping[str, Any]]:
    """Every event of every warning, oldest first, as the chain goes."""
    table = table_of(AlertEvent)
    for row in db.execute(select(table).order_by(table.c.id)).mappings():
        yield dict(row)


def whole(db: Connection, *, expect: str = "", anchored: Sequence[audit.Anchor] = ()) -> audit.Verified:
    """Whether what happened to warnings is as it was written: every link of the chain, and that the warnings stand as it says.

    `expect` and `anchored` are heads that were written down earlier. Raises IntegrityError with the first thing that is not.
    """
    verified = audit.verify(chain(db), expect=expect, anchored=anchored)
    if wrong := out_of_step(db):
        raise IntegrityError(
            f"{', '.join(wrong[:20])}: the state is not what the last event says ({len(wrong)} in all)",
            hint="`lvyue alerts show` has the events, which are whole",
        )
    return verified


def out_of_step(db: Connection) -> list[str]:
    """Warnings whose state is not what the last event about them says: somebody changed the row and left the events."""
    table, event = table_of(AlertRow), table_of(AlertEvent)
    newest = select(func.max(event.c.id)).where(event.c.state.is_not(None)).group_by(event.c.alert_id)
    query = (
        select(table).join(event, event.c.alert_id == table.c.id)
        .where(event.c.id.in_(newest), event.c.state != table.c.state).order_by(table.c.id)
    )  # fmt: skip
    return [_alert(dict(row)).number for row in db.execute(query).mappings()]


def _head(db: Connection) -> str:
    table = table_of(AlertEvent)
    return db.execute(select(table.c.hash).order_by(table.c.id.desc()).limit(1)).scalar() or audit.START


def _values(alert: Alert, run_id: int | None) -> dict[str, Any]:
    """A row of the table. Not by `asdict`: that copies every finding to the bottom, which took longer than to write it."""
    return dict(zip(_OWN, _OWN_OF(alert), strict=True), run_id=run_id)


def _event(change: Change, run_id: int | None, on: date, at: datetime | None) -> dict[str, Any]:
    return {
        "alert_id": change.alert.id, "run_id": run_id, "happened_on": on, "kind": change.event,
        "before": change.before, "after": change.after, "actor": change.actor, "reason": change.note or None,
        "happened_at": at, "state": change.alert.state, "detail": change.detail,
    }  # fmt: skip


def silences(db: Connection, *, since: date | None = None) -> list[Silence]:
    """Silences that had not run out on a day; all of them when no day is given."""
    table = table_of(SilenceRow)
    query = select(table).order_by(table.c.id)
    if since is not None:
        query = query.where(table.c.until >= since, table.c.ended_on.is_(None) | (table.c.ended_on > since))
    return [Silence(**row) for row in db.execute(query).mappings()]


def keep_quiet(db: Connection, silence: Silence) -> int:
    """Write a silence down; its id."""
    values = {name: getattr(silence, name) for name in Silence.__slots__ if name != "id"}
    inserted = db.execute(insert(table_of(SilenceRow)).values(values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def end_silence(db: Connection, silence_id: int, *, on: date) -> None:
    """It is quiet no longer from a day on. Raises UsageError when there is no such silence, or it is over."""
    table = table_of(SilenceRow)
    query = update(table).where(table.c.id == silence_id, table.c.ended_on.is_(None), table.c.until >= on)
    if db.execute(query.values(ended_on=on)).rowcount != 1:
        raise UsageError(f"silence {silence_id} is none that still holds", hint="`lvyue alerts silences` lists them")
