"""Warnings and letters as values: what a scan signals, what is open, what changed, what is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal

Event = Literal[
    "opened", "raised", "lowered", "updated", "unit_changed", "cleared", "recurred", "closed", "released", "resurfaced",
    "escalated", "acknowledged", "assessed", "handled", "reported", "dismissed", "suspended", "resumed", "transferred",
    "assigned", "reopened",
]  # fmt: skip
State = Literal[
    "open", "acknowledged", "assessing", "handling", "reported", "suspended", "transferred", "closed", "dismissed"
]
"""发现、签收、研判、处置、反馈，挂起、移送，销号、误报 (law/domain-model.md §4). Escalated is none: somebody is still to act."""

SETTLED: tuple[State, ...] = ("closed", "dismissed")
"""States in which nobody has to do anything more."""

Role = Literal["handler", "contract_manager", "unit_head", "legal_office", "leader", "supervision"]
ROLES: tuple[Role, ...] = ("handler", "contract_manager", "unit_head", "legal_office", "leader", "supervision")
"""承办人、合同管理员、单位负责人、法制机构、分管领导、督查: the way up when nobody acts."""

OUTCOMES = ("true", "false", "prevented")
"""What a warning came to: 属实, 误报, 已避免. A label, for whoever counts false alarms and learns from them."""

DISMISSALS = ("wrong_data", "wrong_rule", "not_ours", "agreed", "duplicate", "other")
"""Why a warning was none."""

LEVELS = ("blue", "yellow", "orange", "red")
URGENT = ("orange", "red")
PROGRAM = "lvyue"
"""Who acted where no person did."""

SHAPES = {"red": "■", "orange": "◆", "yellow": "▲", "blue": "●", "unknown": "?", "clear": "✓", "not applicable": "–"}
"""An outcome is a word and a shape wherever a person meets it, never a colour alone."""

NEWS = ("opened", "raised", "recurred", "unit_changed", "reopened", "resurfaced")
"""Events that a level has to be told of."""

ARMING = (*NEWS, "resumed")
"""Events from which time limits run anew."""

TOLD = (*NEWS, "escalated", "cleared", "closed", "dismissed", "assessed")
"""Events that people may be written to about; `notify.compose` says who is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a scan says of one rule and subject. `outcome` is a level, clear, unknown or not applicable."""

    rule: str
    subject: str
    subject_id: str
    outcome: str
    contract_id: str | None = None
    unit: str | None = None
    rule_hash: str = ""
    due: str | None = None
    finding: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One warning as it stands. `id` is None until it is stored; days are days of scans (`as_of`)."""

    id: int | None = None
    rule: str
    subject: str
    subject_id: str
    contract_id: str | None
    unit: str | None
    level: str
    peak: str
    """The worst level it ever had: what was red once does not close by itself."""

    state: State = "open"
    opened_on: date
    level_since: date
    armed_on: date
    """The day from which time limits run: opened, raised, back again, or taken up again."""

    cleared_on: date | None = None
    closed_on: date | None = None
    """The day a person settled it, or a scan a reminder that had done its work."""

    released_on: date | None = None
    """The day on which another warning of the same rule and subject may open: settled, and its condition gone."""

    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    reported_by: str | None = None
    acted_on: date | None = None
    assignee: str | None = None
    escalated: int = 0
    """Steps up the chain since somebody last acted."""

    until: date | None = None
    held: State | None = None
    """Suspended until a day, and the state to go back to."""

    outcome: str | None = None
    previous: int | None = None
    """The case this one goes on from."""

    told: str | None = None
    """The level that people were last told of; None while a silence or a graver warning keeps it quiet."""

    documents: int = 0
    """Letters written about it: the number of the next, and the SEQUENCE of its calendar entry."""

    turn: int = 0
    """Rises with every change: who saw an older turn must look again."""

    rule_hash: str
    finding: dict[str, Any]

    @property
    def number(self) -> str:
        """The number people use, 预警编号.

        >>> day = date(2026, 3, 1)
        >>> Alert(id=31, rule="R", subject="s", subject_id="1", contract_id=None, unit=None, level="red", peak="red",
        ...       opened_on=day, level_since=day, armed_on=day, rule_hash="", finding={}).number
        'YJ-2026-00031'
        """
        return f"YJ-{self.opened_on.year}-{self.id or 0:05d}"

    @property
    def active(self) -> bool:
        """Whether its condition holds and somebody has still to do something about it."""
        return self.state not in SETTLED and self.cleared_on is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A warning after a step, and what happened: `before` and `after` are levels.

    `signal` is what a scan found, to be stepped again if the warning was moved meanwhile. `muted` says why nobody is told of
    what people would otherwise be told of. `detail` is kept with the event, as JSON.
    """

    alert: Alert
    event: Event
    before: str | None
    after: str | None
    actor: str = PROGRAM
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    signal: Signal | None = None
    muted: str | None = None

    @property
    def told(self) -> bool:
        """Whether somebody gets a letter."""
        return self.event in TOLD and self.muted is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Somebody asked for quiet about some warnings, says why, and until when. `*` in a pattern stands for anything."""

    id: int | None = None
    rule: str = "*"
    unit: str = "*"
    contract_id: str | None = None
    author: str
    reason: str
    from_on: date
    until: date
    """The last quiet day. On the next one, whatever is still open is told of."""

    ended_on: date | None = None

    def covers(self, alert: Alert, on: date) -> bool:
        """Whether it is quiet about this warning on a day."""
        last = self.until if self.ended_on is None else min(self.until, self.ended_on - timedelta(days=1))
        return (
            self.from_on <= on <= last
            and fnmatchcase(alert.rule, self.rule)
            and fnmatchcase(alert.unit or "", self.unit)
            and self.contract_id in (None, alert.contract_id)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter to one recipient, with everything its text needs. `key` gives the Message-ID: same key, same letter."""

    key: str
    kind: str
    recipient: str
    lang: str
    content: dict[str, Any]
    created_at: datetime
    channel: str = "mail"
    """`mail`, or the name of a `[[channel]]`, whose recipient is the channel itself."""

    not_before: datetime | None = None
    """A letter that urges waits for working hours."""

    attempts: int = 0
