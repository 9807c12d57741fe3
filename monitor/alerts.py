"""The life of a warning as a pure function: what was open, what was found, what follows. Nothing else moves a warning.

    nothing      + a level             → opened          (letter)
    open         + a higher level      → raised          (letter)
    open         + a lower level       → lowered         a day moved away; no letter
    open         + the same level      → nothing changes, nothing is written; unless its due day or unit moved: updated
    open         + clear               → cleared; what never was more than a reminder and nobody touched also closes
    cleared      + a level             → recurred        (letter)
    anything     + unknown, or absent  → nothing: missing data never closes a warning

Orange and red stay open after they cleared until a person closes them: something did go wrong, and somebody must say what.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from monitor.domain.warning import LEVELS, URGENT, Alert, Change, Event, Signal


def step(alert: Alert | None, signal: Signal, *, on: date) -> Change | None:
    """What follows when `signal` is found on a day while `alert` is open. None when nothing does."""
    if signal.outcome == "unknown":
        return None
    if signal.outcome not in LEVELS:
        return _clear(alert, on) if alert is not None and alert.cleared_on is None else None
    if alert is None:
        return Change(alert=_opened(signal, on), event="opened", before=None, after=signal.outcome)
    same = alert.cleared_on is None and alert.level == signal.outcome
    if same and signal.due == alert.finding.get("due") and signal.unit == alert.unit:
        return None
    moved = replace(
        alert, level=signal.outcome, peak=max(alert.peak, signal.outcome, key=LEVELS.index), cleared_on=None,
        level_since=alert.level_since if same else on, contract_id=signal.contract_id, unit=signal.unit,
        finding=signal.finding, rule_hash=signal.rule_hash,
    )  # fmt: skip
    return Change(alert=moved, event=_event(alert, signal.outcome), before=alert.level, after=signal.outcome)


def _event(alert: Alert, level: str) -> Event:
    if alert.cleared_on is not None:
        return "recurred"
    if level == alert.level:
        return "updated"
    return "raised" if LEVELS.index(level) > LEVELS.index(alert.level) else "lowered"


def _clear(alert: Alert, on: date) -> Change:
    if alert.state == "open" and alert.peak not in URGENT:
        closed = replace(alert, cleared_on=on, closed_on=on, state="closed")
        return Change(alert=closed, event="closed", before=alert.level, after=None)
    return Change(alert=replace(alert, cleared_on=on), event="cleared", before=alert.level, after=None)


def _opened(signal: Signal, on: date) -> Alert:
    return Alert(
        rule=signal.rule, subject=signal.subject, subject_id=signal.subject_id, contract_id=signal.contract_id,
        unit=signal.unit, level=signal.outcome, peak=signal.outcome, opened_on=on, level_since=on, rule_hash=signal.rule_hash,
        finding=signal.finding,
    )  # fmt: skip
