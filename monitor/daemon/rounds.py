"""One round by hand, as `lvyue run` asks for it, and the two pieces that the service's jobs share with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from loguru import logger

from monitor import handling, learned, pipeline
from monitor.config import Config
from monitor.domain.errors import LvyueError
from monitor.handling import Reminded
from monitor.pipeline import Delivered, Scanned, Tell, silent
from monitor.store import Store, backup, runs
from monitor.store.backup import Backup
from monitor.store.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round did. `failures` are errors of sources; the others were pulled all the same."""

    scanned: Scanned
    reminded: Reminded
    delivered: Delivered
    failures: tuple[LvyueError, ...]


def once(
    config: Config, store: Store, *, as_of: date, known_at: datetime, clock: Callable[[], datetime], tell: Tell = silent
) -> Round:
    """One round: pull every source, scan, remind, deliver. Errors of sources are kept; an error of the scan is raised."""
    failures: list[LvyueError] = []
    for source in config.sources:
        try:
            pipeline.pull(config, store, source, at=clock(), tell=tell)
        except LvyueError as error:
            failures.append(error)
    scanned = pipeline.scan(config, store, config.book(), as_of=as_of, known_at=known_at, at=clock(), tell=tell)
    reminded = handling.remind(config, store, as_of=as_of, at=clock())
    delivered = post(config, store, clock=clock, tell=tell)
    return Round(scanned=scanned, reminded=reminded, delivered=delivered, failures=tuple(failures))


def post(
    config: Config, store: Store, *, clock: Callable[[], datetime], tell: Tell = silent,
    stopping: Callable[[], bool] = lambda: False,
) -> Delivered:  # fmt: skip
    """Send the letters whose time has come; between two of them, `stopping` ends it."""
    with config.ways(clock) as ways:
        return pipeline.deliver(config, store, ways, at=clock(), tell=tell, stopping=stopping)


def back_up(store: Store, target: Path, *, at: datetime, keep: int | None = None) -> Backup:
    """Copy the whole database into one file, and write that down; with `keep`, older nightly ones go.

    Raises StoreError, IntegrityError, UsageError; the database is as it was.
    """
    made = backup.backup(store, target)
    gone = backup.prune(target.parent, keep=keep, but=target) if keep is not None else []
    counts = {"rows": sum(made.rows.values()), "bytes": made.path.stat().st_size, "removed": len(gone)}
    with store.writing() as db:  # not before: a backup would hold its own run, unfinished
        runs.finish(db, runs.start(db, "backup", at=at), "ok", at=at, counts=counts)
    return made


def learn(
    config: Config, store: Store, *, as_of: date, clock: Callable[[], datetime], tell: Tell = silent
) -> tuple[Model, ...]:
    """Train every recipe anew. The gate stands in between: what it refuses does not speak."""
    found = []
    for asked in learned.recipes(config):
        model = learned.train(
            config, store, asked, as_of=as_of, known_at=config.end_of_day(as_of), at=clock(), tell=tell
        )
        logger.info(
            "model {number} of {recipe}: {verdict}", number=model.id, recipe=model.recipe, verdict=model.verdict
        )
        found.append(model)
    return tuple(found)
