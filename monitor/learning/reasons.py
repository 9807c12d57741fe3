"""What moved a score: the path of a row through every tree, and what each step on it changed.

At every node of a tree stands the answer for all rows that came so far. A step to a child changes that answer, and the
column that was asked at the node is the cause. Summed over path and trees these changes are the whole way from the base
to the score: nothing is left over, no row is asked twice. They describe the model, not causes in the world.

Nodes are read from private fields of scikit-learn's boosting (`_predictors`, `_baseline_prediction`, `_preprocess_X`):
its release is pinned for that, and the tests hold the sum against the probability to 1e-6.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AT_ONCE = 1_000_000
"""Rows times trees that walk together: about 100 bytes each."""


class Grown(Protocol):
    """Fields of a tree of a forest (`sklearn.tree._tree.Tree`)."""

    children_left: NDArray[np.int64]
    children_right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: Floats
    value: Floats


class Boosted(Protocol):
    """Fields of a tree of a boosting (`TreePredictor`)."""

    nodes: NDArray[np.void]
    raw_left_cat_bitsets: NDArray[np.uint32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """The nodes of many trees, one after the other; a leaf has column -1."""

    roots: NDArray[np.int64]
    column: NDArray[np.int64]
    threshold: Floats
    """A number up to and including it goes left."""

    missing_left: NDArray[np.bool_]
    listed: NDArray[np.int64]
    """Row of `codes` that says which categories go left; -1 for a split by a number."""

    codes: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Floats


def steps(trees: Trees, rows: Floats) -> Floats:
    """What each column changed, summed over all trees. One row a row of `rows`, one column a column.

    `base(trees)` plus a row's sum is the sum of the leaves the row falls into, to rounding.
    """
    at_once = max(1, AT_ONCE // len(trees.roots))
    parts = [_walk(trees, rows[start : start + at_once]) for start in range(0, len(rows), at_once)]
    return np.concatenate(parts) if parts else np.zeros(rows.shape)


def base(trees: Trees) -> float:
    """What the trees together answer before anything was asked."""
    return float(trees.value[trees.roots].sum())


def _walk(trees: Trees, rows: Floats) -> Floats:
    """All rows go down all trees together, one level at a time; who has come to a leaf leaves the walk."""
    count, width = rows.shape
    values = rows.ravel()
    node = np.tile(trees.roots, count)
    place = np.repeat(np.arange(count) * width, len(trees.roots))
    changed = np.zeros(count * width)
    while node.size:
        inner = trees.column[node] >= 0
        node, place = node[inner], place[inner]
        asked = place + trees.column[node]
        child = np.where(_goes_left(trees, node, values[asked]), trees.left[node], trees.right[node])
        changed += np.bincount(asked, weights=trees.value[child] - trees.value[node], minlength=changed.size)
        node = child
    return changed.reshape(count, width)


def _goes_left(trees: Trees, node: NDArray[np.int64], value: Floats) -> NDArray[np.bool_]:
    missing = np.isnan(value)
    left = value <= trees.threshold[node]
    listed = trees.listed[node]
    by_code = np.flatnonzero((listed >= 0) & ~missing)
    left[by_code] = trees.codes[listed[by_code], value[by_code].astype(np.int64)]
    left[missing] = trees.missing_left[node[missing]]
    return left


def of_forest(grown: Iterable[Grown]) -> Trees:
    """The trees of a forest of two classes; a node's value is its share of the second class. No row misses a number."""
    parts = list(grown)
    starts = _starts([len(tree.feature) for tree in parts])
    column = np.concatenate([tree.feature for tree in parts]).astype(np.int64)
    return Trees(
        roots=starts,
        column=np.maximum(column, -1),  # a leaf's column is -2 here
        threshold=np.concatenate([tree.threshold for tree in parts]),
        missing_left=np.zeros(len(column), dtype=bool),
        listed=np.full(len(column), -1, dtype=np.int64),
        codes=np.zeros((0, 1), dtype=bool),
        left=np.concatenate([tree.children_left + start for tree, start in zip(parts, starts, strict=True)]),
        right=np.concatenate([tree.children_right + start for tree, start in zip(parts, starts, strict=True)]),
        value=np.concatenate([tree.value[:, 0, 1] for tree in parts]),
    )


def of_boosting(boosted: Iterable[Boosted], *, learning_rate: float) -> Trees:
    """The trees of a boosting; a node's value is in logit. Leaves are shrunk by the learning rate already, inner nodes not."""
    parts = list(boosted)
    starts = _starts([len(tree.nodes) for tree in parts])
    nodes = np.concatenate([tree.nodes for tree in parts])
    leaf = nodes["is_leaf"].astype(bool)
    shift = np.repeat(starts, [len(tree.nodes) for tree in parts])
    lists = np.concatenate([tree.raw_left_cat_bitsets for tree in parts])
    listed = nodes["bitset_idx"] + np.repeat(
        _starts([len(tree.raw_left_cat_bitsets) for tree in parts]), [len(tree.nodes) for tree in parts]
    )
    return Trees(
        roots=starts,
        column=np.where(leaf, -1, nodes["feature_idx"]),
        threshold=nodes["num_threshold"],
        missing_left=nodes["missing_go_to_left"].astype(bool),
        listed=np.where(nodes["is_categorical"].astype(bool), listed, -1),
        codes=_bits(lists),
        left=nodes["left"] + shift,
        right=nodes["right"] + shift,
        value=np.where(leaf, nodes["value"], nodes["value"] * learning_rate),
    )


def _bits(words: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """One column a code: bit `code % 32` of word `code // 32`, on any machine."""
    shifts = np.arange(32, dtype=np.uint32)
    return ((words[:, :, None] >> shifts) & 1).astype(bool).reshape(len(words), 32 * words.shape[1])


def _starts(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
