"""The life of each warning as it was known on a day, told from its events alone: the row of a warning says how it stands now.

KPI (domain-model.md §5): 预警处置率 is closed / raised; 预警准确率 not dismissed / raised; 及时处置率, closed within its time, is
told by `effectiveness`, which knows the time limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from monitor.domain.warning import LEVELS, SETTLED
from monitor.reports.asked import PICKING, Asked, Case, Event

RAISING = ("opened", "raised", "lowered", "recurred", "reopened", "updated")
STATES = {
    "acknowledged": "acknowledged", "assessed": "assessing", "handled": "handling", "reported": "reported",
    "suspended": "suspended", "transferred": "transferred", "closed": "closed", "dismissed": "dismissed",
}  # fmt: skip
"""The state after an event that does not say it itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A warning on the day. Days are None where it has not come to that; `contract` is empty where it is about none."""

    number: str
    rule: str
    level: str
    peak: str
    state: str
    unit: str
    contract_id: str | None
    contract: str
    opened_on: date
    acknowledged_on: date | None
    assessed_on: date | None
    closed_on: date | None
    cleared_on: date | None
    escalations: int
    events: Sequence[Event]

    @property
    def open(self) -> bool:
        """Somebody has still to do something."""
        return self.state not in SETTLED


def picked(asked: Asked) -> list[Case]:
    """The warnings about the contracts and the rule asked for, by number: those about no contract only where none is picked."""
    mine = {row["id"] for row in asked.rows("select id from asked")}
    wanted = asked.narrowed
    some = bool(set(PICKING) & set(wanted.named()))
    return [
        (alert, events)
        for alert, events in asked.cases()
        if (not some or alert.contract_id in mine) and (wanted.rule is None or alert.rule == wanted.rule.upper())
    ]


def lives(asked: Asked) -> list[Told]:
    """Those warnings as they stood, no lesser ones than of the level asked for."""
    mine = {row["id"]: row for row in asked.rows("select id, unit, contract from asked")}
    found = [_told(case, mine.get(case[0].contract_id or "", {})) for case in picked(asked)]
    least = LEVELS.index(asked.narrowed.level) if asked.narrowed.level else 0
    return [one for one in found if LEVELS.index(one.level) >= least]


def rule_named(asked: Asked, rule: str) -> str:
    """A rule by its id and title; one that is no longer on the shelf by its id."""
    known = [one.rule for one in asked.book.rules if one.rule.id == rule]
    return f"{rule} {known[0].title.in_language(asked.lang)}" if known else rule


def _told(case: Case, contract: dict[str, str]) -> Told:
    alert, events = case
    levels = [str(event["after"]) for event in events if event["kind"] in RAISING and event["after"]]
    state, cleared = "open", None
    for event in events:
        state = event["state"] or STATES.get(event["kind"], state)
        cleared = (
            event["happened_on"] if event["kind"] == "cleared" else None if event["kind"] == "recurred" else cleared
        )
    return Told(
        number=alert.number, rule=alert.rule, level=levels[-1] if levels else alert.level,
        peak=max(levels, key=LEVELS.index, default=alert.peak), state=state,
        unit=contract.get("unit") or alert.unit or "", contract_id=alert.contract_id, contract=contract.get("contract") or "",
        opened_on=events[0]["happened_on"], acknowledged_on=_last(events, "acknowledged"),
        assessed_on=_last(events, "assessed"), closed_on=_last(events, *SETTLED) if state in SETTLED else None,
        cleared_on=cleared, escalations=sum(event["kind"] == "escalated" for event in events), events=events,
    )  # fmt: skip


def _last(events: Sequence[Event], *kinds: str) -> date | None:
    days = [event["happened_on"] for event in events if event["kind"] in kinds]
    return days[-1] if days else None
