"""What may go when its time is over: bytes of payloads, runs that nothing came of, texts of letters. Never what proves.

A payload keeps its row, so that an edition still names what it was read from, and a letter its row, so that it is known to
have been sent; only the content goes. SQLite does not give the space back to the disk, it fills it again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, delete, func, select, update

from monitor.domain.retention import RetentionSettings
from monitor.store import runs
from monitor.store.tables import METADATA, Edition, EditionPayload, HeldPayload, LetterRow, Payload, Run, table_of

EMPTIED = b""
"""No zlib stream is empty, so this says for certain that the content went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How much went, or would go. `bytes_freed` is what payloads took in the database."""

    payloads: int = 0
    bytes_freed: int = 0
    runs: int = 0
    letters: int = 0


def prune(db: Connection, settings: RetentionSettings, *, at: datetime, dry_run: bool = False) -> Pruned:
    """Let go what is older than the settings say at an instant; with `dry_run` only count it.

    When something went, the ledger has a run of kind `prune` that says how much.
    """
    payload, run, letter = table_of(Payload), table_of(Run), table_of(LetterRow)
    old_payloads = _payloads(years_before(at, settings.payload_years)) if settings.payload_years else None
    old_runs = _runs(years_before(at, settings.run_years)) if settings.run_years else None
    old_letters = _letters(years_before(at, settings.letter_years)) if settings.letter_years else None
    packed = func.coalesce(func.sum(func.length(payload.c.content)), 0)
    payloads, freed = _first(db, select(func.count(), packed).select_from(payload), old_payloads)
    found = Pruned(
        payloads=payloads, bytes_freed=freed,
        runs=_first(db, select(func.count(), func.count()).select_from(run), old_runs)[0],
        letters=_first(db, select(func.count(), func.count()).select_from(letter), old_letters)[0],
    )  # fmt: skip
    if dry_run or found == Pruned():
        return found
    if old_payloads is not None:
        db.execute(update(payload).where(old_payloads).values(content=EMPTIED))
    if old_letters is not None:
        db.execute(update(letter).where(old_letters).values(content={}))
    if old_runs is not None:
        db.execute(delete(run).where(old_runs))
    runs.finish(db, runs.start(db, "prune", at=at), "ok", at=at, counts=asdict(found))
    return found


def years_before(at: datetime, years: int) -> datetime:
    """The same day and hour some years ago; 29 February becomes 28 February.

    >>> years_before(datetime(2028, 2, 29, 6), 15)
    datetime.datetime(2013, 2, 28, 6, 0)
    """
    try:
        return at.replace(year=at.year - years)
    except ValueError:
        return at.replace(year=at.year - years, day=28)


def _payloads(before: datetime) -> ColumnElement[bool]:
    """Those kept before, of which no later pull had the same again, and that are not what a source said last."""
    payload, edition, page, run = (table_of(kind) for kind in (Payload, Edition, EditionPayload, Run))
    newest = select(func.max(edition.c.id)).group_by(edition.c.source)
    in_use = (
        select(page.c.sha256)
        .join(edition, edition.c.id == page.c.edition_id)
        .join(run, run.c.id == edition.c.run_id)
        .where((run.c.started_at >= before) | edition.c.id.in_(newest))
    )
    waits = select(table_of(HeldPayload).c.sha256)  # what a person may still accept
    unused = payload.c.sha256.not_in(in_use) & payload.c.sha256.not_in(waits)
    return (payload.c.kept_at < before) & (payload.c.content != EMPTIED) & unused


def _runs(before: datetime) -> ColumnElement[bool]:
    """Those that no row of any table names, and that are neither the first nor the last good one of their kind and source."""
    run = table_of(Run)
    good = run.c.state.in_(("ok", "unchanged"))
    last = select(func.max(run.c.id)).where(good).group_by(run.c.kind, run.c.source)
    first = select(func.min(run.c.id)).scalar_subquery()  # by which a database is known from another
    found = (run.c.started_at < before) & (run.c.state != "running") & run.c.id.not_in(last) & (run.c.id != first)
    for table in METADATA.tables.values():
        for key in table.foreign_keys:
            if key.column.table is run:
                found &= run.c.id.not_in(select(key.parent).where(key.parent.is_not(None)))
    return found


def _letters(before: datetime) -> ColumnElement[bool]:
    letter = table_of(LetterRow)
    over = letter.c.state.in_(("sent", "dropped")) & (func.coalesce(letter.c.sent_at, letter.c.created_at) < before)
    return over & (cast(letter.c.content, Text) != "{}")


def _first(db: Connection, query: Select[int, int], where: ColumnElement[bool] | None) -> tuple[int, int]:
    if where is None:
        return 0, 0
    count, more = db.execute(query.where(where)).one()
    return int(count), int(more)
