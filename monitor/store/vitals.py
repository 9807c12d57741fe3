"""What a service can be judged by from its database: one short read, a few rows, whatever the portfolio's size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from monitor.store import runs
from monitor.store.tables import AlertRow, LetterRow, Run, table_of

DONE = ("ok", "unchanged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Instants are UTC; None where it never happened."""

    answered: Mapping[str, datetime]
    """When each source last answered, also with nothing new."""
    pulls: Mapping[tuple[str, str], int]
    """Pulls in the ledger by source and state."""
    seconds: Mapping[str, float]
    """How long the last finished run of each kind took."""
    scanned_on: date | None
    scanned_at: datetime | None
    scan_counts: Mapping[str, Any]
    figures: Mapping[str, Mapping[str, Any]]
    """What the last scan of everything saw: see `pipeline`; empty before the first."""
    backed_up_at: datetime | None
    letters: Mapping[tuple[str, str], int]
    """Letters by channel and state."""
    waiting_since: datetime | None
    """Since when the oldest letter that may be sent waits."""
    warnings: Mapping[tuple[str, str], int]
    """Warnings not released, by level and state."""


def read(db: Connection, at: datetime) -> Vitals:
    """How it stands at an instant."""
    run, letter, alert = table_of(Run), table_of(LetterRow), table_of(AlertRow)
    pull = run.c.kind == "pull"
    by_source = select(run.c.source, run.c.state, func.count(), func.max(run.c.started_at)).where(pull)
    pulls = db.execute(by_source.group_by(run.c.source, run.c.state)).all()
    answers = [(source, _utc(last)) for source, state, _, last in pulls if state in DONE]
    latest = {kind: _latest(db, kind) for kind in ("pull", "scan", "deliver", "backup")}
    waiting = (letter.c.state.in_(("waiting", "sending"))) & (
        letter.c.not_before.is_(None) | (letter.c.not_before <= at)
    )
    since = func.coalesce(letter.c.not_before, letter.c.created_at)
    oldest = db.execute(select(since).where(waiting).order_by(since).limit(1)).scalar()
    scan = latest["scan"]
    return Vitals(
        answered={name: max(when for source, when in answers if source == name) for name, _ in answers},
        pulls={(source, state): number for source, state, number, _ in pulls},
        seconds={kind: _seconds(row) for kind, row in latest.items() if row and row["finished_at"]},
        scanned_on=runs.last_scan_day(db),
        scanned_at=_utc(scan["finished_at"] or scan["started_at"]) if scan else None,
        scan_counts=dict(scan["counts"]) if scan else {},
        figures=_figures(db),
        backed_up_at=_utc(latest["backup"]["started_at"]) if latest["backup"] else None,
        letters=_counted(db, letter.c.channel, letter.c.state),
        waiting_since=_utc(oldest) if oldest else None,
        warnings=_counted(db, alert.c.level, alert.c.state, alert.c.released_on.is_(None)),
    )


def damage(db: Connection) -> str:
    """What SQLite finds wrong in its file, in its words; empty when it is whole, and for a server, which looks itself."""
    if db.dialect.name != "sqlite":
        return ""
    said = str(db.exec_driver_sql("pragma quick_check(1)").scalar_one())
    return "" if said == "ok" else said


def last_started(db: Connection) -> datetime | None:
    """When the newest run of the ledger began: no clock that is right is behind it."""
    newest = db.execute(select(func.max(table_of(Run).c.started_at))).scalar()
    return _utc(newest) if newest else None


def _latest(db: Connection, kind: str) -> Mapping[str, Any] | None:
    """The newest run of a kind that ended well."""
    run = table_of(Run)
    query = select(run).where(run.c.kind == kind, run.c.state.in_(DONE)).order_by(run.c.id.desc()).limit(1)
    return dict(row) if (row := db.execute(query).mappings().first()) else None


def _figures(db: Connection) -> Mapping[str, Any]:
    """Only a scan of everything has a hash of all facts."""
    run = table_of(Run)
    whole = (run.c.kind == "scan") & run.c.state.in_(DONE) & run.c.facts_hash.is_not(None)
    counts = db.execute(select(run.c.counts).where(whole).order_by(run.c.id.desc()).limit(1)).scalar()
    return dict((counts or {}).get("figures", {}))


def _counted(db: Connection, first: Any, second: Any, *where: Any) -> dict[tuple[str, str], int]:
    rows = db.execute(select(first, second, func.count()).where(*where).group_by(first, second)).all()
    return {(one, two): number for one, two, number in rows}


def _seconds(row: Mapping[str, Any]) -> float:
    return max(0.0, (_utc(row["finished_at"]) - _utc(row["started_at"])).total_seconds())


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
