"""What is provoked on purpose: for each rule a story in which it must fire, and its quiet twin.

A case is a function that breaks one thing of a well-begun contract when `bad`, and leaves it right when not. Both are
built: same form, same days, one done in time. All cases stand as they stand on the district's last day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypedDict, Unpack

from monitor.demo.district.story import Story
from monitor.demo.district.things import Thing

Tell = Callable[[Story, bool], Thing]
Life = Literal["whole", "promises", "none"]
"""What else happens in the contract: all that ordinarily does, its promises without payments, or nothing."""


class Setting(TypedDict, total=False):
    """What a case asks of its contract. `months` of performance, a year when not said; `amount` in yuan, an ordinary one when
    not said; `size`: `small` for a small or medium enterprise, empty for any; `unit` by its short name."""

    months: int
    amount: int
    life: Life
    size: str
    unit: str
    twin_signed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How a rule is provoked: on what contract, signed when, and what is told of it."""

    rule: str
    form: str
    tell: Tell
    signed: date
    twin_signed: date
    months: int
    amount: int
    life: Life
    size: str
    unit: str


class CaseBook:
    """The cases of one chapter. Called with a rule and a form, it registers the function below as that rule's case."""

    def __init__(self) -> None:
        self.cases: list[Case] = []

    def __call__(self, rule: str, form: str, signed: str, **asked: Unpack[Setting]) -> Callable[[Tell], Tell]:
        """What the contract is before the case breaks something of it."""

        def register(tell: Tell) -> Tell:
            self.cases.append(
                Case(
                    rule=rule,
                    form=form,
                    tell=tell,
                    signed=day(signed),
                    twin_signed=day(asked.get("twin_signed", signed)),
                    months=asked.get("months", 12),
                    amount=asked.get("amount", 0),
                    life=asked.get("life", "promises"),
                    size=asked.get("size", "small"),
                    unit=asked.get("unit", ""),
                )
            )
            return tell

        return register


def day(text: str) -> date:
    """A day as it is written.

    >>> day("2026-10-10").isoweekday()  # a Saturday that was worked
    6
    """
    return date.fromisoformat(text)
