"""Shares, scores, intervals and days of a model's card, as a reader of one language expects them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any, TypeGuard

from monitor.domain.words import word
from monitor.reports.page import Wording

Card = Mapping[str, Any]
"""A model's numbers as JSON keeps them, or a part of them; see `learning.training`."""


@dataclass(frozen=True, slots=True)
class Teller(Wording):
    """Shares, scores and intervals as a reader of one language expects them."""

    def share(self, value: float | None) -> str:
        """A share in per cent.

        >>> Teller("en").share(0.52727), Teller("zh").share(None)
        ('52.7%', '未知')
        """
        return f"{100 * value:.1f}%" if known(value) else word("unknown", self.lang)

    def score(self, value: float | None, *, signed: bool = False) -> str:
        """A figure without a unit.

        >>> Teller("en").score(0.2218), Teller("en").score(-0.0297, signed=True)
        ('0.222', '−0.030')
        """
        return _minus(f"{value:{'+' if signed else ''}.3f}") if known(value) else word("unknown", self.lang)

    def gap(self, value: float | None) -> str:
        """A difference of two shares in percentage points, with its sign."""
        return _minus(f"{100 * value:+.1f}") if known(value) else word("unknown", self.lang)

    def count(self, value: int | None) -> str:
        """How many."""
        return word("unknown", self.lang) if value is None else self.number(value)

    def long_day(self, day: str | None) -> str:
        """A day from its ISO text."""
        return word("unknown", self.lang) if day is None else self.day(day)

    def by(self, name: str) -> str:
        """Who says it, as a heading begins."""
        return self.head(f"model.by.{name}")

    def interval(self, low: str, high: str) -> str:
        """From one end to the other."""
        return self.say("model.interval", low=low, high=high)

    def budget(self, lead: Card) -> str:
        """Who warned, and of which share of each day."""
        return self.say("model.leads.budget", name=self.by(lead["model"]), share=f"{100 * lead['budget']:g}%")

    def lead_days(self, lead: Card) -> str:
        """Median and middle half of the days ahead."""
        if lead["days"] is None:
            return word("unknown", self.lang)
        low, middle, high = (_minus(f"{day:,.0f}") for day in lead["days"])
        return self.say("model.with_interval", value=middle, interval=self.interval(low, high))


def known(value: float | None) -> TypeGuard[float]:
    """Whether there is a number: JSON has null for none, and NaN is none either."""
    return value is not None and not isnan(value)


def capital(text: str) -> str:
    """As a heading begins."""
    return text[:1].upper() + text[1:]


def _minus(text: str) -> str:
    return text.replace("-", "−")
