"""Random facts that hurt: half of them nobody recorded, the rest at the edges of the law and beside the rules' examples.

Half of the rows are neighbours of an example: its facts, each now and then moved by a day or a cent, replaced or lost.
The other half are free. Made data: no contract, sum or day in them is real.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import sqlglot
from sqlglot import exp

from monitor.domain.nouns import NOUNS, choices
from monitor.rulebook import Compiled

PLACES = ("CN", "CN-CQ", "US", "US-NY", "DE", "FR", None)
AROUND = date(2026, 3, 2)
EDGES = (
    date(1989, 12, 31),
    date(1990, 1, 1),
    date(1990, 1, 2),
    date(2045, 12, 29),
    date(2045, 12, 31),
    date(2046, 1, 1),
)
"""Where the working calendars begin and end: beyond, a working day is unknown."""
ROUND_SUMS = tuple(Decimal(text) for text in ("0", "0.01", "1", "90", "100", "110", "999999.99", "1000000", "1100000"))
POOL = 509
"""Values a fact is drawn from: a prime, so that two facts of a row do not keep step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What the rules compare facts with: days and numbers of the law, and words by the fact that they are compared to."""

    days: tuple[date, ...]
    numbers: tuple[Decimal, ...]
    words: Mapping[str, frozenset[str]]


def random_facts(rules: Sequence[Compiled], columns: Mapping[str, str], *, rows: int, seed: int) -> pl.DataFrame:
    """Every fact that `rules` (of one subject) name, with `as_of`, `case_number` and ids in the order of the rows.

    `columns` are the facts of the subject with their DuckDB types. The same seed gives the same rows.
    """
    chance = random.Random(seed)
    edges = _edges(rules)
    examples = example_facts(rules, columns)
    near = _draw(chance, rows)
    which = (near // 8 % len(examples)).cast(pl.Int64)
    free, quiet = near % 2 == 0, near // 2 % 2 == 0  # around a quiet neighbour of an example nothing else is known
    as_of = _days(chance, edges, rows, around=pl.Series([AROUND] * rows))
    as_of = as_of.zip_with(free, _jittered(examples["as_of"].gather(which), _draw(chance, rows)))
    number = pl.int_range(rows, dtype=pl.Int32, eager=True)
    key = f"{rules[0].rule.subject}.id"
    frame = {"as_of": as_of, "case_number": number, key: "case-" + number.cast(pl.String).str.zfill(7)}
    for name in [name for name in examples.columns if name not in frame]:
        value = _values(chance, name, columns[name], edges, as_of=as_of)
        told = _jittered(examples[name].gather(which), _draw(chance, rows))
        fate = _draw(chance, rows)
        from_example = ~free & told.is_not_null() & (fate // 100 % 10 > 0)
        known = from_example | ((fate % 100 >= 30) & (free | ~quiet))
        unknown = pl.Series([None], dtype=value.dtype).new_from_index(0, rows)
        frame[name] = told.zip_with(from_example, value).zip_with(known, unknown)
    return pl.DataFrame(frame)


def example_facts(rules: Sequence[Compiled], columns: Mapping[str, str]) -> pl.DataFrame:
    """One row an example, in the order of the files: its day, what it gives, the place whose law it is about.

    Every other fact that `rules` (of one subject) name is unknown.
    """
    rows: list[dict[str, Any]] = []
    for rule in rules:
        place = next(
            (name for name in sorted(rule.facts) if name.endswith(".jurisdiction") and name in rule.in_law), None
        )
        home = {place: rule.pack.jurisdiction[0]} if place else {}
        rows += [{"as_of": example.as_of, **home, **example.given} for example in rule.rule.example]
    names = sorted(set().union(*(rule.facts for rule in rules), *rows) - {"as_of"})
    given = {name: pl.Series([_exact(row.get(name)) for row in rows], strict=False) for name in names}
    types = pl.Schema({"as_of": pl.Date(), **{name: _dtype(columns[name]) for name in names}})
    return pl.DataFrame({"as_of": [row["as_of"] for row in rows], **given}).cast(types)


def _edges(rules: Sequence[Compiled]) -> Edges:
    limits = [block for rule in rules for block in (*rule.rule.limit, *rule.pack.limit)]
    days = {day for block in limits for day in (block.starts, block.ends) if day}
    numbers = {Decimal(repr(block.value)) for block in limits if not isinstance(block.value, str)}
    words: dict[str, set[str]] = {}
    for rule in rules:
        for text in rule.rule.expressions().values():
            tree = sqlglot.parse_one(text, dialect="duckdb")
            for literal in tree.find_all(exp.Literal):
                if not literal.is_string:
                    numbers.add(Decimal(literal.name))
                elif literal.parent:
                    for column in literal.parent.find_all(exp.Column):
                        words.setdefault(f"{column.table}.{column.name}", set()).add(literal.name)
    return Edges(
        days=tuple(sorted(days)), numbers=tuple(sorted(numbers)), words={k: frozenset(v) for k, v in words.items()}
    )


def _exact(value: Any) -> Any:
    """A number as the file writes it; yes and no, days and text as they are."""
    return Decimal(repr(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _dtype(kind: str) -> pl.DataType:
    """The column type of a fact. Raises KeyError for a type that no fact should have."""
    if kind.startswith("DECIMAL("):
        precision, scale = kind.removeprefix("DECIMAL(").removesuffix(")").split(",")
        return pl.Decimal(int(precision), int(scale))
    plain = {
        "DATE": pl.Date(),
        "VARCHAR": pl.String(),
        "BOOLEAN": pl.Boolean(),
        "INTEGER": pl.Int32(),
        "BIGINT": pl.Int64(),
    }
    return plain[kind]


def _values(chance: random.Random, name: str, kind: str, edges: Edges, *, as_of: pl.Series) -> pl.Series:
    dtype = _dtype(kind)
    rows = len(as_of)
    if dtype == pl.Date:
        return _days(chance, edges, rows, around=as_of)
    if dtype == pl.Boolean:
        return _draw(chance, rows) % 2 == 0
    if dtype == pl.String:
        pool: Sequence[Any] = _words(name, edges)
    else:
        pool = [_number(chance, name, edges, dtype) for _ in range(POOL)]
    values = pl.Series(pool, dtype=dtype)
    return values.gather((_draw(chance, rows) % len(pool)).cast(pl.Int64))


def _words(name: str, edges: Edges) -> Sequence[str | None]:
    """The codes of the field, what rules compare it with, and a word that nobody expects."""
    if name.endswith(".jurisdiction"):
        return PLACES
    noun, _, field = name.partition(".")
    codes = choices(NOUNS[noun], field) if field in NOUNS[noun].model_fields else ()
    return sorted({*(codes or ()), *edges.words.get(name, ()), "另"})


def _number(chance: random.Random, name: str, edges: Edges, dtype: pl.DataType) -> Decimal | int:
    """A number of the law or one step beside it, a round sum or a share of one, or any: what the border lets in."""
    law = chance.choice(edges.numbers) if edges.numbers else Decimal(1)
    if not isinstance(dtype, pl.Decimal):
        near = int(law) + chance.choice((-1, 0, 0, 1))
        some_count = chance.choice((near, near, chance.randint(0, 3), chance.randint(0, 400)))
        return some_count % (101 if name.endswith("_percent") else 20_000)
    step = Decimal(1).scaleb(-dtype.scale)
    total = chance.choice(ROUND_SUMS)
    some = chance.choice(
        (law, law, total, total * law, total * (1 + law), Decimal(chance.randint(0, 10**9)).scaleb(-2))
    )
    some = (some + chance.choice((-step, 0, 0, 0, step))).quantize(step)
    return some % (10 if dtype.scale > 4 else 10**12)  # six decimals are a rate


def _days(chance: random.Random, edges: Edges, rows: int, *, around: pl.Series) -> pl.Series:
    """Mostly so many days of the law before or after the day, or one beside; some where a law or a calendar begins or ends."""
    law = [int(number) for number in edges.numbers if number == int(number) and abs(number) < 4000] or [0]
    offsets = pl.Series([_offset(chance, law) for _ in range(POOL)], dtype=pl.Int64)
    beside = [day + timedelta(days=chance.choice((-1, 0, 1))) for day in (*edges.days, *EDGES) for _ in range(3)]
    fixed = pl.Series(beside, dtype=pl.Date)
    fate = _draw(chance, rows)
    moved = around + pl.Series(
        offsets.gather((fate // 100 % POOL).cast(pl.Int64)) * 86_400_000, dtype=pl.Duration("ms")
    )
    at_an_edge = fixed.gather((fate // 100_000 % len(fixed)).cast(pl.Int64))
    return moved.cast(pl.Date).zip_with(fate % 100 >= 6, at_an_edge)


def _offset(chance: random.Random, law: Sequence[int]) -> int:
    near = chance.choice((-1, 1)) * chance.choice(law) + chance.choice((-1, 0, 0, 1))
    return chance.choice((near, near, chance.randint(-15, 15), chance.randint(-90, 90), chance.randint(-1500, 400)))


def _jittered(values: pl.Series, draw: pl.Series) -> pl.Series:
    """One in four a day or the smallest step more or less."""
    step = (draw % 8).replace_strict({0: -1, 1: 1}, default=0, return_dtype=pl.Int64)
    if values.dtype == pl.Date:
        return (values + (step * 86_400_000).cast(pl.Duration("ms"))).cast(pl.Date)
    if isinstance(values.dtype, pl.Decimal):
        smallest = pl.Series([Decimal(1).scaleb(-values.dtype.scale)]).new_from_index(0, len(values))
        return (values + smallest * step).cast(values.dtype)
    return values + step.cast(values.dtype) if values.dtype.is_integer() else values


def _draw(chance: random.Random, rows: int) -> pl.Series:
    """As many random whole numbers of 32 bits."""
    buffer = pa.py_buffer(chance.randbytes(4 * rows))
    drawn = pl.from_arrow(pa.Array.from_buffers(pa.uint32(), rows, [None, buffer]))
    assert isinstance(drawn, pl.Series)
    return drawn
