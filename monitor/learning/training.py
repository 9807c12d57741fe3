"""Training: the trial, the gate, the model, and every number that its card prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.domain.errors import ModelError
from monitor.learning import drift, gate, measures, trial
from monitor.learning.blend import Blend
from monitor.learning.dataset import Cases, Tell
from monitor.learning.gate import MODEL, Demands, Evidence, Verdict
from monitor.learning.leads import leads
from monitor.learning.lookup import lookups
from monitor.learning.measures import Interval, Measure
from monitor.learning.recipe import Asked, Recipe
from monitor.learning.trial import Trial

NEAR = ((-10_000, 0), (0, 30), (30, 90), (90, 180), (180, 10_000))
"""Days to the due day, in which scores are told apart."""

PARTY = "party"
"""A role that is not listed: a card goes round, and a supplier's few cases prove nothing of it."""

FEWEST_OF_A_GROUP = 20
MOST_GROUPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came of training. `blend` is None where nothing could be learned; the verdict says who speaks."""

    blend: Blend | None
    verdict: Verdict
    card: dict[str, Any]


def train(cases: Cases, asked: Asked, *, until: date, past: pa.Table, tell: Tell) -> Trained:
    """Learn from the cases that were certain by a day, and let the gate say who may speak.

    The last of the cases' days must be `until`: how surely a warning is raised is set by what is open then. `past` has all that
    had ended by that day.
    """
    recipe = asked.recipe
    usable = cases.take(trial.learnable(cases, recipe, until))
    tried = trial.run(usable, recipe, until=until, tell=tell)
    tell(f"{recipe.id}: learning from {len(usable.late):,} cases")
    blend = _blend(usable, recipe)
    verdict = gate.judge(_evidence(usable, tried, recipe), Demands(**recipe.gate.model_dump()))
    now = cases.take((cases.as_of == np.datetime64(until)) & (cases.days_left <= recipe.population.early_days))
    listed = [role for role in recipe.facts.role if role != PARTY]
    said = _speaks(verdict, blend, now, recipe)
    shown = tried and _trial(tried, listed, closes=recipe.outcome.closes)
    card = {
        "recipe": recipe.id, "recipe_hash": asked.hash, "as_of": until.isoformat(),
        "counts": _counts(cases, usable), "verdict": _verdict(verdict), "trial": shown,
        "levels": _levels(said, recipe), "reference": _reference(now, said, drift.recently(past, until)),
        "share_of_forest": blend and blend.share, "strength": _strength(blend, now),
    }  # fmt: skip
    return Trained(blend=blend, verdict=verdict, card=card)


def _blend(usable: Cases, recipe: Recipe) -> Blend | None:
    try:
        return trial.fitted(usable, recipe)
    except ModelError:  # all ended the same, or nothing tells them apart: the gate says so in words
        return None


def _evidence(usable: Cases, tried: Trial | None, recipe: Recipe) -> Evidence:
    """What was said after the last cut, by models that knew neither what came nor the contract; without one, the newest cases."""
    ids = usable.rows["id"].to_numpy(zero_copy_only=False).astype(str)
    if tried is None:
        judged, said = usable.take(_newest(usable)), None
    else:
        last = tried.cut == tried.cut.max()
        judged, said = tried.cases.take(last), tried.probability[MODEL][last]
    return Evidence(
        closed=len(np.unique(ids)), late=judged.late == 1, contract=judged.contract,
        model=said,
        lookups=lookups(recipe.layout, judged.features), base=judged.features.base,
        case=np.asarray(judged.rows["id"].to_pylist(), dtype=object),
    )  # fmt: skip


def _newest(usable: Cases) -> NDArray[np.bool_]:
    if not len(usable.late):
        return np.zeros(0, dtype=bool)
    days = np.sort(usable.as_of)
    return np.asarray(usable.as_of >= days[len(days) // 2])


def _speaks(verdict: Verdict, blend: Blend | None, now: Cases, recipe: Recipe) -> NDArray[np.float64] | None:
    if not len(now.late) or verdict.serve == "off":
        return None
    if verdict.serve == "model" and blend is not None:
        return blend.probability(now.features)
    return lookups(recipe.layout, now.features)[verdict.lookup or ""]


def _levels(said: NDArray[np.float64] | None, recipe: Recipe) -> dict[str, float] | None:
    """The probability from which each level is raised: that of the recipe's share of what is open, and at least so high."""
    if said is None:
        return None
    rungs = {"blue": recipe.warns.blue, "yellow": recipe.warns.yellow}
    return {name: max(float(np.quantile(said, 1 - rung.share)), rung.at_least) for name, rung in rungs.items()}


def _reference(now: Cases, said: NDArray[np.float64] | None, recent: pa.Table) -> dict[str, Any]:
    """What the day of training looked like: later days are laid beside it."""
    late = recent["late"].to_pylist()
    found: dict[str, Any] = {
        "open": len(now.late), "base": float(now.features.base[0]) if len(now.late) else None, "ended": len(late),
        "late": sum(late) / len(late) if late else None,
    }  # fmt: skip
    if said is not None:
        found["said"] = float(said.mean())
        found["edges"] = sorted({round(float(one), 6) for one in np.quantile(said, np.linspace(0.1, 0.9, 9))})
    return found


def _counts(cases: Cases, usable: Cases) -> dict[str, Any]:
    ids = usable.rows["id"].to_numpy(zero_copy_only=False).astype(str)
    found: dict[str, Any] = {
        "asked": len(cases.late), "cases": len(usable.late), "censored": int((cases.late < 0).sum()),
        "subjects": len(np.unique(ids)), "late_subjects": len(np.unique(ids[usable.late == 1])),
        "contracts": len(np.unique(usable.contract.astype(str))),
    }  # fmt: skip
    if len(usable.late):
        found |= {"from": str(usable.as_of.min()), "to": str(usable.as_of.max())}
    return found


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "serve": verdict.serve, "lookup": verdict.lookup, "zh": list(verdict.zh), "en": list(verdict.en),
        "numbers": {name: _known(value) for name, value in verdict.numbers.items()},
    }  # fmt: skip


def _trial(tried: Trial, roles: Iterable[str], *, closes: bool) -> dict[str, Any]:
    """Everything the card prints of the trial. Intervals are 95 %, by contract. What `closes` is not ahead of its due day."""
    compared, cases = measures.compare(tried.slices), tried.cases
    late, model = cases.late == 1, tried.probability[MODEL]
    bins = measures.reliability(late, model)
    subjects, left = cases.rows["id"].to_numpy(zero_copy_only=False), cases.days_left
    return {
        "rows": len(late), "subjects": len(np.unique(subjects.astype(str))), "late": float(late.mean()),
        "cuts": [_cut(tried, day) for day in np.unique(tried.cut)],
        "figures": {name: _intervals(partial(compared.interval, name)) for name in tried.probability},
        "against": {
            name: _intervals(partial(compared.difference, MODEL, name)) for name in tried.probability if name != MODEL
        },
        "reliability": [asdict(one) for one in bins],
        "error": measures.calibration_error(bins),
        "by_days": [
            _group(str(low), (left >= low) & (left < high), late, model) for low, high in NEAR
        ],
        "by_role": {name: _groups(cases, name, late, model) for name in roles},
        "leads": [
            asdict(one) | {"model": name}
            for name in (() if closes else tried.probability)
            for one in leads(subjects, cases.as_of, left, late, tried.probability[name])
        ],
    }  # fmt: skip


def _cut(tried: Trial, day: np.datetime64) -> dict[str, Any]:
    """One window of the trial: what each voice said on average and how well it ranked."""
    here = tried.cut == day
    late, said = tried.cases.late[here] == 1, {name: one[here] for name, one in tried.probability.items()}
    return {
        "day": str(day), "rows": int(here.sum()), "late": float(late.mean()),
        "said": {name: float(one.mean()) for name, one in said.items()},
        "average_precision": {name: measures.measures(late, one)["average_precision"] for name, one in said.items()},
    }  # fmt: skip


def _intervals(of: Callable[[Measure], Interval]) -> dict[str, list[float | None]]:
    """Each figure with the ends of its interval."""
    found = {measure: of(measure) for measure in measures.MEASURES}
    return {measure: [_known(one.value), _known(one.low), _known(one.high)] for measure, one in found.items()}


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return None if np.isnan(value) else float(value)


def _group(name: str, here: NDArray[np.bool_], late: NDArray[np.bool_], said: NDArray[np.float64]) -> dict[str, Any]:
    rows = int(here.sum())
    found = measures.measures(late[here], said[here])
    return {
        "name": name, "rows": rows, "late": float(late[here].mean()) if rows else None,
        "said": float(said[here].mean()) if rows else None, "brier": found["brier"], "auc": found["auc"],
    }  # fmt: skip


def _groups(cases: Cases, role: str, late: NDArray[np.bool_], said: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The largest groups of a role; those with few rows say nothing."""
    shown = f"shown.{role}"
    keys = cases.rows[role].to_pylist()
    names = dict(zip(keys, cases.rows[shown].to_pylist(), strict=True)) if shown in cases.rows.column_names else {}
    values = np.array([key or "" for key in keys], dtype=object)
    counts = sorted(((count, key) for key, count in Counter(values.tolist()).items()), reverse=True)
    return [
        _group(names.get(key) or key, values == key, late, said)
        for count, key in counts[:MOST_GROUPS] if count >= FEWEST_OF_A_GROUP and key
    ]  # fmt: skip


def _strength(blend: Blend | None, now: Cases, most: int = 2_000) -> dict[str, float]:
    """How far each group of columns moves a score, on average over what is open, in logit; strongest first."""
    if blend is None or not len(now.late):
        return {}
    chosen = np.zeros(len(now.late), dtype=bool)
    chosen[:: max(1, len(chosen) // most)] = True
    effects = blend.effects(now.features.take(chosen)).by_group()
    found = {group: float(np.abs(moved).mean()) for group, moved in effects.items()}
    return dict(sorted(found.items(), key=lambda one: -one[1]))
