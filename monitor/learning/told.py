"""Scores in words: what a letter, a page or a table says of one case, in both languages.

The wording never sounds like a finding of law: it names who estimates, how surely, and the facts that moved the estimate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.warning import LEVELS
from monitor.domain.words import LANGS, fact_name, fact_value, filled, shown, word
from monitor.learning.recipe import Recipe
from monitor.learning.score import CONTRACT, LOAD, UNIT, Reason, Scores

MEANT = ("size", "wording")
"""Groups of columns that no role and no fact has a name for."""


def told(scores: Scores, places: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Some cases as JSON: probability, by whom, early or not, three reasons and what was new to the model, in words."""
    recipe = scores.speaker.asked.recipe
    rows = scores.seen.rows.take(places).to_pylist()
    doubts = scores.doubts(places)
    found = []
    for number, (row, reasons) in enumerate(zip(rows, scores.reasons(places), strict=True)):
        place = int(places[number])
        base, early = float(scores.features.base[place]), bool(scores.early[place])
        level = int(scores.level[place])
        new = [name for name, flags in doubts.new.items() if flags[number]] if doubts else []
        outside = float(doubts.outside[number]) if doubts else 0.0
        found.append(
            {
                "recipe": recipe.id, "subject_id": row["id"], "contract_id": row["contract"],
                "probability": round(float(scores.probability[place]), 4), "base": round(base, 4),
                "level": LEVELS[level] if level >= 0 else None, "early": early, "moved": scores.speaker.moved,
                "by": {lang: by(scores, early, lang) for lang in LANGS},
                "model": scores.speaker.number, "trained_on": scores.speaker.as_of.isoformat(),
                "reasons": [
                    {"group": reason.group, "points": round(reason.points, 1)}
                    | {lang: sentence(reason, row, base, recipe, lang) for lang in LANGS}
                    for reason in reasons
                ],
                "doubts": {lang: _doubts(new, outside, recipe, lang) for lang in LANGS},
            }
        )  # fmt: skip
    return found


def by(scores: Scores, early: bool, lang: str) -> str:
    """Who says it."""
    speaker = scores.speaker
    who = "past_record" if early and speaker.blend is not None else speaker.by
    return filled(f"risk.by.{who}", lang, number=speaker.number, day=shown(speaker.as_of, lang))


def says(case: dict[str, Any], recipe: Recipe, lang: str) -> str:
    """The one sentence of a warning."""
    reasons = word("risk.join", lang).join(
        filled("risk.reason", lang, fact=reason[lang], effect=_effect(reason["points"], lang))
        for reason in case["reasons"]
    ) or word("risk.no_reason", lang)
    key = "risk.says.contract" if recipe.subject == "contract" else "risk.says"
    return filled(
        key, lang, by=case["by"][lang], happened=recipe.happened.in_language(lang),
        share=share(case["probability"]), reasons=reasons,
    )  # fmt: skip


def sentence(reason: Reason, row: dict[str, Any], base: float, recipe: Recipe, lang: str) -> str:
    """The fact behind a reason: a record in numbers, a fact's value, or what the group of columns is about."""
    group = reason.group
    if group in recipe.facts.role:
        who = recipe.facts.role[group].words.in_language(lang)
        name = filled("risk.named", lang, name=called(group, reason.name, lang)) if reason.name else ""
        key = of_question("risk.record" if reason.ended else "risk.no_record", recipe)
        return filled(
            key, lang, who=who, name=name, ended=reason.ended, late=reason.late, base=share(base),
            happened=recipe.happened.in_language(lang),
        )  # fmt: skip
    if group == CONTRACT:
        key = of_question("risk.contract" if reason.ended else "risk.contract_open", recipe)
        return filled(
            key, lang, ended=reason.ended, late=reason.late, open=reason.open, overdue=reason.overdue,
            happened=recipe.happened.in_language(lang),
        )  # fmt: skip
    if group == LOAD:
        who = (
            recipe.facts.role[UNIT].words.in_language(lang)
            if UNIT in recipe.facts.role
            else word("risk.this_contract", lang)
        )
        name = filled("risk.named", lang, name=reason.name) if reason.name else ""
        return filled("risk.load", lang, who=who, name=name, open=reason.open, overdue=reason.overdue)
    if group == "time":
        return _of_time(row, lang)
    if group in MEANT:
        return word(f"risk.group.{group}", lang)
    value = reason.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return filled("risk.fact", lang, name=fact_name(group, lang), value=fact_value(group, value, lang))


def of_question(key: str, recipe: Recipe) -> str:
    """The sentence for a recipe: where an outcome closes nothing was finished and nothing late, and none may say so."""
    return f"{key}.closes" if recipe.outcome.closes else key


def share(probability: float) -> str:
    """A probability as people write it: never surer than it is.

    >>> share(0.314), share(0.999), share(0.001)
    ('31%', '>99%', '<1%')
    """
    return ">99%" if probability > 0.99 else "<1%" if probability < 0.01 else f"{probability:.0%}"


def called(role: str, name: str, lang: str) -> str:
    """What a role's member is called: a code in words, a name as it is.

    >>> called("contract_kind", "GCJS", "zh"), called("unit", "District 7", "zh")
    ('工程建设', 'District 7')
    """
    if "kind" in role:
        for fact in ("obligation.kind", "contract.kind"):
            if (value := fact_value(fact, name, lang)) != name:
                return value
    return name


def _of_time(row: dict[str, Any], lang: str) -> str:
    as_of, due, start = (row[name] for name in ("as_of", "due", "start"))  # who is asked about has a due day
    left = (due - as_of).days
    planned = shown(None, lang) if start is None else str((due - start).days)
    return filled("risk.group.time" if left >= 0 else "risk.group.time_late", lang, left=abs(left), planned=planned)


def _effect(points: float, lang: str) -> str:
    return filled("risk.effect.up" if points >= 0 else "risk.effect.down", lang, points=_points(points, lang))


def _points(points: float, lang: str) -> str:
    number = f"{abs(points):.0f}"
    return filled("risk.point" if number == "1" else "risk.points", lang, number=number)


def _doubts(new: list[str], outside: float, recipe: Recipe, lang: str) -> list[str]:
    """What the model had never seen: it answers all the same, and people should know."""
    found = []
    if new:
        names = [
            recipe.facts.role[name].words.in_language(lang) if name in recipe.facts.role else fact_name(name, lang)
            for name in new
        ]
        found.append(filled("risk.doubt.new", lang, names=word("risk.comma", lang).join(names)))
    if outside > 0:
        found.append(filled("risk.doubt.outside", lang, share=share(outside)))
    return found
