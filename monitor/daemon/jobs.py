"""What the service does by itself, and when: one list, in the order in which things due at the same time are done.

    pull:<source>   ask a source                  once a day, or every so many hours
    scan            judge everything              once a day
    remind          limits that passed, digests   once a day
    report:<name>   a saved report is mailed      on its day
    learn           train models anew             once a week
    check           the service looks at itself   once a day
    backup          the whole database, one file  once a day
    prune           what need not be kept         once a week

Letters go out every minute; they need no slot, the outbox knows which were sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from monitor import handling, pipeline
from monitor.config import Config
from monitor.daemon import rounds
from monitor.daemon.slots import WEEKDAYS, Daily, Hourly, Monthly, Schedule
from monitor.domain.errors import HeldError
from monitor.rulebook import Rulebook
from monitor.settings import ReportSection
from monitor.sources import Source
from monitor.store import Store, backup, retention, slots
from monitor.store.health import examined

PRUNING = 6
"""Sunday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a job works with. `missed` turns of it were not worked before this one."""

    config: Config
    store: Store
    book: Rulebook
    clock: Callable[[], datetime]
    missed: int = 0

    @property
    def today(self) -> date:
        """The office's civil day."""
        return self.clock().astimezone(self.config.zone).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a job: a sentence for the ledger."""

    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing done by itself. `at_once`: also when the service is started for the first time, between two turns."""

    name: str
    when: Schedule
    work: Callable[[Task], Done]
    at_once: bool = True


def plan(config: Config) -> Iterator[Job]:
    """Every job of an office, in order."""
    schedule, zone = config.settings.schedule, config.zone
    daily = Daily(at=schedule.daily_at, zone=zone)
    for source in config.sources:
        when = Hourly(hours=source.every_hours) if source.every_hours else daily
        yield Job(name=f"pull:{source.name}", when=when, work=partial(_pull, source))
    yield Job(name="scan", when=daily, work=_scan)
    yield Job(name="remind", when=daily, work=_remind)
    for saved in config.settings.report:
        if saved.on != "never":
            yield Job(
                name=f"report:{saved.name}", when=_when(saved, daily), work=partial(_report, saved), at_once=False
            )
    if schedule.train_on != "never":
        weekly = replace(daily, weekday=WEEKDAYS.index(schedule.train_on))
        yield Job(name="learn", when=weekly, work=_learn, at_once=False)
    yield Job(name="check", when=daily, work=_check)
    if schedule.backups:
        yield Job(name="backup", when=daily, work=_backup)
    if config.settings.retention.anything:
        yield Job(name="prune", when=replace(daily, weekday=PRUNING), work=_prune, at_once=False)


def _when(saved: ReportSection, daily: Daily) -> Schedule:
    if saved.on == "month":
        return Monthly(at=daily.at, zone=daily.zone)
    return daily if saved.on == "day" else replace(daily, weekday=WEEKDAYS.index(saved.on))


def scan_news(task: Task) -> Done:
    """Judge what came between two daily scans."""
    return _scanned(task, task.config, changed_only=True)


def _pull(source: Source, task: Task) -> Done:
    try:
        pulled = pipeline.pull(task.config, task.store, source, at=task.clock())
    except HeldError as error:  # no failure to try again: a person was asked, and has the letter
        return Done(said=f"waits for a person: {error.message}")
    if pulled.unchanged:
        return Done(said="nothing new")
    counts = pulled.counts
    return Done(said=f"{counts.new} new, {counts.changed} changed, {counts.quarantined} refused")


def _scan(task: Task) -> Done:
    if not task.missed:
        return _scanned(task, task.config)
    # After days in which nothing was judged, what came together is told together: a letter each would be a storm.
    settings = task.config.settings
    calm = settings.model_copy(update={"mail": settings.mail.model_copy(update={"storm_over": 1})})
    return _scanned(task, replace(task.config, settings=calm))


def _scanned(task: Task, config: Config, *, changed_only: bool = False) -> Done:
    day = task.today
    done = pipeline.scan(
        config, task.store, task.book, as_of=day, known_at=config.end_of_day(day), at=task.clock(),
        changed_only=changed_only,
    )  # fmt: skip
    return Done(said=f"{len(done.findings)} findings, {len(done.changes)} changes, {done.letters} letters")


def _remind(task: Task) -> Done:
    done = handling.remind(task.config, task.store, as_of=task.today, at=task.clock())
    return Done(said=f"{done.escalated} escalated, {done.resumed} resumed, {done.letters} letters")


def _report(saved: ReportSection, task: Task) -> Done:
    day = saved.about(task.today)
    made = rounds.mail(task.config, task.store, task.book, saved, as_of=day, at=task.clock())
    return Done(said=f"as of {day}: {made.letters} letters with {made.size:,} bytes, SHA-256 {made.sha256[:12]}")


def _learn(task: Task) -> Done:
    found = rounds.learn(task.config, task.store, as_of=task.today, clock=task.clock)
    return Done(said=", ".join(f"{model.recipe}: {model.verdict}" for model in found))


def _check(task: Task) -> Done:
    """Nobody reads a chain that nobody checks. Raises IntegrityError with the first thing that is wrong."""
    found = examined(task.store, shape=False)
    return Done(said=f"schema {found.schema}, {sum(found.rows.values())} rows, {found.events} events: all good")


def _backup(task: Task) -> Done:
    """After the check: where that found something wrong, no earlier backup goes for this one."""
    at = task.clock()
    keep: int | None = task.config.settings.schedule.backups
    with task.store.reading() as db:
        checked = slots.last(db, "check")
    if checked is not None and checked.state != "ok":
        keep = None  # none of those before goes
    made = rounds.back_up(task.store, backup.named(task.config.state, at), at=at, keep=keep)
    return Done(said=f"{made.path.name}, SHA-256 {made.sha256[:12]}")


def _prune(task: Task) -> Done:
    with task.store.writing() as db:
        gone = retention.prune(db, task.config.settings.retention, at=task.clock())
    return Done(said=f"{gone.payloads} payloads, {gone.runs} runs, {gone.letters} letters are gone")
