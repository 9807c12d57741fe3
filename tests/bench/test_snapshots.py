"""The same milestones asked about again every month: right where it matters, and what a budget of alerts would find.

Trained on the first day of each milestone and the first of every month of the last four years, a milestone of many
months weighing less; asked on the first of every month of three windows. Figures are means over the windows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from monitor.learning.blend import Blend, BlendSettings
from monitor.learning.features import Features, features
from tests.bench.open_sets import OpenSet, deliveries, school_phases
from tests.conftest import SharedData

Real = NDArray[np.float64]
Mask = NDArray[np.bool_]

MEMORY = np.timedelta64(4 * 365, "D")
BUDGET = 0.2
BANDS = {"> 180 d": (181, 99_999), "90-180": (91, 180), "30-90": (31, 90), "0-30": (0, 30), "past due": (-99_999, -1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One window: what was said of every open milestone on the first of each month, and how it ended."""

    identifier: NDArray[np.object_]
    as_of: NDArray[np.datetime64]
    days_to_due: Real
    late: Mask
    said: Real


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    load: Callable[..., OpenSet]
    windows: tuple[tuple[str, str], ...]


TRIALS = {
    "nyc_sca_phases": Trial(
        load=school_phases,
        windows=(("2015-07-01", "2016-07-01"), ("2016-07-01", "2017-07-01"), ("2021-07-01", "2022-10-01")),
    ),
    "usaid_scms_deliveries": Trial(
        load=deliveries,
        windows=(("2011-01-01", "2012-01-01"), ("2012-06-01", "2013-06-01"), ("2013-12-01", "2015-03-01")),
    ),
}


@pytest.mark.bench
def test_open_school_phases_past_their_day_are_told_apart(
    shared_data: SharedData, capsys: pytest.CaptureFixture[str]
) -> None:
    windows = _windows("nyc_sca_phases", shared_data("data/nyc_sca_phases"))
    table = _by_days_to_due(windows)
    found, right = _alerts(windows)
    with capsys.disabled():
        _print("nyc_sca_phases", windows, table, found, right)
    assert table["past due"][1] <= 0.10
    assert right >= 0.88


@pytest.mark.bench
def test_deliveries_are_ranked_best_in_the_last_month(
    shared_data: SharedData, capsys: pytest.CaptureFixture[str]
) -> None:
    windows = _windows("usaid_scms_deliveries", shared_data("data/usaid_scms_deliveries"))
    table = _by_days_to_due(windows)
    found, right = _alerts(windows)
    with capsys.disabled():
        _print("usaid_scms_deliveries", windows, table, found, right)
    # .429 found, .427 and .433 with seeds 1 and 2; the prototype found .46 in other windows, where its mark was .43.
    assert table["0-30"][2] >= 0.41
    assert right >= 0.27


def _windows(name: str, folder: Path) -> list[Asked]:
    trial = TRIALS[name]
    found = trial.load(folder, monthly=True)
    seen = features(found.layout, found.rows, found.past, found.spans)
    identifier = np.asarray(found.rows["id"].to_pylist(), dtype=object)
    with threadpool_limits(1):
        return [_asked(found, seen, identifier, cut, until) for cut, until in trial.windows]


def _asked(found: OpenSet, seen: Features, identifier: NDArray[np.object_], first: str, end: str) -> Asked:
    cut, until = np.datetime64(first), np.datetime64(end)
    train = (found.known < cut) & (found.as_of < cut) & (found.as_of >= cut - MEMORY)
    monthly = found.as_of == found.as_of.astype("datetime64[M]").astype("datetime64[D]")
    test = (found.as_of >= cut) & (found.as_of < until) & monthly
    model = Blend.fit(
        seen.take(train), found.late[train], as_of=found.as_of[train], known=found.known[train],
        contract=found.contract[train], weight=_weights(identifier[train]),
        settings=BlendSettings(leaf=10),
    )  # fmt: skip
    days = seen.numbers[test, seen.names.index("time.days_to_due")].astype(np.float64)
    said = model.probability(seen.take(test))
    return Asked(
        identifier=identifier[test], as_of=found.as_of[test], days_to_due=days, late=found.late[test], said=said
    )


def _weights(identifier: NDArray[np.object_]) -> Real:
    """1/√n for a milestone asked about n times."""
    _, places, counts = np.unique(identifier.astype(str), return_inverse=True, return_counts=True)
    weights: Real = 1 / np.sqrt(counts[places])
    return weights


def _by_days_to_due(windows: list[Asked]) -> dict[str, tuple[int, float, float, float]]:
    """By days to the due day: rows, and means over the windows of Brier score, average precision and bias."""
    table = {}
    for name, (low, high) in {"all": (-99_999, 99_999), **BANDS}.items():
        rows, figures = 0, []
        for one in windows:
            chosen = (one.days_to_due >= low) & (one.days_to_due <= high)
            late, said = one.late[chosen], one.said[chosen]
            rows += int(chosen.sum())
            if late.any() and not late.all():
                brier, bias = float(np.mean((said - late) ** 2)), float(said.mean() - late.mean())
                figures.append((brier, float(average_precision_score(late, said)), bias))
        if figures:
            brier, precision, bias = np.mean(figures, axis=0).tolist()
            table[name] = (rows, brier, precision, bias)
    return table


def _alerts(windows: list[Asked]) -> tuple[float, float]:
    """With the top fifth of each month alerted: share of late ones alerted at all, share of alerted that ended late.

    Of milestones seen 30 days or more before their day, whose day lies in the window. An alert stays: once is enough.
    """
    caught, right = [], []
    for one in windows:
        alerted = np.zeros(len(one.late), dtype=bool)
        for day in np.unique(one.as_of):
            rows = np.flatnonzero(one.as_of == day)
            alerted[rows[np.argsort(-one.said[rows], kind="stable")[: round(BUDGET * len(rows))]]] = True
        due = one.as_of + one.days_to_due.astype("timedelta64[D]")
        inside = set(one.identifier[(one.days_to_due >= 30) & (due <= one.as_of.max())].tolist())
        late = inside & set(one.identifier[one.late].tolist())
        told = inside & set(one.identifier[alerted].tolist())
        caught.append(len(late & told) / len(late))
        right.append(len(late & told) / len(told))
    return float(np.mean(caught)), float(np.mean(right))


def _print(
    name: str, windows: list[Asked], table: dict[str, tuple[int, float, float, float]], caught: float, right: float
) -> None:
    share = np.mean([one.late.mean() for one in windows])
    print(f"\n{name}: {len(windows)} windows, monthly; late {share:.0%}")
    print(f"  {'days to due':12}{'rows':>8}{'Brier':>8}{'AP':>8}{'bias':>8}")
    for band, (rows, brier, precision, bias) in table.items():
        print(f"  {band:12}{rows:8,}{brier:8.3f}{precision:8.3f}{bias:+8.3f}")
    print(f"  top {BUDGET:.0%} a month: {caught:.0%} of the late alerted, {right:.0%} of the alerted late")
