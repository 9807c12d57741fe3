"""How early a score would have warned, if each day's riskiest cases had been told of.

A warning stays once it was given: a budget a day is not a budget a milestone, so both shares are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

AHEAD = (30, 60)
"""Days before the due day: a month is enough to do something, two to do it well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """What warning the `budget` riskiest on each day came to. Shares are of subjects; days are before the due day.

    `precision`: of the subjects warned of, those that were late. `caught`: of the late ones, those warned of by their due
    day; `ahead`: by `AHEAD` days before it. `days`: lower quartile, median and upper quartile over those caught.
    """

    budget: float
    subjects: int
    late: int
    warned: float
    precision: float | None
    caught: float | None
    ahead: dict[int, float]
    days: tuple[float, float, float] | None


def leads(
    subject: Texts, as_of: NDArray[np.datetime64], days_left: Floats, late: NDArray[np.bool_], probability: Floats, *,
    budgets: Sequence[float] = (0.1, 0.2),
) -> list[Lead]:  # fmt: skip
    """For each budget. Rows are (subject, day); one that was late against a day that moved is late."""
    names, places = np.unique(subject.astype(str), return_inverse=True)
    was_late = np.zeros(len(names), dtype=bool)
    np.logical_or.at(was_late, places, late)
    return [_lead(budget, places, was_late, days_left, _riskiest(as_of, probability, budget)) for budget in budgets]


def _riskiest(as_of: NDArray[np.datetime64], probability: Floats, budget: float) -> NDArray[np.bool_]:
    """The rows with the highest probability of each day; of equal ones those that stand first."""
    chosen = np.zeros(len(probability), dtype=bool)
    for day in np.unique(as_of):
        rows = np.flatnonzero(as_of == day)
        most = round(len(rows) * budget)
        chosen[rows[np.argsort(-probability[rows], kind="stable")[:most]]] = True
    return chosen


def _lead(
    budget: float, places: NDArray[np.int64], late: NDArray[np.bool_], days_left: Floats, chosen: NDArray[np.bool_]
) -> Lead:
    first = np.full(len(late), -np.inf)
    np.maximum.at(first, places[chosen], days_left[chosen])
    warned, total = first > -np.inf, int(late.sum())
    caught = (first >= 0) & late
    days = first[caught]
    quartiles = tuple(float(one) for one in np.quantile(days, [0.25, 0.5, 0.75])) if days.size else None
    return Lead(
        budget=budget, subjects=len(late), late=total, warned=float(warned.mean()) if len(late) else 0.0,
        precision=float(late[warned].mean()) if warned.any() else None,
        caught=float(caught.sum() / total) if total else None,
        ahead={least: float((first[late] >= least).sum() / total) for least in AHEAD} if total else {},
        days=quartiles if quartiles is None else (quartiles[0], quartiles[1], quartiles[2]),
    )  # fmt: skip
