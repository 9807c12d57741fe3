"""Made warnings for tests of the alert loop: an office that does not exist, its people, a finding to write of.

The cast: Chen handles, Dong is the colleague, Eve comes second.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.alerts import Act
from monitor.alerts.acts import Kind
from monitor.domain.warning import Alert, State

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 2)
"""A Monday, and a working day in China."""

FINDING: dict[str, Any] = {
    "rule_title": {"zh": "虚构规则", "en": "Made rule"}, "says": {"zh": "虚构的节点逾期。", "en": "A made milestone is late."},
    "action": {"zh": "请核实。", "en": "Look at it."}, "cite": "made, no law", "basis": "default", "side": "both",
    "subject": "obligation", "subject_title": "Roof", "contract_id": "A", "contract_title": "School",
    "contract_number": "A-1", "unit": "Works", "party": "Builders", "due": None, "days_late": None, "money": None,
    "currency": "CNY", "evidence": {}, "missing": [], "provisional": False, "source": "made", "source_row": 1,
}  # fmt: skip

STATES: tuple[State, ...] = (
    "open", "acknowledged", "assessing", "handling", "reported", "suspended", "transferred", "closed", "dismissed",
)  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "acknowledge", "assess", "handle", "report", "close", "dismiss", "suspend", "resume", "transfer", "assign", "reopen",
)  # fmt: skip
LATER = date(2026, 3, 20)
VALUES: dict[Kind, str | date] = {
    "close": "true", "dismiss": "wrong_data", "suspend": LATER, "transfer": "Audit", "assign": "Dong",
}  # fmt: skip
"""What each act asks for beside its reason."""


def warned(state: State = "open", *, level: str = "orange", subject_id: str = "A/1", **more: Any) -> Alert:
    """A warning opened today, in a state that it came to by the usual way: Chen acknowledged it, and reported or
    handed it over."""
    alert = Alert(
        rule="GEN-DL-01", subject="obligation", subject_id=subject_id, contract_id="A", unit="Works", level=level, peak=level,
        state=state, opened_on=TODAY, level_since=TODAY, armed_on=TODAY, told=level, documents=1, rule_hash="", finding=FINDING,
    )  # fmt: skip
    if state not in ("open", "dismissed"):
        alert = replace(alert, acknowledged_by="Chen", acknowledged_at=at(TODAY), assignee="Chen", acted_on=TODAY)
    if state in ("reported", "transferred", "closed"):
        alert = replace(alert, reported_by="Chen")
    if state in ("closed", "dismissed"):
        alert = replace(alert, closed_on=TODAY, outcome="true" if state == "closed" else "false")
    if state == "suspended":
        alert = replace(alert, held="handling", until=LATER)
    return replace(alert, **more)


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """An instant of a day where the office is."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def doing(
    kind: Kind, actor: str = "Eve", *, on: date = TODAY, note: str = "because", hour: int = 10, **more: Any
) -> Act:
    """An act of which everything is said that it asks for."""
    return Act(kind=kind, actor=actor, at=at(on, hour), on=on, note=note, **{"value": VALUES.get(kind)} | more)
