"""Values of the language of conditions as Polars expressions: yes or no, text, days, and exact numbers.

A number is a whole number of units of `10 ** -scale`, in 128 bits, with the scale known before anything is computed: no
float and no rounding of Polars' own decimals comes near it. Good to 10^29 with eight decimals, far beyond any budget.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from typing import Literal

import polars as pl

from monitor.domain.workdays import WorkCalendar

Kind = Literal["truth", "text", "day", "number", "nothing"]

PLACES = 8
"""Decimals of a quotient; what lies beyond is cut."""

WHOLE = pl.Int128


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What an expression gives for each row; NULL is unknown. `scale` counts the decimals of a number."""

    expr: pl.Expr
    kind: Kind
    scale: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workdays:
    """The working days of a country as one sorted column; a day before the first or after the last is unknown."""

    days: pl.Series
    first: pl.Expr
    last: pl.Expr

    @classmethod
    def of(cls, calendar: WorkCalendar) -> Workdays:
        """From the days themselves; the calendar's own ordinals are not asked."""
        days = pl.Series("workdays", calendar.working_days, dtype=pl.Date)
        return cls(days=days, first=pl.lit(calendar.first), last=pl.lit(calendar.last))

    def until(self, day: pl.Expr) -> pl.Expr:
        """How many working days there are up to and including a day."""
        inside = day.is_between(self.first, self.last)
        return pl.when(inside).then(pl.lit(self.days).search_sorted(day, side="right").cast(WHOLE))

    def nth(self, number: pl.Expr) -> pl.Expr:
        """The n-th working day, counted from 1."""
        inside = number.is_between(whole(1), whole(len(self.days)))
        return pl.lit(self.days).gather(pl.when(inside).then((number - whole(1)).cast(pl.Int64)))

    def counts(self, day: pl.Expr) -> pl.Expr:
        """Whether a day is one of them."""
        return self.nth(self.until(day)).eq_missing(day)

    def between(self, start: pl.Expr, end: pl.Expr) -> pl.Expr:
        """Working days in (start, end]."""
        return self.until(end) - self.until(start)

    def roll(self, day: pl.Expr) -> pl.Expr:
        """The day, or the next working day when it is none (民法典 art. 203)."""
        return pl.when(self.counts(day)).then(day).otherwise(self.nth(self.until(day) + whole(1)))

    def add(self, day: pl.Expr, count: pl.Expr) -> pl.Expr:
        """The n-th working day after a day; with a negative count before it; 0 leaves the day as it is."""
        known = self.until(day)
        stands_before = (count < whole(0)) & ~self.counts(day)  # a day off: one step back is the working day before it
        target = self.nth(known + count + stands_before.cast(WHOLE))
        return pl.when(count == whole(0)).then(pl.when(known.is_not_null()).then(day)).otherwise(target)


def whole(value: int) -> pl.Expr:
    """A constant in 128 bits."""
    return pl.lit(value, dtype=WHOLE)


def negative(expr: pl.Expr) -> pl.Expr:
    """The other sign: Polars has no minus for 128 bits."""
    return whole(0) - expr


def constant(value: Decimal) -> Term:
    """A number as it is written: 0.05 is five hundredths."""
    digits = value.as_tuple()
    places = max(0, -int(digits.exponent))
    return Term(expr=whole(int(value.scaleb(places))), kind="number", scale=places)


def truth(expr: pl.Expr) -> Term:
    return Term(expr=expr, kind="truth")


def day(expr: pl.Expr) -> Term:
    return Term(expr=expr, kind="day")


def number(expr: pl.Expr, scale: int = 0) -> Term:
    return Term(expr=expr, kind="number", scale=scale)


def column(name: str, dtype: pl.DataType) -> Term:
    """A column of facts by the type that it has. Raises TypeError for a type that no fact should have."""
    expr = pl.col(name)
    if isinstance(dtype, pl.Decimal):
        return number(expr.to_physical().cast(WHOLE), dtype.scale)
    if dtype.is_integer():
        return number(expr.cast(WHOLE))
    for plain, kind in ((pl.Boolean, truth), (pl.Date, day)):
        if dtype == plain:
            return kind(expr)
    if dtype == pl.String:
        return Term(expr=expr, kind="text")
    raise TypeError(f"{name} is {dtype}: a fact is yes or no, text, a day or an exact number")


def alike(terms: Sequence[Term]) -> list[Term]:
    """Terms of one kind, numbers in units of the finest among them. Raises TypeError for a mixture."""
    kinds = {term.kind for term in terms} - {"nothing"}
    if len(kinds) > 1:
        raise TypeError(f"{' and '.join(sorted(kinds))} cannot be laid side by side")
    kind: Kind = kinds.pop() if kinds else "nothing"
    scale = max((term.scale for term in terms), default=0)
    return [_scaled(_as(term, kind), scale) for term in terms]


def compared(left: Term, right: Term, how: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Term:
    """Yes or no; unknown when a side is, unless `how` itself asks whether it is known."""
    one, other = alike([left, right])
    return truth(how(one.expr, other.expr))


def added(left: Term, right: Term) -> Term:
    """A sum; a day plus a number is a day."""
    if "day" in (left.kind, right.kind):
        start, count = (left, right) if left.kind == "day" else (right, left)
        return _moved(start, units(count))
    one, other = alike([left, right])
    return number(one.expr + other.expr, one.scale)


def subtracted(left: Term, right: Term) -> Term:
    """A difference; of two days the days between them, of a day and a number a day."""
    if left.kind == right.kind == "day":
        return number(_serial(left) - _serial(right))
    if left.kind == "day":
        return _moved(left, negative(units(right)))
    one, other = alike([left, right])
    return number(one.expr - other.expr, one.scale)


def multiplied(left: Term, right: Term) -> Term:
    """An exact product: it has the decimals of both."""
    return number(left.expr * right.expr, left.scale + right.scale)


def divided(left: Term, right: Term) -> Term:
    """An exact quotient cut after eight decimals; by zero it is unknown."""
    shift = PLACES + right.scale - left.scale
    above = left.expr.abs() * whole(10 ** max(shift, 0))
    below = right.expr.abs() * whole(10 ** max(-shift, 0))
    size = above // pl.when(below > whole(0)).then(below)
    return number(pl.when(left.expr.sign() == right.expr.sign()).then(size).otherwise(negative(size)), PLACES)


def rounded(term: Term, places: int) -> Term:
    """To so many decimals, half away from zero."""
    if places >= term.scale:
        return term
    step = 10 ** (term.scale - places)
    size = (term.expr.abs() + whole(step // 2)) // whole(step)
    kept = pl.when(term.expr < whole(0)).then(negative(size)).otherwise(size)
    return number(kept, places) if places >= 0 else number(kept * whole(10**-places))


def chosen(branches: Sequence[tuple[pl.Expr, Term]], otherwise: Term) -> Term:
    """The value of the first condition that is true."""
    *values, last = alike([*(value for _, value in branches), otherwise])
    expr = last.expr
    for (test, _), value in zip(reversed(branches), reversed(values), strict=True):
        expr = pl.when(test).then(value.expr).otherwise(expr)
    return replace(last, expr=expr)


def first_known(terms: Sequence[Term]) -> Term:
    same = alike(terms)
    return replace(same[0], expr=pl.coalesce([term.expr for term in same]))


def extreme(terms: Sequence[Term], *, largest: bool) -> Term:
    """The largest or smallest; unknown when one of them is."""
    same = alike(terms)
    exprs = [term.expr for term in same]
    found = pl.max_horizontal(exprs) if largest else pl.min_horizontal(exprs)
    return replace(same[0], expr=pl.when(all_of([expr.is_not_null() for expr in exprs])).then(found))


def month_later(start: Term, months: Term) -> Term:
    """The same day so many months later, or that month's last."""
    count = start.expr.dt.year().cast(WHOLE) * whole(12) + start.expr.dt.month().cast(WHOLE) - whole(1) + units(months)
    first = first_of_month(count // whole(12), count % whole(12) + whole(1))
    last_day = first.dt.month_end().dt.day()
    return day(first + pl.duration(days=pl.min_horizontal(last_day, start.expr.dt.day()) - 1))


def day_of(year: Term, month: Term, number_of_day: Term) -> Term:
    """The day of that year, month and number."""
    first = first_of_month(units(year), units(month))
    return _moved(day(first), units(number_of_day) - whole(1))


def first_of_month(year: pl.Expr, month: pl.Expr) -> pl.Expr:
    return pl.date(year.cast(pl.Int32), month.cast(pl.Int32), 1)


def all_of(tests: Sequence[pl.Expr]) -> pl.Expr:
    return reduce(lambda one, other: one & other, tests)


def any_of(tests: Sequence[pl.Expr]) -> pl.Expr:
    return reduce(lambda one, other: one | other, tests)


def units(term: Term) -> pl.Expr:
    """A count of days or months. Raises TypeError for a number with decimals."""
    if term.kind not in ("number", "nothing") or term.scale:
        raise TypeError(f"a {term.kind} of {term.scale} decimals cannot be counted in days")
    return term.expr.cast(WHOLE)


def _as(term: Term, kind: Kind) -> Term:
    """A bare NULL takes the type of what stands beside it."""
    dtype = {"truth": pl.Boolean, "text": pl.String, "day": pl.Date, "number": WHOLE, "nothing": pl.Null}[kind]
    return term if term.kind == kind else replace(term, expr=term.expr.cast(dtype), kind=kind)


def _scaled(term: Term, scale: int) -> Term:
    return term if term.scale == scale else number(term.expr * whole(10 ** (scale - term.scale)), scale)


def _moved(start: Term, count: pl.Expr) -> Term:
    return day((_serial(start) + count).cast(pl.Int32).cast(pl.Date))


def _serial(term: Term) -> pl.Expr:
    return term.expr.to_physical().cast(WHOLE)
