"""A made portfolio for the tests of features, and what may change in one without a day before noticing.

Names, titles and outcomes are made up by a seeded generator; nothing in it is about anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.learning.features import Features, features
from monitor.learning.layout import Layout

LAYOUT = Layout(
    roles=("kind", "unit", "party", "place"),
    pairs=(("kind", "unit"), ("kind", "party"), ("place", "party")),
    categories=("contract.category",),
    numbers=("obligation.times_moved",),
)
WORDS = ("道路养护", "排水管网", "设备采购", "roof", "boiler", "第二标段", "repair", "教学楼", "A-12", "监理")
LEVELS = {"kind": 5, "unit": 7, "party": 25, "place": 9, "contract.category": 3}
FIRST_DAY, LAST_DAY = 17_000, 20_000  # days since 1970: in 2016 and in 2024


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The three tables that features are made from."""

    layout: Layout
    rows: pa.Table
    past: pa.Table
    spans: pa.Table

    def features(self) -> Features:
        return features(self.layout, self.rows, self.past, self.spans)

    def shuffled(self, seed: int) -> tuple[Self, NDArray[np.int64]]:
        """The same tables in another order, and where each row was before."""
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self.rows))
        past, spans = (table.take(rng.permutation(len(table))) for table in (self.past, self.spans))
        return type(self)(layout=self.layout, rows=self.rows.take(order), past=past, spans=spans), order

    def with_another_future(self, day: int, seed: int) -> Self:
        """What a day may not notice, changed: later rows gone, later outcomes and ends gone, turned round or moved."""
        rng = np.random.default_rng(seed)
        return type(self)(
            layout=self.layout,
            rows=self.rows.filter(pa.array(_days(self.rows, "as_of") <= day)),
            past=_other_outcomes(self.past, day, rng),
            spans=_other_ends(self.spans, day, rng),
        )


def made(seed: int, size: int = 600) -> Tables:
    """`size` milestones, asked about on some of the days on which they were open; some keys and days are not known."""
    rng = np.random.default_rng(seed)
    columns = {name: _names(rng, name, levels, size) for name, levels in LEVELS.items()}
    columns |= {"id": _text(f"m{number}" for number in range(size)), "contract": _names(rng, "c", size // 3, size)}
    columns["title"] = _text(" ".join(rng.choice(WORDS, rng.integers(0, 4))) or None for _ in range(size))
    start = rng.integers(FIRST_DAY, LAST_DAY, size)
    due = start + rng.integers(10, 500, size)
    ended = due + rng.normal(20, 60, size).astype(np.int64)
    has_ended = (rng.random(size) < 0.8) & (ended > start)
    late = np.where(has_ended, ended > due + 30, True)
    known = np.where(late, due + 31, ended)
    moved = np.where(rng.random(size) < 0.2, np.nan, rng.integers(0, 5, size))
    dated = columns | {"start": _dates(start), "due": _dates(due, rng.random(size) < 0.05)}
    amount = pa.array(rng.lognormal(12, 2, size).round(2), mask=rng.random(size) < 0.1)
    numbers = {"amount": amount, "obligation.times_moved": pa.array(moved, from_pandas=True)}
    as_of = np.minimum(start + rng.integers(0, 400, size), known - 1)
    delay = pa.array((ended - due) * 1.0, mask=~has_ended)
    return Tables(
        layout=LAYOUT,
        rows=pa.table(dated | numbers | {"as_of": _dates(as_of)}),
        past=pa.table(columns | {"known": _dates(known), "late": pa.array(late), "delay": delay}),
        spans=pa.table(columns | {"first": _dates(start), "last": _dates(ended, ~has_ended), "due": dated["due"]}),
    )


def digest(seed: int) -> str:
    """A fingerprint of the features of a made portfolio: printed by processes that must agree."""
    found = made(seed).features()
    return hashlib.sha256(np.ascontiguousarray(found.numbers).tobytes() + found.base.tobytes()).hexdigest()


def _other_outcomes(past: pa.Table, day: int, rng: np.random.Generator) -> pa.Table:
    """Outcomes that were not certain before the day: a third is gone, the others are somebody else's and end otherwise."""
    known = _days(past, "known")
    before, after = past.filter(pa.array(known < day)), past.filter(pa.array(known >= day))
    after = after.take(rng.permutation(len(after))[: len(after) * 2 // 3])
    size = len(after)
    lies = {
        "known": _dates(day + rng.integers(0, 900, size)),
        "late": pa.array(rng.random(size) < 0.5),
        "delay": pa.array(rng.normal(0, 900, size)),
        "kind": _text(rng.choice(["kind 0", "kind 1", "a new kind"], size)),
        "party": _text(rng.choice(["party 1", "a new party"], size)),
        "title": _text(rng.choice(["roof boiler 道路养护", "another title"], size)),
    }
    for name, values in lies.items():
        place = after.column_names.index(name)
        after = after.set_column(place, name, values.cast(past.schema.field(name).type))
    return pa.concat_tables([after, before])


def _other_ends(spans: pa.Table, day: int, rng: np.random.Generator) -> pa.Table:
    """Stretches that begin after the day are gone; those open on it end on it, later or never."""
    spans = spans.filter(pa.array(_days(spans, "first") <= day))
    last = _days(spans, "last")
    ends = day + rng.integers(0, 700, len(spans))
    still_open = last >= day
    moved = _dates(np.where(still_open, ends, last), still_open & (rng.random(len(spans)) < 0.3))
    return spans.set_column(spans.column_names.index("last"), "last", moved)


def _names(rng: np.random.Generator, name: str, levels: int, size: int) -> pa.Array:
    # Squared, so that some are frequent and many rare, as suppliers are.
    chosen = (rng.random(size) ** 2 * levels).astype(int)
    return pa.array([f"{name} {one}" for one in chosen], mask=rng.random(size) < (0.0 if name == "c" else 0.05))


def _text(values: Iterable[str | None]) -> pa.Array:
    return pa.array(values, type=pa.string())


def _dates(days: NDArray[np.int64], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(np.asarray(days, dtype=np.int32), mask=missing).cast(pa.date32())


def _days(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Days since 1970; a day that is not known lies far ahead."""
    return np.asarray(table[name].cast(pa.int32()).fill_null(10**6).to_numpy(), dtype=np.int64)
