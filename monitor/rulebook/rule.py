"""A rule as it stands in its file: the law, the limits, the test, the letter and the examples on one screen.

Two forms. *Deadline*: `due`, `done` and a `ladder` of days around the deadline; `raise` may lift an overdue one further.
*Condition*: `levels`, one SQL expression a level; the highest that is true counts, and `due` may name the day that
the warning is about. Numbers of the law are `[[limit]]`
blocks with dates and a citation, never literals in a condition.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Level = Literal["blue", "yellow", "orange", "red"]
LEVELS: tuple[Level, ...] = ("blue", "yellow", "orange", "red")
Basis = Literal["statute", "seen", "memory", "default"]
RULE_ID = r"^[A-Z]{2,4}-[A-Z]{2,4}-\d{2}$"
RuleId = Annotated[str, Field(pattern=RULE_ID)]
Expression = Annotated[str, Field(min_length=1, max_length=2000)]

_RUNG = re.compile(r"[+-]?\d{1,4}(d|wd)")


class Strict(BaseModel):
    """Unknown keys are faults; nothing is guessed from another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Words(Strict):
    """The same sentence in both languages. `{payment.due_on}` stands for a value; nothing else is filled in."""

    zh: str
    en: str

    def in_language(self, lang: str) -> str:
        """The sentence in `zh` or `en`."""
        return self.zh if lang == "zh" else self.en


class Limit(Strict):
    """A number of the law from one day to another, both included; a change of law adds a block, never edits one."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    value: int | float | str
    starts: Annotated[date | None, Field(alias="from")] = None
    ends: Annotated[date | None, Field(alias="to")] = None
    cite: str
    basis: Basis | None = None


class Example(Strict):
    """A case the rule must judge so. `given` holds facts by their dotted names; every other fact is unknown."""

    says: str
    as_of: date
    given: dict[str, Any]
    expect: Literal["blue", "yellow", "orange", "red", "clear", "unknown"]
    due: date | None = None
    money: str | None = None

    @field_validator("given")
    @classmethod
    def flat(cls, given: dict[str, Any]) -> dict[str, Any]:
        """TOML's `payment.due_on = …` nests; facts are named flat."""
        out: dict[str, Any] = {}
        for subject, facts in given.items():
            if not isinstance(facts, dict):
                raise ValueError(f'write "{subject}" as a fact of its subject, as payment.due_on')
            out |= {f"{subject}.{name}": value for name, value in facts.items()}
        return out


class Rule(Strict):
    """One rule. See the folder's README for what each key means."""

    id: RuleId
    subject: Literal["unit", "party", "contract", "obligation", "payment", "amendment", "guarantee", "complaint"]
    side: Literal["government", "counterparty", "both"]
    title: Words
    basis: Basis
    law: Annotated[tuple[str, ...], Field(min_length=1)]
    note: str = ""
    replaces: tuple[RuleId, ...] = ()
    applies: Expression | None = None
    dated_by: Expression | None = None
    let: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Expression] = {}
    due: Expression | None = None
    done: Expression | None = None
    ladder: dict[Level, str] = {}
    lift: Annotated[dict[Level, Expression], Field(alias="raise")] = {}
    levels: dict[Level, Expression] = {}
    money: Expression | None = None
    says: Words
    action: Words
    limit: tuple[Limit, ...] = ()
    example: Annotated[tuple[Example, ...], Field(min_length=2)]

    @field_validator("ladder")
    @classmethod
    def rungs(cls, ladder: dict[Level, str]) -> dict[Level, str]:
        """Each rung is days from the deadline: "-10d", "+1d", "+3wd"."""
        for level, rung in ladder.items():
            if not _RUNG.fullmatch(rung):
                raise ValueError(
                    f'{level} = "{rung}" is no rung; write days from the deadline, as "-10d", "+1d" or "+3wd"'
                )
        return ladder

    @model_validator(mode="after")
    def one_form(self) -> Rule:
        """Deadline or condition, never both, never neither. A condition may name the day it is about with `due`."""
        if bool(self.ladder) == bool(self.levels):
            raise ValueError("a rule has either `due` and `ladder` (deadline form) or `levels` (condition form)")
        if self.ladder and not self.due:
            raise ValueError("a [ladder] needs the deadline, `due`, that it counts from")
        if self.levels and (self.done or self.lift):
            raise ValueError("`done` and `raise` belong to the deadline form")
        fires = [example for example in self.example if example.expect not in ("clear", "unknown")]
        if not fires or len(fires) == len(self.example):
            raise ValueError("give at least one [[example]] that fires and one that does not")
        return self

    def limits_named(self) -> dict[str, list[Limit]]:
        """Blocks of each limit, oldest first."""
        named: dict[str, list[Limit]] = {}
        for block in self.limit:
            named.setdefault(block.name, []).append(block)
        return {name: sorted(blocks, key=lambda b: b.starts or date.min) for name, blocks in named.items()}

    def expressions(self) -> dict[tuple[str, ...], str]:
        """Every expression of the rule by its place in the file."""
        out: dict[tuple[str, ...], str] = {}
        for key in ("applies", "dated_by", "due", "done", "money"):
            text = getattr(self, key)
            if text is not None:
                out[(key,)] = text
        out |= {("let", name): text for name, text in self.let.items()}
        out |= {("raise", level): text for level, text in self.lift.items()}
        out |= {("levels", level): text for level, text in self.levels.items()}
        return out


class Pack(Strict):
    """`pack.toml`: whose rules these are, which working days they count, and limits that several rules share.

    `jurisdiction` names countries (none: everywhere); without `subdivisions` their states and cities are not meant.
    """

    name: Words
    jurisdiction: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()
    subdivisions: bool = True
    calendar: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$")] = None
    limit: tuple[Limit, ...] = ()

    @property
    def place(self) -> str | None:
        """A short word for whose law it is: the country, or the calendar's word where there are many; None: everywhere's."""
        return None if not self.jurisdiction else self.jurisdiction[0] if len(self.jurisdiction) == 1 else self.calendar
