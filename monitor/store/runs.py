"""The run ledger: a row before the work starts, completed when it ends, whatever came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from loguru import logger
from sqlalchemy import ColumnElement, Connection, extract, func, insert, select, update

from monitor.domain.errors import HeldError, LvyueError, StoreError
from monitor.store.db import Store
from monitor.store.tables import AlertEvent, Run, table_of, version_table
from monitor.store.tables import kept as plain

State = Literal["running", "ok", "unchanged", "failed", "interrupted", "waiting"]
DONE = ("ok", "unchanged")


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
    values = {"state": state, "finished_at": at, "counts": counts, "message": message and plain(message)}
    db.execute(update(table).where(table.c.id == run_id).values(values))


@contextmanager
def kept(store: Store, run_id: int, at: datetime) -> Iterator[None]:
    """Whatever goes wrong inside is written into the ledger, then goes on to whoever asked."""
    try:
        yield
    except LvyueError as error:
        logger.error("failed: {reason}", reason=error.message)
        _note_failure(store, run_id, at, error.message, waiting=isinstance(error, HeldError))
        raise
    except BaseException as error:
        _note_failure(store, run_id, at, f"{type(error).__name__}")
        raise


def _note_failure(store: Store, run_id: int, at: datetime, message: str, *, waiting: bool = False) -> None:
    try:
        with store.writing() as db:
            finish(db, run_id, "waiting" if waiting else "failed", at=at, counts={}, message=message)
    except StoreError as error:  # a full disk cannot even take this line; the first error is the one to show
        logger.error("the ledger could not be written: {reason}", reason=error.message)


def last_full(db: Connection, source: str) -> datetime | None:
    """When a source was last asked for everything, and it came."""
    table = table_of(Run)
    done = (table.c.kind == "pull") & (table.c.source == source) & table.c.state.in_(("ok", "unchanged"))
    rows = db.execute(select(table.c.started_at, table.c.counts).where(done).order_by(table.c.id.desc()))
    return next((started for started, counts in rows if counts.get("partial") is None), None)


def last_of(db: Connection, source: str) -> dict[str, Any] | None:
    """The newest pull of a source, whatever came of it."""
    table = table_of(Run)
    mine = table.c.kind.in_(("pull", "accept")) & (table.c.source == source)
    row = db.execute(select(table).where(mine).order_by(table.c.id.desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def last_note(db: Connection, source: str) -> dict[str, Any] | None:
    """The newest pull of a source that went well and has something to say all the same: fields that came or went."""
    table = table_of(Run)
    mine = (
        (table.c.kind == "pull") & (table.c.source == source) & (table.c.state == "ok") & table.c.message.is_not(None)
    )
    row = db.execute(select(table).where(mine).order_by(table.c.id.desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def note_inputs(db: Connection, run_id: int, inputs: Inputs) -> None:
    """Write down what a scan was made from, so that it can be made again."""
    table = table_of(Run)
    values = {name: getattr(inputs, name) for name in Inputs.__slots__}
    db.execute(update(table).where(table.c.id == run_id).values(values))


def last_inputs(db: Connection) -> Inputs | None:
    """What the latest finished scan was made from; None before the first."""
    table = table_of(Run)
    done = (table.c.kind == "scan") & table.c.state.in_(DONE) & table.c.rules_hash.is_not(None)
    row = db.execute(select(table).where(done).order_by(table.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else Inputs(**{name: row[name] for name in Inputs.__slots__})


def last_scan_day(db: Connection) -> date | None:
    """The latest day any finished scan was about."""
    return last_day(db, "scan")


def last_day(db: Connection, kind: str) -> date | None:
    """The latest day that any finished run of a kind was about."""
    table = table_of(Run)
    return db.execute(select(func.max(table.c.as_of)).where(table.c.kind == kind, table.c.state.in_(DONE))).scalar()


def one(db: Connection, run_id: int) -> dict[str, Any] | None:
    """A row of the ledger, whole."""
    table = table_of(Run)
    row = db.execute(select(table).where(table.c.id == run_id)).mappings().first()
    return None if row is None else dict(row)


def by_year(db: Connection) -> list[dict[str, Any]]:
    """What was done in each civil year, newest first, in the words of a yearly report: `reviews` (legality reviews finished,
    合法性审查) and `filings` (contracts filed, 备案), by their own days as they are known now; `warnings` opened and
    `assessments` written by people (风险研判); `scans` by the day they were about, and the `judgements` they made: a
    rule on a subject."""
    event, run = table_of(AlertEvent), table_of(Run)
    scans = (run.c.kind == "scan") & run.c.state.in_(DONE)
    found: dict[int, dict[str, Any]] = {}
    for name, day, where in (
        ("reviews", version_table("review").c.finished_on, _newest("review")),
        ("filings", version_table("filing").c.filed_on, _newest("filing")),
        ("warnings", event.c.happened_on, event.c.kind.in_(("opened", "recurred"))),
        ("assessments", event.c.happened_on, event.c.kind == "assessed"),
        ("scans", run.c.as_of, scans),
    ):
        year = extract("year", day)
        for number, count in db.execute(select(year, func.count()).where(where, day.is_not(None)).group_by(year)):
            found.setdefault(int(number), {})[name] = count
    for day, counts in db.execute(select(run.c.as_of, run.c.counts).where(scans, run.c.as_of.is_not(None))):
        row = found.setdefault(day.year, {})
        row["judgements"] = row.get("judgements", 0) + int(counts.get("assessments", 0))
    names = ("reviews", "filings", "warnings", "assessments", "scans", "judgements")
    return [{"year": year} | {name: found[year].get(name, 0) for name in names} for year in sorted(found, reverse=True)]


def scans(db: Connection, by: datetime) -> list[tuple[date, int]]:
    """Every scan that was done by an instant: the day it was about, and how many judgements it made, a rule on a subject."""
    run = table_of(Run)
    done = (run.c.kind == "scan") & run.c.state.in_(DONE) & run.c.as_of.is_not(None) & (run.c.started_at <= by)
    query = select(run.c.as_of, run.c.counts).where(done).order_by(run.c.id)
    return [(day, int(counts.get("assessments", 0))) for day, counts in db.execute(query)]


def _newest(noun: str) -> ColumnElement[bool]:
    table = version_table(noun)
    return table.c.seq.in_(select(func.max(table.c.seq)).group_by(table.c.id)) & table.c.gone.is_(False)


def unjudged(db: Connection) -> bool:
    """Whether a pull brought something since the last scan that ended, well or not."""
    table = table_of(Run)
    brought = table.c.kind.in_(("pull", "accept")) & (table.c.state == "ok")
    scanned = (table.c.kind == "scan") & table.c.state.in_((*DONE, "failed"))
    last = select(func.coalesce(func.max(table.c.id), 0))
    return bool(db.execute(last.where(brought)).scalar_one() > db.execute(last.where(scanned)).scalar_one())


def last_begun(db: Connection) -> datetime | None:
    """When anything last ran here; what only says that the clock was set does not count."""
    table = table_of(Run)
    return db.execute(select(func.max(table.c.started_at)).where(table.c.kind != "clock")).scalar()


def recent(db: Connection, limit: int = 20) -> list[dict[str, Any]]:
    """The newest rows of the ledger, newest first."""
    table = table_of(Run)
    return [dict(row) for row in db.execute(select(table).order_by(table.c.id.desc()).limit(limit)).mappings()]
