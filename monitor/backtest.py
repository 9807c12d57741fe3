"""Backtest: the scans of past days again, with only what was known on each, beside what then happened.

Rules are those of today's shelf. A model is trained again every half year of the time replayed, on what was certain by then, and
speaks only where the gate would have let it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from monitor import learned
from monitor.config import Config
from monitor.domain.errors import UsageError
from monitor.domain.warning import LEVELS
from monitor.engines.duckdb import Engine
from monitor.learning import dataset, training
from monitor.learning.dataset import Cases, Seen, Tell
from monitor.learning.hindsight import BOTH, RULES, SCORES, VOICES, End, Hindsight, hindsight
from monitor.learning.recipe import Asked
from monitor.learning.score import Speaker, score
from monitor.rulebook import Judgement, Rulebook

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

    Raises UsageError when there is no day, or nothing that was due in them.
    """
    days = [first + step * number for number in range((last - first) // step + 1)] if last >= first else []
    if not days:
        raise UsageError(f"there is no day from {first} to {last}", hint="--from comes before --to")
    past = learned.past(config)
    cases = _cases(config, asked, until=last, known_at=known_at, tell=tell) if SCORES in voices else None
    rules = [rule for rule in book.rules if rule.rule.subject == asked.recipe.subject] if RULES in voices else []
    said: dict[tuple[str, str], dict[str, date]] = {
        (voice, level): {} for voice in _heard(voices) for level in LEVELS[:2]
    }
    speaker: Speaker | None = None
    trained: list[dict[str, Any]] = []
    for number, engine in enumerate(past.engines(days, until=known_at)):
        tell(f"replaying {engine.as_of}, {number + 1} of {len(days)}")
        if cases is not None and (not trained or engine.as_of - trained[-1]["as_of"] >= AGAIN):
            speaker, told = _train(cases, asked, dataset.look(engine, asked), tell)
            trained.append(told)
        levels = {RULES: _by_rules(engine, rules, asked), SCORES: _by_scores(engine, speaker)}
        _note(said, levels, engine.as_of)
    ends = _ends(past.engines([known_at.astimezone(config.zone).date()], until=known_at), asked, first=first, last=last)
    if not ends:
        raise UsageError(f"nothing was due from {first} to {last}", hint="choose days that the register tells of")
    return Replayed(hindsight=hindsight(ends, said, first=days[0], last=days[-1], days=len(days)), training=trained)


def _heard(voices: Sequence[str]) -> list[str]:
    return [voice for voice in VOICES if voice in voices or voice == BOTH]


def _cases(config: Config, asked: Asked, *, until: date, known_at: datetime, tell: Tell) -> Cases:
    return learned.cases(config, asked, until=until, known_at=known_at, tell=tell)[0]


def _train(cases: Cases, asked: Asked, seen: Seen, tell: Tell) -> tuple[Speaker | None, dict[str, Any]]:
    """Who would have spoken from a day on: trained on what was certain by then, judged by the gate."""
    day = seen.as_of
    known = cases.by(seen, asked)
    trained = training.train(known, asked, until=day, past=seen.past, tell=tell)
    verdict = trained.verdict
    told = {"as_of": day, "serve": verdict.serve, "zh": verdict.zh, "en": verdict.en}
    if verdict.serve == "off" or trained.card["levels"] is None:
        return None, told
    return Speaker(
        asked=asked, number=0, as_of=day, blend=trained.blend if verdict.serve == "model" else None,
        lookup=verdict.lookup or "past_record", levels=trained.card["levels"], reference=trained.card["reference"],
    ), told  # fmt: skip


def _by_rules(engine: Engine, rules: Sequence[Any], asked: Asked) -> dict[str, int]:
    """The highest level that any rule has on each subject."""
    highest: dict[str, int] = {}
    for hit in Judgement(engine.db, rules).hits() if rules else ():
        if hit.subject == asked.recipe.subject:
            highest[hit.subject_id] = max(highest.get(hit.subject_id, -1), LEVELS.index(hit.outcome))
    return highest


def _by_scores(engine: Engine, speaker: Speaker | None) -> dict[str, int]:
    if speaker is None:
        return {}
    scores = score(dataset.look(engine, speaker.asked), speaker)
    return {key: int(level) for key, level in zip(scores.subject, scores.level, strict=True) if level >= 0}


def _note(said: dict[tuple[str, str], dict[str, date]], levels: dict[str, dict[str, int]], on: date) -> None:
    """The first day of each voice's level on each subject; what is orange is yellow, too."""
    both = [(BOTH, key, level) for found in levels.values() for key, level in found.items()]
    for voice, key, level in [*both, *((v, key, level) for v, found in levels.items() for key, level in found.items())]:
        for place, name in enumerate(LEVELS[:2]):
            if level >= place and (voice, name) in said:
                said[voice, name].setdefault(key, on)


_ENDS = f"""
select s.id, s.due, {dataset.KNOWN} as known, {dataset.LATE} as late, s.contract, s.title, s.due + s.delay::int as ended,
    c.title as contract_title, u.name as unit
from seen s left join fact_contract c on c.id = s.contract left join fact_unit u on u.id = c.unit_id
where s.due between ? and ? and not s.void order by s.due, s.id"""


def _ends(engines: Any, asked: Asked, *, first: date, last: date) -> list[End]:
    """How everything ended that was due in those days, by what is known now."""
    for engine in engines:
        dataset.look(engine, asked)
        rows = engine.rows(_ENDS, [first, last])
        return [
            End(
                subject_id=row["id"], contract_id=row["contract"], contract_title=row["contract_title"], title=row["title"],
                unit=row["unit"], due=row["due"], late=None if row["known"] is None else row["late"], done=row["ended"],
            )
            for row in rows
        ]  # fmt: skip
    return []
