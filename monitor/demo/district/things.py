"""A thing of the ledger as a list of news: what was entered about it, and on which day.

The row of a day is all news up to that day, one over the other. So a row can hold nothing that happened later, a due
day that moves is one more piece of news, and the ledger of every month-end comes from the same telling.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from datetime import date

Value = str | int | bool | date | None
Row = dict[str, Value]

PLANS = {
    "contract": {"start_on", "end_on", "planned_sign_on", "rescission_until"},
    "obligation": {"due_on", "inspect_until", "warranty_until"},
    "payment": {"due_on", "instrument_due_on"},
    "guarantee": {"start_on", "end_on", "return_agreed_on"},
    "party": {"licence_until"},
}
"""Days that are agreed or set: they are known before they come. Every other day of a row is a day that has been."""

TOGETHER = {
    "contract": {"subcontract_consented": "subcontract_found_on", "subcontract_key": "subcontract_found_on",
                 "subcontract_tier": "subcontract_found_on", "emergency_use": "in_use_on"},
    "obligation": {"status": "done_on", "marked_on": "done_on", "evidence_count": "done_on"},
    "payment": {"paid_minor": "paid_on", "method": "paid_on", "method_agreed": "paid_on", "instrument_due_on": "paid_on",
                "confirmed_minor": "paid_on", "invoice_number": "invoice_on"},
    "review": {"result": "finished_on", "text_hash": "finished_on"},
    "party": {"distress": "distress_on"},
    "unit": {"event": "event_on"},
}  # fmt: skip
"""Facts that are entered together with a day, when that day is told in the same breath."""


@dataclass(slots=True, kw_only=True)
class Thing:
    """One row of the ledger through time. `born` is the day it was first entered."""

    noun: str
    id: str
    born: date
    news: list[tuple[date, Row]] = field(default_factory=list)

    def say(self, known: date, **facts: Value) -> Thing:
        """Enter facts on the day `known`; a day that has not come by then is entered when it comes.

        >>> road = Thing(noun="payment", id="P1", born=date(2026, 3, 2))
        >>> road.say(date(2026, 3, 2), due_on=date(2026, 4, 1), paid_on=date(2026, 3, 30), paid_minor=500).on(date(2026, 3, 9))
        {'id': 'P1', 'due_on': datetime.date(2026, 4, 1)}
        """
        plans, together = PLANS.get(self.noun, set()), TOGETHER.get(self.noun, {})
        for name, value in facts.items():
            day = value if isinstance(value, date) and name not in plans else known
            anchor = facts.get(together.get(name, ""))
            if isinstance(anchor, date) and name not in ("done_on", "paid_on"):
                day = max(day, anchor)
            insort(self.news, (max(day, known), {name: value}), key=_known)
        return self

    def always(self, **facts: Value) -> Thing:
        """Change what was entered first: as if it had never been otherwise. None takes a fact away."""
        for name in facts:
            self.news = [(day, told) for day, told in self.news if name not in told]
        return self.say(self.born, **{name: value for name, value in facts.items() if value is not None})

    def forget(self, *names: str, after: date) -> Thing:
        """Take back what was entered of these facts after a day: it never happened."""
        self.news = [(day, told) for day, told in self.news if day <= after or not told.keys() & set(names)]
        return self

    def since(self, day: date) -> Thing:
        """It was first entered on another day, with all that was known at first."""
        self.news = [(day if known == self.born else known, told) for known, told in self.news]
        self.born = day
        self.news.sort(key=_known)
        return self

    def not_before(self, day: date) -> None:
        """Nothing was entered before `day`: what was known earlier came in late."""
        self.born = max(self.born, day)
        self.news = [(max(known, day), told) for known, told in self.news]

    def on(self, day: date) -> Row | None:
        """The row as it stood at the end of `day`; none when nobody had entered it yet."""
        if day < self.born:
            return None
        row: Row = {"id": self.id}
        for known, told in self.news:
            if known > day:
                break
            row |= told
        return {name: value for name, value in row.items() if value is not None}


def _known(told: tuple[date, Row]) -> date:
    return told[0]
