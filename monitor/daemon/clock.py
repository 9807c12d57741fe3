"""A wall clock that cannot be trusted blindly: it is set back, it jumps, it comes back wrong from a dead battery.

A scan of a day to come would open warnings about promises that are not due, and would forbid every scan until that
day. So a clock that jumps far ahead is not believed: nothing is judged until it comes back, or a person works once by
hand under the new date.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

STEP = timedelta(seconds=30)
"""Less than this is a clock being corrected, not set."""

JUMP = timedelta(days=7)
"""A clock that went further ahead than this while the service ran is not believed."""

ABSENCE = timedelta(days=31)
"""Nor is one that says that nobody worked here for longer than this."""


def ticking() -> float:
    """Seconds that only go forward, at the pace of time. Where the system has it, also while the machine sleeps."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


@dataclass(slots=True)
class Watch:
    """Lays the wall clock beside one that nobody sets."""

    wall: datetime
    tick: float
    ahead: timedelta = timedelta()
    """How far the wall clock was set ahead since the start, and not set back."""
    set_at: datetime | None = None
    """What it said when it was last set ahead."""

    def look(self, wall: datetime, tick: float) -> timedelta | None:
        """By how much the clock was set since the last look; None where it just went on."""
        step = wall - self.wall - timedelta(seconds=tick - self.tick)
        self.wall, self.tick = wall, tick
        if abs(step) < STEP:
            return None
        self.ahead = max(timedelta(), self.ahead + step)
        self.set_at = wall if step > timedelta() else self.set_at
        return step

    def leaps(self, wall: datetime, tick: float) -> bool:
        """Whether the wall clock went mad since the last look: what is worked in that second must not believe it."""
        return wall - self.wall - timedelta(seconds=tick - self.tick) > JUMP

    def doubt(self, last_worked: datetime | None) -> str:
        """Why the clock is not believed; empty when it is. `last_worked` is when anything last ran here, by the ledger."""
        if last_worked is not None and self.set_at is not None and self.set_at <= last_worked <= self.wall:
            self.ahead = timedelta()  # somebody worked by hand under the new date
        if self.ahead > JUMP:
            return f"the clock was set {self.ahead.days} days ahead while the service ran"
        if last_worked is not None and self.wall - last_worked > ABSENCE:
            return f"the clock says {self.wall:%Y-%m-%d}, and the last work here was on {last_worked:%Y-%m-%d}"
        return ""
