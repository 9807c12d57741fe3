"""A question that can be learned from, as it stands in `models/<id>/recipe.toml`: read strictly, checked as rules are.

Expressions are those of rules, over the facts of the recipe's subject. In an outcome `later.done_on` is the subject's own
fact as it was found on a later day, and everything else is what was known on the day of asking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from monitor.domain.errors import ConfigError
from monitor.domain.portfolio import nothing
from monitor.domain.toml import Fault, Located, in_order, nearest, parse, validate
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import documented
from monitor.learning.layout import Layout
from monitor.rulebook.language import Meaning, Scope, understand
from monitor.rulebook.rule import Expression, Limit, Strict, Words
from monitor.rulebook.types import BOOLEAN, DAY, NUMBER, Key, kinds_of

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Fact = Annotated[str, Field(pattern=r"^[a-z]+\.[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(gt=0, lt=1)]

RESERVED = frozenset({"ripe", "open_now", "asked_of", "bad_on", "good_on", "void", "on_record"})
"""Columns of ours beside those that `Layout` keeps for itself."""

TEXT = ("VARCHAR", '"NULL"')


class Population(Strict):
    """Who is asked about. `open` is what counts as unfinished work; `asked_of` narrows it to what is not decided yet.

    A model learns and answers within `early_days` of the due day. Further away the past record is all there is to go by: what is
    known of such cases ended years ago, under another base rate.
    """

    open: Expression
    asked_of: Expression
    start: Expression
    due: Expression
    early_days: Annotated[int, Field(ge=1)] = 180


class Result(Strict):
    """The two ends: each the first day on which it was certain. What is `void` is never an outcome; what has neither day
    is not known yet, and never good.

    `certain_by` is the day on which either end would be certain. Cases are learned from when it has come: of those before it
    only the quick ones have ended, and they are the good ones.

    `closes` is for a question about a time from the day of asking, `as_of` here: what had come by `certain_by` stands, and
    what comes afterwards is another case. The facts of one day do not tell how such cases ended, so a `Record` must.
    """

    bad_on: Expression
    good_on: Expression
    certain_by: Expression
    void: Expression = "false"
    delay: Expression | None = None
    closes: bool = False


class Record(Strict):
    """How the newest earlier case of a subject ended, and by how many days, read from today's facts; empty where it had none."""

    late: Expression
    delay: Expression | None = None


class Role(Strict):
    """Something with a record of its own, as a unit or a kind: `fact` is its key, `shown` what people call it."""

    fact: Expression
    shown: Expression | None = None
    words: Words


class Seen(Strict):
    """The facts that are looked at."""

    amount: Expression | None = None
    title: Expression | None = None
    numbers: tuple[Fact, ...] = ()
    categories: tuple[Fact, ...] = ()
    pairs: tuple[tuple[Name, Name], ...] = ()
    role: dict[Name, Role]

    @model_validator(mode="after")
    def pairs_of_roles(self) -> Seen:
        """A pair is of two roles that there are."""
        for pair in self.pairs:
            for name in pair:
                if name not in self.role:
                    raise ValueError(f'pair "{name}" is no role{nearest(name, list(self.role))}')
        return self


class Snapshots(Strict):
    """The days on which the past is asked: the first of every `months`, for the last `years`."""

    months: Annotated[int, Field(ge=1, le=12)] = 1
    years: Annotated[int, Field(ge=1, le=30)] = 6


class Estimator(Strict):
    """Sizes of the two members; see `learning.blend`. Probabilities are not mended afterwards: that made them worse."""

    trees: Annotated[int, Field(ge=10, le=1000)] = 150
    leaf: Annotated[int, Field(ge=1, le=200)] = 10
    rounds: Annotated[int, Field(ge=10, le=1000)] = 150
    calibration: Literal["none"] = "none"


class Trial(Strict):
    """Rolling origin: `cuts` times, `window_days` apart, a model sees nothing after the cut and is asked what came then;
    `folds`: no contract is on both sides."""

    cuts: Annotated[int, Field(ge=2, le=20)] = 5
    window_days: Annotated[int, Field(ge=30, le=730)] = 182
    folds: Annotated[int, Field(ge=2, le=10)] = 3


class GateSettings(Strict):
    """What must be there before a model speaks: closed cases, cases to judge it by, and how sure it must be better."""

    closed: Annotated[int, Field(ge=50)] = 200
    judged: Annotated[int, Field(ge=30)] = 60
    rarer: Annotated[int, Field(ge=5)] = 15
    sure: Annotated[float, Field(ge=0.5, lt=1)] = 0.8


class Rung(Strict):
    """A warning is raised for the `share` with the highest probability, where that is `at_least` so high."""

    share: Share
    at_least: Share


class Warns(Strict):
    """What a score alone may raise: a reminder or attention. Orange and red are the law's."""

    blue: Rung
    yellow: Rung


class Recipe(Strict):
    """One question. Every key is explained in models/README.md."""

    id: Name
    subject: Literal["contract", "obligation", "payment"]
    title: Words
    question: Words
    happened: Words
    not_for: Words
    note: str = ""
    limit: Annotated[dict[Name, int | float], Field(default_factory=dict)]
    population: Population
    outcome: Result
    record: Record | None = None
    facts: Seen
    snapshots: Snapshots = Snapshots()
    estimator: Estimator = Estimator()
    trial: Trial = Trial()
    gate: GateSettings = GateSettings()
    warns: Warns

    @model_validator(mode="after")
    def closes_with_a_record(self) -> Recipe:
        """An outcome that closes has a record of its own, and no other has."""
        if self.outcome.closes != (self.record is not None):
            raise ValueError("outcome.closes = true and a [record] go together: give both or neither")
        return self

    def expressions(self) -> dict[Key, tuple[str, tuple[str, ...]]]:
        """Every expression by its place in the file, with what it must give."""
        who, end, seen = self.population, self.outcome, self.facts
        given: list[tuple[Key, str | None, tuple[str, ...]]] = [
            (("population", "open"), who.open, BOOLEAN), (("population", "asked_of"), who.asked_of, BOOLEAN),
            (("population", "start"), who.start, DAY), (("population", "due"), who.due, DAY),
            (("outcome", "bad_on"), end.bad_on, DAY), (("outcome", "good_on"), end.good_on, DAY),
            (("outcome", "certain_by"), end.certain_by, DAY), (("outcome", "void"), end.void, BOOLEAN),
            (("outcome", "delay"), end.delay, NUMBER),
            (("facts", "amount"), seen.amount, NUMBER), (("facts", "title"), seen.title, TEXT),
        ]  # fmt: skip
        if self.record is not None:
            given += [(("record", "late"), self.record.late, BOOLEAN), (("record", "delay"), self.record.delay, NUMBER)]
        for name, role in seen.role.items():
            given += [(("facts", "role", name, "fact"), role.fact, TEXT)]
            given += [(("facts", "role", name, "shown"), role.shown, TEXT)]
        return {key: (text, kinds) for key, text, kinds in given if text is not None}

    @property
    def layout(self) -> Layout:
        """The columns that features are made from."""
        seen = self.facts
        return Layout(roles=tuple(seen.role), pairs=seen.pairs, categories=seen.categories, numbers=seen.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A checked recipe with its expressions as SQL over the base view of its subject; `"later.done_on"` is a column too."""

    recipe: Recipe
    path: Path
    hash: str
    sql: Mapping[Key, str]
    then: tuple[str, ...]
    """Facts of the day of asking that an outcome names."""

    later: tuple[str, ...]
    """The subject's own facts that an outcome looks for on later days, without the subject's name."""


def load(shelves: Sequence[Path], calendars: Mapping[str, WorkCalendar], *, default_calendar: str) -> tuple[Asked, ...]:
    """Every recipe of the shelves, by name; a later shelf's takes the place of an earlier one's of the same name.

    Raises ConfigError with every fault of every file: file, line, column, caret, nearest name. The same files are checked
    once in the life of a process.
    """
    words = tuple(sorted((word, calendar.fingerprint) for word, calendar in calendars.items()))
    files = [path for shelf in shelves for path in sorted(shelf.glob("*/recipe.toml"))]
    key = (tuple((path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files), words, default_calendar)
    if key not in _CHECKED:
        _CHECKED.clear()
        _CHECKED[key] = _load(files, calendars, default_calendar=default_calendar)
    return _CHECKED[key]


_CHECKED: dict[tuple[object, ...], tuple[Asked, ...]] = {}


def _load(files: Sequence[Path], calendars: Mapping[str, WorkCalendar], *, default_calendar: str) -> tuple[Asked, ...]:
    found: dict[str, Asked] = {}
    faults: list[str] = []
    with Engine(nothing(), calendars, as_of=date(2000, 1, 1)) as engine:
        for path in files:
            try:
                located = parse(_text(path), f"models/{path.parent.name}/recipe.toml")
                recipe = validate(located, Recipe)
            except ConfigError as error:
                faults.append(error.message)
                continue
            found[recipe.id], wrong = _checked(recipe, located, engine, path=path, calendar=default_calendar)
            faults += [str(fault) for fault in in_order(wrong)]
    if faults:
        raise ConfigError("\n".join(faults), hint="`lvyue model list` shows this again after you mended it")
    return tuple(found[name] for name in sorted(found))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error


def named(recipes: Sequence[Asked], name: str) -> Asked:
    """Raises ConfigError that names the nearest recipe when there is none of that name."""
    for asked in recipes:
        if asked.recipe.id == name:
            return asked
    known = [asked.recipe.id for asked in recipes]
    raise ConfigError(f"there is no recipe {name!r}{nearest(name, known)}", hint=f"there are {', '.join(known)}")


def _checked(
    recipe: Recipe, located: Located, engine: Engine, *, path: Path, calendar: str
) -> tuple[Asked, list[Fault]]:
    columns = engine.columns(recipe.subject)
    own = [fact.name for fact in documented(recipe.subject)]
    later = {f"later.{name.partition('.')[2]}": columns[name] for name in own} | {"later.as_of": "DATE"}
    limits = {name: [Limit(name=name, value=value, cite="")] for name, value in recipe.limit.items()}
    faults: list[Fault] = []
    if recipe.id != path.parent.name:
        message = f'id "{recipe.id}" is not the folder\'s name "{path.parent.name}"'
        faults.append(located.fault(*located.key_at(("id",)), message))
    meanings: dict[Key, Meaning] = {}
    for key, (text, _) in recipe.expressions().items():
        words = columns | later if key[0] == "outcome" else columns
        scope = Scope(columns=words, calendar=calendar, dated_by=Meaning(sql="as_of"), limits=limits, let={})
        meanings[key] = understand(text, scope)
        faults += [
            located.fault(*located.inside(key, fault.offset), f"{'.'.join(key)}: {fault.message}", width=fault.width)
            for fault in meanings[key].faults
        ]
    faults += _unknown_facts(recipe, located, columns)
    try:
        _ = recipe.layout
    except ValueError as error:
        faults.append(located.fault(*located.key_at(("facts",)), str(error)))
    for name in sorted(RESERVED & set(recipe.facts.role)):
        faults.append(located.fault(*located.key_at(("facts", "role", name)), f'a role may not be called "{name}"'))
    facts = sorted({fact for key, meaning in meanings.items() if key[0] == "outcome" for fact in meaning.facts})
    asked = Asked(
        recipe=recipe, path=path, hash=hashlib.sha256(located.text.encode()).hexdigest(),
        sql={key: meaning.sql for key, meaning in meanings.items()},
        then=tuple(fact for fact in facts if not fact.startswith("later.")),
        later=tuple(fact.removeprefix("later.") for fact in facts if fact.startswith("later.") and fact != "later.as_of"),
    )  # fmt: skip
    return asked, faults or _wrong_types(asked, located, engine, later)


def _unknown_facts(recipe: Recipe, located: Located, columns: Mapping[str, str]) -> list[Fault]:
    faults = []
    for key, names in (("numbers", recipe.facts.numbers), ("categories", recipe.facts.categories)):
        for place, name in enumerate(names):
            line, column = located.key_at(("facts", key, place))
            if name not in columns:
                message = f'unknown fact "{name}"{nearest(name, list(columns))}'
                faults.append(located.fault(line, column, message, width=len(name) + 2))
            elif key == "numbers" and columns[name].partition("(")[0] not in (*NUMBER, "BOOLEAN"):
                faults.append(located.fault(line, column, f'"{name}" gives {columns[name]}; it must give a number'))
    return faults


def _wrong_types(asked: Asked, located: Located, engine: Engine, later: Mapping[str, str]) -> list[Fault]:
    """DuckDB itself is asked what each expression gives, over facts with no rows."""
    beside = ", ".join(f'null::{kind} as "{name}"' for name, kind in later.items())
    source = f"(select *, as_of() as as_of, {beside} from base_{asked.recipe.subject})"
    faults = []
    together = kinds_of(engine.db, asked.sql, source)
    for key, (_, wanted) in asked.recipe.expressions().items():
        found = together if isinstance(together, dict) else kinds_of(engine.db, {key: asked.sql[key]}, source)
        kind = found if isinstance(found, str) else found[key]
        if kind.partition("(")[0] not in wanted:
            message = f"{'.'.join(key)}: gives {kind}; it must give {wanted[0]}"
            faults.append(located.fault(*located.inside(key, 0), message))
    return faults
