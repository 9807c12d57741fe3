"""The language of conditions: SQL expressions over documented facts, and nothing else.

An expression is parsed, every node is checked against a list of what is allowed, every column against the facts of the
rule's subject. `limit.x` becomes the number in force on the day that counts, `let.x` the named part. Faults carry the
offset of the word, so that a caret can stand under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from monitor.domain.toml import nearest
from monitor.rulebook.parts import part_column
from monitor.rulebook.rule import Limit

OPERATORS = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.And, exp.Or, exp.Not, exp.Is, exp.In,
    exp.Between, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Case,
    exp.If, exp.Coalesce, exp.Abs, exp.Round, exp.Greatest, exp.Least, exp.Year, exp.Tuple, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip

TRANSLATED = (exp.Anonymous, exp.AddMonths, exp.Div, exp.Greatest, exp.Least)

FUNCTIONS = {
    "days": "days(a, b): calendar days from a to b, the first not counted",
    "working_days": "working_days(a, b): working days in (a, b]",
    "add_working_days": "add_working_days(d, n): the n-th working day after d",
    "roll": "roll(d): d, or the next working day when d is none (民法典 art. 203)",
    "add_months": "add_months(d, n): the same day n months later, or the month's last",
    "date_of": "date_of(y, m, d): the day of that year, month and number",
}
PLAIN_FUNCTIONS = {
    "coalesce": "coalesce(a, b): the first that is known",
    "greatest": "greatest(a, b): the largest; unknown when one of them is",
    "least": "least(a, b): the smallest; unknown when one of them is",
    "abs": "abs(a): without its sign",
    "round": "round(a, n): to n decimals, half away from zero",
    "year": "year(d): the year of a day",
    "case": "case when p then a else b end: a where p is true, else b",
}
ARGUMENTS = {"days": 2, "working_days": 2, "add_working_days": 2, "roll": 1, "add_months": 2, "date_of": 3}
WITH_CALENDAR = ("working_days", "add_working_days", "roll")

QUOTIENT = """
try_cast(try_cast(case when abs({b})::double >= 1e-8 and abs({b})::double < 1e21 and abs({a})::double < 1e21 then
    (({a})::decimal(38, 8) * 100000000)::hugeint * 100000000 // (({b})::decimal(38, 8) * 100000000)::hugeint
end as decimal(38, 0)) * 0.00000001::decimal(9, 8) as decimal(30, 8))"""
"""`a / b` in whole numbers, cut after eight places. DuckDB divides decimals as floats, and by zero to infinity, which
would be greater than any limit; here that is unknown. Beyond 10^21 the whole numbers overflow: unknown too.
The result is narrow, or beside another decimal DuckDB would cut its places."""


@dataclass(frozen=True, slots=True)
class WordFault:
    """A word of an expression that cannot stand. `offset` counts characters from 0."""

    message: str
    offset: int
    width: int = 1


@dataclass(slots=True)
class Meaning:
    """What an expression became: SQL over the base view, and the facts it needs."""

    sql: str = ""
    facts: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    """Facts whose absence makes the answer unknown: not those asked about with IS NULL or given a stand-in."""
    doubts: set[tuple[str, str]] = field(default_factory=set)
    """Facts with a stand-in, each with the SQL that says that the stand-in gave no answer either."""
    limits: set[str] = field(default_factory=set)
    faults: list[WordFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the words of an expression may refer to."""

    columns: Mapping[str, str]
    calendar: str
    dated_by: Meaning
    limits: Mapping[str, list[Limit]]
    let: Mapping[str, Meaning]
    rule_id: str = ""


def understand(text: str, scope: Scope) -> Meaning:
    """Check an expression and translate it. All faults are collected; `sql` is empty when there are any."""
    meaning = Meaning()
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except (ParseError, TokenError) as error:
        details = getattr(error, "errors", None) or [{}]
        column = details[0].get("col") or 1
        what = details[0].get("description") or str(error).splitlines()[0]
        meaning.faults.append(WordFault(f"not an expression: {what}", max(0, min(column - 1, len(text) - 1))))
        return meaning
    for node in tree.walk():
        meaning.faults.extend(_refuse(node, text))
    if meaning.faults:
        return meaning
    root = exp.Paren(this=tree)
    calls, columns = list(root.find_all(*TRANSLATED)), list(root.find_all(exp.Column))
    answers = [(column, answer) for column in columns if (answer := _uncertain_answer(column)) is not None]
    for column in columns:
        column.replace(_column(column, scope, meaning))
    for call in reversed(calls):  # inner calls first
        call.replace(_function(call, scope))
    if not meaning.faults:
        meaning.sql = root.sql(dialect="duckdb", comments=False)
        meaning.doubts |= {doubt for column, answer in answers for doubt in _doubts(column, answer, scope)}
    return meaning


def limit_sql(blocks: list[Limit], dated_by: str, pick: str = "value") -> str:
    """The value (or `cite`) of a limit on the day that counts; NULL outside every block, or when the day is unknown."""
    cases = []
    for block in blocks:
        value = block.cite if pick == "cite" else block.value
        literal = exp.Literal.string(value).sql("duckdb") if isinstance(value, str) else _number(value)
        cases.append(f"when {_in_force(block, dated_by)} then {literal}")
    return f"(case {' '.join(cases)} end)"


@lru_cache(maxsize=1000)
def _parsed(text: str) -> exp.Expr:
    """Our own SQL as a tree; the same limits come back in many expressions."""
    return sqlglot.parse_one(text, dialect="duckdb")


def _in_force(block: Limit, dated_by: str) -> str:
    bounds = []
    if block.starts:
        bounds.append(f"{dated_by} >= date '{block.starts.isoformat()}'")
    if block.ends:
        bounds.append(f"{dated_by} <= date '{block.ends.isoformat()}'")
    return " and ".join(bounds) or "true"


def _number(value: int | float) -> str:
    """Exact: 0.05 in a file is the decimal five hundredths, not the nearest float."""
    return str(value) if isinstance(value, int) else f"{value!r}::decimal(12, 6)"


def _refuse(node: exp.Expr, text: str) -> Iterator[WordFault]:
    if isinstance(node, exp.Column) and node.args.get("db"):
        whole = ".".join(part.name for part in node.parts)
        yield WordFault(f'"{whole}" is no fact; write subject and name, as payment.due_on', _offset(node), len(whole))
        return
    if isinstance(node, OPERATORS) or (isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal)):
        return
    if isinstance(node, exp.DataType):
        return
    name = _function_name(node)
    if name and name not in FUNCTIONS:
        known = ", ".join([*sorted(FUNCTIONS), *PLAIN_FUNCTIONS])
        near = nearest(name, [*FUNCTIONS, *PLAIN_FUNCTIONS])
        message = f'function "{name}" is not allowed{near}; allowed are {known}'
        yield WordFault(message, _called(name, node, text), len(name))
    elif not name:
        yield WordFault(f"{type(node).__name__.lower()} may not stand in a condition", _offset(node))
    elif (given := len(_arguments(node))) != ARGUMENTS[name]:
        yield WordFault(f"{FUNCTIONS[name]}; here it is given {given}", _called(name, node, text), len(name))


def _function_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def _called(name: str, node: exp.Expr, text: str) -> int:
    """Where a function's own name stands: sqlglot keeps no position for it."""
    found = re.search(rf"\b{re.escape(name)}\s*\(", text, re.IGNORECASE)
    return found.start() if found else _offset(node)


def _column(node: exp.Column, scope: Scope, meaning: Meaning) -> exp.Expr:
    name = f"{node.table}.{node.name}" if node.table else node.name
    if name == "as_of":
        return exp.column("as_of", quoted=True)
    if node.table == "limit" and node.name in scope.limits:
        meaning.limits.add(node.name)
        meaning.facts |= scope.dated_by.facts
        meaning.needs |= scope.dated_by.needs
        meaning.doubts |= scope.dated_by.doubts
        return _parsed(limit_sql(scope.limits[node.name], scope.dated_by.sql)).copy()
    if node.table == "let" and node.name in scope.let:
        part = scope.let[node.name]
        meaning.facts |= part.facts
        meaning.limits |= part.limits
        if not _has_stand_in(node):
            meaning.needs |= part.needs
            meaning.doubts |= part.doubts
        return exp.column(part_column(scope.rule_id, node.name), quoted=True)
    if name in scope.columns:
        meaning.facts.add(name)
        if not _has_stand_in(node):
            meaning.needs.add(name)
        return exp.column(name, quoted=True)
    words = [*scope.columns, *(f"limit.{n}" for n in scope.limits), *(f"let.{n}" for n in scope.let), "as_of"]
    kind = {"limit": "limit", "let": "part"}.get(node.table, "fact")
    namesakes = [word for word in words if word.endswith(f".{name}")]  # a fact without its subject
    near = nearest(namesakes[0], namesakes) if namesakes else nearest(name, words)
    meaning.faults.append(WordFault(f'unknown {kind} "{name}"{near}', _offset(node), len(name)))
    return exp.null()


def _has_stand_in(node: exp.Expr) -> bool:
    """Whether a missing value is answered in the expression itself: IS NULL, IS DISTINCT FROM, or inside COALESCE."""
    child: exp.Expr = node
    while (parent := child.parent) is not None:
        if isinstance(parent, exp.Is | exp.NullSafeEQ | exp.NullSafeNEQ):
            return True
        if isinstance(parent, exp.Coalesce) and (parent.this is child or child is not parent.expressions[-1]):
            return True
        child = parent
    return False


def _uncertain_answer(node: exp.Expr) -> exp.Coalesce | exp.Case | None:
    """The outermost expression that stands in for a missing value, where it may have no answer all the same.

    A COALESCE may not where its last word is a constant. A CASE without ELSE may where it asks for the value.
    """
    child, unknown = node, True
    answer: exp.Coalesce | exp.Case | None = None
    while (parent := child.parent) is not None:
        case = parent.parent
        if isinstance(parent, exp.Is | exp.NullSafeEQ | exp.NullSafeNEQ):
            unknown = False
        elif isinstance(parent, exp.Coalesce) and unknown and (answer or child is not parent.expressions[-1]):
            answer, unknown = parent, not isinstance(parent.expressions[-1], exp.Literal | exp.Boolean)
        elif isinstance(parent, exp.If) and isinstance(case, exp.Case) and parent.this is child:
            answer, unknown = case, case.args.get("default") is None
        child = parent
    return answer if unknown else None


def _doubts(column: exp.Column, answer: exp.Coalesce | exp.Case, scope: Scope) -> Iterator[tuple[str, str]]:
    """What a fact, or each fact of a part, has to do with an expression that gave no answer.

    A CASE that asks for a fact may have none although the fact is recorded: nothing in the CASE speaks of such a value.
    """
    silent = f"({answer.sql(dialect='duckdb', comments=False)}) is null"
    name = f"{column.table}.{column.name}"
    if column.table == "let" and column.name in scope.let:
        part = scope.let[column.name]
        yield from ((fact, f'{silent} and "{fact}" is null') for fact in part.needs)
        yield from ((fact, f"{silent} and {doubt}") for fact, doubt in part.doubts)
    elif name in scope.columns:
        yield name, silent if isinstance(answer, exp.Case) else f'{silent} and "{name}" is null'


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    """What a function is given, in order, however sqlglot files it."""
    own = [] if isinstance(node, exp.Anonymous) else [node.this, node.args.get("expression")]
    return [argument.copy() for argument in (*own, *node.expressions) if isinstance(argument, exp.Expr)]


def _function(node: exp.Expr, scope: Scope) -> exp.Expr:
    arguments = _arguments(node)
    if isinstance(node, exp.Div):
        left, right = (argument.sql("duckdb") for argument in arguments)
        return exp.Paren(this=sqlglot.parse_one(QUOTIENT.format(a=left, b=right), dialect="duckdb"))
    if isinstance(node, exp.Greatest | exp.Least):
        return _of_all_known(node, arguments)
    name = "add_months" if isinstance(node, exp.AddMonths) else node.name.lower()
    if name == "days":
        return exp.Paren(this=exp.Sub(this=exp.Paren(this=arguments[1]), expression=exp.Paren(this=arguments[0])))
    if name == "add_months":
        months = exp.Anonymous(this="to_months", expressions=[arguments[1]])
        return exp.cast(exp.Anonymous(this="date_add", expressions=[arguments[0], months]), "date")
    if name == "date_of":
        return exp.Anonymous(this="make_date", expressions=arguments)
    return exp.Anonymous(this=f"{name}_{scope.calendar}", expressions=arguments)


def _of_all_known(node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
    """DuckDB's greatest and least skip what is unknown; ours are unknown with it, as everything else is."""
    unknown = [exp.Is(this=exp.Paren(this=argument.copy()), expression=exp.null()) for argument in arguments]
    no_answer = exp.If(this=exp.or_(*unknown), true=exp.null())
    return exp.Paren(this=exp.Case(ifs=[no_answer], default=node.copy()))


def _offset(node: exp.Expr) -> int:
    """Where a node begins. sqlglot keeps positions on identifiers; the first below a node is close enough."""
    return min((part.meta["start"] for part in node.walk() if isinstance(part.meta.get("start"), int)), default=0)
