"""What the service knows about itself and no database holds: the daemon writes it, probes and metrics read it.

Jobs run in threads of their own and scrapes in others, so every change and every look is made under one lock.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

JobState = Literal["waiting", "running"]
Result = Literal["ok", "failed", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One look at the service: nothing in it changes any more.

    `last_tick` is in seconds of the monotonic clock, None before the first tick. Counters count since `started_at`.
    """

    started_at: datetime
    last_tick: float | None
    leading: bool
    jobs: dict[str, JobState]
    runs: dict[tuple[str, Result], int]
    """By job and result."""
    misfires: dict[str, int]
    """Starts that came too late to be made, by job."""
    overruns: dict[str, int]
    """Starts that fell into the run before, by job."""
    skipped: dict[str, int]
    """Starts with nothing left to do (done already that day, or another instance leads), by job."""
    reload_ok: bool
    """Whether config.toml could be used when it was last read."""
    clock_steps: int
    """How often the wall clock jumped beside the monotonic one."""


@dataclass(slots=True, kw_only=True)
class Pulse:
    """The living one. The daemon calls its verbs; `beat()` is for everyone else."""

    started_at: datetime
    _last_tick: float | None = None
    _leading: bool = False
    _jobs: dict[str, JobState] = field(default_factory=dict)
    _runs: Counter[tuple[str, Result]] = field(default_factory=Counter)
    _misfires: Counter[str] = field(default_factory=Counter)
    _overruns: Counter[str] = field(default_factory=Counter)
    _skipped: Counter[str] = field(default_factory=Counter)
    _reload_ok: bool = True
    _clock_steps: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tick(self, monotonic: float) -> None:
        """The scheduler is alive at this second of the monotonic clock."""
        with self._lock:
            self._last_tick = monotonic

    def lead(self, leading: bool) -> None:
        """Whether this instance is the one that works; a standby answers probes all the same."""
        with self._lock:
            self._leading = leading

    def plan(self, job: str) -> None:
        """The job exists; it is told of at zero before its first run, so that an alert can see the first failure."""
        with self._lock:
            self._jobs.setdefault(job, "waiting")

    def begin(self, job: str) -> None:
        """A run of the job starts."""
        with self._lock:
            self._jobs[job] = "running"

    def end(self, job: str, result: Result) -> None:
        """A run of the job is over."""
        with self._lock:
            self._jobs[job] = "waiting"
            self._runs[job, result] += 1

    def misfire(self, job: str) -> None:
        """A start came too late to be made."""
        with self._lock:
            self._misfires[job] += 1

    def overrun(self, job: str) -> None:
        """A start fell into the run before it."""
        with self._lock:
            self._overruns[job] += 1

    def skip(self, job: str) -> None:
        """A start found nothing left to do."""
        with self._lock:
            self._skipped[job] += 1

    def reloaded(self, ok: bool) -> None:
        """config.toml was read again; when it could not be used, the last good one goes on."""
        with self._lock:
            self._reload_ok = ok

    def clock_stepped(self) -> None:
        """The wall clock jumped beside the monotonic one."""
        with self._lock:
            self._clock_steps += 1

    def beat(self) -> Beat:
        """How it stands now."""
        with self._lock:
            return Beat(
                started_at=self.started_at,
                last_tick=self._last_tick,
                leading=self._leading,
                jobs=dict(self._jobs),
                runs=dict(self._runs),
                misfires=dict(self._misfires),
                overruns=dict(self._overruns),
                skipped=dict(self._skipped),
                reload_ok=self._reload_ok,
                clock_steps=self._clock_steps,
            )
