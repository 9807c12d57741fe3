"""A second model of a warning's life, written from law/domain-model.md §4 and from what the modules promise, not from their code.

A card on a desk: what a person would write on it, and turn over. Levels are numbers from 1 (blue) to 4 (red).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

LEVELS = ("", "blue", "yellow", "orange", "red")

# 签收, 研判, 处置并反馈, and again until closed, in working days; then how many roles there are to go up through.
LIMITS: dict[int, tuple[int, int | None, int, int | None, int]] = {
    1: (5, None, 10, None, 5),
    2: (3, None, 5, None, 4),
    3: (1, 3, 10, 10, 3),
    4: (0, 1, 5, 5, 2),
}
NEXT_STEP = 5

# Where each act leads from where. "=": nowhere; "<": back to where it was suspended; "+": another case. Closing asks more.
MOVES = {
    "acknowledge": {"open": "acknowledged"},
    "assess": {"acknowledged": "assessing", "assessing": "assessing", "handling": "assessing"},
    "handle": {"acknowledged": "handling", "assessing": "handling", "handling": "handling", "reported": "handling"},
    "report": {"assessing": "reported", "handling": "reported", "reported": "reported"},
    "close": dict.fromkeys(("acknowledged", "assessing", "handling", "reported", "transferred"), "closed"),
    "dismiss": dict.fromkeys(("open", "acknowledged", "assessing", "handling", "reported"), "dismissed"),
    "suspend": dict.fromkeys(("open", "acknowledged", "assessing", "handling", "reported"), "suspended"),
    "resume": {"suspended": "<"},
    "transfer": dict.fromkeys(("acknowledged", "assessing", "handling", "reported"), "transferred"),
    "assign": dict.fromkeys(
        ("open", "acknowledged", "assessing", "handling", "reported", "suspended", "transferred"), "="
    ),
    "reopen": {"closed": "+", "dismissed": "+"},
}


@dataclass(kw_only=True)
class Card:
    """One warning. `slot` says whether it keeps another of the same rule and subject from opening."""

    level: int
    worst: int
    armed: date
    state: str = "open"
    over: bool = False
    slot: bool = True
    signed: str = ""
    reporters: set[str] = field(default_factory=set)
    holder: str = ""
    held: str = ""
    until: date | None = None
    acted: date | None = None
    escalated: int = 0

    def may(self, kind: str, actor: str) -> bool:
        """Whether somebody may do it."""
        if self.state not in MOVES[kind]:
            return False
        if kind == "dismiss" and self.worst == 4:
            return self.is_second(actor)
        if kind != "close":
            return True
        if self.worst == 4:
            return self.state in ("reported", "transferred") and self.is_second(actor)
        return self.over or self.state in ("reported", "transferred")

    def is_second(self, actor: str) -> bool:
        """Red is ended by somebody else than who worked on it, and somebody has to have."""
        hands = self.reporters or {self.signed} - {""}
        return bool(hands) and actor not in hands

    def does(self, kind: str, actor: str, on: date, value: object) -> Card:
        """The card afterwards; for reopening the new one."""
        if kind == "reopen":
            self.slot = False
            return Card(
                level=self.level, worst=self.worst, armed=on, state="acknowledged", over=self.over, signed=actor,
                holder=self.holder, acted=on,
            )  # fmt: skip
        if kind == "assign":
            self.holder = str(value)
            return self
        target = MOVES[kind][self.state]
        if kind == "suspend":
            assert isinstance(value, date)
            self.held, self.until = self.state, value
        if kind == "resume":
            target, self.held, self.until, self.armed = self.held, "", None, on
        if kind == "acknowledge":
            self.signed, self.holder = actor, self.holder or actor
        if kind in ("report", "transfer"):
            self.reporters = {*self.reporters, actor}
        if target in ("closed", "dismissed") and self.over:
            self.slot = False
        self.state, self.acted, self.escalated = target, on, 0
        return self

    def hears(self, level: int, on: date) -> Card | None:
        """What a scan says: a level, or 0 for clear. A new card where the settled one makes room for it."""
        if self.state in ("closed", "dismissed"):
            self.slot, self.over = level > 0, self.over or level == 0
            return Card(level=level, worst=level, armed=on) if level > self.level else None
        if level == 0:
            if not self.over and self.state == "open" and self.worst < 3:
                self.state, self.slot = "closed", False
            self.over = True
            return None
        working = self.held or self.state
        if self.over:
            self.rearm("open", on)
        elif level > self.level:
            self.rearm("open" if working == "acknowledged" else working, on)
        self.level, self.worst, self.over = level, max(level, self.worst), False
        return None

    def rearm(self, state: str, on: date) -> None:
        """Time limits run anew."""
        self.state, self.armed, self.escalated, self.held, self.until = state, on, 0, "", None

    def waits(self, on: date, works: Callable[[date], bool]) -> None:
        """What time alone brings by a day."""
        if self.state == "suspended" and self.until is not None and on >= self.until:
            self.rearm(self.held, on)
            return
        last = self.last_day(works)
        if last is None or self.over or not works(on):
            return
        if self.acted is not None and self.acted > last:
            last = walk(self.acted, NEXT_STEP, works)
        late = sum(works(last + timedelta(days=n)) for n in range(1, (on - last).days + 1))
        if late < 1:
            return
        steps = 1 + (late - 1) // NEXT_STEP
        self.escalated += self.escalated < min(steps, LIMITS[self.level][4])

    def last_day(self, works: Callable[[date], bool]) -> date | None:
        """The last day on which an answer is in time."""
        sign, assess, report, again, _ = LIMITS[self.level]
        if self.state == "open":
            return walk(self.armed, sign, works)
        if self.state in ("acknowledged", "assessing", "handling"):
            return walk(self.armed, assess if assess is not None and self.state == "acknowledged" else report, works)
        if self.state == "reported" and again is not None:
            return walk(max(self.acted or self.armed, self.armed), again, works)
        return None


def walk(day: date, count: int, works: Callable[[date], bool]) -> date:
    """Day by day: the working day `count` working days after, or for 0 the day itself, or the next that is worked."""
    while count == 0 and not works(day):
        day += timedelta(days=1)
    while count > 0:
        day += timedelta(days=1)
        count -= works(day)
    return day
