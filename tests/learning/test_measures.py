"""Figures against scikit-learn and against sums by hand; the bootstrap draws contracts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from monitor.learning.measures import MEASURES, Slice, calibration_error, compare, measures, reliability, wilson


def period(count: int, *, seed: int = 0, per_contract: int = 4, skill: float = 1.0) -> Slice:
    """Made rows. `good` knows the odds, `poor` half of them; both in steps of 1/20, so many rows are tied.

    All rows of a contract end the same way.
    """
    random = np.random.default_rng(seed)
    contract = np.arange(count) // per_contract
    odds = random.normal(size=contract.max() + 1)[contract]
    late = (random.random(contract.max() + 1)[contract]) < 1 / (1 + np.exp(-2 * skill * odds))
    said = {"good": odds + random.normal(size=count) / 2, "poor": odds + 2 * random.normal(size=count)}
    return Slice(
        late=late, contract=np.array([f"C-{one}" for one in contract], dtype=object),
        probability={name: np.round(20 / (1 + np.exp(-one))) / 20 * 0.98 + 0.01 for name, one in said.items()},
    )  # fmt: skip


def test_each_draw_is_what_scikit_learn_says_of_rows_repeated() -> None:
    """The draws are sums over sorted rows; a resampled table measured the slow way must give the same."""
    one = period(60)
    trial = compare([one], repeats=30, seed=3)
    contracts, places = np.unique(one.contract.astype(str), return_inverse=True)
    chosen = np.random.default_rng(3).integers(0, len(contracts), size=(30, len(contracts)))
    for draw in range(30):
        times = np.bincount(chosen[draw], minlength=len(contracts))[places]
        late, said = np.repeat(one.late, times), np.repeat(one.probability["good"], times)
        found = {name: trial.draws["good"][name][draw] for name in MEASURES}
        assert found["average_precision"] == pytest.approx(average_precision_score(late, said))
        assert found["auc"] == pytest.approx(roc_auc_score(late, said))
        assert found["brier"] == pytest.approx(brier_score_loss(late, said))
        assert found["log_loss"] == pytest.approx(log_loss(late, said))
        assert found == pytest.approx(measures(late, said))


def test_figures_of_the_whole_are_those_of_one_model_alone() -> None:
    one = period(200)
    assert compare([one], repeats=2).value["good"] == pytest.approx(measures(one.late, one.probability["good"]))


def test_alerts_by_hand() -> None:
    """Ten rows, a budget of two: one sure hit, then one slot for four that are tied, of which two are late."""
    late = np.array([1, 1, 1, 0, 0, 0, 0, 1, 0, 0], dtype=bool)
    said = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    found = measures(late, said)
    assert found["recall_10"] == pytest.approx(1 / 4)
    assert found["precision_10"] == pytest.approx(1.0)
    assert found["recall_20"] == pytest.approx(1.5 / 4)
    assert found["precision_20"] == pytest.approx(1.5 / 2)


def test_a_model_that_says_the_same_of_all_finds_its_budget() -> None:
    late = np.arange(50) % 5 == 0
    found = measures(late, np.full(50, 0.2))
    assert found["recall_10"] == pytest.approx(0.10)
    assert found["recall_20"] == pytest.approx(0.20)
    assert found["precision_20"] == pytest.approx(0.2)
    assert found["auc"] == pytest.approx(0.5)
    assert found["average_precision"] == pytest.approx(0.2)


def test_what_rows_do_not_have_is_not_a_number_made_up() -> None:
    on_time = measures(np.zeros(5, dtype=bool), np.full(5, 0.1))
    assert on_time["auc"] is None
    assert on_time["average_precision"] is None
    assert on_time["recall_20"] is None
    assert on_time["precision_20"] == 0
    assert on_time["brier"] == pytest.approx(0.01)
    assert set(measures(np.zeros(0, dtype=bool), np.zeros(0)).values()) == {None}
    none_late = Slice(
        late=np.zeros(8, dtype=bool), contract=np.full(8, "C", dtype=object), probability={"a": np.full(8, 0.1)}
    )
    assert np.isnan(compare([none_late], repeats=5).interval("a", "auc").better)


def test_being_sure_and_wrong_costs_much_but_is_finite() -> None:
    found = measures(np.array([True, False]), np.array([0.0, 1.0]))
    assert found["log_loss"] == pytest.approx(36.04, abs=0.01)


def test_a_better_model_is_better_in_nearly_all_draws() -> None:
    trial = compare([period(400)])
    for name in MEASURES:
        gap = trial.difference("good", "poor", name)
        assert gap.better > 0.9
        assert gap.low <= gap.value <= gap.high
    assert trial.difference("good", "poor", "brier").high < 0
    assert trial.difference("poor", "good", "brier").better < 0.01
    assert trial.difference("good", "good", "brier").better == 0.5


def test_the_difference_is_known_better_than_either_figure() -> None:
    trial = compare([period(400)])
    alone, gap = trial.interval("good", "auc"), trial.difference("good", "poor", "auc")
    spread = trial.draws["good"]["auc"] - np.random.default_rng(0).permutation(trial.draws["poor"]["auc"])
    low, high = np.quantile(spread, [0.025, 0.975])
    assert gap.high - gap.low < 0.9 * float(high - low)
    assert alone.low < alone.value < alone.high


def test_rows_of_one_contract_are_one_piece_of_evidence() -> None:
    """The same rows as contracts of their own would look twice as sure as they are."""
    whole = period(400, per_contract=8)
    apart = Slice(
        late=whole.late, contract=np.array([f"C-{one}" for one in range(400)], dtype=object), probability=whole.probability
    )  # fmt: skip
    wide, narrow = (compare([one]).interval("good", "auc") for one in (whole, apart))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert wide.value == narrow.value


def test_neither_the_order_of_rows_nor_the_machine_changes_a_draw() -> None:
    one = period(200)
    order = np.random.default_rng(1).permutation(200)
    mixed = Slice(
        late=one.late[order], contract=one.contract[order],
        probability={name: said[order] for name, said in one.probability.items()},
    )  # fmt: skip
    before, after = compare([one], repeats=50), compare([mixed], repeats=50)
    for name in MEASURES:
        assert before.draws["good"][name] == pytest.approx(after.draws["good"][name], abs=1e-12)


def test_many_rows_are_drawn_in_parts_and_give_the_same() -> None:
    one = period(6_000)
    assert compare([one], repeats=400).draws["good"]["auc"][:100] == pytest.approx(
        compare([one], repeats=100).draws["good"]["auc"], abs=1e-12
    )


def test_a_figure_over_periods_is_their_mean_and_a_period_without_it_is_left_out() -> None:
    first, second = period(200, seed=1), period(300, seed=2)
    said = {name: one[:40] for name, one in second.probability.items()}
    calm = Slice(late=np.zeros(40, dtype=bool), contract=second.contract[:40], probability=said)
    trial = compare([first, second, calm], repeats=20)
    parts = [compare([one], repeats=2).value["good"] for one in (first, second, calm)]
    assert trial.value["good"]["auc"] == pytest.approx((parts[0]["auc"] + parts[1]["auc"]) / 2)
    assert trial.value["good"]["brier"] == pytest.approx(sum(one["brier"] for one in parts) / 3)


def ten_in_ten(share: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    said = np.repeat(np.linspace(0.05, 0.95, 10), 100)
    return np.tile(np.arange(100), 10) < said * 100 * share, said


def test_reliability_has_a_row_a_tenth_with_what_was_said_and_what_came() -> None:
    late, said = ten_in_ten(1.0)
    bins = reliability(late, said)
    assert [one.count for one in bins] == [100] * 10
    assert [one.came for one in bins] == pytest.approx([one.said for one in bins])
    assert all(one.low < one.came < one.high for one in bins)
    assert calibration_error(bins) == pytest.approx(0, abs=1e-12)
    half = reliability(*ten_in_ten(0.5))
    assert calibration_error(half) == pytest.approx(0.25, abs=0.01)


def test_reliability_keeps_equal_probabilities_together() -> None:
    late = np.arange(100) < 30
    (one,) = reliability(late, np.full(100, 0.3))
    assert (one.count, one.came) == (100, 0.3)
    assert one.said == pytest.approx(0.3)
    assert reliability(late[:0], np.zeros(0)) == ()
    assert np.isnan(calibration_error(()))
    assert sum(one.count for one in reliability(late, np.where(late, 0.9, 0.1))) == 100


def test_wilson_is_sound_at_the_ends() -> None:
    assert wilson(0, 5)[0] == 0
    assert wilson(5, 5)[1] == 1
    assert wilson(5, 5)[0] == pytest.approx(0.566, abs=1e-3)
