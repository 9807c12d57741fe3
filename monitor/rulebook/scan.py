"""The one query that judges all rules of a subject.

Rules ask the same things over and over, and few of them apply to a row. So what several rules ask is computed once, whether a
rule applies comes first, and what only an applying rule asks is computed for the rows to which it may apply.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from monitor.rulebook.compile import NOT_APPLICABLE, Compiled, code_sql
from monitor.rulebook.parts import reached, staged

SHOWN = {
    "contract_id": "contract.id", "contract_title": "contract.title", "contract_number": "contract.number",
    "unit": "unit.name", "unit_id": "unit.id", "party": "party.name", "currency": "contract.currency",
    "source": "contract.source",
}  # fmt: skip
"""What every finding carries of its surroundings, where the subject has them."""

QUOTED = re.compile(r'"[^"]+"')
TEXT = r"'(?:[^']|'')*'"
WORDS = rf"\({TEXT}(?:, {TEXT})*\)"
QUESTION = re.compile(
    rf'(?:"[a-z_.]+"|COALESCE\("[a-z_.]+", {TEXT}\)) (?:(?:=|<>) {TEXT}|IN {WORDS})|left\("[a-z_.]+", 2\) in {WORDS}'
)
"""A comparison of one fact with words: rules of a subject ask few of them, and each many times."""


def facts_of(rules: Sequence[Compiled], available: Mapping[str, str]) -> set[str]:
    """The columns that some rules name, and those that every finding shows."""
    subject = rules[0].rule.subject
    wanted = {name for rule in rules for name in rule.facts} | set(SHOWN.values())
    wanted |= {f"{subject}.{name}" for name in ("id", "title", "name", "source", "source_row", "currency")}
    wanted |= {name for rule in rules for name in (_money_column(rule),) if name}
    return wanted & set(available)


def scan_sql(
    rules: Sequence[Compiled], source: str, available: Mapping[str, str], *, foreign: Callable[[Compiled], bool]
) -> str:
    """The one query that judges all rules of a subject: only the columns that some rule names are read.

    A `foreign` rule binds nothing that is there. Of a rule that does not apply no due day is computed.
    """
    subject = rules[0].rule.subject
    bound = {number: rule for number, rule in enumerate(rules) if not foreign(rule)}
    parts, same = _shared({name: sql for rule in bound.values() for name, sql in rule.parts.items()})
    applies = {n: f"({rule.in_law}) and ({rule.applies})" for n, rule in bound.items()}
    applies = {n: _silenced(text, n, applies) for n, text in applies.items()}
    asked = {f"a.{n}": _renamed(text, same) for n, text in applies.items()}
    asked = _in_order(_asked_once(asked | reached(parts, asked.values())))
    days = {f"d.{n}": _renamed(f"({rule.due})::date", same) for n, rule in bound.items()}
    days |= {f"f.{n}": _renamed(f"({rule.done})::date", same) for n, rule in bound.items() if rule.rule.done}
    codes = {f"c.{n}": _renamed(f"({code_sql(rule, n)})::tinyint", same) for n, rule in bound.items()}
    later = _guarded({name: sql for name, sql in parts.items() if name not in asked}, days, codes)
    answers = [f'{codes.get(f"c.{n}", f"{NOT_APPLICABLE}::tinyint")} as "c.{n}"' for n in range(len(rules))]
    answers += [f'"d.{n}"' if n in bound else f'null::date as "d.{n}"' for n in range(len(rules))]
    contract = '"contract.id"' if "contract.id" in available else "null::varchar"
    told = (
        f"with base as (select {_columns(bound.values(), subject, available)}, as_of, k.* exclude one_row "
        f"from {source} b, calendar_lists k) "
        f'select "{subject}.id" as id, {contract} as contract_id, {", ".join(answers)} '
        f"from {staged(staged('base', asked), later)}"
    )
    for word in {rule.calendar for rule in rules}:  # the working days stand beside every row: `load_calendar`
        told = told.replace(f"_{word}(", f"_{word}_beside(")
    return told


def _columns(rules: Iterable[Compiled], subject: str, available: Mapping[str, str]) -> str:
    wanted = {name for rule in rules for name in rule.facts} | {f"{subject}.id", "contract.id"}
    return ", ".join(f'"{name}"' for name in sorted(wanted & set(available)))


def _silenced(text: str, number: int, applies: Mapping[int, str]) -> str:
    """Whether a rule applies, with the rules that stand in for it named and not written out again."""
    for other, special in applies.items():
        if other != number:
            text = text.replace(f"coalesce({special}, false)", f'coalesce("a.{other}", false)')
    return text


def _shared(parts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The parts without those that say the same as an earlier one, and for each name the one to use in its place."""
    kept: dict[str, str] = {}
    same: dict[str, str] = {}
    for name, sql in parts.items():
        same[name] = kept.setdefault(_renamed(sql, same), name)
    return {name: sql for sql, name in kept.items()}, same


def _renamed(sql: str, same: Mapping[str, str]) -> str:
    return QUOTED.sub(lambda found: f'"{same.get(found[0][1:-1], found[0][1:-1])}"', sql)


def _asked_once(columns: Mapping[str, str]) -> dict[str, str]:
    """Some columns, and before them one for each question that they ask more than once."""
    counts = Counter(found for sql in columns.values() for found in QUESTION.findall(sql))
    names = {text: f"q.{n}" for n, text in enumerate(text for text, count in counts.items() if count > 1)}
    told = {name: QUESTION.sub(lambda found: f'"{names[found[0]]}"' if found[0] in names else found[0], sql)
            for name, sql in columns.items()}  # fmt: skip
    return {name: text for text, name in names.items()} | told


def _in_order(columns: Mapping[str, str]) -> dict[str, str]:
    """Each column after those that it names."""
    waiting, told = dict(columns), dict[str, str]()
    while waiting:
        ready = {name: sql for name, sql in waiting.items() if not any(f'"{other}"' in sql for other in waiting)}
        told |= ready
        waiting = {name: sql for name, sql in waiting.items() if name not in ready}
    return told


def _guarded(parts: Mapping[str, str], days: Mapping[str, str], codes: Mapping[str, str]) -> dict[str, str]:
    """Days, and the parts that days and codes name, each computed only where one of the rules that ask may apply."""
    users: dict[str, set[int]] = {name: {int(name[2:])} for name in days}
    for name, text in (*days.items(), *codes.items()):
        for part in reached(parts, [text]):
            users.setdefault(part, set()).add(int(name[2:]))
    told = {name: sql for name, sql in (*parts.items(), *days.items()) if name in users}
    whose = {frozenset(users[name]): f"w.{number}" for number, name in enumerate(told)}
    guards = {name: " or ".join(f'coalesce("a.{n}", true)' for n in sorted(rules)) for rules, name in whose.items()}
    return guards | {name: f'case when "{whose[frozenset(users[name])]}" then {sql} end' for name, sql in told.items()}


def _money_column(rule: Compiled) -> str:
    return rule.money.strip('"') if rule.money.startswith('"') else ""
