"""Rolling origin: would a model trained then have been right about what came after?

Several cuts. Before each, only what was certain by then is learned from; after it, cases of the next months are asked about,
in folds by contract, so that no contract is on both sides. Each row is judged once by a model that could know nothing of it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.domain.errors import ModelError
from monitor.learning.blend import Blend, BlendSettings
from monitor.learning.dataset import Cases, Tell
from monitor.learning.gate import BASE, MODEL
from monitor.learning.lookup import lookups
from monitor.learning.measures import Slice
from monitor.learning.recipe import Recipe

Floats = NDArray[np.float64]

FEWEST, FEWEST_OF_AN_END = 40, 8
"""Cases before a cut, and of each end, below which it is left out."""

MOST = 100_000
"""Cases that are learned from: more teach nothing that a night is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The cases asked about after each cut, and what was said of them; `cut` is the day before which all was learned."""

    cases: Cases
    cut: NDArray[np.datetime64]
    probability: dict[str, Floats]
    """Of the model, of each lookup, and the base rate as known on the day."""

    @property
    def slices(self) -> list[Slice]:
        """One a cut."""
        return [
            Slice(
                late=self.cases.late[chosen] == 1, contract=self.cases.contract[chosen],
                probability={name: said[chosen] for name, said in self.probability.items()},
            )
            for chosen in (self.cut == day for day in np.unique(self.cut))
        ]  # fmt: skip


def learnable(cases: Cases, recipe: Recipe, until: date) -> NDArray[np.bool_]:
    """Which cases may be learned from on a day: ended, certain either way by then, and near their day when asked."""
    certain = cases.ripe <= np.datetime64(until)  # not NaT, so ended too
    return np.asarray((cases.late >= 0) & certain & (cases.days_left <= recipe.population.early_days))


def cuts(recipe: Recipe, until: date, *, furthest: int) -> list[date]:
    """First days of the windows, oldest first. The last window ends early enough for all its cases to be certain.

    `furthest` is the longest time from asking until a case is certain, in days.
    """
    window = timedelta(days=recipe.trial.window_days)
    end = until - timedelta(days=furthest)
    return [end - window * number for number in range(recipe.trial.cuts, 0, -1)]


def run(usable: Cases, recipe: Recipe, *, until: date, tell: Tell) -> Trial | None:
    """The trial of all cuts that have enough before and something after them; None when none has. `usable`: `learnable` ones."""
    if not len(usable.late):
        return None
    furthest = int((usable.ripe - usable.as_of).astype("timedelta64[D]").astype(np.int64).max())
    found: list[tuple[Cases, date, Floats]] = []
    for number, day in enumerate(days := cuts(recipe, until, furthest=furthest)):
        tell(f"{recipe.id}: trial {number + 1} of {len(days)}, as if it were {day}")
        cut, end = np.datetime64(day), np.datetime64(day + timedelta(days=recipe.trial.window_days))
        asked = usable.take((usable.as_of >= cut) & (usable.as_of < end))
        said = _said(usable.take((usable.as_of < cut) & (usable.ripe < cut)), asked, recipe)
        if said is not None:
            found.append((asked, day, said))
    if not found:
        return None
    tried = Cases.join([asked for asked, _, _ in found])
    return Trial(
        cases=tried,
        cut=np.concatenate([np.full(len(asked.late), np.datetime64(day)) for asked, day, _ in found]),
        probability={
            MODEL: np.concatenate([said for _, _, said in found]), BASE: tried.features.base,
            **lookups(recipe.layout, tried.features),
        },
    )  # fmt: skip


def fitted(cases: Cases, recipe: Recipe, *, share: float | None = None) -> Blend:
    """A model of some cases, of the newest `MOST` where there are more. What counts as known is what was certain either way:
    see `recipe.Result`. `share` is for `Blend.fit`."""
    if len(cases.late) > MOST:
        newest = np.zeros(len(cases.late), dtype=bool)
        newest[np.argsort(cases.as_of, kind="stable")[-MOST:]] = True
        cases = cases.take(newest)
    sizes = recipe.estimator
    return Blend.fit(
        cases.features, cases.late == 1, as_of=cases.as_of, known=cases.ripe, contract=cases.contract, weight=cases.weight,
        share=share, settings=BlendSettings(trees=sizes.trees, leaf=sizes.leaf, rounds=sizes.rounds),
    )  # fmt: skip


def _said(past: Cases, asked: Cases, recipe: Recipe) -> Floats | None:
    """What models of the past say, each fold by one that saw none of its contracts; None with too little to learn from.

    How much each member of the blend counts is one number, and learned once: it would be the same a fold.
    """
    if not len(asked.late):
        return None
    folds = recipe.trial.folds
    fold, fold_of_past = _folds(asked.contract, folds), _folds(past.contract, folds)
    said, share = np.zeros(len(asked.late)), None
    for number in range(folds):
        known, mine = past.take(fold_of_past != number), fold == number
        if len(known.late) < FEWEST or np.bincount(known.late, minlength=2).min() < FEWEST_OF_AN_END:
            return None
        if mine.any():
            try:
                model = fitted(known, recipe, share=share)
            except ModelError:  # no column tells two of them apart
                return None
            said[mine], share = model.probability(asked.features.take(mine)), model.share
    return said


def _folds(contracts: NDArray[np.object_], folds: int) -> NDArray[np.int64]:
    """The fold of each contract, from its name alone: the same in every run and on every machine."""
    names, places = np.unique(contracts.astype(str), return_inverse=True)
    return np.array([zlib.crc32(name.encode()) % folds for name in names], dtype=np.int64)[places]
