"""The outbox: letters that wait, are being sent, were sent, or were set aside. Written in the transaction of the warnings.

A sender claims letters for `LEASE` and settles each when the other side has answered. A letter is sent again after a crash,
with the same key and so the same Message-ID, and never lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from monitor.domain.errors import UsageError
from monitor.domain.warning import Letter
from monitor.store.tables import LetterRow, batched, kept, table_of

LEASE = timedelta(minutes=10)
"""How long a sender may hold a letter before another may take it: longer than the longest SMTP exchange."""


def post(db: Connection, letters: Sequence[Letter], *, run_id: int | None) -> int:
    """Put letters into the outbox; one whose key is there already is the same letter and is not added again."""
    table = table_of(LetterRow)
    there = known(db, [letter.key for letter in letters])
    fresh = list({letter.key: letter for letter in letters if letter.key not in there}.values())
    if fresh:
        rows = [
            {name: getattr(letter, name) for name in Letter.__slots__}
            | {"run_id": run_id, "state": "waiting", "next_try_at": letter.not_before or letter.created_at}
            for letter in fresh
        ]
        db.execute(insert(table), rows)
    return len(fresh)


def claim(db: Connection, *, at: datetime, limit: int = 5, now: datetime | None = None) -> list[Letter]:
    """Take letters whose time has come, oldest first, and hold them for `LEASE` from `now`. Letters of a sender that died
    come back."""
    table = table_of(LetterRow)
    due = or_(
        (table.c.state == "waiting") & (table.c.next_try_at <= at),
        (table.c.state == "sending") & (table.c.lease_until < at),
    )
    rows = db.execute(select(table).where(due).order_by(table.c.created_at, table.c.key).limit(limit)).mappings().all()
    names = Letter.__slots__
    for row in rows:
        values = {"state": "sending", "lease_until": (now or at) + LEASE, "attempts": row["attempts"] + 1}
        db.execute(update(table).where(table.c.key == row["key"]).values(values))
    return [Letter(**{name: row[name] for name in names} | {"attempts": row["attempts"] + 1}) for row in rows]


def settle(
    db: Connection,
    letter: Letter,
    state: str,
    *,
    at: datetime,
    reply: str,
    next_try_at: datetime | None = None,
    held: bool = False,
) -> bool:
    """Write down what became of a claimed letter: `sent`, `waiting` for another try, or `parked` for a person to look at.

    `held` is one that was not even tried: it costs no attempt. False, and nothing is written, when the lease ran out and
    another sender has the letter now: `attempts` is the token that says whose turn it is.
    """
    table = table_of(LetterRow)
    values: dict[str, Any] = {"state": state, "reply": kept(reply)[:500], "lease_until": None}
    if state == "sent":
        values["sent_at"] = at
    if next_try_at is not None:
        values["next_try_at"] = next_try_at
    if held:
        values["attempts"] = letter.attempts - 1
    mine = (table.c.key == letter.key) & (table.c.state == "sending") & (table.c.attempts == letter.attempts)
    return db.execute(update(table).where(mine).values(values)).rowcount == 1


def counts(db: Connection) -> dict[str, int]:
    """How many letters are waiting, being sent, sent, parked, dropped."""
    table = table_of(LetterRow)
    rows = db.execute(select(table.c.state, func.count()).group_by(table.c.state).order_by(table.c.state)).all()
    return {row[0]: row[1] for row in rows}


def listed(db: Connection, *, states: Sequence[str] = (), limit: int = 1000) -> list[dict[str, Any]]:
    """Letters without their text, newest first."""
    table = table_of(LetterRow)
    columns = [column for column in table.c if column.name != "content"]
    query = select(*columns).order_by(table.c.created_at.desc(), table.c.key).limit(limit)
    if states:
        query = query.where(table.c.state.in_(states))
    return [dict(row) for row in db.execute(query).mappings()]


def again(db: Connection, keys: Sequence[str], *, at: datetime) -> list[str]:
    """Letters that were set aside or wait are tried again at once; one that is refused again is set aside again.

    Attempts are not forgotten: they are the token by which a sender that slept is known. Raises UsageError as `_found`.
    """
    table, found = table_of(LetterRow), _found(db, keys, ("parked", "waiting", "dropped"))
    values = {"state": "waiting", "next_try_at": at, "lease_until": None}
    db.execute(update(table).where(table.c.key.in_(found)).values(values))
    return found


def drop(db: Connection, keys: Sequence[str], *, reason: str) -> list[str]:
    """Letters that will never be sent, and why. They stay in the outbox, dropped. Raises UsageError as `_found`."""
    table, found = table_of(LetterRow), _found(db, keys, ("parked", "waiting"))
    values = {"state": "dropped", "reply": f"dropped: {reason}"[:500], "lease_until": None}
    db.execute(update(table).where(table.c.key.in_(found)).values(values))
    return found


def known(db: Connection, keys: Sequence[str]) -> set[str]:
    """Which of some letters were written already."""
    table = table_of(LetterRow)
    return {
        key for some in batched(keys) for key in db.execute(select(table.c.key).where(table.c.key.in_(some))).scalars()
    }


def withdraw(db: Connection, alert_id: int | None, *, reason: str) -> None:
    """Letters that urge about a warning and still wait for office hours are not sent once somebody acted: they would be false."""
    table = table_of(LetterRow)
    waiting = (table.c.state == "waiting") & (table.c.kind == "escalated") & (table.c.attempts == 0)
    rows = db.execute(select(table.c.key, table.c.content).where(waiting)).all()
    gone = [row.key for row in rows if row.content["items"][0]["alert_id"] == alert_id]
    values = {"state": "dropped", "reply": f"dropped: {reason}"[:500]}
    for some in batched(gone):
        db.execute(update(table).where(table.c.key.in_(some)).values(values))


def _found(db: Connection, keys: Sequence[str], states: Sequence[str]) -> list[str]:
    """Whole keys for keys or their beginnings. Raises UsageError for one that fits none or several, or is in another state."""
    table = table_of(LetterRow)
    whole = []
    for key in keys:
        begins = table.c.key.startswith(key, autoescape=True)
        rows = db.execute(select(table.c.key, table.c.state).where(begins).limit(2)).all()
        if len(rows) != 1 or len(key) < 4:
            raise UsageError(
                f"{key!r} names {'no' if not rows else 'no single'} letter", hint="see `lvyue outbox list`"
            )
        if rows[0].state not in states:
            raise UsageError(f"letter {key} is {rows[0].state}", hint=f"it would have to be {' or '.join(states)}")
        whole.append(rows[0].key)
    return whole
