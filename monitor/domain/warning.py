"""Warnings and letters as values: what a scan signals, what is open, what changed, what is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

Event = Literal["opened", "raised", "lowered", "updated", "cleared", "recurred", "closed"]
LEVELS = ("blue", "yellow", "orange", "red")
URGENT = ("orange", "red")
SHAPES = {"red": "■", "orange": "◆", "yellow": "▲", "blue": "●", "unknown": "?", "clear": "✓", "not applicable": "–"}
"""An outcome is a word and a shape wherever a person meets it, never a colour alone."""

TOLD = ("opened", "raised", "recurred")
"""Events that people are written to about."""


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

    state: str = "open"
    opened_on: date
    level_since: date
    cleared_on: date | None = None
    closed_on: date | None = None
    rule_hash: str
    finding: dict[str, Any]

    @property
    def number(self) -> str:
        """The number people use, 预警编号.

        >>> Alert(id=31, rule="R", subject="s", subject_id="1", contract_id=None, unit=None, level="red", peak="red",
        ...       opened_on=date(2026, 3, 1), level_since=date(2026, 3, 1), rule_hash="", finding={}).number
        'YJ-2026-00031'
        """
        return f"YJ-{self.opened_on.year}-{self.id or 0:05d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A warning after a step, and what happened: `before` and `after` are levels."""

    alert: Alert
    event: Event
    before: str | None
    after: str | None

    @property
    def told(self) -> bool:
        """Whether somebody gets a letter."""
        return self.event in TOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter to one recipient, with everything its text needs. `key` gives the Message-ID: same key, same letter."""

    key: str
    kind: str
    recipient: str
    lang: str
    content: dict[str, Any]
    created_at: datetime
    attempts: int = 0
