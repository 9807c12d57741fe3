"""Columns that a model may see: for each row, only what was known before its own day.

Three tables in, numbers out. `rows` asks, one row a (subject, as_of); `past` has every outcome that became certain,
with the day it did; `spans` every stretch of being open. What lies on or after a row's `as_of` changes nothing in it,
to the last bit. Missing is NaN, never zero.

Probabilities are compared in logits with the faded share of late outcomes over everything at the same day: a base
rate that drifts moves no column. That share itself, and how many outcomes there were, are clocks in disguise and no
columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.learning.history import NEVER, History, Points, Real, Standing, Whole, exact
from monitor.learning.layout import CONTRACT, Layout
from monitor.learning.wording import mean_of, read_titles

FADING = 730.0  # days in which an outcome's weight falls to 1/e
PRIOR, PRIOR_OF_CONTRACT = 10.0, 2.0  # outcomes that a key's own record must outweigh
DELAYS = (-90.0, 365.0)  # a delay beyond these says no more, in days


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What a model sees of some rows. `numbers` is (rows, names), NaN where not known; `categories` are raw levels."""

    names: tuple[str, ...]
    numbers: NDArray[np.float32]
    categories: dict[str, NDArray[np.object_]]
    base: Real  # faded share of late outcomes over everything at as_of: for lookups, never a column

    def take(self, chosen: NDArray[np.bool_] | Whole) -> Self:
        """Some rows: by a mask or by their places."""
        levels = {name: values[chosen] for name, values in self.categories.items()}
        return type(self)(
            names=self.names, numbers=self.numbers[chosen], categories=levels, base=self.base[chosen]
        )  # fmt: skip

    @staticmethod
    def join(parts: Sequence[Features]) -> Features:
        """One below the other. Raises ValueError when they have not the same columns."""
        first = parts[0]
        if any(part.names != first.names or part.categories.keys() != first.categories.keys() for part in parts):
            raise ValueError("features of different layouts cannot be joined. Make them with one layout.")
        return Features(
            names=first.names,
            numbers=np.concatenate([part.numbers for part in parts]),
            categories={name: np.concatenate([part.categories[name] for part in parts]) for name in first.categories},
            base=np.concatenate([part.base for part in parts]),
        )


def features(layout: Layout, rows: pa.Table, past: pa.Table, spans: pa.Table) -> Features:
    """The columns of `rows`, in a fixed order; rows may have different `as_of`.

    Raises ValueError when a table lacks a column of the layout.
    """
    _check(layout, rows, past, spans)
    asked = _Asked(rows, past, spans)
    columns = _time(rows) | {"size.amount": np.log1p(np.maximum(_number(rows["amount"]), 0.0))}
    relative: dict[str, Real] = {}  # a key's record at each row, for the pairs
    for key in layout.keys:
        made, relative[key] = asked.record(key)
        columns |= made | asked.load(key)
    for name in layout.categories:
        columns[f"history.{name}"] = asked.plain_record(name)
    for left, right in layout.pairs:
        columns[f"pair.{left}.{right}"] = asked.pair_record(left, right, relative[left] + relative[right])
    columns |= asked.wording()
    columns |= {f"fact.{name}": _number(rows[name]) for name in layout.numbers}
    numbers = np.empty((len(rows), len(columns)), dtype=np.float32, order="F")
    for place, values in enumerate(columns.values()):
        numbers[:, place] = values
    return Features(
        names=tuple(columns),
        numbers=numbers,
        categories={name: _levels(rows[name]) for name in (*layout.roles, *layout.categories)},
        base=asked.base,
    )


def _check(layout: Layout, rows: pa.Table, past: pa.Table, spans: pa.Table) -> None:
    own = {CONTRACT, *layout.roles}
    needs = {
        "rows": (rows, own | {"as_of", "start", "due", "amount", "title", *layout.categories, *layout.numbers}),
        "past": (past, own | {"known", "late", "delay", "title", *layout.categories}),
        "spans": (spans, own | {"first", "last", "due"}),
    }
    for name, (table, columns) in needs.items():
        if lacking := sorted(columns - set(table.column_names)):
            raise ValueError(f"the table of {name} lacks {', '.join(lacking)}. Add the column, with nulls if need be.")


class _Asked:
    """The three tables in numbers, and everything's own record at the days that are asked about."""

    def __init__(self, rows: pa.Table, past: pa.Table, spans: pa.Table) -> None:
        self._rows, self._past, self._spans = rows, past, spans
        self._as_of = _days(rows["as_of"])
        self._known = _days(past["known"])
        late, delay = _number(past["late"]), np.clip(_number(past["delay"]), *DELAYS)
        ended = np.isfinite(delay)
        self._outcomes = (np.ones(len(past)), late, ended.astype(np.float64), exact(np.where(ended, delay, 0.0)))
        self._stretch = tuple(_days(spans[name], missing=NEVER) for name in ("first", "last", "due"))
        everything = Points.of(np.zeros(len(rows), dtype=np.int64), self._as_of)
        self._days = everything.days
        history = History(np.zeros(len(past), dtype=np.int64), self._known, self._outcomes, fading=FADING)
        outcomes, late_ones, ended_ones, delays = history.at(everything).T
        self._share = (late_ones + 1.0) / (outcomes + 4.0)
        self._usual = delays / np.maximum(ended_ones, 1.0)  # mean delay of everything, in days
        self.base = everything.to_rows(self._share)
        self._codes: dict[str, tuple[Whole, Whole]] = {}  # of rows and of past, for pairs

    def record(self, key: str) -> tuple[dict[str, Real], Real]:
        """A key's record and mean delay against those of everything; and the record with 0 where the key is not known."""
        asked, past = _codes(self._rows[key], self._past[key])
        self._codes[key] = asked, past
        points = Points.of(asked, self._as_of)
        outcomes, late, ended, delay = History(past, self._known, self._outcomes, fading=FADING).at(points).T
        base = self._at(self._share, points)
        prior = PRIOR_OF_CONTRACT if key == CONTRACT else PRIOR
        record = points.to_rows(_logit((late + prior * base) / (outcomes + prior)) - _logit(base))
        usual = self._at(self._usual, points)
        moved = (delay + prior * usual) / (ended + prior) - usual
        made = {f"history.{key}": record, f"delay.{key}": points.to_rows(moved)}
        return made, np.nan_to_num(record)

    def plain_record(self, name: str) -> Real:
        """The long record of a category."""
        asked, past = _codes(self._rows[name], self._past[name])
        points = Points.of(asked, self._as_of)
        return points.to_rows(self._against(points, past, _logit(self._at(self._share, points))))

    def pair_record(self, left: str, right: str, singles: Real) -> Real:
        """The long record of two keys together, shrunk to what the two alone would add up to."""
        (left_asked, left_past), (right_asked, right_past) = self._codes[left], self._codes[right]
        width = int(max(right_asked.max(initial=0), right_past.max(initial=0))) + 1
        asked = np.where((left_asked < 0) | (right_asked < 0), -1, left_asked * width + right_asked)
        past = np.where((left_past < 0) | (right_past < 0), -1, left_past * width + right_past)
        points = Points.of(asked, self._as_of)
        first = np.zeros(len(points.keys))
        known = asked >= 0
        first[points.spread[known]] = singles[known]  # the same for every row of a point
        return points.to_rows(self._against(points, past, _logit(self._at(self._share, points)) + first))

    def load(self, key: str) -> dict[str, Real]:
        """What the key has open and overdue on the day: needs no outcome."""
        asked, stretches = _codes(self._rows[key], self._spans[key])
        points = Points.of(asked, self._as_of)
        is_open, overdue = Standing(stretches, *self._stretch).at(points)
        return {
            f"load.{key}.open": points.to_rows(np.log1p(is_open)),
            f"load.{key}.overdue": points.to_rows(np.log1p(overdue)),
            f"load.{key}.share": points.to_rows(overdue / (is_open + 5.0)),
        }

    def wording(self) -> dict[str, Real]:
        """What titles with these words have come to."""
        both = pa.chunked_array([*self._rows["title"].chunks, *self._past["title"].chunks], type=pa.string())
        coded = both.combine_chunks().dictionary_encode()
        titles = _whole(coded.indices, missing=-1)
        asked, past = titles[: len(self._rows)], titles[len(self._rows) :]
        read = read_titles(coded.dictionary)
        points = Points.of(asked, self._as_of)
        owner, pieces = read.expand(points.keys)
        words = Points.of(pieces, points.days[owner])
        told, said = read.expand(past)
        wanted = np.zeros(int(read.pieces.max(initial=0)) + 1, dtype=bool)
        wanted[pieces] = True
        used = wanted[said]  # words nobody asks about need no sums
        told, said = told[used], said[used]
        outcomes = [column[told] for column in self._outcomes[:2]]
        history = History(said, self._known[told], outcomes, fading=FADING)
        base = self._at(self._share, words)
        scores = words.to_rows(_moved(history.at(words), _logit(base), PRIOR) - _logit(base))
        return {"wording.mean": points.to_rows(mean_of(scores, owner, len(points.keys)))}

    def _against(self, points: Points, past: Whole, expected: Real) -> Real:
        """How far a record lies from the base rate, shrunk to the expected logit."""
        sums = History(past, self._known, self._outcomes[:2], fading=FADING).at(points)
        return _moved(sums, expected, PRIOR) - _logit(self._at(self._share, points))

    def _at(self, values: Real, points: Points) -> Real:
        """A value a day, laid at points."""
        return values[np.searchsorted(self._days, points.days)]


def _moved(sums: Real, expected: Real, prior: float) -> Real:
    """Logit of a share of late outcomes, shrunk to an expected logit."""
    share: Real = (sums[:, 1] + prior / (1.0 + np.exp(-expected))) / (sums[:, 0] + prior)
    return _logit(share)


def _logit(share: Real) -> Real:
    answer: Real = np.log(share / (1.0 - share))
    return answer


def _time(rows: pa.Table) -> dict[str, Real]:
    """In days; no place in the calendar: a year no later row can share, and a season takes more years than most have."""
    as_of, start, due = (_real_days(rows[name]) for name in ("as_of", "start", "due"))
    planned, age = due - start, as_of - start
    return {
        "time.planned_days": planned,
        "time.days_to_due": due - as_of,
        "time.age": age,
        "time.elapsed": np.divide(age, planned, out=np.full(len(rows), np.nan), where=planned > 0),
    }


def _codes(asked: pa.ChunkedArray, other: pa.ChunkedArray) -> tuple[Whole, Whole]:
    """The same codes for the same words in two columns; -1 where there is none."""
    both = pa.chunked_array([*asked.chunks, *other.chunks], type=pa.string())
    codes = _whole(both.combine_chunks().dictionary_encode().indices, missing=-1)
    return codes[: len(asked)], codes[len(asked) :]


def _levels(column: pa.ChunkedArray) -> NDArray[np.object_]:
    """Words by their codes: a million rows share the few texts there are."""
    coded = pa.chunked_array(column.chunks, type=pa.string()).combine_chunks().dictionary_encode()
    words = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    return words[_whole(coded.indices, missing=-1)]


def _number(column: pa.ChunkedArray) -> Real:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _whole(column: pa.Array | pa.ChunkedArray, *, missing: int) -> Whole:
    return np.asarray(column.cast(pa.int64()).fill_null(missing).to_numpy(), dtype=np.int64)


def _days(column: pa.ChunkedArray, *, missing: int = NEVER) -> Whole:
    return _whole(column.cast(pa.int32()), missing=missing)


def _real_days(column: pa.ChunkedArray) -> Real:
    return np.asarray(column.cast(pa.int32()).cast(pa.float64()).to_numpy(), dtype=np.float64)
