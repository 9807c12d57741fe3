"""An office's own number in place of a rule's: `[[override]]` of config.toml, who set it, why, and for which days.

The law stays on its shelf as it is. What an office sets is laid over it in memory, and every warning that follows from it
says so: a number that nobody signed for must not pass as law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from monitor.domain.toml import Fault, Located


class Override(BaseModel):
    """A `[[override]]`. Its days, both included, are those that pick the number of the law: see `dated_by` of the rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Annotated[str, Field(description="Id of the rule, as CN-PRC-03.")]
    limit: Annotated[str, Field(description="Name of the limit; `lvyue rules show ID` lists them.")]
    value: Annotated[int | float | str, Field(description="What counts instead of the rule's own value.")]
    author: Annotated[str, Field(min_length=1, max_length=60, description="Who decided it; letters name them.")]
    reason: Annotated[str, Field(min_length=1, max_length=200, description="Why; letters give it.")]
    starts: Annotated[
        date | None, Field(alias="from", description="First day of those that pick the number; left out: any before.")
    ] = None
    ends: Annotated[date | None, Field(alias="to", description="Last day; left out: any after.")] = None

    @field_validator("value", mode="before")
    @classmethod
    def number_or_text(cls, value: Any) -> Any:
        """TOML has booleans, days, lists, `nan` and `inf` too; no limit is one of them."""
        if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
            raise ValueError("must be a number or a text, as the limit's own value is")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{value} is no number to compare with")
        return value

    @field_validator("author", "reason", mode="before")
    @classmethod
    def one_line(cls, text: Any) -> Any:
        """It stands in the middle of a sentence of a letter."""
        return " ".join(text.split()) if isinstance(text, str) else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Every `[[override]]` of an office, and the file in which each has its place."""

    entries: tuple[Override, ...] = ()
    located: Located = field(default_factory=lambda: Located("config.toml", "", {}))

    def of(self, rule_id: str) -> tuple[Override, ...]:
        """Those of one rule, in the order of the file."""
        return tuple(entry for entry in self.entries if entry.rule == rule_id)

    def fault(self, number: int, key: str, message: str) -> Fault:
        """A fault of the `number`-th block, from 0, with a caret under the line of `key`."""
        path = ("override", number, key)
        line, column = self.located.key_at(path)
        width = len(key) if path in self.located.keys else 1
        return self.located.fault(line, column, f"override.{number}.{key}: {message}", width=width)

    def faults(self) -> list[Fault]:
        """What is wrong between days: an end before its beginning, and two numbers for one limit on one day."""
        found: list[Fault] = []
        for number, entry in enumerate(self.entries):
            if _first(entry) > _last(entry):
                found.append(self.fault(number, "to", f"{entry.ends} is before its first day, {entry.starts}"))
            for earlier in range(number):
                other = self.entries[earlier]
                same = (entry.rule, entry.limit) == (other.rule, other.limit)
                if same and max(_first(entry), _first(other)) <= min(_last(entry), _last(other)):
                    message = f"{entry.rule} {entry.limit} has two values on one day: see line {self._line(earlier)}"
                    found.append(self.fault(number, "limit", message))
        return found

    def _line(self, number: int) -> int:
        return self.located.key_at(("override", number))[0]


NO_OVERRIDES = Overrides()
"""Of an office that leaves every number as the law has it."""


def _first(entry: Override) -> date:
    return entry.starts or date.min


def _last(entry: Override) -> date:
    return entry.ends or date.max
