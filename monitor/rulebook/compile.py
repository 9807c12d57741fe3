"""A checked rule becomes SQL: when it is due, which of the outcomes, and everything a warning must say.

Outcomes are small codes so that a million rows stay narrow: 0 the rule does not apply, 1 clear, 2 unknown, 3 blue,
4 yellow, 5 orange, 6 red. SQL's NULL carries the unknown; it is never read as clear and never as a breach.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from monitor.domain.toml import Fault, Located
from monitor.rulebook.language import Meaning, Scope, limit_sql, understand
from monitor.rulebook.parts import part_column
from monitor.rulebook.rule import LEVELS, Level, Limit, Pack, Rule

NOT_APPLICABLE, CLEAR, UNKNOWN = 0, 1, 2
CODES: dict[str, int] = {level: 3 + n for n, level in enumerate(LEVELS)}
OUTCOMES = ("not applicable", "clear", "unknown", *LEVELS)

AT_STAKE = {"payment": "payment.unpaid", "obligation": "obligation.amount", "contract": "contract.amount"}
"""What is at stake when a rule does not say: the unpaid part, the milestone's value, the contract's amount."""

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
    needs: frozenset[str]
    facts: frozenset[str]


def compile_rule(
    rule: Rule, located: Located, *, pack: Pack, columns: dict[str, str], calendar: str, rule_hash: str
) -> tuple[Compiled | None, list[Fault]]:
    """Translate every expression. Returns faults of the whole file at once; then there is nothing compiled.

    `columns` are the facts of the rule's subject with their types; `calendar` the word of the working days to count.
    """
    reader = _Reader(rule, located, pack, columns, calendar)
    parts = {key: reader.read(key) for key in rule.expressions() if key[0] not in ("dated_by", "let")}
    reader.check_words()
    if reader.faults:
        return None, reader.faults
    asked = [part for key, part in parts.items() if key[0] not in ("money", "raise", "done")]  # not done yet is no gap
    needs = frozenset().union(*(part.needs for part in asked), *({f"limit.{n}" for n in part.limits} for part in asked))
    in_law, law_facts = _in_law(pack, rule.subject)
    limits = sorted(set().union(*(part.limits for part in parts.values())))
    evidence = reader.evidence(parts.values(), limits)
    named = {part_column(rule.id, name): part.sql for name, part in reader.scope.let.items()}
    compiled = Compiled(
        rule=rule, pack=pack, calendar=calendar, rule_hash=rule_hash, in_law=in_law, parts=named,
        applies=parts[("applies",)].sql if rule.applies else "true",
        due=parts[("due",)].sql if rule.due else "null::date",
        done=parts[("done",)].sql if rule.done else "null::date",
        levels={level: parts[("levels", level)].sql for level in rule.levels},
        lift={level: parts[("raise", level)].sql for level in rule.lift},
        money=parts[("money",)].sql if rule.money else _at_stake(rule.subject),
        cite=_cite(rule, {name: reader.scope.limits[name] for name in limits}, reader.dated_by.sql),
        evidence=evidence, needs=needs | law_facts,
        facts=frozenset(_columns_used(parts.values(), evidence)) | law_facts | reader.dated_by.facts,
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
    if compiled.rule.due:
        steps = [f"when {done} <= as_of then {CLEAR}", f"when {applies} is null or {due} is null then {UNKNOWN}"]
        for level in reversed(LEVELS):
            reached = []
            if level in compiled.rule.ladder:
                reached.append(f"as_of >= {rung_sql(due, compiled.rule.ladder[level], compiled.calendar)}")
            if level in compiled.lift:
                reached.append(f"(as_of > {due} and {compiled.lift[level]})")
            if reached:
                steps.append(f"when {' or '.join(reached)} then {CODES[level]}")
        doubt: list[str] = []
    else:
        steps = [f"when {applies} is null then {UNKNOWN}"]
        tests = [(level, compiled.levels[level]) for level in reversed(LEVELS) if level in compiled.levels]
        steps += [f"when {test} then {CODES[level]}" for level, test in tests]
        doubt = [f"when {' or '.join(f'({test}) is null' for _, test in tests)} then {UNKNOWN}"]
    return f"case when not {applies} then {NOT_APPLICABLE} {' '.join(steps + doubt)} else {CLEAR} end"


def rung_sql(due: str, rung: str, calendar: str) -> str:
    """The day on which a rung of the ladder is reached.

    >>> rung_sql("d", "-10d", "CN"), rung_sql("d", "+3wd", "CN")
    ('d + (-10)', 'add_working_days_CN(d, 3)')
    """
    days = int(rung.rstrip("dw"))
    return f"add_working_days_{calendar}({due}, {days})" if rung.endswith("wd") else f"{due} + ({days})"


class _Reader:
    """Reads the expressions of one file and collects what is wrong with them."""

    def __init__(self, rule: Rule, located: Located, pack: Pack, columns: dict[str, str], calendar: str) -> None:
        self.rule, self.located = rule, located
        self.faults: list[Fault] = []
        named = rule.limits_named() | _shared(pack)
        as_of = Meaning(sql='"as_of"')
        self.scope = Scope(
            columns=columns, calendar=calendar, dated_by=as_of, limits={}, let={}, rule_id=rule.id
        )  # fmt: skip
        self.dated_by = self.read(("dated_by",)) if rule.dated_by else self.scope.dated_by
        self.scope = replace(self.scope, dated_by=self.dated_by, limits=named)
        for name in rule.let:
            part = self.read(("let", name))
            self.scope = replace(self.scope, let={**self.scope.let, name: part})

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
                    if found[1] not in COMPUTED and understand(found[1], self.scope).faults:
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


def _shared(pack: Pack) -> dict[str, list[Limit]]:
    named: dict[str, list[Limit]] = {}
    for block in pack.limit:
        named.setdefault(block.name, []).append(block)
    return named


def _in_law(pack: Pack, subject: str) -> tuple[str, frozenset[str]]:
    """Whether the law of the pack applies at all; a contract of unknown place is unknown, not foreign."""
    if pack.jurisdiction is None:
        return "true", frozenset()
    name = "party.jurisdiction" if subject == "party" else "contract.jurisdiction"
    code = pack.jurisdiction
    return f"(\"{name}\" = '{code}' or starts_with(\"{name}\", '{code}-'))", frozenset({name})


def _at_stake(subject: str) -> str:
    name = AT_STAKE.get(subject)
    return f'"{name}"' if name else "null::decimal(30, 4)"


def _cite(rule: Rule, limits: dict[str, list[Limit]], dated_by: str) -> str:
    """The articles in force on the day that counts: of the limits that had a say, else of the rule.

    A default of ours is no article: it is never cited in the law's place.
    """
    law = "; ".join(rule.law).replace("'", "''")
    lawful = [blocks for blocks in limits.values() if any((block.basis or rule.basis) != "default" for block in blocks)]
    if not lawful:
        return f"'{law}'"
    cites = ", ".join(limit_sql(blocks, dated_by, "cite") for blocks in lawful)
    found = f"list_distinct(list_filter([{cites}], lambda x: x is not null))"
    return f"coalesce(nullif(array_to_string(list_sort({found}), '; '), ''), '{law}')"


def _columns_used(parts: Collection[Meaning], evidence: dict[str, str]) -> set[str]:
    used: set[str] = set()
    for part in parts:
        used |= part.facts
    return used | {name for name in evidence if not name.startswith(("let.", "limit."))}
