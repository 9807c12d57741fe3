"""Reasons are exact: base and effects sum to the logit, on every kind of split, and each step belongs to its column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from monitor.learning import reasons
from monitor.learning.blend import Blend, BlendSettings
from monitor.learning.features import Features
from tests.learning.made import Made, logit, made


@pytest.fixture(scope="module")
def cases() -> Made:
    return made(900)


@pytest.fixture(scope="module")
def blend(cases: Made) -> Blend:
    return cases.blend(settings=BlendSettings(trees=40, rounds=40))


def off(blend: Blend, features: Features) -> float:
    """How far the sum of base and effects is from the logit, at worst."""
    effects, base, _ = blend.effects(features)
    return float(np.abs(effects.sum(axis=1) + base - logit(blend.probability(features))).max())


def test_base_and_effects_sum_to_the_score(cases: Made, blend: Blend) -> None:
    """On numbers, missing numbers, categories and missing categories, seen and new."""
    assert off(blend, cases.features) < 1e-9
    new = made(400, seed=5).features
    new.categories["unit"][:100] = "Unit 99"
    new.categories["kind"][:50] = None
    new.numbers[200:300] = np.nan
    assert off(blend, new) < 1e-9


def test_also_where_no_member_may_be_surer(cases: Made) -> None:
    """Outcomes that one number decides, and outcomes that hardly ever come: both members are held back."""
    number = np.nan_to_num(cases.features.numbers[:, 0])
    for late in (number > 0, number > np.sort(number)[-9]):
        decided = replace(cases, late=late).blend()
        assert off(decided, cases.features) < 1e-9


def test_each_kind_of_split_is_used(cases: Made, blend: Blend) -> None:
    """Else the sums above prove less than they say."""
    boosting = blend.members.boosting
    trees = reasons.of_boosting((one for (one,) in boosting._predictors), learning_rate=boosting.learning_rate)
    inner = trees.column >= 0
    assert (trees.listed[inner] >= 0).any()
    assert (trees.listed[inner] < 0).any()
    assert trees.missing_left[inner].any()
    assert not trees.missing_left[inner].all()


def test_the_column_that_matters_has_the_effect(blend: Blend) -> None:
    effects, _, names = blend.effects(made(400, seed=5).features)
    size = dict(zip(names, np.abs(effects).mean(axis=0), strict=True))
    assert names == ("unit", "kind", "time.pressure", "fact.size", "fact.noise")
    assert size["time.pressure"] > 5 * size["fact.noise"]
    assert size["unit"] > 3 * size["fact.noise"]


def test_taking_away_the_strongest_reason_lowers_the_score(blend: Blend) -> None:
    new = made(400, seed=5).features
    effects, _, names = blend.effects(new)
    pushed = effects[:, names.index("time.pressure")] > 0.3
    without = replace(new, numbers=new.numbers.copy())
    without.numbers[:, 0] = np.nanmedian(new.numbers[:, 0])
    fell = blend.probability(without)[pushed] < blend.probability(new)[pushed]
    assert pushed.sum() > 50
    assert fell.mean() > 0.95


def test_a_forest_of_one_cut_by_hand() -> None:
    """Two of eight are late; to the right of the cut two of four: a step of a quarter, and it is the number's."""
    rows = np.array([[0.0, 5.0]] * 4 + [[1.0, 5.0]] * 4)
    forest = ExtraTreesClassifier(1, max_depth=1, random_state=0).fit(rows, [0, 0, 0, 0, 1, 1, 0, 0])
    trees = reasons.of_forest(one.tree_ for one in forest.estimators_)
    assert reasons.base(trees) == 0.25
    assert reasons.steps(trees, np.array([[1.0, 5.0], [0.0, 5.0]])).tolist() == [[0.25, 0.0], [-0.25, 0.0]]


def test_steps_are_those_of_a_walk_on_foot() -> None:
    """Row by row, node by node, in plain Python over the same nodes; inner nodes shrunk as leaves are."""
    random = np.random.default_rng(0)
    rows = np.column_stack([random.integers(0, 6, 500), random.normal(size=(500, 2))]).astype(float)
    rows[random.random(500) < 0.2, 1] = np.nan
    late = (np.nan_to_num(rows[:, 1]) + np.isin(rows[:, 0], [1, 4]) + random.normal(size=500)) > 0.5
    with threadpool_limits(limits=1):  # else threads of a busy machine wait for each other
        boosting = HistGradientBoostingClassifier(
            max_iter=10, max_leaf_nodes=6, learning_rate=0.3, categorical_features=[0], early_stopping=False
        ).fit(rows, late)
    trees = reasons.of_boosting((one for (one,) in boosting._predictors), learning_rate=0.3)
    found = reasons.steps(trees, rows[:50])
    expected = np.zeros((50, 3))
    for (tree,) in boosting._predictors:
        for place in range(50):
            on_foot(tree.nodes, tree.raw_left_cat_bitsets, rows[place], expected[place])
    assert found == pytest.approx(expected, abs=1e-12)
    sums = found.sum(axis=1) + boosting._baseline_prediction[0, 0]
    assert sums == pytest.approx(boosting.decision_function(rows[:50]), abs=1e-12)


def on_foot(
    nodes: NDArray[np.void], lists: NDArray[np.uint32], row: NDArray[np.float64], found: NDArray[np.float64]
) -> None:
    """Adds the steps of one row through one boosted tree to `found`."""
    node, before = nodes[0], 0.0
    while not node["is_leaf"]:
        column = node["feature_idx"]
        value = row[column]
        if np.isnan(value):
            left = bool(node["missing_go_to_left"])
        elif node["is_categorical"]:
            left = bool(int(lists[node["bitset_idx"]][int(value) // 32]) >> (int(value) % 32) & 1)
        else:
            left = bool(value <= node["num_threshold"])
        node = nodes[node["left"] if left else node["right"]]
        after = float(node["value"]) * (1 if node["is_leaf"] else 0.3)
        found[column] += after - before
        before = after


def test_many_rows_are_walked_in_parts(cases: Made, blend: Blend) -> None:
    """More rows times trees than fit into memory at once give what each row alone gives."""
    count = reasons.AT_ONCE // 40 // 900 + 2
    many = blend.effects(Features.join([cases.features] * count)).effects
    one = blend.effects(cases.features).effects
    assert len(many) * 40 > reasons.AT_ONCE
    assert np.abs(many[-900:] - one).max() < 1e-12
