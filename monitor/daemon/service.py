"""The process: signals, leadership, the clock, and the words for systemd. What is worked is in work.py."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from types import FrameType

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from loguru import logger

from monitor.config import Config
from monitor.daemon import jobs
from monitor.daemon.clock import Watch, ticking
from monitor.daemon.work import Orders, Worker
from monitor.domain.errors import BusyError, ConfigError, LvyueError, StoreError
from monitor.health import server, systemd
from monitor.health.pulse import Pulse
from monitor.store import Store, leader, runs, slots
from monitor.store.leader import QUIET, Leadership

BEAT = 1.0
"""Seconds between two beats of the leader."""

LOOK = 60
"""Seconds between two looks at what is due beside the times that jobs have: for turns that are tried again, and
clocks that were set."""

FRESH = 90.0
"""Seconds without a tick of the scheduler after which the watchdog is not told that all is well."""

STUCK = 12 * 3600.0
"""Seconds after which a walk through what is due hangs somewhere: then the watchdog hears nothing any more, and starts anew."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Asked:
    """What signals asked for."""

    stop: threading.Event
    reload: threading.Event


def serve(load: Callable[[], Config], *, clock: Clock, standby: bool) -> None:
    """Work by itself until SIGTERM or SIGINT; with `standby`, wait while another leads, and take over when it dies.

    SIGHUP reads config.toml and rules again, and keeps the last good ones where they cannot be used. A second SIGTERM
    leaves at once. Raises BusyError when another leads and nobody asked to stand by, ConfigError, StoreError,
    IntegrityError.
    """
    config = load()
    orders = Orders.read(config)
    Service(orders, load, clock=clock, standby=standby).run()


class Service:
    """One process. `run` returns when it was asked to stop."""

    def __init__(self, orders: Orders, load: Callable[[], Config], *, clock: Clock, standby: bool) -> None:
        self.orders, self.load, self.clock, self._standby = orders, load, clock, standby
        self._answering = self._led = False
        self._trouble = ""
        self.asked = _signals()
        self.pulse = Pulse(started_at=clock())
        self.store = Store(orders.config.database, create=True)
        self.lead: Leadership = leader.of(
            self.store,
            orders.config.state,
            lease=orders.config.settings.service.lease_seconds,
            clock=clock,
            ticking=ticking,
        )

    def run(self) -> None:
        """Lead, or stand by until we may; and again when another took over and then died. Probes are answered all the time."""
        with ExitStack() as self._open:
            self._answer()
            self._run()

    def _answer(self) -> None:
        """Answer probes, unless another service on this machine does: one that leads while we stand by."""
        if self._answering:
            return
        looked_at = server.Service(
            config=lambda: self.orders.config, store=self.store, pulse=self.pulse, clock=self.clock
        )
        try:
            address = self._open.enter_context(server.serving(looked_at))
        except ConfigError as error:
            if not (isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE):
                raise
            logger.warning("probes are not answered here: {reason}", reason=error.message)
            return
        self._answering = True
        if address:
            logger.info("how it is: {address}/readyz", address=address)

    def _run(self) -> None:
        begun, standing = ticking(), False
        while not self.asked.stop.is_set():
            if self._campaign():
                self._answer()
                self._led = True
                self.pulse.lead(True)
                Led(self).run()
                self.pulse.lead(False)
                begun, standing = ticking(), False
                continue
            if self._trouble:
                begun = ticking()  # nobody can say yet who leads
            if not (self._standby or self._led) and ticking() - begun > QUIET + BEAT:
                raise BusyError(
                    f"{self.lead.who()} leads on this database already",
                    hint="stop that one, or start this with --standby: it takes over when that one dies",
                )
            if not standing:
                logger.info("standing by")
                systemd.ready("standing by")
            standing = True
            systemd.alive()
            self.asked.stop.wait(BEAT / 2)

    def _campaign(self) -> bool:
        """Try to lead. Everybody waits for a database that is held, and who stands by, or led before, for one that is away:
        who is only starting may have a wrong address, of which somebody must hear."""
        try:
            leads = self.lead.campaign()
        except (BusyError, StoreError) as error:
            if isinstance(error, StoreError) and not self._standby and not self._led:
                raise
            if error.message != self._trouble:
                logger.warning("waiting: {reason}", reason=error.message)
            self._trouble = error.message
            return False
        self._trouble = ""
        return leads


class Led:
    """One time of leadership, from the first beat to the last."""

    def __init__(self, service: Service) -> None:
        self._service, self._store, self._lead = service, service.store, service.lead
        self._pulse, self._asked, self._clock = service.pulse, service.asked, service.clock
        self._over = threading.Event()
        self._worker = Worker(
            service.orders, self._store, self._pulse, clock=self._clock, stopping=self._stopping,
            deposing=lambda: self._lead.deposing,
        )  # fmt: skip
        self._watch = Watch(self._clock(), ticking())
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._scheduler.add_listener(self._noted, EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)
        self._doubt = ""

    def run(self) -> None:
        """Until somebody asks to stop, or another leads."""
        config = self._worker.orders.config
        self._tick()
        self._plan()
        self._scheduler.start()
        logger.info(
            "serving; a round every day at {at} {zone}",
            at=config.settings.schedule.daily_at.isoformat("minutes"), zone=str(config.zone),
        )  # fmt: skip
        systemd.ready(self._status())
        try:
            while not self._asked.stop.wait(BEAT):
                if not self._beat():
                    logger.warning("another service leads now; this one ends what it does, which is not kept")
                    break
                if self._asked.reload.is_set():
                    self._asked.reload.clear()
                    self._reload()
                self._look_at_the_clock()
        finally:
            self._end()

    def _plan(self) -> None:
        """The jobs' times, and the looks in between. What they wake goes through everything that is due."""
        self._scheduler.remove_all_jobs()
        for job in jobs.plan(self._worker.orders.config):
            self._pulse.plan(job.name)
            self._scheduler.add_job(self._work, job.when.trigger(), id=job.name, name=job.name)
        look = IntervalTrigger(seconds=LOOK, timezone=UTC)
        self._scheduler.add_job(self._work, look, id="look", next_run_time=datetime.now(UTC))
        self._scheduler.add_job(self._send, IntervalTrigger(minutes=1, timezone=UTC), id="letters")
        self._scheduler.add_job(
            self._tick, IntervalTrigger(seconds=10, timezone=UTC), id="tick", next_run_time=datetime.now(UTC)
        )

    def _work(self) -> None:
        with self._store.reading() as db:
            last = runs.last_begun(db)
        doubt = self._watch.doubt(last)
        if doubt != self._doubt:
            self._doubt = doubt
            logger.error("{doubt}; nothing is judged until it is right", doubt=doubt) if doubt else logger.info(
                "the clock is right"
            )
        if not doubt:
            self._worker.work()

    def _send(self) -> None:
        if not self._doubt:  # a letter tried again under a wrong clock would wait for years
            self._worker.send()

    def _tick(self) -> None:
        self._pulse.tick(monotonic())

    def _beat(self) -> bool:
        try:
            leads = self._lead.beat()
        except BusyError:
            leads = True  # somebody writes; the next beat asks again
        fresh = self._pulse.beat().last_tick
        since = self._worker.busy_since
        if fresh is not None and monotonic() - fresh < FRESH and (since is None or monotonic() - since < STUCK):
            systemd.alive()
        return leads

    def _look_at_the_clock(self) -> None:
        step = self._watch.look(self._clock(), ticking())
        if step is None:
            return
        self._pulse.clock_stepped()
        said = f"the clock was set by {step.total_seconds():+.0f} s"
        logger.warning("{said}", said=said)
        try:
            with self._store.writing() as db:
                runs.finish(
                    db, runs.start(db, "clock", at=self._clock()), "ok", at=self._clock(), counts={}, message=said
                )
        except LvyueError as error:
            logger.error("the ledger could not be written: {reason}", reason=error.message)
        self._plan()  # else all sleep until the old clock's time comes again

    def _reload(self) -> None:
        """All of it, or nothing."""
        systemd.reloading()
        before = self._worker.orders.config
        try:
            config = self._service.load()
            if (config.database, config.state) != (before.database, before.state):
                raise ConfigError("`state` and `database` are read at the start only", hint="restart the service")
            if config.settings.service != before.settings.service:
                logger.warning("[service] is read at the start only: restart for that")
            self._service.orders = self._worker.orders = Orders.read(config)
        except Exception as error:  # whatever people wrote must not end the service
            self._pulse.reloaded(False)
            reason = error.message if isinstance(error, LvyueError) else f"{type(error).__name__}: {error}"
            logger.error("config or rules cannot be used, the last good ones stay: {reason}", reason=reason)
        else:
            self._pulse.reloaded(True)
            self._plan()
            logger.info("config and rules were read again")
        systemd.ready(self._status())

    def _status(self) -> str:
        job = min(
            (one for one in self._scheduler.get_jobs() if one.id not in ("look", "letters", "tick")),
            key=lambda one: one.next_run_time,
        )
        return f"leading; next {job.id} {job.next_run_time:%Y-%m-%d %H:%M %Z}"

    def _stopping(self) -> bool:
        return self._asked.stop.is_set() or self._over.is_set() or self._watch.leaps(self._clock(), ticking())

    def _noted(self, event: JobEvent) -> None:
        count = self._pulse.misfire if event.code == EVENT_JOB_MISSED else self._pulse.overrun
        count(event.job_id)

    def _end(self) -> None:
        """Finish the turn that is worked, within the limit; else leave it to the next, which finds it cut off."""
        limit = self._worker.orders.config.settings.service.stop_seconds
        logger.info("stopping: what is worked is finished first, within {limit:g} s", limit=limit)
        if self._asked.stop.is_set():
            systemd.stopping("finishing what is worked")
        self._over.set()
        ending = threading.Thread(target=self._scheduler.shutdown, kwargs={"wait": True}, daemon=True)
        ending.start()
        ending.join(limit)
        if not ending.is_alive():
            self._lead.release()
            return
        logger.error("not finished within {limit:g} s: cut off", limit=limit)
        try:
            with self._store.writing() as db:
                slots.interrupt(db, at=self._clock())
            self._lead.release()
        except (BusyError, StoreError) as error:
            logger.error("the ledger could not be written: {reason}", reason=error.message)
        os._exit(
            0 if self._asked.stop.is_set() else BusyError.exit_code
        )  # threads that hang would hold the process for ever


def _signals() -> Asked:
    asked = Asked(threading.Event(), threading.Event())

    def end(number: int, _frame: FrameType | None) -> None:
        if asked.stop.is_set():
            os._exit(128 + number)
        asked.stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda _number, _frame: asked.reload.set())
    return asked
