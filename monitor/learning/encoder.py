"""From features to the one matrix that both members of the blend read; and how far a row is from what was trained on.

Categories stand first, as codes; numbers behind them, NaN where not known. All in 32 bits: a forest sees no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.domain.errors import ModelError
from monitor.learning.features import Features

MOST_LEVELS, FEWEST_ROWS = 60, 10
"""Levels with a code of their own: boosting takes no more than 64, and a level of nine rows teaches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A column of levels. Codes: one each for `levels`, then one for all others, then one for not known."""

    name: str
    levels: tuple[str, ...]
    seen: tuple[str, ...]
    """Every level of training, sorted: another one is new to the model."""

    def codes(self, values: NDArray[np.object_]) -> NDArray[np.int64]:
        """The code of each value."""
        places = {level: code for code, level in enumerate(self.levels)}
        indices, dictionary = _distinct(values)
        return np.array([*(places.get(level, len(places)) for level in dictionary), len(places) + 1])[indices]

    def new(self, values: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Which values training never saw. Not known is not new."""
        seen = frozenset(self.seen)
        indices, dictionary = _distinct(values)
        return np.array([*(level not in seen for level in dictionary), False])[indices]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A column of numbers and the range that training saw."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """How far rows are from what the model was trained on."""

    new: dict[str, NDArray[np.bool_]]
    """By category: rows with a level that training never saw."""

    outside: NDArray[np.float64]
    """Share of a row's known numbers below or above all of training; 0 where none is known."""

    @property
    def new_share(self) -> NDArray[np.float64]:
        """Share of a row's categories with a new level."""
        if not self.new:
            return np.zeros(len(self.outside))
        return np.asarray(np.mean(np.stack(list(self.new.values())), axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """Columns that can teach something. `dropped` are those that could not: empty, or one and the same in every row."""

    categories: tuple[Category, ...]
    numbers: tuple[Number, ...]
    dropped: tuple[str, ...]

    @classmethod
    def fit(cls, features: Features) -> Encoder:
        """Levels, ranges and columns to drop, from training rows.

        A column that is constant breaks nothing but learns nothing; one that is empty breaks scikit-learn 1.9's boosting.
        """
        categories = {name: _category(name, values) for name, values in features.categories.items()}
        kept = [one for name, one in categories.items() if _varies(one.codes(features.categories[name]))]
        finite = _finite(features.numbers)
        numbers = []
        for place, name in enumerate(features.names):
            column = finite[:, place]
            known = column[~np.isnan(column)]
            if known.size and (known.size < column.size or known.min() < known.max()):
                numbers.append(Number(name=name, low=float(known.min()), high=float(known.max())))
        stay = {one.name for one in kept} | {one.name for one in numbers}
        dropped = tuple(name for name in (*features.categories, *features.names) if name not in stay)
        return cls(categories=tuple(kept), numbers=tuple(numbers), dropped=dropped)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the matrix, in order."""
        return (*(one.name for one in self.categories), *(one.name for one in self.numbers))

    def matrix(self, features: Features) -> NDArray[np.float32]:
        """One row a row of `features`. Raises ModelError when a column of training is not there."""
        out = np.empty((len(features.base), len(self.names)), dtype=np.float32)
        for place, category in enumerate(self.categories):
            out[:, place] = category.codes(_levels(features, category.name))
        out[:, len(self.categories) :] = self._known(features)
        return out

    def doubts(self, features: Features) -> Doubts:
        """New levels, and numbers outside the range of training."""
        numbers = self._known(features)
        low = np.array([one.low for one in self.numbers], dtype=np.float32)
        high = np.array([one.high for one in self.numbers], dtype=np.float32)
        outside = ((numbers < low) | (numbers > high)).sum(axis=1)
        known = (~np.isnan(numbers)).sum(axis=1)
        return Doubts(
            new={one.name: one.new(_levels(features, one.name)) for one in self.categories},
            outside=outside / np.maximum(known, 1),
        )

    def _known(self, features: Features) -> NDArray[np.float32]:
        places = {name: place for place, name in enumerate(features.names)}
        if missing := [one.name for one in self.numbers if one.name not in places]:
            raise _lacks(missing)
        return _finite(features.numbers[:, [places[one.name] for one in self.numbers]])


def _category(name: str, values: NDArray[np.object_]) -> Category:
    """Most frequent levels first; of two with as many rows the one that sorts first, whatever the order of the rows."""
    indices, dictionary = _distinct(values)
    rows = np.bincount(indices, minlength=len(dictionary) + 1)
    ranked = sorted(zip(dictionary, rows[:-1].tolist(), strict=True), key=lambda one: (-one[1], one[0]))
    levels = tuple(level for level, count in ranked if count >= FEWEST_ROWS)[:MOST_LEVELS]
    return Category(name=name, levels=levels, seen=tuple(sorted(dictionary)))


def _distinct(values: NDArray[np.object_]) -> tuple[NDArray[np.int64], list[str]]:
    """For every value its place among the distinct ones; not known has the place behind the last."""
    encoded = pa.array(values, type=pa.string()).dictionary_encode()
    dictionary: list[str] = encoded.dictionary.to_pylist()
    indices = encoded.indices.fill_null(len(dictionary)).to_numpy(zero_copy_only=False)
    return np.asarray(indices, dtype=np.int64), dictionary


def _varies(codes: NDArray[np.int64]) -> bool:
    return codes.size > 0 and bool(codes.min() < codes.max())


def _finite(numbers: NDArray[np.floating]) -> NDArray[np.float32]:
    """In 32 bits. What is infinite, or becomes so, is not known: no tree can ask about it."""
    with np.errstate(over="ignore"):
        narrow = numbers.astype(np.float32)
    narrow[np.isinf(narrow)] = np.nan
    return narrow


def _levels(features: Features, name: str) -> NDArray[np.object_]:
    if name not in features.categories:
        raise _lacks([name])
    return features.categories[name]


def _lacks(names: list[str]) -> ModelError:
    return ModelError(
        f"the rows to be scored lack {len(names)} columns of the model, the first is {names[0]}",
        hint="the model is of another layout: train it again (`lvyue model train`)",
    )
