"""Learned risk within a scan: who may speak, what it says of open cases, and how that stands beside what rules found.

Rules come first. A score is told only where it reaches higher than any rule has on the same subject, as a reminder or for
attention; it never makes orange or red, and never changes what a rule found (design §5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from loguru import logger

from monitor.domain.errors import ModelError
from monitor.domain.warning import LEVELS
from monitor.domain.words import LANGS, filled, word
from monitor.engines.duckdb import Engine
from monitor.learning import dataset, told
from monitor.learning.drift import OTHER_MIX, Watch, first_said
from monitor.learning.recipe import Asked, Recipe
from monitor.learning.score import Scores, Silence, Speaker, quiet, score, speaker_of, to_keep, watch
from monitor.rulebook import Hit
from monitor.store.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Who answers for each recipe of the shelves, and for which nobody does."""

    speakers: tuple[Speaker, ...] = ()
    silent: tuple[Silence, ...] = ()
    folder: Path | None = None
    """Where models lie, and what they said on earlier days."""

    faulty: str = ""
    """What is wrong with a recipe of the shelves: then nobody speaks, and rules go on."""


NOBODY = Panel()


def panel(recipes: Sequence[Asked], models: Mapping[str, Model], newest: Mapping[str, Model], folder: Path) -> Panel:
    """Read what the register says may speak. `newest` has the last model trained of each recipe: why it does not speak.

    A model's file that is gone, tampered with or of another release is refused; rules go on without it.
    """
    speakers: list[Speaker] = []
    silent: list[Silence] = []
    for asked in recipes:
        model = models.get(asked.recipe.id)
        if model is None:
            silent.append(_silence(asked.recipe, newest.get(asked.recipe.id)))
            continue
        try:
            speakers.append(_speaker(asked, model, folder))
        except ModelError as error:
            why: dict[str, tuple[str, ...]] = {lang: (word("risk.refused", lang), error.message) for lang in LANGS}
            silent.append(Silence(recipe=asked.recipe, why=why, refused=True))
    return Panel(speakers=tuple(speakers), silent=tuple(silent), folder=folder)


def file_of(folder: Path, model: Model) -> Path:
    """Where a model lies."""
    return folder / f"{model.recipe}-{(model.sha256 or '')[:16]}.skops"


@dataclass(slots=True, kw_only=True)
class Spoken:
    """What scores add to a scan: hits that stand beside those of rules (`ruled`), and what became of open warnings of scores."""

    ruled: Collection[Hit] = ()
    hits: list[Hit] = field(default_factory=list)
    scores: dict[str, Scores] = field(default_factory=dict)
    watched: dict[str, Watch] = field(default_factory=dict)

    def answer(self, recipe: str) -> str:
        """Of an open warning for which there is no hit: clear when somebody speaks for the recipe, else not known."""
        return "clear" if recipe in self.scores else "unknown"


def speak(engine: Engine, panel: Panel, hits: Collection[Hit]) -> Spoken:
    """Score everything that is open; tell what reaches higher than the rules did on the same subject.

    Who learned from a world that is no more is heard, and raises nothing.
    """
    spoken = Spoken(ruled=hits)
    reached = highest(hits)
    for speaker in panel.speakers:
        name = speaker.asked.recipe.id
        scores = score(dataset.look(engine, speaker.asked), speaker)
        said = _said_before(panel.folder, speaker, engine.as_of)
        ends = None if said is None else dataset.ended(engine, speaker.asked, said)
        spoken.watched[name] = watch(scores, said, ends)
        spoken.scores[name] = scores = quiet(scores) if spoken.watched[name].moved else scores
        spoken.hits += [
            hit for hit in _hits(scores) if LEVELS.index(hit.outcome) > reached.get((hit.subject, hit.subject_id), -1)
        ]
    return spoken


def highest(hits: Iterable[Hit]) -> dict[tuple[str, str], int]:
    """The highest level that any rule has on each subject, as its place in `LEVELS`, by subject and id."""
    found: dict[tuple[str, str], int] = {}
    for hit in hits:
        key = (hit.subject, hit.subject_id)
        found[key] = max(found.get(key, -1), LEVELS.index(hit.outcome))
    return found


def keep(panel: Panel, spoken: Spoken) -> None:
    """Leave what was said, once a month, for later scans to lay beside what came. It may be deleted at any time."""
    for scores in spoken.scores.values():
        folder = _folder_of(panel.folder, scores.speaker)
        day = scores.seen.as_of
        if folder is not None and not list(folder.glob(f"{day:%Y-%m}-*.parquet")):
            folder.mkdir(parents=True, exist_ok=True)
            pyarrow.parquet.write_table(to_keep(scores), folder / f"{day}.parquet")


def for_operator(panel: Panel, spoken: Spoken | None) -> list[dict[str, str]]:
    """What whoever runs this is to know, in both languages: models that are refused, or whose card no longer holds.

    `about` says what a note is about, whatever its numbers: the same is not told of every day.
    """
    notes = [
        {lang: f"{silence.recipe.title.in_language(lang)}: {' '.join(silence.why[lang])}" for lang in LANGS}
        | {"about": f"{silence.recipe.id} refused"}
        for silence in panel.silent if silence.refused
    ]  # fmt: skip
    if panel.faulty:
        said = {lang: filled("risk.faulty", lang, reason=panel.faulty) for lang in LANGS}
        notes.append(said | {"about": "recipes"})
    if spoken is not None:
        for name, found in spoken.watched.items():
            notes += _drifted(spoken.scores[name].speaker, found)
    for note in notes:
        logger.warning("{note}", note=note["en"])
    return notes


def _drifted(speaker: Speaker, found: Watch) -> list[dict[str, str]]:
    told_of: list[tuple[str, dict[str, str]]] = []
    for key, seen in (("base", found.base), ("calibration", found.calibration)):
        if seen is not None and seen.alarm:
            shares = {"came": told.share(seen.came), "then": told.share(seen.expected), "rows": str(seen.rows)}
            told_of.append((key, shares))
    if found.mix is not None and found.mix > OTHER_MIX:
        told_of.append(("mix", {"psi": f"{found.mix:.2f}"}))
    recipe = speaker.asked.recipe
    return [
        {lang: _of_drift(key, recipe, lang, blanks) for lang in LANGS}
        | {"about": f"{recipe.id} {speaker.number} {key}"}
        for key, blanks in told_of
    ]


def _of_drift(key: str, recipe: Recipe, lang: str, blanks: Mapping[str, str]) -> str:
    text = told.of_question("risk.drift.base", recipe) if key == "base" else f"risk.drift.{key}"
    titles = {"recipe": recipe.title.in_language(lang), "happened": recipe.happened.in_language(lang)}
    return filled(text, lang, **titles, **blanks)


def contents(engine: Engine, scores: Scores, subjects: Collection[str]) -> dict[str, dict[str, Any]]:
    """Everything a letter or page says of some scores, as JSON, by subject: the same keys as a rule's finding."""
    places = scores.place_of(subjects)
    recipe = scores.speaker.asked.recipe
    cases = told.told(scores, np.array(list(places.values()), dtype=np.int64)) if places else []
    around = {row["id"]: row for row in engine.rows(_AROUND[recipe.subject], [list(places)])}
    return {case["subject_id"]: _content(case, around[case["subject_id"]], recipe) for case in cases}


def _hits(scores: Scores) -> list[Hit]:
    speaker = scores.speaker
    chosen = np.flatnonzero(scores.level >= 0)
    rows = scores.seen.rows.take(chosen)
    names = rows["shown.unit"].to_pylist() if "shown.unit" in rows.column_names else [None] * len(chosen)
    return [
        Hit(
            rule=speaker.asked.recipe.id, subject=speaker.asked.recipe.subject, subject_id=key, contract_id=contract,
            unit=unit, outcome=LEVELS[scores.level[place]], due=due, rule_hash=speaker.asked.hash,
        )
        for place, key, contract, due, unit in zip(
            chosen, rows["id"].to_pylist(), rows["contract"].to_pylist(), rows["due"].to_pylist(), names, strict=True
        )
    ]  # fmt: skip


def _content(case: dict[str, Any], row: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    due = row["due_on"]
    return {
        "rule_title": {lang: recipe.title.in_language(lang) for lang in LANGS},
        "says": {lang: told.says(case, recipe, lang) for lang in LANGS},
        "action": {lang: word("risk.action", lang) for lang in LANGS},
        "cite": "", "side": row["side"] or "both", "basis": "model", "subject": recipe.subject,
        "subject_title": row["title"], "contract_id": row["contract_id"], "contract_title": row["contract_title"],
        "contract_number": row["contract_number"], "unit": row["unit"], "party": row["party"],
        "due": due.isoformat() if due else None, "days_late": (row["as_of"] - due).days if due else None,
        "money": None if row["amount"] is None else str(row["amount"]), "currency": row["currency"],
        "evidence": {}, "missing": [], "provisional": False, "source": row["source"], "source_row": row["source_row"],
        "score": case,
    }  # fmt: skip


_AROUND = {
    subject: f"""
select s.id, s.title, {due} as due_on, {side} as side, s.amount, s.currency, s.source, s.source_row, c.id as contract_id,
    c.title as contract_title, c.number as contract_number, u.name as unit, p.name as party, as_of() as as_of
from fact_{subject} s left join fact_contract c on c.id = {key}
left join fact_unit u on u.id = c.unit_id left join fact_party p on p.id = c.party_id
where s.id in (select unnest(?))"""
    for subject, due, side, key in (
        ("obligation", "s.due_on", "s.side", "s.contract_id"), ("payment", "s.due_on", "s.side", "s.contract_id"),
        ("contract", "s.end_on", "null", "s.id"),
    )
}  # fmt: skip


def _speaker(asked: Asked, model: Model, folder: Path) -> Speaker:
    blend = None
    if model.recipe_hash != asked.hash:
        raise ModelError(
            f"model {model.id} answers another question: the recipe {model.recipe} was changed since",
            hint=f"`lvyue model train {model.recipe}` trains one for it",
        )
    if model.verdict == "model":
        from monitor.learning import artefact  # loads scikit-learn

        blend, _ = artefact.read(file_of(folder, model), sha256=model.sha256 or "")
    return speaker_of(asked, model.card, number=model.id or 0, as_of=model.as_of, blend=blend)


def _folder_of(folder: Path | None, speaker: Speaker) -> Path | None:
    return folder / "said" / f"{speaker.asked.recipe.id}-{speaker.number}" if folder else None


def _said_before(folder: Path | None, speaker: Speaker, as_of: date) -> pa.Table | None:
    """What the same speaker first said of each case on earlier days. A file that cannot be read is left out: it is no truth."""
    found = []
    for path in sorted((_folder_of(folder, speaker) or Path()).glob("*.parquet")) if folder else ():
        try:
            if date.fromisoformat(path.stem) < as_of:
                found.append(pyarrow.parquet.read_table(path))
        except (OSError, ValueError, pa.ArrowException):
            continue
    if not found:
        return None
    return first_said(pa.concat_tables(found))


def _silence(recipe: Recipe, newest: Model | None) -> Silence:
    if newest is None:
        return Silence(recipe=recipe, why={lang: (word("risk.untrained", lang),) for lang in LANGS})
    verdict = newest.card["verdict"]
    stopped = verdict["serve"] != "off"
    return Silence(
        recipe=recipe,
        why={lang: (word("risk.stopped", lang),) if stopped else tuple(verdict[lang]) for lang in LANGS},
    )
