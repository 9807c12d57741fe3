"""The named parts of rules (`[let]`) as columns: each is computed once a row, however often a rule names it.

Written out wherever they are named they would grow without bound: a due day in a delay in an interest in two
levels is a hundred look-ups in the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def part_column(rule_id: str, name: str) -> str:
    """The column that holds a part; no fact has such a name.

    >>> part_column("CN-PAY-06", "due")
    'CN-PAY-06.let.due'
    """
    return f"{rule_id}.let.{name}"


def staged(source: str, parts: Mapping[str, str]) -> str:
    """A query in brackets, or a table, with each part as a further column. Parts may name earlier ones.

    >>> staged("base", {"R.let.a": '"payment.unpaid"', "R.let.b": '"R.let.a" * 2'})
    '(select *, "R.let.a" * 2 as "R.let.b" from (select *, "payment.unpaid" as "R.let.a" from base))'
    """
    for layer in _layers(parts):
        columns = ", ".join(f'{parts[name]} as "{name}"' for name in layer)  # 3.11 cannot nest these quotes
        source = f"(select *, {columns} from {source})"
    return source


def reached(parts: Mapping[str, str], texts: Iterable[str]) -> dict[str, str]:
    """The parts that some of `texts` name, and those that they name in turn, in their order."""
    wanted: set[str] = set()
    waiting = list(texts)
    while waiting:
        text = waiting.pop()
        found = {name for name in parts if f'"{name}"' in text} - wanted
        wanted |= found
        waiting += [parts[name] for name in found]
    return {name: sql for name, sql in parts.items() if name in wanted}


def _layers(parts: Mapping[str, str]) -> list[list[str]]:
    depth: dict[str, int] = {}
    for name, sql in parts.items():
        depth[name] = 1 + max((depth[other] for other in depth if f'"{other}"' in sql), default=-1)
    return [[name for name in parts if depth[name] == n] for n in sorted(set(depth.values()))]
