"""When a job is due, as slots: a civil date, or a run of hours. What was done in each is remembered in store/slots.py.

A slot has a name that sorts, so a clock that is set back, an hour that comes twice (DST) or a machine that slept changes nothing:
a slot is worked once, and of several that were missed only the last is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One turn of a job. `key` sorts as time goes; `at` is when it begins to be due."""

    key: str
    at: datetime


class Schedule(ABC):
    """When a job has its turns."""

    @property
    @abstractmethod
    def apart(self) -> timedelta:
        """From one slot to the next, as clocks show it."""

    @abstractmethod
    def latest(self, now: datetime) -> Slot:
        """The last slot that is due at an instant."""

    @abstractmethod
    def between(self, last: str, slot: Slot) -> int:
        """How many slots lie between one that was worked and a later one: they were missed."""

    def after(self, slot: Slot) -> datetime:
        """When the slot after one begins."""
        return slot.at + self.apart

    @abstractmethod
    def trigger(self) -> BaseTrigger:
        """What wakes the service for it."""


def _begins(day: date, at: time, zone: ZoneInfo) -> datetime:
    """In UTC: two instants of one zone are compared by their clocks' faces, which go back once a year."""
    return datetime.combine(day, at, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily(Schedule):
    """Once a civil day of `zone`, at a time of day; with `weekday` (0 is Monday), once a week.

    >>> from datetime import datetime, time
    >>> from zoneinfo import ZoneInfo
    >>> madrid = ZoneInfo("Europe/Madrid")
    >>> Daily(at=time(2, 30), zone=madrid).latest(datetime(2026, 10, 25, 2, 45, fold=1, tzinfo=madrid)).key
    '2026-10-25'
    """

    at: time
    zone: ZoneInfo
    weekday: int | None = None

    def latest(self, now: datetime) -> Slot:
        """Today's, or the one before while its time has not come. An hour that comes twice has one slot, from the first."""
        today = now.astimezone(self.zone).date()
        day = today if self.weekday is None else today - timedelta(days=(today.weekday() - self.weekday) % 7)
        if now.astimezone(UTC) < _begins(day, self.at, self.zone):
            day -= self.apart
        return Slot(key=day.isoformat(), at=_begins(day, self.at, self.zone))

    def between(self, last: str, slot: Slot) -> int:
        """Whole days or weeks; what was hourly until today is counted by its date."""
        apart = date.fromisoformat(slot.key) - date.fromisoformat(last[:10])
        return max(0, apart // self.apart - 1)

    def trigger(self) -> BaseTrigger:
        """A time of day, as cron has it."""
        day = None if self.weekday is None else WEEKDAYS[self.weekday]
        return CronTrigger(day_of_week=day, hour=self.at.hour, minute=self.at.minute, timezone=self.zone)

    @property
    def apart(self) -> timedelta:
        """A day or a week."""
        return timedelta(days=1 if self.weekday is None else 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly(Schedule):
    """On the first civil day of each month of `zone`, at a time of day.

    >>> from zoneinfo import ZoneInfo
    >>> Monthly(at=time(6), zone=ZoneInfo("Asia/Shanghai")).latest(datetime(2026, 2, 28, 23, tzinfo=UTC)).key
    '2026-03-01'
    """

    at: time
    zone: ZoneInfo

    @property
    def apart(self) -> timedelta:
        """A month at most."""
        return timedelta(days=31)

    def latest(self, now: datetime) -> Slot:
        """This month's, or the one before while its time has not come."""
        first = now.astimezone(self.zone).date().replace(day=1)
        if now.astimezone(UTC) < _begins(first, self.at, self.zone):
            first = (first - timedelta(days=1)).replace(day=1)
        return Slot(key=first.isoformat(), at=_begins(first, self.at, self.zone))

    def between(self, last: str, slot: Slot) -> int:
        """Whole months, by the calendar."""
        before, now = (date.fromisoformat(key[:10]) for key in (last, slot.key))
        return max(0, (now.year - before.year) * 12 + now.month - before.month - 1)

    def after(self, slot: Slot) -> datetime:
        """The first of the next month."""
        following = (date.fromisoformat(slot.key) + self.apart).replace(day=1)
        return _begins(following, self.at, self.zone)

    def trigger(self) -> BaseTrigger:
        """A day of the month, as cron has it."""
        return CronTrigger(day=1, hour=self.at.hour, minute=self.at.minute, timezone=self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hourly(Schedule):
    """Every so many hours, counted in UTC, where each hour comes once.

    >>> Hourly(hours=6).latest(datetime(2026, 3, 2, 13, 5, tzinfo=UTC)).key
    '2026-03-02T12Z'
    """

    hours: int

    @property
    def apart(self) -> timedelta:
        """So many hours."""
        return timedelta(hours=self.hours)

    def latest(self, now: datetime) -> Slot:
        """The run of hours that an instant lies in."""
        whole = (now - EPOCH) // self.apart
        at = EPOCH + whole * self.apart
        return Slot(key=f"{at:%Y-%m-%dT%HZ}", at=at)

    def between(self, last: str, slot: Slot) -> int:
        """Runs of hours; by the schedule of today, whatever it was then."""
        before = datetime.strptime(last[:10], "%Y-%m-%d").replace(tzinfo=UTC)
        before += timedelta(hours=int(last[11:13] or 0)) if "T" in last else timedelta()
        return max(0, (slot.at - before) // self.apart - 1)

    def trigger(self) -> BaseTrigger:
        """Every so many hours since the beginning of UTC."""
        return IntervalTrigger(hours=self.hours, start_date=EPOCH, timezone=UTC)
