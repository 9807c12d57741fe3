"""Backtest: the scans of past days again, with only what was known on each, beside what then happened.

Rules are those of today's shelf. A model is trained again every half year of the time replayed, on what was certain by then, and
speaks only where the gate would have let it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from monitor import learned
from monitor.config import Config
from monitor.domain.errors import UsageError
from monitor.engines.duckdb import Engine
from monitor.learning import dataset, training
from monitor.learning.dataset import Cases, Seen, Tell
from monitor.learning.hindsight import BOTH, RULES, SCORES, VOICES, End, Hindsight, hindsight
from monitor.learning.recipe import Asked
from monitor.learning.score import MAY_RAISE, Speaker, score, speaker_of
from monitor.rulebook import Compiled, Judgement, Rulebook
from monitor.scoring import highest

AGAIN = timedelta(days=182)
"""How often a model is trained again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a backtest. `training` says for each time a model was trained whether it spoke, and why."""

    hindsight: Hindsight
    training: list[dict[str, Any]]


def run(
    config: Config, book: Rulebook, asked: Asked, *, first: date, last: date, step: timedelta, known_at: datetime,
    tell: Tell, voices: Sequence[str] = VOICES,
) -> Replayed:  # fmt: skip
    """Replay the days from `first` to `last`. How cases ended is what is known at `known_at`.

    Raises UsageError when there is no day, nothing that was due in them, or the question is not about the due day.
    """
    if asked.recipe.outcome.closes:
        raise UsageError(
            f"{asked.recipe.id} does not ask how things end by their due day: there is nothing to replay",
            hint=f"`lvyue model card {asked.recipe.id}` tells how it did",
        )
    days = [first + step * number for number in range((last - first) // step + 1)] if last >= first else []
    if not days:
        raise UsageError(f"there is no day from {first} to {last}", hint="--from comes before --to")
    past = learned.past(config)
    cases = learned.cases(config, asked, until=last, known_at=known_at, tell=tell)[0] if SCORES in voices else None
    rules = [rule for rule in book.rules if rule.rule.subject == asked.recipe.subject] if RULES in voices else []
    said: dict[tuple[str, str], dict[str, date]] = {
        (voice, level): {} for voice in (*(v for v in voices if v != BOTH), BOTH) for level in MAY_RAISE
    }
    speaker: Speaker | None = None
    trained: list[dict[str, Any]] = []
    for number, engine in enumerate(past.engines(days, until=known_at), 1):
        tell(f"replaying {engine.as_of}, {number} of {len(days)}")
        levels = {RULES: _by_rules(engine, rules)} if rules else {}
        if cases is not None:
            seen = dataset.look(engine, asked)
            if not trained or engine.as_of - trained[-1]["as_of"] >= AGAIN:
                speaker, told = _train(cases, asked, seen, tell)
                trained.append(told)
            if speaker is not None:
                levels[SCORES] = _by_scores(seen, speaker)
        for voice, found in levels.items():
            _note(said, voice, found, engine.as_of)
            _note(said, BOTH, found, engine.as_of)
    today = known_at.astimezone(config.zone).date()
    [ends] = [_ends(now, asked, first=first, last=last) for now in past.engines([today], until=known_at)]
    if not ends:
        raise UsageError(f"nothing was due from {first} to {last}", hint="choose days that the register tells of")
    return Replayed(hindsight=hindsight(ends, said, first=days[0], last=days[-1], days=len(days)), training=trained)


def _train(cases: Cases, asked: Asked, seen: Seen, tell: Tell) -> tuple[Speaker | None, dict[str, Any]]:
    """Who would have spoken from a day on: trained on what was certain by then, judged by the gate."""
    day = seen.as_of
    trained = training.train(cases.by(seen, asked), asked, until=day, past=seen.past, tell=tell)
    verdict = trained.verdict
    told = {"as_of": day, "serve": verdict.serve, "zh": verdict.zh, "en": verdict.en}
    if verdict.serve == "off" or trained.card["levels"] is None:
        return None, told
    blend = trained.blend if verdict.serve == "model" else None
    return speaker_of(asked, trained.card, number=0, as_of=day, blend=blend), told


def _by_rules(engine: Engine, rules: Sequence[Compiled]) -> dict[str, int]:
    """The highest level that any of the rules has on each subject; all are about subjects of one kind."""
    hits = Judgement(engine.db, rules).hits() if rules else []
    return {key: level for (_, key), level in highest(hits).items()}


def _by_scores(seen: Seen, speaker: Speaker) -> dict[str, int]:
    scores = score(seen, speaker)
    return {key: int(level) for key, level in zip(scores.subject, scores.level, strict=True) if level >= 0}


def _note(said: dict[tuple[str, str], dict[str, date]], voice: str, levels: Mapping[str, int], on: date) -> None:
    """The first day of each level of a voice on each subject; what is orange is yellow, too."""
    for key, level in levels.items():
        for name in MAY_RAISE[: level + 1]:
            said[voice, name].setdefault(key, on)


_ENDS = f"""
select s.id, s.due, {dataset.KNOWN} as known, {dataset.LATE} as late, s.contract, s.title, s.due + s.delay::int as ended,
    c.title as contract_title, u.name as unit
from seen s left join fact_contract c on c.id = s.contract left join fact_unit u on u.id = c.unit_id
where s.due between ? and ? and not s.void order by s.due, s.id"""


def _ends(engine: Engine, asked: Asked, *, first: date, last: date) -> list[End]:
    """How everything ended that was due in those days, by what the engine knows."""
    dataset.look(engine, asked)
    return [
        End(
            subject_id=row["id"], contract_id=row["contract"], contract_title=row["contract_title"], title=row["title"],
            unit=row["unit"], due=row["due"], late=None if row["known"] is None else row["late"], done=row["ended"],
        )
        for row in engine.rows(_ENDS, [first, last])
    ]  # fmt: skip
