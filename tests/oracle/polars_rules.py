"""The same rule files, judged by Polars: the expressions by their trees, the outcomes by the words of rules/README.md.

Nothing of the rule book's SQL is used, only what stands in the files. Where the two disagree, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial

import polars as pl
import sqlglot
from sqlglot import exp

from monitor.domain.workdays import WorkCalendar
from monitor.rulebook import Compiled
from monitor.rulebook.rule import LEVELS, Level, Limit, Pack, Rule
from tests.oracle import terms
from tests.oracle.terms import Term, Workdays, all_of, any_of, number, truth, whole

NOT_APPLICABLE, CLEAR, UNKNOWN = 0, 1, 2
CODES = {level: place for place, level in enumerate(LEVELS, start=3)}

COMPARISONS: dict[type[exp.Expr], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    exp.EQ: pl.Expr.eq, exp.NEQ: pl.Expr.ne, exp.LT: pl.Expr.lt, exp.LTE: pl.Expr.le, exp.GT: pl.Expr.gt,
    exp.GTE: pl.Expr.ge, exp.NullSafeEQ: pl.Expr.eq_missing, exp.NullSafeNEQ: pl.Expr.ne_missing,
}  # fmt: skip

ARITHMETIC: dict[type[exp.Expr], Callable[[Term, Term], Term]] = {
    exp.Add: terms.added, exp.Sub: terms.subtracted, exp.Mul: terms.multiplied, exp.Div: terms.divided,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the words of one rule stand for: facts by name, its limits in force, its parts so far, its working days."""

    names: Mapping[str, Term]
    workdays: Workdays


def judge(rules: Sequence[Compiled], facts: pl.DataFrame, calendars: Mapping[str, WorkCalendar]) -> pl.DataFrame:
    """The outcome (`CN-PAY-01`, a code) and the due day (`CN-PAY-01.due`) of every rule on every row, in order.

    `rules` are of one subject. `facts` has a column `as_of` and every fact that they name. Of each `Compiled` only the
    file, its pack and the word of its calendar are read. Raises TypeError for a word that this emitter does not know.
    """
    workdays = {word: Workdays.of(calendar) for word, calendar in calendars.items()}
    judged = {rule.rule.id: _one(rule, facts, workdays[rule.calendar]) for rule in rules}
    columns: list[pl.Series] = []
    for rule in rules:
        found = judged[rule.rule.id]
        special = [other.rule.id for other in rules if rule.rule.id in other.rule.replaces]
        silenced = [judged[name]["applies"].fill_null(False) for name in special]  # only where it applies for certain
        code = found["code"]
        for silent in silenced:
            code = code.set(silent, NOT_APPLICABLE)
        columns += [code.alias(rule.rule.id), found["due"].alias(f"{rule.rule.id}.due")]
    return pl.DataFrame(columns)


def _one(compiled: Compiled, facts: pl.DataFrame, workdays: Workdays) -> pl.DataFrame:
    """`applies`, `due` and `code` of one rule, as if no other stood in for it."""
    rule = compiled.rule
    names = {name: terms.column(name, dtype) for name, dtype in facts.schema.items()}
    scope = Scope(names=names, workdays=workdays)
    frame = facts.lazy()
    for name, read in _steps(rule, compiled.pack):  # each is computed once; later ones may name it
        term = read(scope)
        frame = frame.with_columns(term.expr.alias(name))
        scope = replace(scope, names={**scope.names, name: replace(term, expr=pl.col(name))})
    law = _in_law(compiled, scope)
    applies = law & _truth(rule.applies, scope) if rule.applies else law
    due = understand(rule.due, scope).expr.cast(pl.Date) if rule.due else pl.lit(None, dtype=pl.Date)
    frame = frame.with_columns(applies.alias("applies"), due.alias("due"))
    outcome = _deadline(rule, scope) if rule.ladder else _condition(rule, scope)
    never = pl.when(~pl.col("applies")).then(NOT_APPLICABLE)
    return frame.select("applies", "due", never.otherwise(outcome).cast(pl.Int8).alias("code")).collect()


def _deadline(rule: Rule, scope: Scope) -> pl.Expr:
    """Done is clear. Else the highest rung that was reached, or the level to which being overdue was raised."""
    due, as_of = pl.col("due"), scope.names["as_of"].expr
    reached: dict[Level, pl.Expr] = {}
    for level in LEVELS:
        ways = []
        if level in rule.ladder:
            ways.append(as_of >= _rung(due, rule.ladder[level], scope.workdays))
        if level in rule.lift:
            ways.append((as_of > due) & _truth(rule.lift[level], scope))
        if ways:
            reached[level] = any_of(ways)
    open_still = pl.when(pl.col("applies").is_null() | due.is_null()).then(UNKNOWN).otherwise(_highest(reached))
    if not rule.done:
        return open_still
    done = understand(rule.done, scope).expr.cast(pl.Date)
    return pl.when(done <= as_of).then(CLEAR).otherwise(open_still)


def _condition(rule: Rule, scope: Scope) -> pl.Expr:
    """The highest level whose condition is true."""
    tests = {level: _truth(text, scope) for level, text in rule.levels.items()}
    return pl.when(pl.col("applies").is_null()).then(UNKNOWN).otherwise(_highest(tests))


def _highest(tests: Mapping[Level, pl.Expr]) -> pl.Expr:
    """The highest that is true for certain; with none, what cannot be computed leaves it unknown: never clear."""
    answer = pl.when(any_of([test.is_null() for test in tests.values()])).then(UNKNOWN).otherwise(CLEAR)
    for level in LEVELS:
        if level in tests:
            answer = pl.when(tests[level]).then(CODES[level]).otherwise(answer)
    return answer


def _rung(due: pl.Expr, rung: str, workdays: Workdays) -> pl.Expr:
    count = int(rung.rstrip("dw"))
    return workdays.add(due, whole(count)) if rung.endswith("wd") else due + pl.duration(days=count)


def _in_law(compiled: Compiled, scope: Scope) -> pl.Expr:
    """Whether the pack's law is that of the place: a country, with its states and cities if the pack says so."""
    pack = compiled.pack
    if not pack.jurisdiction:
        return pl.lit(True)
    own = f"{compiled.rule.subject}.jurisdiction"
    place = scope.names[own if own in scope.names else "contract.jurisdiction"].expr
    return (place.str.slice(0, 2) if pack.subdivisions else place).is_in(list(pack.jurisdiction))


def _steps(rule: Rule, pack: Pack) -> Iterator[tuple[str, Callable[[Scope], Term]]]:
    """The day that picks the limits, each limit, its own before those of the pack, and each part, in this order."""
    yield "dated_by", partial(understand, rule.dated_by or "as_of")
    blocks: dict[str, list[Limit]] = {}
    own = {block.name for block in rule.limit}
    for block in (*rule.limit, *(block for block in pack.limit if block.name not in own)):
        blocks.setdefault(f"limit.{block.name}", []).append(block)
    for name, dated in blocks.items():
        yield name, partial(_limit, dated)
    for name, text in rule.let.items():
        yield f"let.{name}", partial(understand, text)


def _limit(blocks: Sequence[Limit], scope: Scope) -> Term:
    """The value of the block in force on the day that counts; outside every block it is unknown."""
    day = scope.names["dated_by"].expr
    branches = []
    for block in blocks:
        value = block.value
        term = _text(value) if isinstance(value, str) else terms.constant(Decimal(repr(value)))
        after = [day >= pl.lit(block.starts)] if block.starts else []
        before = [day <= pl.lit(block.ends)] if block.ends else []
        branches.append((all_of([*after, *before, pl.lit(True)]), term))
    return terms.chosen(branches, _nothing())


def _truth(text: str, scope: Scope) -> pl.Expr:
    """A condition. Raises TypeError when the expression gives something else than yes or no."""
    term = understand(text, scope)
    if term.kind not in ("truth", "nothing"):
        raise TypeError(f"{text!r} gives a {term.kind}, not yes or no")
    return term.expr.cast(pl.Boolean)


def understand(text: str, scope: Scope) -> Term:
    """An expression of a rule file, over the columns that `scope` names."""
    return _read(sqlglot.parse_one(text, dialect="duckdb"), scope)


def _read(node: exp.Expr, scope: Scope) -> Term:
    """One node of the tree. Raises TypeError for a word that this emitter does not know."""
    kind = type(node)
    if kind in COMPARISONS:
        return terms.compared(*_both(node, scope), COMPARISONS[kind])
    if kind in ARITHMETIC:
        return ARITHMETIC[kind](*_both(node, scope))
    match node:
        case exp.Paren():
            return _read(node.this, scope)
        case exp.Column():
            return scope.names[f"{node.table}.{node.name}" if node.table else node.name]
        case exp.Literal() | exp.Boolean() | exp.Null() | exp.Cast():
            return _constant(node)
        case exp.Neg():
            one = _read(node.this, scope)
            return number(terms.negative(one.expr), one.scale)
        case exp.And() | exp.Or() | exp.Not() | exp.Is() | exp.In() | exp.Between():
            return truth(_logic(node, scope))
        case exp.Case():
            return _case(node, scope)
        case _:
            return _call(node, scope)


def _both(node: exp.Expr, scope: Scope) -> tuple[Term, Term]:
    return _read(node.this, scope), _read(node.expression, scope)


def _constant(node: exp.Expr) -> Term:
    match node:
        case exp.Literal(is_string=True):
            return _text(node.name)
        case exp.Literal():
            return terms.constant(Decimal(node.name))
        case exp.Boolean():
            return truth(pl.lit(bool(node.this)))
        case exp.Null():
            return _nothing()
        case exp.Cast(this=exp.Literal(is_string=True)) if node.to.is_type("date"):
            return terms.day(pl.lit(date.fromisoformat(node.this.name)))
    raise TypeError(f"{node.sql()} is no constant that this emitter knows")


def _text(value: str) -> Term:
    return Term(expr=pl.lit(value), kind="text")


def _nothing() -> Term:
    return Term(expr=pl.lit(None), kind="nothing")


def _logic(node: exp.Expr, scope: Scope) -> pl.Expr:
    """Three values, as Kleene's: no and unknown is no, yes or unknown is yes."""
    asked = _read(node.this, scope)
    match node:
        case exp.And():
            return asked.expr & _read(node.expression, scope).expr
        case exp.Or():
            return asked.expr | _read(node.expression, scope).expr
        case exp.Not():
            return ~asked.expr
        case exp.Is():  # `is null`, `is true`
            return terms.compared(asked, _read(node.expression, scope), pl.Expr.eq_missing).expr
        case exp.In():
            words = [_read(each, scope) for each in node.expressions]
            return any_of([terms.compared(asked, word, pl.Expr.eq).expr for word in words])
        case _:
            low = terms.compared(asked, _read(node.args["low"], scope), pl.Expr.ge)
            high = terms.compared(asked, _read(node.args["high"], scope), pl.Expr.le)
            return low.expr & high.expr


def _case(node: exp.Case, scope: Scope) -> Term:
    subject = _read(node.this, scope) if node.this else None
    branches = []
    for branch in node.args["ifs"]:
        test = _read(branch.this, scope)
        met = terms.compared(subject, test, pl.Expr.eq) if subject else test
        branches.append((met.expr, _read(branch.args["true"], scope)))
    default = node.args.get("default")
    return terms.chosen(branches, _read(default, scope) if default else _nothing())


def _call(node: exp.Expr, scope: Scope) -> Term:
    name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
    given = [_read(argument, scope) for argument in _arguments(node)]
    match name, given:
        case "coalesce", _:
            return terms.first_known(given)
        case (("greatest" | "least"), _):
            return terms.extreme(given, largest=name == "greatest")
        case "abs", [one]:
            return number(one.expr.abs(), one.scale)
        case "round", [one, *_]:
            places = node.args.get("decimals")
            return terms.rounded(one, int(places.sql()) if places else 0)
        case "year", [one]:
            return number(one.expr.dt.year().cast(pl.Int128))
        case "days", [start, end]:
            return terms.subtracted(end, start)
        case "addmonths", [start, months]:
            return terms.month_later(start, months)
        case "date_of", [year, month, day]:
            return terms.day_of(year, month, day)
        case "working_days", [start, end]:
            return number(scope.workdays.between(start.expr, end.expr))
        case "add_working_days", [start, count]:
            return terms.day(scope.workdays.add(start.expr, terms.units(count)))
        case "roll", [one]:
            return terms.day(scope.workdays.roll(one.expr))
    raise TypeError(f"{name} with {len(given)} arguments is no function that this emitter knows")


def _arguments(node: exp.Expr) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Anonymous):
        yield from (node.args[key] for key in ("this", "expression") if isinstance(node.args.get(key), exp.Expr))
    yield from node.expressions
