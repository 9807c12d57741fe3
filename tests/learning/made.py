"""Made cases for the tests of learning: no office, no contract and no outcome here is real."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitor.learning.blend import Blend, BlendSettings
from monitor.learning.features import Features

SMALL = BlendSettings(trees=15, rounds=15)
"""Members that grow in a tenth of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Cases that were asked about once each, oldest first, three to a contract."""

    features: Features
    late: NDArray[np.bool_]
    as_of: NDArray[np.datetime64]
    known: NDArray[np.datetime64]
    contract: NDArray[np.object_]

    def blend(self, *, seed: int = 0, settings: BlendSettings = SMALL) -> Blend:
        """A small model of all cases."""
        return Blend.fit(
            self.features, self.late, as_of=self.as_of, known=self.known, contract=self.contract, seed=seed, settings=settings
        )  # fmt: skip

    def shuffled(self, seed: int) -> Made:
        """The same cases with the outcomes of others: there is nothing to learn."""
        return replace(self, late=np.random.default_rng(seed).permutation(self.late))


def made(count: int, *, seed: int = 0, signal: float = 1.5) -> Made:
    """Late by one number (`time.pressure`), by the unit, and by a number that counts for works alone.

    A tenth of everything is not known. `fact.empty` never is, and `fact.same` never differs.
    """
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(count, 5)).astype(np.float32)
    unit, kind = random.integers(0, 12, count), random.integers(0, 3, count)
    odds = signal * (numbers[:, 0] + (unit % 3 - 1) + numbers[:, 1] * (kind == 0)) - 0.4
    late = random.random(count) < 1 / (1 + np.exp(-odds))
    numbers[random.random(numbers.shape) < 0.1] = np.nan
    numbers[:, 3], numbers[:, 4] = np.nan, 7.0
    units = np.array([f"Unit {place}" for place in unit], dtype=object)
    units[random.random(count) < 0.1] = None
    as_of = np.datetime64("2015-01-01") + np.sort(random.integers(0, 2_000, count))
    return Made(
        features=Features(
            names=("time.pressure", "fact.size", "fact.noise", "fact.empty", "fact.same"), numbers=numbers,
            categories={"unit": units, "kind": np.array(["works", "goods", "services"], dtype=object)[kind]},
            base=np.full(count, late.mean()),
        ),
        late=late, as_of=as_of, known=as_of + random.integers(5, 120, count),
        contract=np.array([f"C-{place // 3:04}" for place in range(count)], dtype=object),
    )  # fmt: skip


def logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the odds."""
    return np.asarray(np.log(probability / (1 - probability)), dtype=np.float64)
