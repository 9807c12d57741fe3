"""What is said of each open case today: how likely, by whom, why, and how far to trust it.

A score alone may remind or call for attention. It makes no orange and no red, and it says nothing where a rule has spoken:
what the law says of a fact needs no estimate beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.domain.warning import LEVELS
from monitor.learning.dataset import Seen, days_left
from monitor.learning.drift import Watch, came_true, lately, mixed
from monitor.learning.encoder import Doubts
from monitor.learning.features import Features
from monitor.learning.lookup import PAST_RECORD, lookups
from monitor.learning.recipe import Asked, Recipe

if TYPE_CHECKING:  # scikit-learn takes seconds to load, and an office without a model never needs it
    from monitor.learning.blend import Blend

Floats = NDArray[np.float64]

MAY_RAISE = LEVELS[:2]
"""Blue and yellow: more than attention is the law's to call for."""

CONTRACT, LOAD, UNIT = "contract", "load", "unit"

REASONS, LEAST_POINTS = 3, 0.5
"""Reasons that are told, and the points below which one is none."""

RECORD_DAYS = 730
"""The record that people are told is of two years; the one that is reckoned with fades with as many days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who answers for a recipe: the model of that number in the register, or the count that the gate put in its place.

    `reference` has what the day of training looked like. `moved`: the world is no longer the one it learned from; then it
    answers, and raises nothing.
    """

    asked: Asked
    number: int
    as_of: date
    blend: Blend | None
    lookup: str
    levels: Mapping[str, float]
    reference: Mapping[str, Any]
    moved: bool = False

    @property
    def by(self) -> str:
        """`model`, or the lookup's name."""
        return "model" if self.blend is not None else self.lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Why nobody answers for a recipe, in both languages. `refused`: its model's file cannot be used."""

    recipe: Recipe
    why: dict[str, tuple[str, ...]]
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One group of columns, and how far it moves the probability of a case, in points of a hundred."""

    group: str
    points: float
    ended: int | None = None
    late: int | None = None
    """Of a role's member or the contract: cases ended in the last two years, and late ones among them."""

    open: int | None = None
    overdue: int | None = None
    """Of the contract, or of the unit where the group is the load: what is open today, and what of it is past its day."""

    name: str | None = None
    """What the role's member is called."""

    value: object = None
    """Of a fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One recipe on all open cases of a day. `early`: too far from its day for a model; by the past record, never a warning."""

    speaker: Speaker
    seen: Seen
    features: Features
    probability: Floats
    early: NDArray[np.bool_]
    level: NDArray[np.int8]
    """The place in `domain.warning.LEVELS`, -1 for none."""

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def subject(self) -> list[str]:
        """The key of each case."""
        return list(self.seen.rows["id"].to_pylist())

    def place_of(self, subjects: Collection[str]) -> dict[str, int]:
        """Where some subjects stand; those that were not asked about are left out."""
        wanted = set(subjects)
        return {key: place for place, key in enumerate(self.subject) if key in wanted}

    def reasons(self, places: NDArray[np.int64]) -> list[tuple[Reason, ...]]:
        """The strongest of some cases, strongest first. They say what moved the score, not what causes delay."""
        return _Explaining(self, places, self.features.take(places)).all()

    def doubts(self, places: NDArray[np.int64]) -> Doubts | None:
        """What of some cases training never saw; None where no model answers."""
        blend = self.speaker.blend
        return None if blend is None else blend.doubts(self.features.take(places))


def speaker_of(asked: Asked, card: Mapping[str, Any], *, number: int, as_of: date, blend: Blend | None) -> Speaker:
    """Who speaks by a card: the model it is of, or without one the lookup that the gate named."""
    return Speaker(
        asked=asked, number=number, as_of=as_of, blend=blend, lookup=card["verdict"]["lookup"] or PAST_RECORD,
        levels=card["levels"], reference=card["reference"],
    )  # fmt: skip


def score(seen: Seen, speaker: Speaker) -> Scores:
    """One pass over all open cases."""
    recipe, features = speaker.asked.recipe, seen.features(speaker.asked)
    early = days_left(seen.rows) > recipe.population.early_days
    counts = lookups(recipe.layout, features)
    said = counts[speaker.lookup] if speaker.blend is None else counts[PAST_RECORD]
    if speaker.blend is not None and not early.all():
        said = said.copy()
        said[~early] = speaker.blend.probability(features.take(~early) if early.any() else features)
    level = np.full(len(said), -1, dtype=np.int8)
    if not speaker.moved:
        for place, name in enumerate(MAY_RAISE):
            level[~early & (said >= speaker.levels[name])] = place
    return Scores(speaker=speaker, seen=seen, features=features, probability=said, early=early, level=level)


def quiet(scores: Scores) -> Scores:
    """The same, of a speaker for whom the world moved: nothing is raised."""
    return replace(scores, speaker=replace(scores.speaker, moved=True), level=np.full(len(scores), -1, dtype=np.int8))


def watch(scores: Scores, said: pa.Table | None, ends: pa.Table | None) -> Watch:
    """Whether the world is still the one of training. `said` has what the same speaker said before, oldest first, `ends` how
    that ended (`dataset.ended`)."""
    seen, reference = scores.seen, scores.speaker.reference
    return Watch(
        base=lately(seen.past, seen.as_of, reference.get("late")),
        calibration=None if said is None or ends is None else came_true(said, ends, seen.as_of),
        mix=mixed(scores.probability[~scores.early], reference.get("edges", [])),
    )  # fmt: skip


def to_keep(scores: Scores) -> pa.Table:
    """What was said today, for `watch` on a later day. Early estimates are not kept: they are the past record's."""
    then = [name for name in scores.seen.rows.column_names if name.startswith("then.")]
    rows = scores.seen.rows.select(["id", "contract", "ripe", *then])
    return rows.append_column("probability", pa.array(scores.probability)).filter(pa.array(~scores.early))


class _Explaining:
    """The reasons of some cases. What belongs to all of them is found once."""

    def __init__(self, scores: Scores, places: NDArray[np.int64], some: Features) -> None:
        self._scores, self._places, self._some = scores, places, some
        self._roles = scores.speaker.asked.recipe.facts.role
        self._rows = scores.seen.rows.take(pa.array(places)).to_pydict()
        self._records = {role: _records(scores.seen, role, set(self._rows[role])) for role in (*self._roles, CONTRACT)}
        self._busy = UNIT if UNIT in self._roles else CONTRACT
        self._loads = {role: _loads(scores.seen, role, set(self._rows[role])) for role in {self._busy, CONTRACT}}

    def all(self) -> list[tuple[Reason, ...]]:
        effects, groups = self._grouped()
        said = self._scores.probability[self._places]
        without = 1 / (1 + np.exp(effects - np.log(said / (1 - said))[:, None]))
        points = 100 * (said[:, None] - without)
        order = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :REASONS]
        return [
            tuple(
                self._reason(row, groups[place], float(points[row, place]))
                for place in order[row]
                if abs(points[row, place]) >= LEAST_POINTS
            )
            for row in range(len(said))
        ]

    def _grouped(self) -> tuple[Floats, list[str]]:
        """The effect of each group on each case, in logit: a model's columns, or the roles of a count of the past.

        An early estimate has the roles, too, whoever speaks.
        """
        blend, roles = self._scores.speaker.blend, {role: self._of_role(role) for role in self._roles}
        if blend is None:
            return np.stack(list(roles.values()), axis=1), list(roles)
        effects = blend.effects(self._some).by_group()
        groups, nothing = sorted(effects.keys() | roles.keys()), np.zeros(len(self._places))
        found, counted = (np.stack([said.get(group, nothing) for group in groups], axis=1) for said in (effects, roles))
        return np.where(self._scores.early[self._places][:, None], counted, found), groups

    def _of_role(self, role: str) -> Floats:
        column = self._some.numbers[:, self._some.names.index(f"history.{role}")]
        return np.nan_to_num(column).astype(np.float64)

    def _reason(self, row: int, group: str, points: float) -> Reason:
        if group in self._roles:
            key = self._rows[group][row]
            ended, late = self._records[group].get(key, (0, 0))
            return Reason(
                group=group, points=points, ended=ended, late=late, name=self._rows[f"shown.{group}"][row] or key
            )
        if group in (CONTRACT, LOAD):
            role = CONTRACT if group == CONTRACT else self._busy
            key = self._rows[role][row]
            ended, late = self._records[role].get(key, (0, 0))
            now, overdue = self._loads[role].get(key, (0, 0))
            shown = self._rows[f"shown.{role}"][row] if role != CONTRACT else None
            return Reason(group=group, points=points, ended=ended, late=late, open=now, overdue=overdue, name=shown)
        value = self._rows[group][row] if "." in group else None
        return Reason(group=group, points=points, value=value)


def _records(seen: Seen, role: str, keys: set[str | None]) -> dict[str, tuple[int, int]]:
    """Of some members of a role, the cases that ended in the last two years, and the late ones among them."""
    since = pa.scalar(seen.as_of - timedelta(days=RECORD_DAYS), pa.date32())
    wanted = pa.array(sorted(key for key in keys if key is not None), pa.string())
    recent = seen.past.filter(
        pc.and_(pc.greater_equal(seen.past["known"], since), pc.is_in(seen.past[role], value_set=wanted))
    )
    table = pa.table({"key": recent[role], "late": recent["late"].cast(pa.int64())})
    found = table.group_by("key").aggregate([("late", "count"), ("late", "sum")]).to_pylist()
    return {row["key"]: (row["late_count"], row["late_sum"]) for row in found}


def _loads(seen: Seen, role: str, keys: set[str | None]) -> dict[str, tuple[int, int]]:
    """Of some members of a role, what is open today, and what of it is past its day."""
    wanted = pa.array(sorted(key for key in keys if key is not None), pa.string())
    mine = seen.spans.filter(pc.is_in(seen.spans[role], value_set=wanted))
    overdue = pc.fill_null(pc.less(mine["due"], pa.scalar(seen.as_of, pa.date32())), False).cast(pa.int64())
    table = pa.table({"key": mine[role], "overdue": overdue})
    found = table.group_by("key").aggregate([("overdue", "count"), ("overdue", "sum")]).to_pylist()
    return {row["key"]: (row["overdue_count"], row["overdue_sum"]) for row in found}
