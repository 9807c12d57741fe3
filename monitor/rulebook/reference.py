"""What a rule may name, as tables for `rules/README.md`: facts, functions, and the rules on the shelf.

A test holds the README against these tables; `--renew` writes them anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from monitor.domain.portfolio import nothing
from monitor.engines.duckdb import Engine
from monitor.facts import documented, subjects
from monitor.rulebook import Rulebook
from monitor.rulebook.language import FUNCTIONS, PLAIN_FUNCTIONS

TYPES = {
    "DATE": "day", "VARCHAR": "text", "BOOLEAN": "yes or no", "DECIMAL": "number", "INTEGER": "whole number",
    "BIGINT": "whole number", "HUGEINT": "whole number",
}  # fmt: skip
"""DuckDB's words for types, in those of a person who writes rules."""


def facts_table() -> str:
    """Every fact with its type and meaning, in the order of the files that document them."""
    rows = []
    with Engine(nothing(), {}, as_of=date(2000, 1, 1)) as engine:
        for subject in subjects():
            kinds = engine.columns(subject)
            for fact in documented(subject):
                rows.append((f"`{fact.name}`", TYPES[kinds[fact.name].partition("(")[0]], fact.meaning))
    return _table(("fact", "type", "meaning"), rows)


def functions_table() -> str:
    """Every function that a condition may call, by the example of its use.

    >>> functions_table().splitlines()[2]
    '| `days(a, b)` | calendar days from a to b, the first not counted |'
    """
    uses = [text.split(": ", 1) for text in (FUNCTIONS | PLAIN_FUNCTIONS).values()]
    return _table(("function", "meaning"), [(f"`{use}`", meaning) for use, meaning in uses])


def rules_table(rulebook: Rulebook) -> str:
    """Every rule of the rule book, by id."""
    rules = [compiled.rule for compiled in rulebook.rules]
    rows = [(f"`{rule.id}`", rule.title.zh, rule.title.en, rule.side, rule.basis) for rule in rules]
    return _table(("id", "标题", "title", "side", "basis"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
