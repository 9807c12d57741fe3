"""What the warnings were good for: how soon they were taken up and settled, how many were false, what was averted or paid.

Counted are warnings opened from one day to another, by what had happened by the second. Times are in working days. What a
warning came to (属实, 误报, 已避免) is what people said when they settled it; a reminder that cleared untouched was averted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from monitor.alerts import HandlingSettings
from monitor.domain.warning import ARMING, NEWS, Alert
from monitor.domain.workdays import WorkCalendar

SETTLING = ("closed", "dismissed")

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One warning by a day. Days are working days from when it was opened; None where it has not come to that.

    `lead` is civil days from the first letter to the due day, negative after it.
    """

    rule: str
    unit: str | None
    open: bool
    escalated: bool
    ack_days: int | None
    ack_in_time: bool | None
    close_days: int | None
    close_in_time: bool | None
    outcome: str | None
    lead: int | None
    paid: tuple[str, Decimal] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Some warnings in figures. Shares are (of these, out of those); medians None where there is nothing to take one of."""

    name: str
    raised: int
    open: int
    escalated: int
    ack_days: float | None
    ack_in_time: tuple[int, int]
    close_days: float | None
    close_in_time: tuple[int, int]
    outcomes: dict[str, int]
    lead_days: float | None
    ahead: tuple[int, int]
    paid: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effectiveness:
    """All of them, then by rule and by unit, those with most warnings first."""

    total: Counted
    rules: list[Counted]
    units: list[Counted]


def effectiveness(
    cases: Iterable[tuple[Alert, Sequence[Event]]], handling: HandlingSettings, calendar: WorkCalendar
) -> Effectiveness:
    """Figures of some warnings by what happened to them, oldest first."""
    lives = [_life(alert, events, handling, calendar) for alert, events in cases]
    return Effectiveness(
        total=_counted("", lives), rules=_grouped(lives, lambda life: life.rule),
        units=_grouped(lives, lambda life: life.unit or ""),
    )  # fmt: skip


def _life(alert: Alert, events: Sequence[Event], handling: HandlingSettings, calendar: WorkCalendar) -> Life:
    armed = next((event for event in events if event["kind"] in ARMING), None)
    opened = armed["happened_on"] if armed else alert.opened_on
    ack = _first(events, ("acknowledged",))
    reported = _first(events, ("reported", *SETTLING))
    settled = _first(events, SETTLING)
    told = _first([event for event in events if "muted" not in event["detail"]], NEWS)
    by_hand = settled is not None and settled["actor"] != "lvyue"
    due = alert.finding.get("due")
    return Life(
        rule=alert.rule, unit=alert.unit, open=settled is None, escalated=_first(events, ("escalated",)) is not None,
        ack_days=calendar.working_days_between(opened, ack["happened_on"]) if ack else None,
        ack_in_time=_in_time(events, ack, lambda level: handling.of(level).acknowledge, calendar),
        close_days=calendar.working_days_between(opened, settled["happened_on"]) if settled and by_hand else None,
        close_in_time=_in_time(events, reported if by_hand else None, lambda level: handling.of(level).report, calendar),
        outcome=_outcome(settled, by_hand=by_hand),
        lead=(date.fromisoformat(due) - told["happened_on"]).days if due and told else None,
        paid=_paid(alert, events, told),
    )  # fmt: skip


def _outcome(settled: Event | None, *, by_hand: bool) -> str | None:
    if settled is None:
        return None
    if settled["kind"] == "dismissed":
        return "false"
    return str(settled["detail"].get("outcome", "true")) if by_hand else "prevented"


def _in_time(
    events: Sequence[Event], done: Event | None, days: Callable[[str], int], calendar: WorkCalendar
) -> bool | None:
    """Whether something was done within its days, counted from the last event before it that set the clock."""
    if done is None:
        return None
    before = [event for event in events[: events.index(done)] if event["kind"] in ARMING]
    if not before or not before[-1]["after"]:
        return None
    start, allowed = before[-1]["happened_on"], days(before[-1]["after"])
    last = calendar.add_working_days(start, allowed) if allowed else calendar.roll(start)
    return bool(done["happened_on"] <= last)


def _paid(alert: Alert, events: Sequence[Event], told: Event | None) -> tuple[str, Decimal] | None:
    """What was at stake in a payment whose warning ended by itself after somebody had been told: the sum was paid."""
    money, currency = alert.finding.get("money"), alert.finding.get("currency")
    if alert.subject != "payment" or told is None or money is None or currency is None or not _over(events):
        return None
    return str(currency), Decimal(str(money))


def _over(events: Sequence[Event]) -> bool:
    """Whether the condition had ceased, by the last event that says so or says that it was back."""
    over = False
    for event in events:
        if event["kind"] in ("cleared", "released") or (event["kind"] == "closed" and event["actor"] == "lvyue"):
            over = True
        elif event["kind"] == "recurred":
            over = False
    return over


def _first(events: Sequence[Event], kinds: Sequence[str]) -> Event | None:
    return next((event for event in events if event["kind"] in kinds), None)


def _grouped(lives: Sequence[Life], name: Callable[[Life], str]) -> list[Counted]:
    groups: dict[str, list[Life]] = {}
    for life in lives:
        groups.setdefault(name(life), []).append(life)
    return [_counted(key, groups[key]) for key in sorted(groups, key=lambda key: (-len(groups[key]), key))]


def _counted(name: str, lives: Sequence[Life]) -> Counted:
    paid: dict[str, Decimal] = {}
    for currency, money in filter(None, (life.paid for life in lives)):
        paid[currency] = paid.get(currency, Decimal(0)) + money
    leads = [life.lead for life in lives if life.lead is not None]
    return Counted(
        name=name, raised=len(lives), open=sum(life.open for life in lives), escalated=sum(life.escalated for life in lives),
        ack_days=_median(life.ack_days for life in lives), ack_in_time=_share(life.ack_in_time for life in lives),
        close_days=_median(life.close_days for life in lives), close_in_time=_share(life.close_in_time for life in lives),
        outcomes={key: sum(life.outcome == key for life in lives) for key in ("true", "prevented", "false")},
        lead_days=_median(leads), ahead=(sum(lead > 0 for lead in leads), len(leads)), paid=dict(sorted(paid.items())),
    )  # fmt: skip


def _median(values: Iterable[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None


def _share(values: Iterable[bool | None]) -> tuple[int, int]:
    known = [value for value in values if value is not None]
    return sum(known), len(known)
