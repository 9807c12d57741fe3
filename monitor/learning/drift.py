"""Whether the world is still the one that a model learned from. Found at each scan, told to the operator, never to the office.

Cases of one contract end together, so deviations are summed a contract before they are squared: otherwise a large contract
looks like a change of the world. An alarm needs both: surely not chance, and large enough to matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SURE, MATTERS, FEWEST = 3.0, 0.05, 40
"""|z|, difference of shares, and cases that are needed for an alarm."""

RECENT_DAYS = 182

OTHER_MIX = 0.25
"""A population stability index that says that the mix is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """What was expected, what came, over how many cases; `z` counts standard errors, by contract."""

    rows: int
    expected: float
    came: float
    z: float

    @property
    def alarm(self) -> bool:
        """Whether it is surely there and matters."""
        return self.rows >= FEWEST and abs(self.z) > SURE and abs(self.came - self.expected) > MATTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What one scan saw of one model. `base`: how what ended lately lies against the time of training; `calibration`: how
    earlier scores came out; `mix`: how far today's scores lie from those of the day of training (`stability`)."""

    base: Deviation | None
    calibration: Deviation | None
    mix: float | None

    @property
    def moved(self) -> bool:
        """Whether the model is to raise nothing until it was trained again. Another mix alone changes no score."""
        return any(one is not None and one.alarm for one in (self.base, self.calibration))


def recently(past: pa.Table, as_of: date) -> pa.Table:
    """What ended in the last half year: `contract`, `late`."""
    since = pa.scalar(as_of - timedelta(days=RECENT_DAYS), pa.date32())
    return past.filter(pc.greater_equal(past["known"], since)).select(["contract", "late"])


def lately(past: pa.Table, as_of: date, then: float | None) -> Deviation | None:
    """How what ended in the last half year lies against the share that was late in the half year before training."""
    found = recently(past, as_of)
    if then is None or not found.num_rows:
        return None
    return deviation(
        np.asarray(found["late"].to_pylist(), dtype=bool), np.full(found.num_rows, then),
        np.asarray(found["contract"].to_pylist(), dtype=object),
    )  # fmt: skip


def came_true(said: pa.Table, ends: pa.Table, as_of: date) -> Deviation | None:
    """How earlier scores came out: `said` has `id`, `contract`, `ripe`, `probability`, oldest first; `ends` `id`, `late`.

    Only cases that would be certain either way by now: of the others the quick ones, which are the good ones, came early.
    """
    ripe = said.filter(pc.less_equal(said["ripe"], pa.scalar(as_of, pa.date32())))
    late = dict(zip(ends["id"].to_pylist(), ends["late"].to_pylist(), strict=True))
    chosen = first_said(ripe.filter(pc.is_in(ripe["id"], value_set=ends["id"].combine_chunks())))
    if not chosen.num_rows:
        return None
    return deviation(
        np.array([late[key] for key in chosen["id"].to_pylist()], dtype=bool),
        np.asarray(chosen["probability"].to_numpy(), dtype=np.float64),
        np.asarray(chosen["contract"].to_pylist(), dtype=object),
    )  # fmt: skip


def first_said(said: pa.Table) -> pa.Table:
    """What was said first of each case, in the order it was said: a case counts once, however often it was scored."""
    first = dict(zip(reversed(said["id"].to_pylist()), reversed(range(said.num_rows)), strict=True))
    return said.take(pa.array(sorted(first.values()), pa.int64()))


def mixed(said: Floats, edges: Sequence[float]) -> float | None:
    """How far scores lie from those of the day of training, whose tenths end at `edges`."""
    if not len(said) or not edges:
        return None
    counts = np.bincount(np.searchsorted(np.asarray(edges), said, side="left"), minlength=len(edges) + 1)
    return stability([len(said) / len(counts)] * len(counts), counts.tolist())


def deviation(late: NDArray[np.bool_], expected: Floats, contract: NDArray[np.object_]) -> Deviation | None:
    """How ends lie against what was said of them; None without any."""
    if not len(late):
        return None
    gap = late.astype(np.float64) - expected
    places = np.unique(contract.astype(str), return_inverse=True)[1]
    spread = float(np.sqrt((np.bincount(places, weights=gap) ** 2).sum()))
    return Deviation(
        rows=len(late), expected=float(expected.mean()), came=float(late.mean()),
        z=float(gap.sum()) / spread if spread else 0.0,
    )  # fmt: skip


def stability(before: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index of two histograms, less what chance alone makes of it: about 0 where nothing changed.

    >>> stability([100, 100], [90, 110]) < 0.02, stability([100, 100], [20, 180]) > OTHER_MIX
    (True, True)
    """
    first, second = np.asarray(before, dtype=np.float64) + 0.5, np.asarray(now, dtype=np.float64) + 0.5
    by_chance = (len(first) - 1) * (1 / first.sum() + 1 / second.sum())
    first, second = first / first.sum(), second / second.sum()
    return max(0.0, float(((second - first) * np.log(second / first)).sum() - by_chance))
