"""What comes of judging: one rule on one subject, in full or without its words, and how far a rule could be judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule on one subject. `outcome` is a level, or clear, unknown, not applicable.

    `days_late` is negative before the deadline. `money` is in whole units of `currency`. `missing` names the facts for lack
    of which it cannot be computed. `provisional` says that a working-day calendar not yet published was used.
    """

    rule: str
    subject: str
    subject_id: str
    subject_title: str
    as_of: date
    outcome: str
    contract_id: str | None
    contract_title: str | None
    contract_number: str | None
    unit: str | None
    unit_id: str | None
    party: str | None
    source: str | None
    source_row: int | None
    due: date | None
    days_late: int | None
    money: Decimal | None
    currency: str | None
    cite: str
    evidence: dict[str, Any]
    missing: tuple[str, ...]
    provisional: bool
    rule_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """That a rule fires on a subject, at what level and for what day: a finding without its words."""

    rule: str
    subject: str
    subject_id: str
    contract_id: str | None
    unit: str | None
    outcome: str
    due: date | None
    rule_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far one rule could be judged. `contracts_blind` counts contracts with at least one unknown outcome."""

    rule: str
    subject: str
    judged: int
    not_applicable: int
    clear: int
    unknown: int
    fires: dict[str, int]
    contracts_blind: int
    missing: tuple[tuple[str, int], ...]
