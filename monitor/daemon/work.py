"""What is due is worked, once: the clock says when to look, the ledger of slots says what is left to do.

Whoever wakes the worker, and however often: one walk at a time goes through the jobs in order. A turn that failed is
tried again a few times; of turns that were missed only the last is worked, and the others are counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from loguru import logger

from monitor import asking
from monitor.config import Config
from monitor.daemon import jobs, rounds
from monitor.daemon.jobs import Done, Job, Task
from monitor.daemon.slots import Slot
from monitor.domain.errors import BusyError, LvyueError, StoreError
from monitor.domain.words import LANGS, filled
from monitor.health.pulse import Pulse
from monitor.notify import composing
from monitor.rulebook import Rulebook
from monitor.store import Store, outbox, runs, slots
from monitor.store.lock import exclusive
from monitor.store.slots import Turn

AGAIN_AFTER = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=3))
"""When a turn that failed is tried again, by attempts so far; after the last it waits for the next turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is in force: read at the start, and read again when somebody asks for it (SIGHUP)."""

    config: Config
    book: Rulebook

    @classmethod
    def read(cls, config: Config) -> Orders:
        """With the rules. Raises ConfigError where they, or the saved reports, cannot be used."""
        asking.check_saved(config)
        return cls(config=config, book=config.book())


class Worker:
    """Works what is due. `orders` may be replaced between two turns; `stopping` ends a walk after the turn it is in; `deposing`:
    whoever led before sleeps, with its lock."""

    def __init__(
        self, orders: Orders, store: Store, pulse: Pulse, *, clock: Callable[[], datetime],
        stopping: Callable[[], bool] = lambda: False, deposing: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.orders, self.store, self.pulse = orders, store, pulse
        self._clock, self._stopping, self._deposing = clock, stopping, deposing
        self._since = clock()
        self.busy_since: float | None = None
        """Since when somebody walks, in seconds of the monotonic clock."""
        self._walking, self._again = threading.Lock(), threading.Event()

    def work(self) -> None:
        """Walk through all jobs. Where somebody walks already, they are asked to walk once more when they are through."""
        self._again.set()
        while self._again.is_set() and self._walking.acquire(blocking=False):
            try:
                self._again.clear()
                self.busy_since = monotonic()
                self._walk()
            except BusyError as error:  # somebody works by hand, or leads now: the next look comes within a minute
                logger.info("work waits: {reason}", reason=error.message)
            except StoreError as error:
                logger.error("nothing can be worked: {reason}", reason=error.message)
            except Exception as error:  # the edge of a walk: the next one must come
                logger.error("the walk ended: {kind}: {reason}", kind=type(error).__name__, reason=str(error)[:500])
            finally:
                self.busy_since = None
                self._walking.release()

    def send(self) -> None:
        """Letters whose time has come: also those that a server asked to be brought again, or that waited for office
        hours."""
        try:
            rounds.post(self.orders.config, self.store, clock=self._clock, stopping=self._stopping)
        except LvyueError as error:
            logger.error("letters: {reason}", reason=error.message)
        except Exception as error:  # the edge of a job: the next minute must come
            logger.error(
                "letters could not be sent: {kind}: {reason}", kind=type(error).__name__, reason=str(error)[:500]
            )

    def _walk(self) -> None:
        for job in jobs.plan(self.orders.config):
            if self._stopping():
                return
            self._turn(job)
        if not self._stopping():
            self._judge_news()

    def _judge_news(self) -> None:
        """What was pulled since the last scan, by us or by hand, need not wait for tomorrow's. One try: the daily scan comes."""
        with self.store.reading() as db:
            judged_ever, news = runs.last_scan_day(db) is not None, runs.unjudged(db)
        if judged_ever and news:
            with self._alone():
                self._attempt("scan", jobs.scan_news, self._task(0))

    def _turn(self, job: Job) -> None:
        """Work the last slot of a job if nobody did.

        Raises BusyError and StoreError where nothing can be written down: then nothing is worked.
        """
        now = self._clock()
        slot = job.when.latest(now)
        with self.store.reading() as db:
            last = slots.last(db, job.name)
        if _is_left(last, slot, now, self._epoch):
            with self._alone():
                self._claimed(job, slot, last, now)

    def _claimed(self, job: Job, slot: Slot, last: Turn | None, now: datetime) -> None:
        missed = job.when.between(last.key, slot) if last is not None and last.key != slot.key else 0
        overrun = missed > 0 and self._since <= slot.at - missed * job.when.apart
        turn = Turn(
            job=job.name, key=slot.key, state="running", attempts=1, epoch=self._epoch, began_at=now, missed=missed
        )  # fmt: skip
        with self.store.writing() as db:
            if not slots.claim(db, turn):
                return
            turn = slots.last(db, job.name) or turn
            if last is None and not job.at_once:
                slots.settle(db, turn, "skipped", at=now, message="this service is new: it begins at the next turn")
                return
        for _ in range(missed if overrun else 0):
            self.pulse.overrun(job.name)
        why = "skipped: overrun" if overrun else "the service was off"
        before = f"{missed} turns before it were not worked ({why}); " if missed else ""
        with logger.contextualize(job=job.name, slot=slot.key):
            done, error = self._attempt(job.name, job.work, self._task(missed))
        self._settle(turn, done, error, before)

    def _attempt(self, name: str, work: Callable[[Task], Done], task: Task) -> tuple[Done | None, str]:
        """What came of it, or why it failed."""
        self.pulse.begin(name)
        try:
            done = work(task)
        except BusyError:  # another writes, or leads: it is found cut off, and worked again
            self.pulse.end(name, "interrupted")
            raise
        except LvyueError as error:
            logger.error("{job} failed: {reason}", job=name, reason=error.message)
            self.pulse.end(name, "failed")
            return None, error.message
        except Exception as error:  # the edge of a job: the others must be worked, and tomorrow's turn must come
            logger.error("{job} failed: {kind}: {reason}", job=name, kind=type(error).__name__, reason=str(error)[:500])
            self.pulse.end(name, "failed")
            return None, f"{type(error).__name__}: {error}"
        logger.info("{job}: {said}", job=name, said=done.said)
        self.pulse.end(name, "ok")
        return done, ""

    def _settle(self, turn: Turn, done: Done | None, error: str, before: str) -> None:
        now = self._clock()
        left = AGAIN_AFTER[turn.attempts - 1 : turn.attempts]
        with self.store.writing() as db:
            if done is not None:
                slots.settle(db, turn, "ok", at=now, message=before + done.said)
                return
            again = now + left[0] if left else None
            slots.settle(db, turn, "failed", at=now, message=before + error, next_try_at=again)
            if again is None:
                settings, today = self.orders.config.settings, now.astimezone(self.orders.config.zone).date()
                blanks = {"job": turn.job, "slot": turn.key, "attempts": str(turn.attempts), "reason": error[:300]}
                note = {lang: filled("letter.job_failed", lang, **blanks) for lang in LANGS}
                context = {"office": settings.office, "declared": settings.declared}
                letters = composing.to_operator(
                    [note | {"about": f"failed {turn.job}"}], settings.mail.operator, lang=settings.lang, as_of=today,
                    at=now, context=context,
                )  # fmt: skip
                outbox.post(db, letters, run_id=None)

    def _alone(self) -> AbstractContextManager[None]:
        """Not beside somebody who works by hand. A leader that sleeps holds its lock on the folder, but may not write."""
        return nullcontext() if self._deposing() else exclusive(self.orders.config.state)

    @property
    def _epoch(self) -> int:
        return self.store.fence or 0

    def _task(self, missed: int) -> Task:
        orders = self.orders
        return Task(config=orders.config, store=self.store, book=orders.book, clock=self._clock, missed=missed)


def _is_left(last: Turn | None, slot: Slot, now: datetime, epoch: int) -> bool:
    """Whether a slot is to be worked: never begun, cut off, or failed and to be tried again by now.

    A slot before the last one is of a clock that was set back. One that `running` says and that we began (`epoch`) could not be
    settled, on a full disk or a locked database: nobody works while we ask.
    """
    if last is None or last.key < slot.key:
        return True
    if last.key > slot.key:
        return False
    if last.state == "running":
        return last.epoch == epoch
    return last.state == "interrupted" or (last.next_try_at is not None and last.next_try_at <= now)
