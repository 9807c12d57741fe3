"""What was known before a day: decayed sums over past outcomes by key, and how many were open or overdue.

Days are whole numbers since 1970-01-01; a key is a code of 0 and up, -1 where it is not known. Everything is asked
at `Points`, the distinct pairs of key and day, so a million rows of one day cost no more than their keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

GRAIN = 2.0**-16
"""Sums of multiples of this are exact in 64 bits: the order in which a file lists its rows leaves no trace in them."""


def exact(values: Real) -> Real:
    """Values that add up to the same in any order.

    >>> exact(np.array([0.1, 40.0])).tolist()
    [0.100006103515625, 40.0]
    """
    answer: Real = np.round(values / GRAIN) * GRAIN
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The distinct pairs of key and day that rows ask about, sorted, and where each row finds its answer."""

    keys: Whole
    days: Whole
    spread: Whole  # row → point; -1 where the key is not known

    @classmethod
    def of(cls, keys: Whole, days: Whole) -> Self:
        """
        >>> points = Points.of(np.array([4, -1, 4, 4]), np.array([10, 10, 10, 12]))
        >>> points.keys.tolist(), points.days.tolist(), points.spread.tolist()
        ([4, 4], [10, 12], [0, -1, 0, 1])
        """
        known = keys >= 0
        first = int(days.min(initial=0))
        width = int(days.max(initial=0)) - first + 1
        pairs = keys * width + (days - first)
        distinct, inverse = _distinct(pairs[known])
        spread = np.full(len(keys), -1, dtype=np.int64)
        spread[known] = inverse
        return cls(keys=distinct // width, days=distinct % width + first, spread=spread)

    def to_rows(self, values: Real) -> Real:
        """One value a row out of one value a point; NaN where the row's key is not known."""
        return np.append(values, np.nan)[self.spread]


def _distinct(pairs: Whole) -> tuple[Whole, Whole]:
    """Sorted distinct values and where each came to lie: by a table where that is smaller than a sort."""
    top = int(pairs.max(initial=-1)) + 1
    if top > 4 * len(pairs) + 1024:
        distinct, inverse = np.unique(pairs, return_inverse=True)
        return distinct, inverse.astype(np.int64, copy=False)
    present = np.zeros(top, dtype=bool)
    present[pairs] = True
    place = np.cumsum(present) - 1
    return np.flatnonzero(present), place[pairs]


class History:
    """Sums over outcomes by key, each outcome fading with its age: weight exp(-age / fading), in days.

    Each key's sums are carried from one of its days to its next and begin at its own first day. One running sum over
    all keys and twenty years would lose the old keys to rounding, and what came later would leak into what was before.
    """

    def __init__(self, keys: Whole, days: Whole, values: Sequence[Real], *, fading: float) -> None:
        """`values` are columns of one value an outcome, see `exact`; each column is summed.

        >>> sums = History(np.array([0, 0]), np.array([10, 20]), [np.ones(2)], fading=10.0)
        >>> points = Points.of(np.array([0, 0, 1]), np.array([20, 21, 21]))
        >>> (sums.at(points)[:, 0] * np.exp([1.0, 0.1, 0.1])).round(6).tolist()
        [1.0, 1.367879, 0.0]
        """
        known = keys >= 0
        keys, days, values = (
            (keys, days, values) if known.all() else (keys[known], days[known], [v[known] for v in values])
        )
        self._first = int(days.min(initial=0))
        self._width = int(days.max(initial=0)) - self._first + 1
        self._place, inverse = _distinct(keys * self._width + (days - self._first))
        self._keys, self._days = self._place // self._width, self._place % self._width + self._first
        self._sums = np.column_stack([np.bincount(inverse, weights=one, minlength=len(self._place)) for one in values])
        self._fading = fading
        self._carry()

    def at(self, points: Points) -> Real:
        """Sums over outcomes known strictly before each point's day, faded to that day: a row a point, zero if none."""
        answer = np.zeros((len(points.keys), self._sums.shape[1]))
        if not len(self._place):
            return answer
        asked = points.keys * self._width + np.clip(points.days - self._first, 0, self._width)
        found = np.searchsorted(self._place, asked, side="left") - 1
        has = (found >= 0) & (self._keys[found] == points.keys)
        found = found[has]
        answer[has] = self._sums[found] * self._faded(points.days[has] - self._days[found])
        return answer

    def _carry(self) -> None:
        """Day by day of a key, all keys at once: the longest history decides the number of steps."""
        if not len(self._keys):
            return
        begins = np.flatnonzero(np.diff(self._keys, prepend=-1))
        lengths = np.diff(begins, append=len(self._keys))
        begins = begins[np.argsort(-lengths, kind="stable")]
        longer = len(begins) - np.searchsorted(np.sort(lengths), np.arange(1, lengths.max()), side="right")
        ages = np.diff(self._days, prepend=self._days[0])
        for step, count in enumerate(longer.tolist(), start=1):
            here = begins[:count] + step
            self._sums[here] = self._sums[here] + self._sums[here - 1] * self._faded(ages[here])

    def _faded(self, ages: Whole) -> Real:
        kept: Real = np.exp(-ages[:, None] / self._fading)
        return kept


class Standing:
    """How many were open, and how many overdue, at any day: counted, so no outcome need be waited for."""

    def __init__(self, keys: Whole, first: Whole, last: Whole, due: Whole) -> None:
        """One stretch a row: open from `first` to `last`, both included; `NEVER` for no end and for no due day."""
        late_from = np.maximum(first, np.minimum(due, NEVER - 1) + 1)
        open_, late = last >= first, last >= late_from
        self._opened, self._closed = _Counts(keys[open_], first[open_]), _Counts(keys[open_], last[open_])
        self._fell_late, self._left_late = _Counts(keys[late], late_from[late]), _Counts(keys[late], last[late])

    def at(self, points: Points) -> tuple[Real, Real]:
        """(open, overdue) at each point; overdue is open with its due day before that day."""
        before = points.days - 1
        still_open = self._opened.up_to(points.keys, points.days) - self._closed.up_to(points.keys, before)
        still_late = self._fell_late.up_to(points.keys, points.days) - self._left_late.up_to(points.keys, before)
        return still_open.astype(np.float64), still_late.astype(np.float64)


NEVER = 2_932_896  # 9999-12-31


class _Counts:
    """How many days of a key are not after a day."""

    def __init__(self, keys: Whole, days: Whole) -> None:
        kept = (keys >= 0) & (days < NEVER)
        keys, days = keys[kept], days[kept]
        self._first = int(days.min(initial=0))
        self._width = int(days.max(initial=0)) - self._first + 2
        self._place = np.sort(keys * self._width + (days - self._first + 1))

    def up_to(self, keys: Whole, days: Whole) -> Whole:
        day = np.clip(days - self._first + 1, 0, self._width - 1)
        upper = np.searchsorted(self._place, keys * self._width + day, side="right")
        return upper - np.searchsorted(self._place, keys * self._width, side="left")
