"""`lvyue serve`: the daily round by itself. APScheduler is only the clock; the database remembers what was done.

A failing source does not stop the round: the others are pulled, everything is judged, letters go out, and the ledger says
what failed. The job store is in memory on purpose: stored jobs are pickle, and what must survive is in the run ledger.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from loguru import logger

from monitor import handling, learned, pipeline, rulebook
from monitor.config import Config
from monitor.domain.errors import LvyueError
from monitor.handling import Reminded
from monitor.pipeline import Delivered, Scanned, Tell, silent
from monitor.store import Store
from monitor.store.models import Model

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LATE_BY = 12 * 3600
"""Seconds by which a round may start late (the machine slept) and still be that day's round."""


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
    book = rulebook.load(
        config.rule_shelves(), config.calendars(), default_calendar=config.settings.calendar.country,
        packs=config.settings.rules.packs, overrides=config.overrides,
    )  # fmt: skip
    scanned = pipeline.scan(config, store, book, as_of=as_of, known_at=known_at, at=clock(), tell=tell)
    reminded = handling.remind(config, store, as_of=as_of, at=clock())
    delivered = post(config, store, clock=clock, tell=tell)
    return Round(scanned=scanned, reminded=reminded, delivered=delivered, failures=tuple(failures))


def post(config: Config, store: Store, *, clock: Callable[[], datetime], tell: Tell = silent) -> Delivered:
    """Send the letters whose time has come."""
    with config.ways(clock) as ways:
        return pipeline.deliver(config, store, ways, at=clock(), tell=tell)


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


def serve(config: Config, store: Store, *, clock: Callable[[], datetime]) -> None:
    """Work every day at `schedule.daily_at` until SIGTERM or SIGINT; a round under way is finished first."""
    stop = threading.Event()

    def asked_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
    at = config.settings.schedule.daily_at
    scheduler = BackgroundScheduler(
        timezone=config.zone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": LATE_BY}
    )
    scheduler.add_job(
        lambda: _round(config, store, clock), CronTrigger(hour=at.hour, minute=at.minute, timezone=config.zone)
    )
    scheduler.add_job(lambda: _letters(config, store, clock), IntervalTrigger(minutes=1, timezone=config.zone))
    scheduler.start()
    logger.info("serving; a round every day at {at} {zone}", at=at.isoformat("minutes"), zone=str(config.zone))
    stop.wait()
    scheduler.shutdown(wait=True)


def _round(config: Config, store: Store, clock: Callable[[], datetime]) -> None:
    today = clock().date()
    try:
        done = once(config, store, as_of=today, known_at=config.end_of_day(today), clock=clock)
        for failure in done.failures:
            logger.error("{reason}", reason=failure.message)
        if config.settings.schedule.train_on == WEEKDAYS[today.weekday()]:
            learn(config, store, as_of=today, clock=clock)
    except LvyueError as error:
        logger.error("{reason}", reason=error.message)
    except Exception as error:  # the edge of the job: tomorrow's round must come, whatever happened to today's
        logger.error("the round failed: {kind}: {reason}", kind=type(error).__name__, reason=str(error)[:500])


def _letters(config: Config, store: Store, clock: Callable[[], datetime]) -> None:
    """Between the rounds: letters that a server asked to be brought again, and those that waited for office hours."""
    try:
        post(config, store, clock=clock)
    except Exception as error:  # the edge of the job, as above
        logger.error("letters could not be sent: {kind}: {reason}", kind=type(error).__name__, reason=str(error)[:500])
