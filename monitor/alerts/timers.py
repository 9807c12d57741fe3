"""Time limits of each level, in working days, and who is told when they pass.

Two timers: nobody acknowledged; somebody did, and then nothing came of it. When one passes, the next role up the chain is
told, and again every few working days. An act by a person stops it. The level stays what the law makes it: that nobody acts
does not make a reminder a breach, it makes it somebody else's business as well (law/domain-model.md §4 has the defaults).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.domain.warning import ROLES, Alert, Change, Role
from monitor.domain.workdays import WorkCalendar

Step = Literal["acknowledge", "assess", "report", "again"]
Days = Annotated[int, Field(ge=0, le=250)]


class Limits(BaseModel):
    """What is asked within how many working days of the warning; 0 is the same day, left out is not asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acknowledge: Annotated[Days, Field(description="Working days to acknowledge (签收).")]
    assess: Annotated[Days | None, Field(description="Working days to assess (研判).")] = None
    report: Annotated[Days, Field(description="Working days to handle and report (处置并反馈).")]
    again: Annotated[Days | None, Field(description="Working days between reports until it is closed.")] = None
    escalate_to: Annotated[Role, Field(description="Who is told first when a limit passes.")]


class HandlingSettings(BaseModel):
    """`[handling]`: how long a warning may wait, by level, and who is told then."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    blue: Annotated[Limits, Field(description="Limits of blue.")] = Limits(
        acknowledge=5, report=10, escalate_to="contract_manager"
    )
    yellow: Annotated[Limits, Field(description="Limits of yellow.")] = Limits(
        acknowledge=3, report=5, escalate_to="unit_head"
    )
    orange: Annotated[Limits, Field(description="Limits of orange.")] = Limits(
        acknowledge=1, assess=3, report=10, again=10, escalate_to="legal_office"
    )
    red: Annotated[Limits, Field(description="Limits of red.")] = Limits(
        acknowledge=0, assess=1, report=5, again=5, escalate_to="leader"
    )
    next_step: Annotated[int, Field(ge=1, le=60, description="Working days until the next role up is told.")] = 5
    opens: Annotated[time, Field(description="Office hours begin: letters that urge are not sent before.")] = time(9, 0)
    closes: Annotated[time, Field(description="Office hours end.")] = time(17, 30)

    def of(self, level: str) -> Limits:
        """The limits of one level."""
        limits: Mapping[str, Limits] = {
            "blue": self.blue, "yellow": self.yellow, "orange": self.orange, "red": self.red,
        }  # fmt: skip
        return limits[level]

    def roles(self, level: str) -> tuple[Role, ...]:
        """Who is told, step by step, when a limit of this level passes."""
        return ROLES[ROLES.index(self.of(level).escalate_to) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """What is asked of whoever holds the warning, and by which day; the day itself is still in time."""

    step: Step
    by: date


def deadline(alert: Alert, handling: HandlingSettings, calendar: WorkCalendar) -> Deadline | None:
    """What is to be done next and by when; None where nobody is waited for."""
    limits = handling.of(alert.level)

    def within(step: Step, days: int, start: date) -> Deadline:
        return Deadline(step=step, by=calendar.add_working_days(start, days) if days else calendar.roll(start))

    match alert.state:
        case "open":
            return within("acknowledge", limits.acknowledge, alert.armed_on)
        case "acknowledged" if limits.assess is not None:
            return within("assess", limits.assess, alert.armed_on)
        case "acknowledged" | "assessing" | "handling":
            return within("report", limits.report, alert.armed_on)
        case "reported" if limits.again is not None:
            return within("again", limits.again, max(alert.acted_on or alert.armed_on, alert.armed_on))
        case _:
            return None


def answer_by(alert: Alert, on: date, handling: HandlingSettings, calendar: WorkCalendar) -> Deadline | None:
    """What is to be done next, as it is asked for on a day: where the limit has passed, before the next role up is told."""
    waited = deadline(alert, handling, calendar)
    if waited is None or on <= waited.by:
        return waited
    calm = _calm(alert, waited, handling, calendar)
    until = calm if on <= calm else calendar.add_working_days(calm, handling.next_step * max(1, alert.escalated))
    return replace(waited, by=max(until, calendar.roll(on)))


def _calm(alert: Alert, waited: Deadline, handling: HandlingSettings, calendar: WorkCalendar) -> date:
    """The last day on which nobody is urged: that of the limit, or a few after somebody acted late."""
    if alert.acted_on is None or alert.acted_on <= waited.by:
        return waited.by
    return calendar.add_working_days(alert.acted_on, handling.next_step)


def tick(alert: Alert, *, on: date, handling: HandlingSettings, calendar: WorkCalendar) -> Change | None:
    """What time alone brings on a day: a suspension ends, or the next role up is told. None when nothing does: nobody is urged
    about what is over.

    At most one step a day and none on days off, so that days nobody ran the program do not fall on everybody at once. Whoever
    acts late has some days of calm before the chain begins again.
    """
    if alert.state == "suspended":
        return _resumed(alert, on) if alert.until is not None and alert.until <= on else None
    waited = deadline(alert, handling, calendar)
    if waited is None or alert.cleared_on is not None or not calendar.is_working(on):
        return None
    roles = handling.roles(alert.level)
    late = calendar.working_days_between(_calm(alert, waited, handling, calendar), on)
    due = 1 + (late - 1) // handling.next_step
    if late < 1 or alert.escalated >= min(due, len(roles)):
        return None
    step = alert.escalated + 1
    detail = {
        "step": step, "steps": len(roles), "role": roles[step - 1], "waiting": waited.step, "by": waited.by.isoformat(),
        "days": calendar.working_days_between(waited.by, on),
    }  # fmt: skip
    return Change(
        alert=replace(alert, escalated=step), event="escalated", before=alert.level, after=alert.level, detail=detail
    )  # fmt: skip


def working_moment(at: datetime, handling: HandlingSettings, calendar: WorkCalendar) -> datetime:
    """`at` itself within office hours of a working day, else the next instant at which they begin. Deferred, never dropped."""
    if calendar.is_working(at.date()):
        if at.time() < handling.opens:
            return datetime.combine(at.date(), handling.opens, at.tzinfo)
        if at.time() < handling.closes:
            return at
    return datetime.combine(calendar.roll(at.date() + timedelta(days=1)), handling.opens, at.tzinfo)


def _resumed(alert: Alert, on: date) -> Change:
    back = replace(alert, state=alert.held or "open", until=None, held=None, armed_on=on, escalated=0)
    return Change(alert=back, event="resumed", before=alert.level, after=alert.level, detail={"state": back.state})
