"""The model: a forest and a boosting that see the same columns, and the mean of their probabilities.

A forest of random cuts is steady on few rows, a boosting follows trends that the forest cannot. How much each counts is
learned from rows that were still in the future for the models that judged them, never from rows they were trained on.
The mean is one of probabilities and not of logits: there a member that is surer than it should be, as a boosting of few
rows is, would speak for both. Probabilities are not mended afterwards: on all open sets that made them worse.

The same rows, seed and settings give the same model to the last bit: one thread, fixed seeds, no order of a hash.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from monitor.domain.errors import ModelError
from monitor.learning import reasons
from monitor.learning.encoder import Doubts, Encoder
from monitor.learning.features import Features
from monitor.learning.layout import group_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]
Texts = NDArray[np.object_]
Matrix = NDArray[np.float32]

LEAST, MOST = 0.003, 0.997
"""No member may be surer than this: nothing that people do is."""

HELD = (math.log(LEAST / (1 - LEAST)), math.log(MOST / (1 - MOST)))
"""The same in logit."""

AT_ONCE = 8_192
"""Rows scored together: they stay in the processor's cache, which makes boosting three times as fast."""

RECENT, BLOCKS = 0.45, 3
FEWEST_ROWS, FEWEST_OF_A_CLASS = 40, 8
PULL = 30.0
"""How many contracts' log-losses it costs a member's share to leave the middle, times its distance squared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendSettings:
    """Sizes of the two members. `leaf` is the fewest rows in a forest's leaf while rows are few.

    5 is for cases that were asked about once; where each was asked about many times, 10, or a leaf is one case.
    """

    trees: int = 150
    leaf: int = 5
    rounds: int = 150

    def leaf_of(self, rows: int) -> int:
        """No tree has more than some 1,500 leaves: file and scores cost the same however long the past is.

        >>> BlendSettings().leaf_of(6_000), BlendSettings().leaf_of(300_000)
        (5, 200)
        """
        return max(self.leaf, rows // 1_500)


DEFAULTS = BlendSettings()


class Classifier(Protocol):
    """What both members are."""

    def predict_proba(self, rows: Matrix) -> Floats: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """What was said of the newest rows by models that were trained on what was known before them.

    One row a training row that was judged so, ascending; `rows` are their places among the training rows.
    """

    rows: NDArray[np.int64]
    block: NDArray[np.int64]
    late: Bools
    contract: Texts
    weight: Floats
    forest: Floats
    boosting: Floats
    """Probabilities of the two members."""

    probability: Floats
    """Of the blend, its share learned from earlier blocks only: the newest judge a model that never saw them."""


class Effects(NamedTuple):
    """What each column did to each row's answer, what the model says before it looks, and the columns' names.

    Of a member in probabilities, of the blend in logits.
    """

    effects: Floats
    base: float
    names: tuple[str, ...]

    def by_group(self) -> dict[str, Floats]:
        """The effects of each group of columns (`layout.group_of`) together, by group in alphabetical order."""
        groups = np.array([group_of(name) for name in self.names])
        return {str(group): self.effects[:, groups == group].sum(axis=1) for group in np.unique(groups)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """A forest and a boosting, trained on the same rows through the same columns."""

    encoder: Encoder
    forest: Pipeline
    boosting: HistGradientBoostingClassifier

    @classmethod
    def fit(cls, features: Features, late: Bools, *, weight: Floats, seed: int, settings: BlendSettings) -> Members:
        """Both members on all rows given. Raises ModelError when no column tells two rows apart."""
        encoder = Encoder.fit(features)
        if not encoder.names:
            raise ModelError(
                "no column differs between the training rows", hint="give the recipe facts that are filled in"
            )
        rows, count = encoder.matrix(features), len(late)
        forest = make_pipeline(
            SimpleImputer(strategy="median"),
            ExtraTreesClassifier(
                settings.trees, min_samples_leaf=settings.leaf_of(count), max_features=0.5, n_jobs=1, random_state=seed
            ),  # of half the columns the best cut: of fewer, where most say nothing, too often none does
        )
        boosting = HistGradientBoostingClassifier(
            learning_rate=0.06, max_iter=settings.rounds, max_leaf_nodes=8, max_features=0.3, max_bins=64,
            min_samples_leaf=int(np.clip(count / 60, 10, 50)), l2_regularization=10, early_stopping=False,
            categorical_features=list(range(len(encoder.categories))), random_state=seed,
        )  # fmt: skip
        forest.fit(rows, late, extratreesclassifier__sample_weight=weight)
        boosting.fit(rows, late, sample_weight=weight)
        return cls(encoder=encoder, forest=forest, boosting=boosting)

    def probabilities(self, features: Features) -> tuple[Floats, Floats]:
        """What each member says, neither surer than `LEAST` and `MOST` allow."""
        parts = [self._said(self.encoder.matrix(part)) for part in chunks(features, AT_ONCE)]
        forest, boosting = (np.concatenate(said) for said in zip(*parts, strict=True)) if parts else (np.zeros(0),) * 2
        return forest, boosting

    def effects(self, features: Features) -> tuple[Effects, Effects]:
        """What each column did in each member. Sums hold where a member was held back from being surer, too."""
        rows = self.encoder.matrix(features)
        if not len(rows):  # scikit-learn refuses to look at nothing
            nothing = Effects(np.zeros(rows.shape), 0.5, self.encoder.names)
            return nothing, nothing
        return self._of_forest(rows), self._of_boosting(rows)

    def _said(self, rows: Matrix) -> tuple[Floats, Floats]:
        return _held(_late(self.forest, rows)), _held(_late(self.boosting, rows))

    def _of_forest(self, rows: Matrix) -> Effects:
        imputer, forest = self.forest[0], self.forest[-1]
        trees = reasons.of_forest(one.tree_ for one in forest.estimators_)
        steps = reasons.steps(trees, np.asarray(imputer.transform(rows), dtype=np.float64)) / len(trees.roots)
        base = reasons.base(trees) / len(trees.roots)
        way = steps.sum(axis=1)
        start = float(_held(base))
        return Effects(_stretched(steps, way, _held(base + way) - start, steepness=1.0), start, self.encoder.names)

    def _of_boosting(self, rows: Matrix) -> Effects:
        """Steps are in logits; the secant of the probability from base to score turns them into probabilities."""
        model = self.boosting
        trees = reasons.of_boosting((one for (one,) in model._predictors), learning_rate=model.learning_rate)
        steps = reasons.steps(trees, np.asarray(model._preprocess_X(rows, reset=False), dtype=np.float64))
        base = reasons.base(trees) + float(model._baseline_prediction[0, 0])
        way = steps.sum(axis=1)
        start = float(_said_by(base))
        wanted = _said_by(base + way) - start
        return Effects(_stretched(steps, way, wanted, steepness=start * (1 - start)), start, self.encoder.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """A trained model. `share` is how much the forest counts; `forward` is None once a model was stored and read again."""

    members: Members
    share: float
    rows: int
    settings: BlendSettings
    forward: Forward | None = None

    @classmethod
    def fit(
        cls, features: Features, late: Bools, *, as_of: Days, known: Days, contract: Texts,
        weight: Floats | None = None, share: float | None = None, seed: int = 0, settings: BlendSettings = DEFAULTS,
    ) -> Blend:  # fmt: skip
        """Train on rows whose outcome is certain: `known` is the first day on which it was.

        `weight` is 1 for a case seen once and 1/√n for one seen n times. A `share` that was learned on much the same rows,
        as on another fold of them, spares three quarters of the time; then there is no `forward`. Raises ModelError where
        all rows ended the same.
        """
        late = np.asarray(late, dtype=bool)
        if late.all() or not late.any():
            raise ModelError(
                f"all {len(late)} closed cases ended the same way: there is nothing to tell apart",
                hint="a model needs cases that were late and cases that were not",
            )
        weight = np.ones(len(late)) if weight is None else np.asarray(weight, dtype=np.float64)
        case = _Cases(features=features, late=late, as_of=as_of, known=known, contract=contract, weight=weight)
        with threadpool_limits(limits=1):
            forward = None if share is not None else _forward(case, seed=seed, settings=settings)
            members = Members.fit(features, late, weight=weight, seed=seed, settings=settings)
        if share is None:
            share = 0.5 if forward is None else best_share(forward)
        return cls(members=members, share=share, rows=len(late), settings=settings, forward=forward)

    def probability(self, features: Features) -> Floats:
        """How likely each row is to end late, by what is in its features alone."""
        with threadpool_limits(limits=1):
            forest, boosting = self.members.probabilities(features)
        return _mixed(self.share, forest, boosting)

    def effects(self, features: Features) -> Effects:
        """Why: a row's effects and the base sum to the logit of its probability, by the secant from base to score.

        Meant for the rows people look at: 8 bytes a row and column, and about as slow as ten times scoring them.
        """
        with threadpool_limits(limits=1):
            forest, boosting = self.members.effects(features)
        steps = _mixed(self.share, forest.effects, boosting.effects)
        base = self.share * forest.base + (1 - self.share) * boosting.base
        way = steps.sum(axis=1)
        start = float(_logit(base))
        wanted = _logit(base + way) - start
        return Effects(_stretched(steps, way, wanted, steepness=1 / (base * (1 - base))), start, forest.names)

    def doubts(self, features: Features) -> Doubts:
        """What of a row the model never saw in training: it answers all the same, and people should know."""
        parts = [self.members.encoder.doubts(part) for part in chunks(features, AT_ONCE)]
        names = [one.name for one in self.members.encoder.categories]
        if not parts:
            return Doubts(new={name: np.zeros(0, dtype=bool) for name in names}, outside=np.zeros(0))
        return Doubts(
            new={name: np.concatenate([part.new[name] for part in parts]) for name in names},
            outside=np.concatenate([part.outside for part in parts]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cases:
    features: Features
    late: Bools
    as_of: Days
    known: Days
    contract: Texts
    weight: Floats


def best_share(forward: Forward) -> float:
    """The forest's share with the least log-loss on rows of the future, pulled towards a half while these are few.

    Rows of a contract end together, so each contract counts as one: a few large ones would pass for much evidence.
    The loss is convex in the share, so halving the interval finds it: no optimiser, no start, the same everywhere.
    """
    gap = forward.forest - forward.boosting
    _, places = np.unique(forward.contract.astype(str), return_inverse=True)
    weight = forward.weight / np.bincount(places, weights=forward.weight)[places]

    def slope(share: float) -> float:
        said = _mixed(share, forward.forest, forward.boosting)
        missed = (said - forward.late) / (said * (1 - said))
        return float((weight * missed * gap).sum()) + 4 * PULL * (share - 0.5)

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return (low + high) / 2


def chunks(features: Features, size: int) -> Iterator[Features]:
    """The rows in order, a few thousand at a time."""
    for start in range(0, len(features.base), size):
        part = slice(start, start + size)
        yield Features(
            names=features.names, numbers=features.numbers[part], base=features.base[part],
            categories={name: values[part] for name, values in features.categories.items()},
        )  # fmt: skip


def _forward(cases: _Cases, *, seed: int, settings: BlendSettings) -> Forward | None:
    """The newest rows in three blocks by their day, each judged by members that know what was certain before its first day.

    A block with too little before it is left out. None when that is all of them.
    """
    parts: list[Forward] = []
    for block, (first, judged) in enumerate(_blocks(cases.as_of)):
        past = (cases.known < first) & (cases.as_of < first)
        classes = np.bincount(cases.late[past], minlength=2)
        if classes.sum() < FEWEST_ROWS or classes.min() < FEWEST_OF_A_CLASS:
            continue
        members = Members.fit(
            cases.features.take(past), cases.late[past], weight=cases.weight[past], seed=seed, settings=settings
        )
        forest, boosting = members.probabilities(cases.features.take(judged))
        share = best_share(_joined(parts)) if parts else 0.5
        parts.append(
            Forward(
                rows=judged, block=np.full(len(judged), block), late=cases.late[judged], contract=cases.contract[judged],
                weight=cases.weight[judged], forest=forest, boosting=boosting, probability=_mixed(share, forest, boosting),
            )
        )  # fmt: skip
    return _joined(parts) if parts else None


def _blocks(as_of: Days) -> Iterator[tuple[np.datetime64, NDArray[np.int64]]]:
    """First day and rows of each block. Rows of one day stay together: they know the same."""
    days = np.sort(as_of)
    start = int(len(days) * (1 - RECENT))
    firsts = np.unique(days[[start + (len(days) - start) * block // BLOCKS for block in range(BLOCKS)]])
    for place, first in enumerate(firsts):
        inside = as_of >= first
        if place + 1 < len(firsts):
            inside &= as_of < firsts[place + 1]
        yield first, np.flatnonzero(inside)


def _joined(parts: list[Forward]) -> Forward:
    fields = ("rows", "block", "late", "contract", "weight", "forest", "boosting", "probability")
    return Forward(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})


def _late(model: Classifier, rows: Matrix) -> Floats:
    return np.asarray(model.predict_proba(rows)[:, 1], dtype=np.float64)


def _mixed(share: float, forest: Floats, boosting: Floats) -> Floats:
    return np.asarray(share * forest + (1 - share) * boosting, dtype=np.float64)


def _held(probability: Floats | float) -> Floats:
    return np.asarray(np.clip(probability, LEAST, MOST), dtype=np.float64)


def _said_by(logit: Floats | float) -> Floats:
    """The probability of a logit, held back as every member's is."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, *HELD))), dtype=np.float64)


def _logit(probability: Floats | float) -> Floats:
    return np.asarray(np.log(probability / (1 - probability)), dtype=np.float64)


def _stretched(steps: Floats, way: Floats, wanted: Floats, *, steepness: float) -> Floats:
    """Steps that sum to `way`, made to sum to `wanted`: by the secant, or by the tangent where a row ended at the base."""
    moved = np.abs(way) > 1e-9
    factor = np.where(moved, wanted / np.where(moved, way, 1.0), steepness)
    return np.asarray(steps * factor[:, None], dtype=np.float64)
