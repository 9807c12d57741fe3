"""One leader: the one service that may write by itself. Others stand by, and take over in seconds when it dies.

Two signs of life. A *lock* that the system frees when a process dies (a file beside SQLite, an advisory lock of
PostgreSQL): it says quickly that a leader is gone. And a *beat*, once a second: a leader that sleeps (SIGSTOP, a
frozen machine) keeps its lock, but does not beat. Neither is trusted with the data: each change of leader raises the
`epoch`, and every transaction of a service begins by asking whether its epoch still is the last one. What an old
leader brings late is refused.
"""

from __future__ import annotations

import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, insert, select, text, update

from monitor.domain.errors import BusyError, StoreError
from monitor.domain.place import Server
from monitor.store import slots
from monitor.store.db import Store, explained
from monitor.store.tables import LeaderRow, table_of

QUIET = 2.5
"""Seconds without a beat after which a free lock means that nobody leads."""

LOCK = 0x4C76_7975_65
"""Key of the advisory lock: `Lvyue` in ASCII."""


def of(
    store: Store, state: Path, *, lease: float, clock: Callable[[], datetime], ticking: Callable[[], float]
) -> Leadership:
    """How the lead is taken on this kind of database; the words as in `Leadership`."""
    if isinstance(store.place, Server):
        return InPostgres(store, lease=lease, clock=clock, ticking=ticking)
    return BesideFile(store, state, lease=lease, clock=clock, ticking=ticking)


class Leadership(ABC):
    """The way to be leader, and to stay it. `ticking` is a clock that nobody sets (seconds), `clock` the civil one.

    `lease`: seconds without a beat after which a leader that still has its lock is deposed.
    """

    def __init__(
        self, store: Store, *, lease: float, clock: Callable[[], datetime], ticking: Callable[[], float]
    ) -> None:
        self.store, self.lease, self._clock, self._ticking = store, lease, clock, ticking
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self.epoch: int | None = None
        self._heard: int | None = None
        self._heard_at = 0.0

    def campaign(self) -> bool:
        """Try to become leader, once. True when we lead: `store` then refuses to write once another does."""
        beat, now = self._listen(), self._ticking()
        if beat != self._heard:
            self._heard, self._heard_at = beat, now
        quiet = now - self._heard_at
        locked = self._lock()
        if quiet >= (QUIET if locked else self.lease) or (locked and self._vacant()):
            self._begin()
        elif locked:
            self._unlock()
        return self.epoch is not None

    def beat(self) -> bool:
        """Say that we live. False when we lead no more: somebody deposed us, or the lock was lost with the connection.

        Raises StoreError when the database is gone.
        """
        if self.epoch is None or not self._beat():
            self.epoch = None
            self._unlock()  # who holds a lock and does not lead would take a short silence for a death
            return False
        return True

    @property
    def deposing(self) -> bool:
        """Whether who led before sleeps, and still holds what a process holds: its locks are no reason to wait."""
        return self.epoch is not None and not self._lock()

    def release(self) -> None:
        """Leave, so that the next need not wait. What cannot be said any more is not."""
        if self.epoch is None:
            return
        try:
            with self.store.writing() as db:
                db.execute(update(table_of(LeaderRow)).values(released=True))
        except (BusyError, StoreError):
            pass  # another leads already, or the database is gone: there is nothing to leave
        self.epoch = None
        self._unlock()

    def who(self) -> str:
        """Who leads, as the database says; empty where nobody ever did."""
        with self.store.reading() as db:
            return str(db.execute(select(table_of(LeaderRow).c.holder)).scalar() or "")

    def _vacant(self) -> bool:
        with self.store.reading() as db:
            row = db.execute(select(table_of(LeaderRow).c.released)).first()
        return row is None or bool(row.released)

    def _begin(self) -> None:
        table, now = table_of(LeaderRow), self._clock()
        self.store.fence = None  # what an earlier leadership of ours began has ended: serve waits for it
        with self.store.writing() as db:
            before = db.execute(select(table.c.epoch)).scalar()
            epoch = int(before or 0) + 1
            values = {"epoch": epoch, "holder": self.holder, "since": now, "released": False}
            change = insert(table).values(id=1, beat=0) if before is None else update(table)
            db.execute(change.values(values))
            slots.interrupt(db, at=now)
        self.epoch = self.store.fence = epoch
        self.beat()

    @abstractmethod
    def _listen(self) -> int:
        """The last beat of whoever leads: any number that changes."""

    @abstractmethod
    def _beat(self) -> bool: ...

    @abstractmethod
    def _lock(self) -> bool:
        """Whether we have the lock now."""

    @abstractmethod
    def _unlock(self) -> None: ...


class BesideFile(Leadership):
    """Beside SQLite: a lock on a file in the state folder, whose time of change is the beat. A long write of the
    leader's own must not look like its death, so the beat is not in the database."""

    def __init__(
        self, store: Store, state: Path, *, lease: float, clock: Callable[[], datetime], ticking: Callable[[], float]
    ) -> None:
        super().__init__(store, lease=lease, clock=clock, ticking=ticking)
        self._sign = state / "leader.beat"
        self._file = FileLock(state / "leader.lock", timeout=0, thread_local=False)

    def _listen(self) -> int:
        return self._sign.stat().st_mtime_ns if self._sign.exists() else 0

    def _beat(self) -> bool:
        with self.store.reading() as db:
            if db.execute(select(table_of(LeaderRow).c.epoch)).scalar() != self.epoch:
                return False
        self._sign.touch()
        self._lock()  # who deposed a sleeping leader gets the lock when that one ends
        return True

    def _lock(self) -> bool:
        if not self._file.is_locked:
            try:
                self._file.acquire()
            except Timeout:
                return False
        return True

    def _unlock(self) -> None:
        self._file.release(force=True)


class InPostgres(Leadership):
    """In PostgreSQL: an advisory lock on a connection of its own, which the server frees when the connection ends."""

    _connection: Connection | None = None

    def _listen(self) -> int:
        with self.store.reading() as db:
            return int(db.execute(select(table_of(LeaderRow).c.beat)).scalar() or 0)

    def _beat(self) -> bool:
        table = table_of(LeaderRow)
        mine = update(table).where(table.c.epoch == self.epoch).values(beat=table.c.beat + 1)
        try:
            with explained(self.store.place):
                beaten = self._own().execute(mine).rowcount == 1
            if beaten:
                self._lock()  # who deposed a sleeping leader gets the lock when that one ends
                return True
        except StoreError:
            pass  # the connection ended, and the lock with it
        self._unlock()
        return False

    def _lock(self) -> bool:
        try:
            with explained(self.store.place):
                return self._held(self._own())
        except StoreError:
            self._unlock()  # the connection ended: the next try needs another
            raise

    def _held(self, db: Connection) -> bool:
        held = "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted"
        if db.execute(text(held)).scalar():
            return True
        return bool(db.execute(text("select pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar())

    def _unlock(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _own(self) -> Connection:
        if self._connection is None:
            self._connection = self.store.alone()
        return self._connection
