"""What people are told of, and what is kept quiet: a silence that somebody asked for, or a graver warning that already says it.

Quiet is not forgotten. A warning remembers the level that people were last told of; when the silence ends or the graver
warning is over, and it is still open, it is told of then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from monitor.domain.warning import LEVELS, NEWS, PROGRAM, URGENT, Alert, Change, Silence

Subject = tuple[str, str]


def quiet(
    changes: Iterable[Change], standing: Iterable[Alert], silences: Sequence[Silence], *, on: date
) -> list[Change]:
    """The changes with what is not told of marked, and why; what is told of is noted on the warning.

    `standing` are the warnings not released, as they are after the changes.
    """
    gravest = _gravest(standing, silences, on)
    return [_marked(change, _hush(change.alert, gravest, silences, on)) for change in changes]


def resurfaced(standing: Iterable[Alert], silences: Sequence[Silence], *, on: date) -> list[Change]:
    """What was kept quiet, is still open, and is quiet no longer; `quiet` then notes that it is told."""
    kept = list(standing)
    gravest = _gravest(kept, silences, on)
    return [
        Change(
            alert=replace(alert, armed_on=on, escalated=0), event="resurfaced", before=alert.told, after=alert.level
        )
        for alert in kept if alert.active and _untold(alert) and _hush(alert, gravest, silences, on) is None
    ]  # fmt: skip


def hushed(standing: Iterable[Alert], silences: Sequence[Silence], *, on: date) -> set[int | None]:
    """The warnings, by id, that it is quiet about on a day: nobody is urged about what they were not told of."""
    kept = list(standing)
    gravest = _gravest(kept, silences, on)
    return {alert.id for alert in kept if _hush(alert, gravest, silences, on) is not None}


def _untold(alert: Alert) -> bool:
    return alert.told is None or LEVELS.index(alert.level) > LEVELS.index(alert.told)


def _gravest(standing: Iterable[Alert], silences: Sequence[Silence], on: date) -> dict[Subject, str]:
    """The gravest level on each subject that somebody is told of and works on: what is silenced or put aside says nothing."""
    found: dict[Subject, str] = {}
    for alert in standing:
        heard = alert.state not in ("suspended", "transferred") and not any(one.covers(alert, on) for one in silences)
        if alert.active and heard:
            key = (alert.subject, alert.subject_id)
            found[key] = max(found.get(key, alert.level), alert.level, key=LEVELS.index)
    return found


def _hush(alert: Alert, gravest: dict[Subject, str], silences: Sequence[Silence], on: date) -> str | None:
    """Why nobody is told; None when people are."""
    for silence in silences:
        if silence.covers(alert, on):
            return f"silence {silence.id}"
    worst = gravest.get((alert.subject, alert.subject_id), alert.level)
    return f"{worst} on the same subject" if worst in URGENT and alert.level not in URGENT else None


def _marked(change: Change, hush: str | None) -> Change:
    alert = change.alert
    if not change.told:
        return change
    if hush is not None:
        return replace(change, muted=hush, detail=change.detail | {"muted": hush})
    if not _worth_a_letter(change):
        return replace(change, muted="needs no letter")
    told = alert.level if change.event in NEWS else alert.told
    written = change.event not in NEWS or alert.level in URGENT  # a line of a digest is no document of its own
    return replace(change, alert=replace(alert, told=told, documents=alert.documents + written))


def _worth_a_letter(change: Change) -> bool:
    """A level and a delay always are. What became of it is told to whoever was told of something grave; the weekly digest
    has the rest."""
    alert = change.alert
    if change.event in (*NEWS, "escalated"):
        return True
    by_hand = change.event != "closed" or change.actor != PROGRAM
    return by_hand and alert.told is not None and alert.peak in URGENT
