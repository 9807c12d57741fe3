"""Whether a model may speak at all. A pure function of what was said of the newest cases before they ended.

A model that learned from two hundred cases is usually worse than a plain count of who was late before, and sounds just as
sure. So it must have beaten the base rate and every such count, in ranking and in probability, beyond what chance gives;
until then the best count that beat the base rate speaks for it and says so, or nobody does. Slow to say yes on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.learning.measures import Comparison, Measure, Slice, compare

Floats = NDArray[np.float64]
Serve = Literal["model", "lookup", "off"]
Said = list[tuple[str, str]]
"""Sentences, Chinese and English."""

MODEL, BASE = "model", "base"
NAMES = {
    MODEL: ("模型", "the model"),
    BASE: ("只看总体发生率", "the base rate alone"),
    "past_record": ("历史记录法", "the past record"),
    "kind_and_unit": ("类型与单位历史比例法", "the record of kind and unit"),
}
FIGURES: dict[Measure, tuple[str, str]] = {
    "brier": ("概率误差（Brier分数，越小越好）", "error of probabilities (Brier score, less is better)"),
    "average_precision": ("排序能力（平均精确率，越大越好）", "ranking (average precision, more is better)"),
}
SENTENCES = {
    "closed": ("已完结的仅{count}项，至少需要{needed}项。", "Only {count} cases have ended; {needed} are needed."),
    "judged": (
        "其中可供检验的仅{count}项，至少需要{needed}项。",
        "Only {count} of them can be used to judge; {needed} are needed.",
    ),
    "rarer": (
        "供检验的各项中，较少的一种结果仅{count}项，至少需要{needed}项。",
        "Only {count} of the cases used to judge had the rarer outcome; {needed} are needed.",
    ),
    "untried": (
        "早期完结的太少，无法用更早的训练、用更晚的检验。",
        "Too few cases ended early: no model could learn from the past and be tried on what came after.",
    ),
    "lost": (
        "{figure}：{name}为{mine:.3f}，{other}为{theirs:.3f}；重复抽样中仅{better}优于后者，要求至少{sure}。",
        "{figure}: {mine:.3f} for {name}, {theirs:.3f} for {other}; better in only {better} of repeated samples, "
        "at least {sure} is needed.",
    ),
    "won": (
        "{figure}：{name}为{mine:.3f}，{other}为{theirs:.3f}；重复抽样中{better}优于后者，要求至少{sure}。",
        "{figure}: {mine:.3f} for {name}, {theirs:.3f} for {other}; better in {better} of repeated samples, "
        "at least {sure} is needed.",
    ),
    "instead": (
        "估计值暂由{name}给出，不是学习所得模型的结果。",
        "For now the estimate is that of {name}, not of a learned model.",
    ),
    "nobody": (
        "目前不给出估计值，只按规则预警。",
        "There is no estimate for now; rules alone give warnings.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What must be there before a model, or a count, speaks.

    `closed` cases, `judged` of them among the newest, at least `rarer` of these with the rarer outcome. In a share of `sure` of
    all bootstraps it must be better than every count, in `sure_of_base` better than the base rate: at 0.8 one in ten that
    know nothing at all came through. A count of the past has nothing to learn and may speak much earlier.
    """

    closed: int = 200
    judged: int = 60
    rarer: int = 15
    sure: float = 0.8
    sure_of_base: float = 0.95

    def against(self, other: str) -> float:
        """How sure it must be better than `other`."""
        return self.sure_of_base if other == BASE else self.sure


OF_A_MODEL = Demands()
OF_A_LOOKUP = Demands(closed=50, judged=20, rarer=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Cases that have ended, and what was said of each on a day before that.

    `closed` counts all cases that have ended, each once. The rest has a row a case and day on which it was asked about, the
    newest only. `model` is None where too little was known earlier to train one on; `lookups` are the counts of past outcomes
    by name, `base` the share of late ones, each as it was known on that day.

    `case` says which rows are of one case: one that was asked about for a year is twelve rows and counts once. Without it
    each row is a case.
    """

    closed: int
    late: NDArray[np.bool_]
    contract: NDArray[np.object_]
    model: Floats | None
    lookups: Mapping[str, Floats]
    base: Floats
    case: NDArray[np.object_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Who answers, and why, in whole sentences of both languages. `lookup` names the count that answers instead.

    `numbers` has what the sentences rest on: `closed`, `judged`, `rarer`, `brier.model`, `sure.brier.model.base`, ...
    """

    serve: Serve
    lookup: str | None
    zh: tuple[str, ...]
    en: tuple[str, ...]
    numbers: dict[str, float]


def judge(evidence: Evidence, demands: Demands = OF_A_MODEL, *, seed: int = 0) -> Verdict:
    """The verdict on the newest cases. The same evidence gives the same verdict, in whatever order its rows are."""
    numbers = _counts(evidence)
    said = _too_few(numbers, demands)
    if without := _too_few(numbers, OF_A_LOOKUP):
        return _verdict("off", None, [*(said or without), _sentence("nobody")], numbers)
    trial = _trial(evidence, seed)
    numbers |= _figures(trial)
    if not said and evidence.model is None:
        said = [_sentence("untried")]
    if not said:
        others = [BASE, *evidence.lookups]
        said = _fell_short(trial, MODEL, others, demands)
        if not said:
            return _verdict("model", None, _better(trial, MODEL, others, demands), numbers)
    lookup, about = _best_lookup(trial, evidence.lookups, OF_A_LOOKUP)
    return _verdict("off" if lookup is None else "lookup", lookup, said + about, numbers)


def _verdict(serve: Serve, lookup: str | None, said: Said, numbers: dict[str, float]) -> Verdict:
    zh, en = zip(*said, strict=True)
    return Verdict(serve=serve, lookup=lookup, zh=zh, en=en, numbers=numbers)


def _counts(evidence: Evidence) -> dict[str, float]:
    case = np.arange(len(evidence.late)) if evidence.case is None else evidence.case
    judged, late = len(set(case)), len(set(case[evidence.late]))
    return {"closed": evidence.closed, "judged": judged, "late": late, "rarer": min(late, judged - late)}


def _too_few(numbers: Mapping[str, float], demands: Demands) -> Said:
    """A sentence a count that is too small."""
    needed = {"closed": demands.closed, "judged": demands.judged, "rarer": demands.rarer}
    return [
        _sentence(name, count=int(numbers[name]), needed=least)
        for name, least in needed.items()
        if numbers[name] < least
    ]


def _trial(evidence: Evidence, seed: int) -> Comparison:
    """All candidates on the same bootstraps of whole contracts."""
    asked = {BASE: evidence.base, **evidence.lookups}
    if evidence.model is not None:
        asked[MODEL] = evidence.model
    return compare([Slice(late=evidence.late, contract=evidence.contract, probability=asked)], seed=seed)


def _figures(trial: Comparison) -> dict[str, float]:
    """Each candidate's figures; how sure the model beat each other one, and each other one the base rate."""
    found = {f"{figure}.{name}": trial.value[name][figure] for name in trial.value for figure in FIGURES}
    for name in trial.value:
        for other in trial.value if name == MODEL else [BASE]:
            if name != other:
                for figure in FIGURES:
                    found[f"sure.{figure}.{name}.{other}"] = trial.difference(name, other, figure).better
    return found


def _best_lookup(trial: Comparison, lookups: Iterable[str], demands: Demands) -> tuple[str | None, Said]:
    """The count with the least error among those that beat the base rate; without one, why none of them did."""
    short = {name: _fell_short(trial, name, [BASE], demands) for name in lookups}
    able = [name for name, said in short.items() if not said]
    if not able:
        return None, [*(sentence for said in short.values() for sentence in said), _sentence("nobody")]
    best = min(able, key=lambda name: trial.value[name]["brier"])
    return best, [*_better(trial, best, [BASE], demands), _sentence("instead", name=_named(best))]


def _fell_short(trial: Comparison, name: str, others: Iterable[str], demands: Demands) -> Said:
    """A sentence a comparison in which it was not better for sure; NaN is not better either."""
    return [
        _told("lost", trial, name, other, figure, demands)
        for other in others
        for figure in FIGURES
        if not trial.difference(name, other, figure).better >= demands.against(other)
    ]


def _better(trial: Comparison, name: str, others: Iterable[str], demands: Demands) -> Said:
    return [_told("won", trial, name, other, figure, demands) for other in others for figure in FIGURES]


def _told(how: str, trial: Comparison, name: str, other: str, figure: Measure, demands: Demands) -> tuple[str, str]:
    return _sentence(
        how, figure=FIGURES[figure], name=_named(name), other=_named(other),
        mine=trial.value[name][figure], theirs=trial.value[other][figure],
        better=f"{trial.difference(name, other, figure).better:.0%}", sure=f"{demands.against(other):.0%}",
    )  # fmt: skip


def _named(name: str) -> tuple[str, str]:
    return NAMES.get(name, (name, name))


def _sentence(key: str, **blanks: object) -> tuple[str, str]:
    """Both languages; a blank that is a pair is filled with the word of each."""
    zh, en = (
        text.format(**{name: one[place] if isinstance(one, tuple) else one for name, one in blanks.items()})
        for place, text in enumerate(SENTENCES[key])
    )
    return zh, en[0].upper() + en[1:]
