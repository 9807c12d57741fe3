"""The words of a letter for the reader of one language. This is all that the templates may call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from monitor.domain.money import Money, minor_digits
from monitor.domain.warning import SHAPES
from monitor.domain.words import keys, shown, word
from monitor.notify.letters.content import Item
from monitor.notify.letters.inert import cut

_NUMERALS = "一二三四五六七八九"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DECIMAL = re.compile(r"-?\d{1,30}\.\d{1,10}")


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads `lang`, zh or en."""

    lang: str

    def say(self, key: str, **values: object) -> str:
        """The phrase `letter.<key>`, with values filled in; what they contain is never filled in again.

        >>> Reader("zh").say("days", n=3)
        '逾期3天'
        """
        return word(f"letter.{key}", self.lang).format(**values)

    def word(self, key: str) -> str:
        """A word that all parts of Lvyue share, as a level."""
        return word(key, self.lang)

    def heading(self, number: int, key: str) -> str:
        """The title of a numbered part.

        >>> Reader("zh").heading(2, "why"), Reader("en").heading(2, "why")
        ('二、依据与要求', '2. Why it matters')
        """
        return f"{_NUMERALS[number - 1]}、{self.say(key)}" if self.lang == "zh" else f"{number}. {self.say(key)}"

    def shape(self, level: str) -> str:
        """The sign of a level."""
        return SHAPES[level]

    def day(self, day: date | None) -> str:
        """A day in words, or that it is not known."""
        return shown(day, self.lang)

    def days(self, days_late: int | None) -> str:
        """How late or how soon.

        >>> Reader("en").days(1), Reader("en").days(-20), Reader("zh").days(0), Reader("zh").days(None)
        ('1 day late', 'in 20 days', '今日到期', '')
        """
        if days_late is None:
            return ""
        if days_late == 0:
            return self.word("due_today")
        key = ("day" if abs(days_late) == 1 else "days") + ("" if days_late > 0 else "_left")
        return self.say(key, n=abs(days_late))

    def event(self, item: Item) -> str:
        """Why this warning is told of now."""
        return self.say(f"event.{item.event}", before=self.word(item.before) if item.before else "")

    def money(self, item: Item) -> str:
        """The amount at stake, rounded half up to the smallest coin; nothing where there is none."""
        if item.money is None:
            return ""
        if item.currency is None:
            return shown(item.money, self.lang)
        minor = item.money.scaleb(minor_digits(item.currency)).to_integral_value(ROUND_HALF_UP)
        return Money(int(minor), item.currency).text(self.lang)

    def fact(self, name: str) -> str:
        """A short name for a fact; nothing where only its dotted name is known."""
        return word(f"fact.{name}", self.lang) if f"fact.{name}" in keys() else ""

    def value(self, name: str, value: Any) -> str:
        """A fact's value. JSON has neither days nor decimals: they came as text and are shown as what they are.

        >>> Reader("en").value("obligation.due_on", "2017-12-01"), Reader("zh").value("obligation.status", "scheduled")
        ('1 Dec 2017', '待履行')
        >>> Reader("en").value("payment.unpaid", "500000.0000"), Reader("en").value("limit.days", 30)
        ('500,000.00', '30')
        """
        if isinstance(value, str) and _DAY.fullmatch(value):
            return shown(_day(value), self.lang)
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return shown(Decimal(value), self.lang)
        if isinstance(value, float):
            return shown(Decimal(str(value)), self.lang)
        code = f"value.{name.partition('.')[2]}.{value}"
        return word(code, self.lang) if code in keys() else cut(shown(value, self.lang), 600)

    def side(self, item: Item) -> str:
        """Who owes it: as recorded for this very promise, or else as the rule has it."""
        recorded = item.evidence.get(f"{item.subject}.side")
        return self.say(f"side.{recorded if recorded in ('government', 'counterparty') else item.side}")

    def source(self, name: str, item: Item) -> str:
        """Where a fact comes from: a number of the law, a computation, or a row of a source."""
        if name.startswith("limit."):
            return self.say("source_law")
        if name.startswith("let."):
            return self.say("source_computed")
        if item.source is None:
            return self.word("unknown")
        if item.source_row is None or not name.startswith(
            f"{item.subject}."
        ):  # the row is the subject's, not its contract's
            return item.source
        return self.say("source_row", source=item.source, row=item.source_row)


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
