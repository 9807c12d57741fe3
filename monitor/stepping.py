"""From outcomes to changed warnings: what was judged is laid against the open warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from monitor import alerts, judging, scoring
from monitor.domain.warning import Alert, Change, Signal
from monitor.judging import Judged, Notes, Question
from monitor.rulebook import Hit, Judgement, Rulebook
from monitor.rulebook.wording import finding_content
from monitor.scoring import NOBODY, Panel, Spoken

Key = tuple[str, str, str]
"""Rule, subject and the subject's id: what one open warning is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """What judging brought: everything that fires, every warning that changes, and how often each rule had each outcome.

    `statuses` counts contracts by where they stand on the day, `unknown` among them. `spoken` is what learned scores added; None
    where only what changed was judged: a score is of a whole day. `contracts` is the number of contracts judged when not all
    were. `notes` are to be written when the changes are saved.
    """

    hits: list[Hit]
    changes: list[Change]
    counts: dict[str, dict[str, int]]
    statuses: dict[str, int]
    facts_hash: str | None
    contracts: int | None
    notes: Notes
    spoken: Spoken | None


def step_all(question: Question, waiting: dict[Key, Alert], *, changed_only: bool, panel: Panel = NOBODY) -> Stepped:
    """Judge, step every warning for which something was found, then the open warnings for which nothing was."""
    notes = Notes()
    if changed_only:
        with judging.changed(question, notes) as judged:
            if judged is not None:
                return _step(question, waiting, judged, notes, panel=NOBODY)
    with judging.everything(question, notes) as judged:
        return _step(question, waiting, judged, notes, panel=panel)


def _step(question: Question, waiting: dict[Key, Alert], judged: Judged, notes: Notes, *, panel: Panel) -> Stepped:
    seen = judged.contracts
    mine = {k: a for k, a in waiting.items() if seen is None or a.contract_id is None or a.contract_id in seen}
    estimated = {key: mine.pop(key) for key in list(mine) if key[0] in _recipes(panel)}
    hits, changes = _stepped(mine, judged.judgement, question.book, question.as_of)
    changes += _cleared(mine, _answers(judged, mine), question.as_of)
    spoken = None
    if seen is None:
        spoken = scoring.speak(judged.engine, panel, hits)
        changes += _estimated(estimated, spoken, judged, question.as_of)
    return Stepped(
        hits=hits + (spoken.hits if spoken else []), changes=changes, counts=judged.judgement.counts(),
        statuses={row["status"]: row["contracts"] for row in judged.engine.rows(_STATUSES)},
        facts_hash=judged.facts_hash, contracts=None if seen is None else len(seen), notes=notes, spoken=spoken,
    )  # fmt: skip


_STATUSES = (
    "select coalesce(status, 'unknown') as status, count(*) as contracts from fact_contract group by 1 order by 1"
)


def again(changes: Sequence[Change], standing: Sequence[Alert], *, on: date) -> list[Change]:
    """The changes, stepped once more where a person or time moved the warning while the scan was judging.

    `standing` are the warnings as they are now, in the transaction that will save the changes.
    """
    now = {(alert.rule, alert.subject, alert.subject_id): alert for alert in standing}
    kept = []
    for change in changes:
        alert = change.alert
        there = now.get((alert.rule, alert.subject, alert.subject_id))
        if change.signal is None or _as_seen(alert, there):
            kept.append(change)
            continue
        stepped = alerts.step(there, replace(change.signal, finding=alert.finding), on=on)
        if stepped is not None:
            kept.append(stepped)
    return kept


def _as_seen(alert: Alert, there: Alert | None) -> bool:
    """Whether the warning that a change was made from is still the one that stands, unmoved."""
    if alert.id is None:
        return (there.id if there else None) == alert.previous
    return there is not None and (there.id, there.turn) == (alert.id, alert.turn)


def _recipes(panel: Panel) -> frozenset[str]:
    """What warnings of scores are known by."""
    return frozenset(speaker.asked.recipe.id for speaker in panel.speakers) | {
        silence.recipe.id for silence in panel.silent
    }


def _estimated(waiting: dict[Key, Alert], spoken: Spoken, judged: Judged, on: date) -> list[Change]:
    """Warnings of scores: each hit against the open one it belongs to, then those that no score stands behind any more."""
    changed, changes = _moved(waiting, spoken.hits, on), []
    for recipe, scores in spoken.scores.items():
        mine = [key for key in changed if key[0] == recipe]
        words = scoring.contents(judged.engine, scores, [subject_id for _, subject_id in mine])
        changes += [_worded(changed[key], words[key[1]]) for key in mine]
    answers = {key: spoken.answer(key[0]) for key in waiting}
    return [*changes, *_cleared(waiting, answers, on)]


def _answers(judged: Judged, waiting: Mapping[Key, Alert]) -> dict[Key, str]:
    """What became of open warnings that did not fire."""
    answers: dict[Key, str] = {}
    for rule in sorted({alert.rule for alert in waiting.values()}):
        mine = {alert.subject_id: key for key, alert in waiting.items() if alert.rule == rule}
        answers |= {mine[subject]: outcome for subject, outcome in judged.judgement.outcomes(rule, mine).items()}
    return answers


def _stepped(
    waiting: dict[Key, Alert], judgement: Judgement, book: Rulebook, on: date
) -> tuple[list[Hit], list[Change]]:
    """Each hit of a rule against the open warning it belongs to. Only what changed is put into words."""
    rules = {rule.rule.id: rule.rule for rule in book.rules}
    hits = judgement.hits()
    changed = _moved(waiting, hits, on)
    found = judgement.fired(changed if len(changed) < len(hits) else None) if changed else []
    words = {(finding.rule, finding.subject_id): finding_content(finding, rules[finding.rule]) for finding in found}
    return hits, [_worded(change, words[key]) for key, change in changed.items()]


def _moved(waiting: dict[Key, Alert], hits: Sequence[Hit], on: date) -> dict[tuple[str, str], Change]:
    """What follows from each hit, by rule and subject, for the warning it belongs to, which is then no longer waiting."""
    changed: dict[tuple[str, str], Change] = {}
    for hit in hits:
        alert = waiting.pop((hit.rule, hit.subject, hit.subject_id), None)
        signal = Signal(
            rule=hit.rule, subject=hit.subject, subject_id=hit.subject_id, outcome=hit.outcome, contract_id=hit.contract_id,
            unit=hit.unit, rule_hash=hit.rule_hash, finding={}, due=hit.due.isoformat() if hit.due else None,
        )  # fmt: skip
        change = alerts.step(alert, signal, on=on)
        if change is not None:
            changed[hit.rule, hit.subject_id] = change
    return changed


def _worded(change: Change, words: dict[str, Any]) -> Change:
    return replace(change, alert=replace(change.alert, finding=words))


def _cleared(waiting: Mapping[Key, Alert], answers: Mapping[Key, str], on: date) -> Iterator[Change]:
    """The open warnings for which nothing was found: clear for certain, or unknown."""
    for key, alert in waiting.items():
        outcome = answers.get(key, "unknown")
        signal = Signal(
            rule=alert.rule, subject=alert.subject, subject_id=alert.subject_id, outcome=outcome, finding={}
        )
        change = alerts.step(alert, signal, on=on)
        if change is not None:
            yield change
