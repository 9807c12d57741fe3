"""Would we have warned in time? Warnings of past days laid beside how each case then ended.

A warning counts when it came before the due day was over: after it, the breach was there for all to see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import quantiles
from typing import Any

from monitor.domain.warning import LEVELS
from monitor.learning.measures import wilson

RULES, SCORES, BOTH = "rules", "scores", "both"
VOICES = (RULES, SCORES, BOTH)
AHEAD = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a case ended: `late`, or not; None while that is not known. `due` is the day as it stood at the end."""

    subject_id: str
    contract_id: str | None
    contract_title: str | None
    title: str | None
    unit: str | None
    due: date
    late: bool | None
    done: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One voice from one level up. Cases are those due in the time that was replayed whose end is known.

    `caught`: of the late, those warned of by their due day; `ahead`: at least `AHEAD` days before it. `precision`: of those
    warned of by then, the late. Intervals are Wilson's, 95 %. `days`: lower quartile, median, upper quartile of the days
    between the first warning and the due day, over those caught.
    """

    voice: str
    level: str
    warned: int
    caught: int
    caught_share: tuple[float, float, float] | None
    ahead: int
    precision: tuple[float, float, float] | None
    days: tuple[float, float, float] | None
    a_week: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """The whole answer. `unwarned` are the late cases that no voice warned of in time, each with what was said of it."""

    first: date
    last: date
    days: int
    cases: int
    late: int
    open: int
    rows: list[Row]
    unwarned: list[dict[str, Any]]


First = Mapping[tuple[str, str], Mapping[str, date]]
"""By voice and level: the first day on which that voice said at least that level of each subject."""


def hindsight(ends: Sequence[End], said: First, *, first: date, last: date, days: int) -> Hindsight:
    """Lay warnings beside ends. `said` has a voice's level and all above it in each entry."""
    known = [end for end in ends if end.late is not None]
    late = [end for end in known if end.late]
    weeks = max(1.0, ((last - first).days + 1) / 7)
    rows = [
        _row(voice, level, said.get((voice, level), {}), known, weeks)
        for voice in VOICES for level in LEVELS[:2] if said.get((voice, level)) is not None
    ]  # fmt: skip
    return Hindsight(
        first=first, last=last, days=days, cases=len(known), late=len(late), open=len(ends) - len(known), rows=rows,
        unwarned=[_unwarned(end, said) for end in late if not _in_time(end, said.get((BOTH, LEVELS[0]), {}))],
    )  # fmt: skip


def _row(voice: str, level: str, said: Mapping[str, date], known: Sequence[End], weeks: float) -> Row:
    warned = [end for end in known if _in_time(end, said)]
    caught = [end for end in warned if end.late]
    leads = [(end.due - said[end.subject_id]).days for end in caught]
    late = sum(1 for end in known if end.late)
    return Row(
        voice=voice, level=level, warned=len(warned), caught=len(caught), caught_share=_share(len(caught), late),
        ahead=sum(1 for days in leads if days >= AHEAD), precision=_share(len(caught), len(warned)),
        days=_quartiles(leads), a_week=len(said) / weeks,
    )  # fmt: skip


def _in_time(end: End, said: Mapping[str, date]) -> bool:
    day = said.get(end.subject_id)
    return day is not None and day <= end.due


def _unwarned(end: End, said: First) -> dict[str, Any]:
    heard = {voice: said.get((voice, LEVELS[0]), {}).get(end.subject_id) for voice in (RULES, SCORES)}
    return {
        "subject_id": end.subject_id, "contract_id": end.contract_id, "contract_title": end.contract_title,
        "title": end.title, "unit": end.unit, "due": end.due, "done": end.done,
        "first_warned": min((day for day in heard.values() if day), default=None),
    }  # fmt: skip


def _share(part: int, whole: int) -> tuple[float, float, float] | None:
    return (part / whole, *wilson(part, whole)) if whole else None


def _quartiles(days: Sequence[int]) -> tuple[float, float, float] | None:
    if not days:
        return None
    if len(days) == 1:
        return (float(days[0]),) * 3
    low, middle, high = quantiles(days, n=4, method="inclusive")
    return (low, middle, high)
