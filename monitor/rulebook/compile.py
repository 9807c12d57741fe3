"""A checked rule becomes SQL: when it is due, which of the outcomes, and everything a warning must say.

Outcomes are small codes so that a million rows stay narrow: 0 the rule does not apply, 1 clear, 2 unknown, 3 blue,
4 yellow, 5 orange, 6 red. SQL's NULL carries the unknown; it is never read as clear and never as a breach.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from monitor.domain.override import Override
from monitor.domain.toml import Fault, Located
from monitor.domain.words import LANGS
from monitor.rulebook.language import Meaning, Scope, limit_sql, understand
from monitor.rulebook.overrides import SAID, article, limits_of, overlaid, sentence, spoken, told
from monitor.rulebook.parts import part_column
from monitor.rulebook.rule import LEVELS, Level, Limit, Pack, Rule

NOT_APPLICABLE, CLEAR, UNKNOWN = 0, 1, 2
CODES: dict[str, int] = {level: 3 + n for n, level in enumerate(LEVELS)}
OUTCOMES = ("not applicable", "clear", "unknown", *LEVELS)

AT_STAKE = {
    "payment": "payment.unpaid", "obligation": "obligation.amount", "contract": "contract.amount",
    "amendment": "amendment.amount", "guarantee": "guarantee.amount",
}  # fmt: skip
"""What is at stake when a rule does not say: the unpaid part, the milestone's value, the contract's amount."""

ITS_OWN_PLACE = ("unit", "party", "complaint")
"""Subjects that know whose law applies to them; for the others it is their contract's."""

DATED_BY = "dated by"
"""The part that holds the day by which limits are picked; no `[let]` can have such a name."""

PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
COMPUTED = ("due", "days_late", "as_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A rule with its expressions as SQL over the base view of its subject."""

    rule: Rule
    pack: Pack
    calendar: str
    rule_hash: str
    in_law: str
    parts: dict[str, str]
    applies: str
    due: str
    done: str
    levels: dict[Level, str]
    lift: dict[Level, str]
    money: str
    cite: str
    evidence: dict[str, str]
    needs: dict[str, str]
    """What must be known, facts and limits, each with the SQL that says that it is missing."""
    doubts: dict[str, str]
    """The same for what has a stand-in, or is asked for a `raise` only: it is missing where nothing of `needs` is."""
    facts: frozenset[str]
    overrides: tuple[Override, ...] = ()
    """Numbers that this office set in place of the rule's own; `rule` has the law's."""


def compile_rule(
    rule: Rule, located: Located, *, pack: Pack, columns: dict[str, str], calendar: str, rule_hash: str,
    overrides: Sequence[Override] = (),
) -> tuple[Compiled | None, list[Fault]]:  # fmt: skip
    """Translate every expression. Returns faults of the whole file at once; then there is nothing compiled.

    `columns` are the facts of the rule's subject with their types; `calendar` the word of the working days to count;
    `overrides` the numbers that the office set for this rule.
    """
    reader = _Reader(rule, located, pack=pack, columns=columns, calendar=calendar, overrides=overrides)
    parts = {key: reader.read(key) for key in rule.expressions() if key[0] not in ("dated_by", "let")}
    reader.check_words()
    if reader.faults:
        return None, reader.faults
    shown_only = ("money", "raise", "done") if rule.ladder else ("money", "due")  # not done yet is no gap
    asked = [part for key, part in parts.items() if key[0] not in shown_only]
    lifting = [part for key, part in parts.items() if key[0] == "raise"]
    in_law, law_facts = _in_law(pack, rule.subject)
    limits = sorted(set().union(*(part.limits for part in parts.values())))
    evidence = reader.evidence(parts.values(), limits)
    own = {name: blocks for name, blocks in limits_of(rule, pack).items() if f"limit.{name}" in evidence}
    evidence |= _set_here(rule, own, reader.dated_by.sql, overrides)
    named = reader.computed | {part_column(rule.id, name): part.sql for name, part in reader.scope.let.items()}
    compiled = Compiled(
        rule=spoken(rule) if overrides else rule, pack=pack, calendar=calendar, rule_hash=rule_hash, in_law=in_law,
        parts=named,
        applies=parts[("applies",)].sql if rule.applies else "true",
        due=parts[("due",)].sql if rule.due else "null::date",
        done=parts[("done",)].sql if rule.done else "null::date",
        levels={level: parts[("levels", level)].sql for level in rule.levels},
        lift={level: parts[("raise", level)].sql for level in rule.lift},
        money=parts[("money",)].sql if rule.money else _at_stake(rule.subject),
        cite=_cite(
            rule, {name: own[name] for name in limits}, reader.dated_by.sql,
            office=told(own, overrides, partial(article, basis=rule.basis)),
        ),
        evidence=evidence, needs=_gaps(_needs(asked) | law_facts, evidence),
        doubts=_doubts([*asked, *lifting], _gaps(_needs(lifting), evidence)), overrides=tuple(overrides),
        facts=_columns_used([*parts.values(), *reader.scope.let.values(), reader.dated_by], evidence) | law_facts,
    )  # fmt: skip
    return compiled, []


def give_way(general: Compiled, special: Compiled) -> Compiled:
    """`general`, silent wherever `special` applies for certain: where that is unknown, it still speaks."""
    applies = f"({general.applies}) and not coalesce(({special.in_law}) and ({special.applies}), false)"
    parts, facts = general.parts | special.parts, general.facts | special.facts
    return replace(general, applies=applies, parts=parts, facts=facts)


def code_sql(compiled: Compiled, number: int) -> str:
    """The outcome of rule `number`, over a stage that has its "a", "d" and "f" columns."""
    applies, due, done = f'"a.{number}"', f'"d.{number}"', f'"f.{number}"'
    if compiled.rule.ladder:
        steps = [f"when {done} <= as_of then {CLEAR}"] if compiled.rule.done else []
        steps += [f"when {applies} is null or {due} is null then {UNKNOWN}"]
        tests = [(level, test) for level in reversed(LEVELS) for test in [_reached(compiled, level, due)] if test]
    else:
        steps = [f"when {applies} is null then {UNKNOWN}"]
        tests = [(level, compiled.levels[level]) for level in reversed(LEVELS) if level in compiled.levels]
    steps += [f"when {test} then {CODES[level]}" for level, test in tests]
    doubt = [f"when {' or '.join(f'({test}) is null' for _, test in tests)} then {UNKNOWN}"]
    return f"case when not {applies} then {NOT_APPLICABLE} {' '.join(steps + doubt)} else {CLEAR} end"


def _reached(compiled: Compiled, level: Level, due: str) -> str:
    """Whether an overdue or nearly due subject is at a level; empty when the ladder has no such rung."""
    ways = []
    if level in compiled.rule.ladder:
        ways.append(f"as_of >= {rung_sql(due, compiled.rule.ladder[level], compiled.calendar)}")
    if level in compiled.lift:
        ways.append(f"(as_of > {due} and {compiled.lift[level]})")
    return " or ".join(ways)


def rung_sql(due: str, rung: str, calendar: str) -> str:
    """The day on which a rung of the ladder is reached.

    >>> rung_sql("d", "-10d", "CN"), rung_sql("d", "+3wd", "CN")
    ('d + (-10)', 'add_working_days_CN(d, 3)')
    """
    days = int(rung.rstrip("dw"))
    return f"add_working_days_{calendar}({due}, {days})" if rung.endswith("wd") else f"{due} + ({days})"


class _Reader:
    """Reads the expressions of one file and collects what is wrong with them."""

    def __init__(
        self, rule: Rule, located: Located, *, pack: Pack, columns: dict[str, str], calendar: str,
        overrides: Sequence[Override],
    ) -> None:  # fmt: skip
        self.rule, self.located = rule, located
        self.faults: list[Fault] = []
        named = overlaid(limits_of(rule, pack), overrides)
        for name in sorted({block.name for block in pack.limit} & rule.limits_named().keys()):
            number = next(n for n, block in enumerate(rule.limit) if block.name == name)
            message = f'limit "{name}" stands in pack.toml already, for every rule of the pack'
            self.faults.append(located.fault(*located.key_at(("limit", number, "name")), message))
        as_of = Meaning(sql='"as_of"')
        self.scope = Scope(
            columns=columns, calendar=calendar, dated_by=as_of, limits={}, let={}, rule_id=rule.id
        )  # fmt: skip
        self.computed: dict[str, str] = {}
        self.dated_by = self._day_that_counts(rule)
        self.scope = replace(self.scope, dated_by=self.dated_by, limits=named)
        for name in rule.let:
            part = self.read(("let", name))
            self.scope = replace(self.scope, let={**self.scope.let, name: part})

    def _day_that_counts(self, rule: Rule) -> Meaning:
        """What limits are dated by. What is computed becomes a part: a table of rates asks for it twice a block."""
        if not rule.dated_by:
            return self.scope.dated_by
        meaning = self.read(("dated_by",))
        if meaning.sql in ("", *(f'("{name}")' for name in (*self.scope.columns, "as_of"))):
            return meaning
        name = part_column(rule.id, DATED_BY)
        self.computed[name] = meaning.sql
        return replace(meaning, sql=f'"{name}"')

    def read(self, key: tuple[str, ...]) -> Meaning:
        meaning = understand(self.rule.expressions()[key], self.scope)
        for fault in meaning.faults:
            line, column = self.located.inside(key, fault.offset)
            self.faults.append(self.located.fault(line, column, fault.message, width=fault.width))
        return meaning

    def check_words(self) -> None:
        """`says` and `action` may only name what will have a value; facts given in examples must exist."""
        for key in ("says", "action"):
            for lang in ("zh", "en"):
                text = getattr(getattr(self.rule, key), lang)
                for found in PLACEHOLDER.finditer(text):
                    if self._has_value(found[1]):
                        continue
                    if understand(found[1], self.scope).faults:
                        line, column = self.located.inside((key, lang), found.start(1))
                        message = understand(found[1], self.scope).faults[0].message
                        self.faults.append(self.located.fault(line, column, message, width=len(found[1])))
        for number, example in enumerate(self.rule.example):
            for name in example.given:
                if name not in self.scope.columns:
                    line, column = self.located.key_at(("example", number, "given", *name.split(".")))
                    fault = understand(name, self.scope).faults
                    self.faults.append(
                        self.located.fault(line, column, fault[0].message if fault else f"unknown fact {name}")
                    )

    def _has_value(self, name: str) -> bool:
        """Whether a placeholder is a plain name of something known: what nearly all of them are."""
        subject, _, rest = name.partition(".")
        known = {"limit": self.scope.limits, "let": self.scope.let}.get(subject)
        return name in COMPUTED or name in self.scope.columns or (known is not None and rest in known)

    def evidence(self, parts: Collection[Meaning], limits: list[str]) -> dict[str, str]:
        """Every fact, part and limit that had a say, by its name, as SQL."""
        out = {name: f'"{name}"' for name in sorted(set().union(*(part.facts for part in parts)))}
        out |= {f"let.{name}": f'"{part_column(self.rule.id, name)}"' for name in self.scope.let}
        out |= {f"limit.{name}": limit_sql(self.scope.limits[name], self.dated_by.sql) for name in limits}
        for text in (self.rule.says.zh, self.rule.says.en, self.rule.action.zh, self.rule.action.en):
            for found in PLACEHOLDER.finditer(text):
                if found[1] not in COMPUTED and found[1] not in out:
                    out[found[1]] = understand(found[1], self.scope).sql
        return out


def _needs(parts: Collection[Meaning]) -> frozenset[str]:
    """The facts, and the limits by their names, without which some expressions have no answer."""
    return frozenset().union(*(part.needs | {f"limit.{name}" for name in part.limits} for part in parts))


def _gaps(names: Collection[str], evidence: dict[str, str]) -> dict[str, str]:
    """For some facts and limits the SQL that says that they are missing."""
    return {name: evidence.get(name, f'"{name}"') + " is null" for name in sorted(names)}


def _doubts(parts: Collection[Meaning], gaps: dict[str, str]) -> dict[str, str]:
    """`gaps`, and for each fact with a stand-in the SQL that says that some stand-in for it has no answer."""
    told = sorted({*gaps.items()}.union(*(part.doubts for part in parts)))
    return {name: " or ".join(f"({gap})" for one, gap in told if one == name) for name, _ in told}


def _in_law(pack: Pack, subject: str) -> tuple[str, frozenset[str]]:
    """Whether the law of the pack applies at all; a contract of unknown place is unknown, not foreign."""
    if not pack.jurisdiction:
        return "true", frozenset()
    name = place(subject)
    return binds(pack, f'"{name}"'), frozenset({name})


def binds(pack: Pack, column: str) -> str:
    """SQL: whether the law of the pack binds where `column` says; true where it binds everywhere."""
    if not pack.jurisdiction:
        return "true"
    country = f"left({column}, 2)" if pack.subdivisions else column
    codes = ", ".join(f"'{code}'" for code in pack.jurisdiction)
    return f"({country} in ({codes}))"


def place(subject: str) -> str:
    """The fact that says whose law applies to a subject."""
    return f"{subject}.jurisdiction" if subject in ITS_OWN_PLACE else "contract.jurisdiction"


def _at_stake(subject: str) -> str:
    name = AT_STAKE.get(subject)
    return f'"{name}"' if name else "null::decimal(30, 4)"


def _cite(
    rule: Rule, limits: dict[str, list[Limit]], dated_by: str, *, office: Sequence[list[Limit]] = ()
) -> str:  # fmt: skip
    """The articles in force on the day that counts: of the limits that had a say, else of the rule.

    A default of ours is no article: it is never cited in the law's place. Before the law stands what this office set.
    """
    if office:
        said = ", ".join(limit_sql(blocks, dated_by, "cite") for blocks in office)
        return f"concat_ws('; ', {said}, {_cite(rule, limits, dated_by)})"
    law = "; ".join(rule.law).replace("'", "''")
    lawful = [blocks for blocks in limits.values() if any((block.basis or rule.basis) != "default" for block in blocks)]
    if not lawful:
        return f"'{law}'"
    cites = ", ".join(limit_sql(blocks, dated_by, "cite") for blocks in lawful)
    found = f"list_distinct(list_filter([{cites}], lambda x: x is not null))"
    return f"coalesce(nullif(array_to_string(list_sort({found}), '; '), ''), '{law}')"


def _set_here(
    rule: Rule, limits: dict[str, list[Limit]], dated_by: str, overrides: Sequence[Override]
) -> dict[str, str]:  # fmt: skip
    """What a letter says of the numbers that this office set, one text a language; empty on days on which none counts."""
    out = {}
    for lang in LANGS if overrides else ():
        ours = told(limits, overrides, partial(sentence, basis=rule.basis, lang=lang))
        said = [limit_sql(blocks, dated_by, "cite") for blocks in ours]
        out[SAID[lang]] = f"concat({', '.join(said)}, '')" if said else "''"
    return out


def _columns_used(parts: Collection[Meaning], evidence: dict[str, str]) -> frozenset[str]:
    used: set[str] = set()
    for part in parts:
        used |= part.facts
    return frozenset(used | {name for name in evidence if not name.startswith(("let.", "limit."))})
