"""What a scan found against what is open.

    nothing      + a level             → opened          (letter)
    open         + a higher level      → raised          (letter); what was only acknowledged is open again
    open         + a lower level       → lowered         a day moved away; no letter
    open         + the same level      → nothing changes, nothing is written; unless its due day moved: updated
    open         + another unit        → unit_changed    (letter); who has it now has to sign for it
    open         + clear               → cleared; what never was more than a reminder and nobody touched also closes
    cleared      + a level             → recurred        (letter); it is open again, whatever was done about it before
    settled      + higher, other day   → a new case, opened, that names the old one   (letter)
    settled      + anything else       → nothing; when it is clear, the next finding opens a new case
    anything     + unknown, or absent  → nothing: missing data never closes a warning

Settled is what a person closed or dismissed while its condition still held: a review that was never made stays unmade, and
nobody is told of it every morning. Orange and red stay open after they cleared until a person closes them: something did go
wrong, and somebody must say what.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from monitor.domain.warning import LEVELS, SETTLED, URGENT, Alert, Change, Event, Signal, State


def step(alert: Alert | None, signal: Signal, *, on: date) -> Change | None:
    """What follows when `signal` is found on a day while `alert` is not released. None when nothing does."""
    if signal.outcome == "unknown":
        return None
    if signal.outcome not in LEVELS:
        return _clear(alert, signal, on) if alert is not None and alert.cleared_on is None else None
    if alert is None:
        return Change(alert=_opened(signal, on), event="opened", before=None, after=signal.outcome, signal=signal)
    if alert.state in SETTLED:
        return _settled(alert, signal, on)
    same = alert.cleared_on is None and alert.level == signal.outcome
    if same and signal.due == alert.finding.get("due") and signal.unit == alert.unit:
        return None
    event = _event(alert, signal)
    moved = replace(
        alert, level=signal.outcome, peak=max(alert.peak, signal.outcome, key=LEVELS.index), cleared_on=None,
        level_since=alert.level_since if same else on, contract_id=signal.contract_id, unit=signal.unit,
        finding=signal.finding, rule_hash=signal.rule_hash,
    )  # fmt: skip
    if event in ("raised", "recurred", "unit_changed"):
        moved = replace(
            moved, state=_rearmed(alert, event), armed_on=on, escalated=0, until=None, held=None,
            told=alert.told if event == "raised" else None,
        )  # fmt: skip
    return Change(alert=moved, event=event, before=alert.level, after=signal.outcome, signal=signal)


def _event(alert: Alert, signal: Signal) -> Event:
    level = signal.outcome
    if alert.cleared_on is not None:
        return "recurred"
    if level == alert.level:
        return "updated" if alert.unit in (signal.unit, None) else "unit_changed"
    return "raised" if LEVELS.index(level) > LEVELS.index(alert.level) else "lowered"


def _rearmed(alert: Alert, event: Event) -> State:
    """Whoever signed for yellow has not signed for red; who is at work on it already need not sign again."""
    if event == "recurred":
        return "open"
    working = alert.held if alert.state == "suspended" and alert.held is not None else alert.state
    return "open" if working == "acknowledged" else working


def _settled(alert: Alert, signal: Signal, on: date) -> Change | None:
    """A settled case stays settled unless it got worse, or the day that was agreed upon moved: that is another case."""
    worse = LEVELS.index(signal.outcome) > LEVELS.index(alert.level)
    if alert.cleared_on is None and not worse and signal.due == alert.finding.get("due"):
        return None
    again = replace(_opened(signal, on), previous=alert.id)
    return Change(alert=again, event="opened", before=None, after=signal.outcome, signal=signal)


def _clear(alert: Alert, signal: Signal, on: date) -> Change:
    if alert.state in SETTLED:
        done = replace(alert, cleared_on=on, released_on=on)
        return Change(alert=done, event="released", before=alert.level, after=None, signal=signal)
    if alert.state == "open" and alert.peak not in URGENT:
        closed = replace(alert, cleared_on=on, closed_on=on, released_on=on, state="closed", outcome="prevented")
        return Change(alert=closed, event="closed", before=alert.level, after=None, signal=signal)
    cleared = replace(alert, cleared_on=on)
    return Change(alert=cleared, event="cleared", before=alert.level, after=None, signal=signal)


def _opened(signal: Signal, on: date) -> Alert:
    return Alert(
        rule=signal.rule, subject=signal.subject, subject_id=signal.subject_id, contract_id=signal.contract_id,
        unit=signal.unit, level=signal.outcome, peak=signal.outcome, opened_on=on, level_since=on, armed_on=on,
        rule_hash=signal.rule_hash, finding=signal.finding,
    )  # fmt: skip
