"""What each expression of a rule gives: a condition must be yes or no, a deadline a day, money a number.

DuckDB itself is asked, over facts with no rows; its answer is laid against what the place in the file needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from monitor.domain.toml import Fault, Located
from monitor.rulebook.compile import DATED_BY, Compiled
from monitor.rulebook.parts import part_column, staged

Key = tuple[str, ...]

BOOLEAN = ("BOOLEAN", '"NULL"')
DAY = ("DATE", '"NULL"')
NUMBER = ("DECIMAL", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "SMALLINT", "TINYINT", '"NULL"')


def type_faults(
    db: duckdb.DuckDBPyConnection, rules: Sequence[Compiled], located: Mapping[str, Located]
) -> list[Fault]:
    """Every expression of some rules that gives the wrong thing, or nothing at all.

    All rules of a subject are asked in one query; only where it fails is each asked by itself.
    """
    faults: list[Fault] = []
    for subject in sorted({rule.rule.subject for rule in rules}):
        mine = [rule for rule in rules if rule.rule.subject == subject]
        wanted = {(rule.rule.id, *key): sql for rule in mine for key, (sql, _) in _wanted(rule)}
        parts = {name: sql for rule in mine for name, sql in rule.parts.items()}
        found = kinds_of(db, wanted, staged(f"(select *, as_of() as as_of from base_{subject})", parts))
        for rule in mine:
            own = (
                {key[1:]: kind for key, kind in found.items() if key[0] == rule.rule.id}
                if isinstance(found, dict)
                else None
            )
            faults += _of_one(db, rule, located[rule.rule.id], own)
    return faults


def _of_one(
    db: duckdb.DuckDBPyConnection, rule: Compiled, located: Located, found: dict[Key, str] | str | None
) -> list[Fault]:
    source = f"(select *, as_of() as as_of from base_{rule.rule.subject})"
    wanted = dict(_wanted(rule))
    if found is None:
        found = kinds_of(db, {key: sql for key, (sql, _) in wanted.items()}, staged(source, rule.parts))
    if isinstance(found, str):  # something cannot be computed: ask one by one, for the place of it
        return _one_by_one(db, rule, located, source)
    wrong = [(key, kind) for key, kind in found.items() if kind.partition("(")[0] not in wanted[key][1]]
    return [_fault(located, key, f"gives {kind}; it must give {wanted[key][1][0]}") for key, kind in wrong]


def _wanted(rule: Compiled) -> Iterator[tuple[Key, tuple[str, tuple[str, ...]]]]:
    yield ("applies",), (rule.applies, BOOLEAN)
    yield ("due",), (rule.due, DAY)
    yield ("done",), (rule.done, DAY)
    yield ("money",), (rule.money, NUMBER)
    for level, sql in rule.levels.items():
        yield ("levels", level), (sql, BOOLEAN)
    for level, sql in rule.lift.items():
        yield ("raise", level), (sql, BOOLEAN)


def _one_by_one(db: duckdb.DuckDBPyConnection, rule: Compiled, located: Located, source: str) -> list[Fault]:
    """A part that fails would fail everything that names it: the first one is the fault."""
    day = part_column(rule.rule.id, DATED_BY)
    good: dict[str, str] = {day: rule.parts[day]} if day in rule.parts else {}
    for name in rule.rule.let:
        column = part_column(rule.rule.id, name)
        answer = kinds_of(db, {("let", name): rule.parts[column]}, staged(source, good))
        if isinstance(answer, str):
            return [_fault(located, ("let", name), answer)]
        good[column] = rule.parts[column]
    asked = {key: kinds_of(db, {key: sql}, staged(source, good)) for key, (sql, _) in _wanted(rule)}
    return [_fault(located, key, answer) for key, answer in asked.items() if isinstance(answer, str)]


def kinds_of(db: duckdb.DuckDBPyConnection, expressions: Mapping[Key, str], source: str) -> dict[Key, str] | str:
    """The type of each expression, or DuckDB's first complaint."""
    columns = ", ".join(f"{sql} as x{number}" for number, sql in enumerate(expressions.values()))
    try:
        rows = db.execute(f"describe select {columns} from {source}").fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0].partition(": ")[2]
    return {key: str(row[1]) for key, row in zip(expressions, rows, strict=True)}


def _fault(located: Located, key: Key, message: str) -> Fault:
    return located.fault(*located.inside(key, 0), f"{'.'.join(key)}: {message}")
