"""One round by hand, as `lvyue run` asks for it, and the two pieces that the service's jobs share with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from loguru import logger

from monitor import asking, handling, learned, pipeline
from monitor.config import Config
from monitor.domain.errors import LvyueError, UsageError
from monitor.handling import Reminded
from monitor.notify import composing
from monitor.notify.composing import Enclosed
from monitor.pipeline import Delivered, Scanned, Tell, silent
from monitor.reports.forms import shaped
from monitor.rulebook import Rulebook
from monitor.settings import ReportSection
from monitor.store import Store, backup, outbox, runs
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A saved report that waits in the outbox: how many letters are new there, and the file that goes with each."""

    letters: int
    size: int
    sha256: str


def mail(config: Config, store: Store, book: Rulebook, saved: ReportSection, *, as_of: date, at: datetime) -> Mailed:
    """Make a saved report and put it into the outbox, a letter an address; for the same day once, however often it is made.

    Raises UsageError where it cannot be made, or no mail server would take it.
    """
    question = asking.of_saved(config, saved, as_of=as_of, known_at=at.astimezone(config.zone))
    document = asking.answer(config, store, book, question)
    file = shaped(document, saved.format, paper=saved.paper)
    if len(file) > LARGEST:
        raise UsageError(
            f"the report {saved.name} has {len(file) / 1024**2:,.1f} MiB: mail servers take {LARGEST // 1024**2}",
            hint="narrow it in [[report]], or ask for xlsx or csv",
        )
    enclosed = Enclosed(name=f"{saved.name}-{as_of}.{saved.format}", data=file)
    context = {
        "office": config.settings.office, "declared": config.settings.declared, "rules_hash": book.hash,
        "known_at": question.known_at.isoformat(timespec="seconds"),
    }  # fmt: skip
    told = {
        "saved": saved.name,
        "title": document.title,
        "summary": document.summary,
        "filters": list(document.filters),
    }
    letters = composing.report(
        saved.to, enclosed, told, lang=document.lang, as_of=as_of, at=at.astimezone(config.zone), context=context
    )
    with store.writing() as db:
        posted = outbox.post(db, letters, run_id=None)
    return Mailed(letters=posted, size=len(file), sha256=enclosed.sha256)


LARGEST = 7 * 1024**2
"""Bytes of a file that goes by mail: in base64 it is ten million, which is where servers begin to refuse."""


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
