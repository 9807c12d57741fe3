"""The district's days: the three years, their month-ends, and the working days of China."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from monitor.domain.workdays import WorkCalendar, work_calendar

MONTHS = 36
FIRST = date(2023, 11, 1)
LAST = date(2026, 10, 31)
LAW = date(2025, 6, 1)
"""First day of the regulation of 2025 on payments to small and medium enterprises, 国务院令第802号."""


def month_ends() -> tuple[date, ...]:
    """The days for which the office hands in its ledger.

    >>> month_ends()[0].isoformat(), month_ends()[-1].isoformat(), len(month_ends())
    ('2023-11-30', '2026-10-31', 36)
    """
    firsts = [add_months(FIRST, number) for number in range(MONTHS + 1)]
    return tuple(later - timedelta(days=1) for _, later in pairwise(firsts))


def add_months(day: date, count: int) -> date:
    """The same day some months on, or that month's last.

    >>> add_months(date(2024, 8, 31), 6).isoformat()
    '2025-02-28'
    """
    number = day.year * 12 + day.month - 1 + count
    first = date(number // 12, number % 12 + 1, 1)
    following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    return first + timedelta(days=min(day.day, (following - first).days) - 1)


@cache
def calendar() -> WorkCalendar:
    """Working days of China, make-up days (调休) included; built once."""
    return work_calendar("CN")


def worked(day: date) -> date:
    """The day itself when offices work on it, else the next working day."""
    return calendar().roll(day)


def before(day: date) -> date:
    """The day itself when offices work on it, else the last working day before it."""
    return day if calendar().is_working(day) else calendar().add_working_days(day, -1)


def after(day: date, working_days: int) -> date:
    """The working day so many working days after (or, negative, before) a day."""
    return calendar().add_working_days(day, working_days)
