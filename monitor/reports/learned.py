"""Learned risk beside the rules: who estimates and since when, how likely which open cases are and why, or why nobody says.

Rules give the level, an estimate only a likelihood: the two stand side by side, and neither changes the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor import scoring
from monitor.domain.words import LANGS, word
from monitor.engines.duckdb import Engine
from monitor.learning import told
from monitor.learning.recipe import Recipe
from monitor.learning.score import MAY_RAISE, Scores, Silence
from monitor.rulebook import Hit, Judgement
from monitor.scoring import NOBODY, Panel, Spoken

TOP_CASES = 10
STOPS = (".", "。", "!", "?", "！", "？")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """What the rules found, and what is estimated beside it."""

    judgement: Judgement
    panel: Panel = NOBODY
    spoken: Spoken = field(default_factory=Spoken)


def learned_rows(engine: Engine, voices: Voices, *, contract: str | None = None) -> list[dict[str, Any]]:
    """One row a recipe, as JSON, those that are answered first: the riskiest open cases of the portfolio, or all of one contract.

    recipe, subject, title, question, not_for    what is asked, and what the answer must not be used for
    by, model, trained_on    who answers; all null where nobody does, and then `why` says why not; `refused`: its file is unusable
    moved    the base rate is no longer that of training, so nothing is raised
    open, early, raised    open cases, early estimates among them, warnings that no rule stands behind, by level
    cases    riskiest first, as letters tell a score, with `rules`: what rules say of the same subject, worst first
    """
    rows = {silence.recipe.id: _silent(silence) for silence in voices.panel.silent}
    for name, scores in voices.spoken.scores.items():
        chosen = _chosen(scores, contract)
        listed = chosen if contract else chosen[:TOP_CASES]
        rows[name] = _spoken(scores, voices.spoken, chosen, contract) | {
            "cases": _cases(engine, scores, listed, voices.spoken.ruled)
        }
    return sorted(rows.values(), key=lambda row: (row["by"] is None, not row["refused"], row["recipe"]))


def share(case: dict[str, Any]) -> str:
    """The likelihood of a case as people write it."""
    return told.share(case["score"]["probability"])


def reasons(case: dict[str, Any], lang: str) -> list[dict[str, str]]:
    """What moved the likelihood of a case, strongest first: the fact, and by how many points of a hundred."""
    said = case["score"]["reasons"]
    return [{"points": f"{one['points']:+.0f}".replace("-", "−"), "fact": one[lang]} for one in said]


def _about(recipe: Recipe) -> dict[str, Any]:
    words = {"title": recipe.title, "question": recipe.question, "not_for": recipe.not_for}
    return {
        "recipe": recipe.id, "subject": recipe.subject,
        **{name: {lang: text.in_language(lang) for lang in LANGS} for name, text in words.items()},
        "by": None, "model": None, "trained_on": None, "why": None, "refused": False, "moved": False,
        "open": None, "early": None, "raised": dict.fromkeys(reversed(MAY_RAISE), 0), "cases": [],
    }  # fmt: skip


def _silent(silence: Silence) -> dict[str, Any]:
    why = {lang: _sentences(silence.why[lang], lang) for lang in LANGS}
    return _about(silence.recipe) | {"why": why, "refused": silence.refused}


def _spoken(scores: Scores, spoken: Spoken, chosen: NDArray[np.int64], contract: str | None) -> dict[str, Any]:
    speaker = scores.speaker
    recipe = speaker.asked.recipe
    mine = [hit.outcome for hit in spoken.hits if hit.rule == recipe.id and contract in (None, hit.contract_id)]
    return _about(recipe) | {
        "by": {lang: told.by(scores, False, lang) for lang in LANGS}, "model": speaker.number,
        "trained_on": speaker.as_of.isoformat(), "moved": speaker.moved,
        "open": len(chosen), "early": int(scores.early[chosen].sum()),
        "raised": {level: mine.count(level) for level in reversed(MAY_RAISE)},
    }  # fmt: skip


def _chosen(scores: Scores, contract: str | None) -> NDArray[np.int64]:
    """The places of all cases, or of one contract's, riskiest first; of equals, first those that are no early estimate."""
    order = np.lexsort((scores.early, -scores.probability)).astype(np.int64)
    if contract is None:
        return order
    mine = np.array([key == contract for key in scores.seen.rows["contract"].to_pylist()], dtype=bool)
    return np.asarray(order[mine[order]], dtype=np.int64)


def _cases(engine: Engine, scores: Scores, places: NDArray[np.int64], hits: Collection[Hit]) -> list[dict[str, Any]]:
    subject, keys = scores.speaker.asked.recipe.subject, scores.subject
    wanted = [keys[place] for place in places]
    content = scoring.contents(engine, scores, wanted)
    ruled: dict[str, list[dict[str, str]]] = {key: [] for key in wanted}
    for hit in hits:
        if hit.subject == subject and hit.subject_id in ruled:
            ruled[hit.subject_id].append({"rule": hit.rule, "level": hit.outcome})
    return [{"subject_id": key, **content[key], "rules": ruled[key]} for key in wanted]


def _sentences(pieces: Sequence[str], lang: str) -> str:
    """Whole sentences, one after the other."""
    stop = word("report.learned.stop", lang)
    ended = (piece if piece.endswith(STOPS) else f"{piece}{stop}" for piece in pieces)
    return ("" if lang == "zh" else " ").join(ended)
