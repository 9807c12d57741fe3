"""How good probabilities were: ranking, calibration, alerts, and how sure one can be that one model beats another.

Order lines of one purchase end together, so the bootstrap draws whole contracts, never rows. All models are measured on
the same draws: a difference has an interval of its own, much narrower than those of the two figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]

Measure = Literal[
    "average_precision", "auc", "brier", "log_loss", "recall_10", "recall_20", "precision_10", "precision_20"
]
MEASURES: tuple[Measure, ...] = get_args(Measure)
LESS_IS_BETTER: frozenset[Measure] = frozenset({"brier", "log_loss"})
BUDGETS = (10, 20)
"""Shares of all rows, in percent, that an office can look after."""

AT_ONCE = 1_000_000
"""Draws times rows in memory together: about 60 bytes each."""

NEAR_ZERO = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One test period: rows, their contracts, how they ended, and the probabilities of each model by its name."""

    late: Bools
    contract: Texts
    probability: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure, the 95 % interval of its bootstrap, and in what share of draws it was on the better side of zero.

    Of a difference, better is what is better for the first of the two models; half of a tie counts. NaN is a figure
    that these rows do not have: no ranking without both outcomes.
    """

    value: float
    low: float
    high: float
    better: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Rows of about the same probability: what was said, what came, and the 95 % Wilson interval of that share."""

    count: int
    said: float
    came: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Models on the same draws. A figure is the mean over the slices that have it."""

    value: dict[str, dict[Measure, float]]
    draws: dict[str, dict[Measure, Floats]]

    def interval(self, model: str, measure: Measure) -> Interval:
        """One model's figure."""
        return _interval(self.value[model][measure], self.draws[model][measure], measure)

    def difference(self, model: str, other: str, measure: Measure) -> Interval:
        """The figure of `model` minus that of `other`."""
        value = self.value[model][measure] - self.value[other][measure]
        return _interval(value, self.draws[model][measure] - self.draws[other][measure], measure)


def measures(late: Bools, probability: Floats) -> dict[Measure, float | None]:
    """Every figure of one model on one slice; None for what these rows do not have.

    Alerts go to the rows with the highest probability; rows that are tied at the end of the budget share what is left of
    it, so a model that says the same of all finds exactly its budget's share.

    >>> found = measures(np.array([True, False, True, False, False]), np.array([0.9, 0.6, 0.6, 0.2, 0.1]))
    >>> [round(found[name] or 0, 3) for name in ("average_precision", "auc", "brier", "recall_20", "precision_20")]
    [0.833, 0.917, 0.116, 0.5, 1.0]
    """
    found: dict[Measure, float | None] = dict.fromkeys(MEASURES)
    if not len(late):
        return found
    if late.any() and not late.all():
        found["average_precision"] = float(average_precision_score(late, probability))
        found["auc"] = float(roc_auc_score(late, probability))
    found["brier"] = float(brier_score_loss(late, probability, pos_label=True))
    found["log_loss"] = float(log_loss(late, probability, labels=[False, True]))
    alerts = _alerts(_ranked(late, probability, np.ones((1, len(late)))))
    return found | {name: None if np.isnan(values[0]) else float(values[0]) for name, values in alerts.items()}


def compare(slices: Sequence[Slice], *, repeats: int = 400, seed: int = 0) -> Comparison:
    """Every figure of every model, with the draws of a paired bootstrap by contract.

    A contract that is in several slices is drawn in all of them together. The order of the rows changes nothing.
    """
    names = list(slices[0].probability)
    whole = [np.ones((1, len(one.late))) for one in slices]
    drawn: dict[str, list[dict[Measure, Floats]]] = {name: [] for name in names}
    for part in _draws(slices, repeats, seed):
        for name in names:
            drawn[name].append(_means(slices, part, name))
    return Comparison(
        value={name: {key: float(one[0]) for key, one in _means(slices, whole, name).items()} for name in names},
        draws={
            name: {key: np.concatenate([part[key] for part in parts]) for key in MEASURES}
            for name, parts in drawn.items()
        },
    )


def reliability(late: Bools, probability: Floats, *, bins: int = 10) -> tuple[Bin, ...]:
    """Rows in ascending tenths of their probability; rows with the same probability stay together."""
    if not len(late):
        return ()
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    places = np.searchsorted(edges, probability, side="left")
    counts = np.bincount(places, minlength=len(edges) + 1)
    said = np.bincount(places, weights=probability, minlength=len(counts))
    came = np.bincount(places, weights=late, minlength=len(counts))
    return tuple(
        _bin(int(count), float(one), float(two)) for count, one, two in zip(counts, said, came, strict=True) if count
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance between what was said and what came, each bin by its rows (ECE). NaN without rows.

    It is never 0 by chance alone: with 100 rows a bin about 0.03 is noise.
    """
    rows = sum(one.count for one in bins)
    return sum(one.count * abs(one.said - one.came) for one in bins) / rows if rows else float("nan")


def wilson(happened: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): sound for few rows, and for shares at 0 and 1.

    >>> [round(end, 3) for end in wilson(0, 10)], [round(end, 3) for end in wilson(7, 19)]
    ([0.0, 0.278], [0.191, 0.59])
    """
    z = NormalDist().inv_cdf(0.975)
    share = happened / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def _bin(count: int, said: float, came: float) -> Bin:
    low, high = wilson(came, count)
    return Bin(count=count, said=said / count, came=came / count, low=low, high=high)


def _draws(slices: Sequence[Slice], repeats: int, seed: int) -> Iterator[list[Floats]]:
    """How often each row of each slice is in each draw: (draws, rows), some draws at a time."""
    contracts, places = np.unique(np.concatenate([one.contract.astype(str) for one in slices]), return_inverse=True)
    inside = np.split(places, np.cumsum([len(one.late) for one in slices])[:-1])
    random = np.random.default_rng(seed)
    at_once = max(1, AT_ONCE // len(places))
    for start in range(0, repeats, at_once):
        count = min(at_once, repeats - start)
        chosen = random.integers(0, len(contracts), size=(count, len(contracts)))
        chosen += np.arange(count)[:, None] * len(contracts)
        times = np.bincount(chosen.ravel(), minlength=count * len(contracts)).reshape(count, -1).astype(np.float64)
        yield [times[:, rows] for rows in inside]


def _means(slices: Sequence[Slice], weights: Sequence[Floats], name: str) -> dict[Measure, Floats]:
    found = [_weighted(one.late, one.probability[name], rows) for one, rows in zip(slices, weights, strict=True)]
    return {key: _mean(np.stack([one[key] for one in found])) for key in MEASURES}


def _mean(values: Floats) -> Floats:
    """Over slices, of those that have the figure; numpy's own would warn where none has."""
    there = ~np.isnan(values)
    return _share(np.where(there, values, 0.0).sum(axis=0), there.sum(axis=0).astype(np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """Per draw, running sums from the highest probability down; rows of one probability are one step. First is 0."""

    rows: Floats
    late: Floats


def _weighted(late: Bools, probability: Floats, weights: Floats) -> dict[Measure, Floats]:
    """Every figure, a row of `weights` a draw. The same as scikit-learn's on rows repeated as often as the weights say."""
    ranked = _ranked(late, probability, weights)
    rows, hits = ranked.rows[:, -1], ranked.late[:, -1]
    found, missed = np.diff(ranked.late), np.diff(ranked.rows - ranked.late)
    precision = np.nan_to_num(_share(ranked.late[:, 1:], ranked.rows[:, 1:]))  # the first steps may not be drawn at all
    above = ranked.late[:, :-1] + found / 2
    sure = np.clip(probability, NEAR_ZERO, 1 - NEAR_ZERO)
    losses = -np.where(late, np.log(sure), np.log1p(-sure))
    both = np.where((hits > 0) & (hits < rows), 1.0, np.nan)
    return {
        "average_precision": both * _share((found * precision).sum(axis=1), hits),
        "auc": both * _share((missed * above).sum(axis=1), hits * (rows - hits)),
        "brier": _share(weights @ (probability - late) ** 2, rows),
        "log_loss": _share(weights @ losses, rows),
        **_alerts(ranked),
    }


def _ranked(late: Bools, probability: Floats, weights: Floats) -> _Ranked:
    order = np.argsort(-probability, kind="stable")
    sorted_probability = probability[order]
    ends = np.flatnonzero(np.append(sorted_probability[1:] != sorted_probability[:-1], True))
    nothing = np.zeros((len(weights), 1))
    rows = np.cumsum(weights[:, order], axis=1)[:, ends]
    hits = np.cumsum(weights[:, order] * late[order], axis=1)[:, ends]
    return _Ranked(rows=np.hstack([nothing, rows]), late=np.hstack([nothing, hits]))


def _alerts(ranked: _Ranked) -> dict[Measure, Floats]:
    """Recall and precision within each budget: a straight line between two steps is what chance among equals gives."""
    found: dict[str, Floats] = {}
    draw = np.arange(len(ranked.rows))
    for budget in BUDGETS:
        slots = ranked.rows[:, -1] * budget / 100
        step = np.maximum((ranked.rows < slots[:, None]).sum(axis=1), 1)
        before, hits = ranked.rows[draw, step - 1], ranked.late[draw, step - 1]
        part = _share(slots - before, ranked.rows[draw, step] - before)
        hits = hits + np.nan_to_num(part) * (ranked.late[draw, step] - hits)
        found[f"recall_{budget}"] = _share(hits, ranked.late[:, -1])
        found[f"precision_{budget}"] = _share(hits, slots)
    return {key: found[key] for key in MEASURES if key in found}


def _share(part: Floats, whole: Floats) -> Floats:
    """NaN where there is no whole."""
    nothing = np.full(np.broadcast(part, whole).shape, np.nan)
    return np.asarray(np.divide(part, whole, out=nothing, where=whole > 0), dtype=np.float64)


def _interval(value: float, draws: Floats, measure: Measure) -> Interval:
    there = draws[~np.isnan(draws)]
    if not there.size:
        return Interval(value=value, low=float("nan"), high=float("nan"), better=float("nan"))
    low, high = np.quantile(there, [0.025, 0.975])
    side = -there if measure in LESS_IS_BETTER else there
    better = float(np.mean((side > 0) + (side == 0) / 2))
    return Interval(value=value, low=float(low), high=float(high), better=better)
