"""What people do with a warning: one table of moves, and one function that makes them. There is no other door.

Whoever comes second is told who was first. Nobody closes a red warning on their own report (design.md §6): one person
reports what was done, another looks at it and closes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from monitor.domain.errors import MoveError, UsageError
from monitor.domain.warning import DISMISSALS, OUTCOMES, SETTLED, Alert, Change, Event, State

Kind = Literal[
    "acknowledge", "assess", "handle", "report", "close", "dismiss", "suspend", "resume", "transfer", "assign", "reopen"
]
LONGEST = timedelta(days=366)
"""How long a warning may be suspended at a time."""

AND = "、"
"""Between the names of those who reported on a warning, or handed it over."""

WORKING: tuple[State, ...] = ("acknowledged", "assessing", "handling", "reported")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does what, when and why. `on` is the civil day of `at`; `value` is what `MOVES` asks for beside the reason."""

    kind: Kind
    actor: str
    at: datetime
    on: date
    note: str = ""
    value: str | date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From which states an act leads where. `note` says whether a reason is asked for, `value` what else is."""

    event: Event
    sources: tuple[State, ...]
    target: State | None
    note: bool = True
    value: Literal["", "outcome", "dismissal", "until", "to"] = ""
    """`until` is a later day; `to` a person, or a body such as 纪检监察."""


MOVES: Mapping[Kind, Move] = {
    "acknowledge": Move(event="acknowledged", sources=("open",), target="acknowledged", note=False),
    "assess": Move(event="assessed", sources=("acknowledged", "assessing", "handling"), target="assessing"),
    "handle": Move(event="handled", sources=WORKING, target="handling"),
    "report": Move(event="reported", sources=("assessing", "handling", "reported"), target="reported"),
    "close": Move(event="closed", sources=(*WORKING, "transferred"), target="closed", value="outcome"),
    "dismiss": Move(event="dismissed", sources=("open", *WORKING), target="dismissed", value="dismissal"),
    "suspend": Move(event="suspended", sources=("open", *WORKING), target="suspended", value="until"),
    "resume": Move(event="resumed", sources=("suspended",), target=None),
    "transfer": Move(event="transferred", sources=WORKING, target="transferred", value="to"),
    "assign": Move(
        event="assigned", sources=("open", *WORKING, "suspended", "transferred"), target=None, note=False, value="to"
    ),
    "reopen": Move(event="reopened", sources=SETTLED, target=None),
}


def act(alert: Alert, done: Act) -> Change:
    """The warning after an act; reopening gives a new case that names the old one.

    Raises MoveError where the table does not allow it, UsageError where something is not said.
    """
    move = MOVES[done.kind]
    done = replace(done, actor=" ".join(done.actor.split()), note=" ".join(done.note.split()))
    _allowed(alert, done, move)
    value = _value(done, move)
    after = _settings(alert, done, value)
    if done.kind == "reopen":
        after = _reopened(alert, done)
    elif move.target is not None:
        after = replace(after, state=move.target)
    if done.kind != "assign":
        after = replace(after, acted_on=done.on, escalated=0)
    detail = {} if value is None else {move.value: value.isoformat() if isinstance(value, date) else value}
    return Change(
        alert=after, event=move.event, before=alert.level, after=alert.level, actor=done.actor, note=done.note,
        detail=detail | {"state": after.state},
    )  # fmt: skip


def possible(alert: Alert) -> list[Kind]:
    """What may be done with a warning as it stands."""
    return [kind for kind, move in MOVES.items() if alert.state in move.sources]


def _allowed(alert: Alert, done: Act, move: Move) -> None:
    if alert.state not in move.sources:
        if done.kind == "acknowledge" and alert.acknowledged_by and alert.state in WORKING:
            signed = alert.acknowledged_at and alert.acknowledged_at.astimezone(done.at.tzinfo)
            when = f" on {signed:%Y-%m-%d %H:%M}" if signed else ""
            raise MoveError(
                f"{alert.number} was already acknowledged by {alert.acknowledged_by}{when}", hint=_hint(alert)
            )
        raise MoveError(f"{alert.number} is {alert.state}: it cannot be {move.event}", hint=_hint(alert))
    if alert.peak == "red" and done.kind in ("close", "dismiss"):
        _second(alert, done)
    if done.kind != "close":
        return
    over = alert.cleared_on is not None and alert.peak != "red"
    if alert.state not in ("reported", "transferred") and not over:
        why = "red needs a report" if alert.peak == "red" else "its condition still holds"
        raise MoveError(
            f"{alert.number} is {alert.state} and {why}: it cannot be closed yet", hint="report what was done first"
        )


def _second(alert: Alert, done: Act) -> None:
    """What was red is ended by somebody who neither took it up nor reported on it nor handed it over."""
    hands = _names(alert.reported_by or alert.acknowledged_by or "")
    if not hands:
        raise MoveError(f"{alert.number} was red: one person alone cannot end it", hint="acknowledge it first")
    if hands & _names(done.actor):
        raise MoveError(
            f"{alert.number} was red, and {done.actor} has worked on it", hint="red is ended by a second person"
        )


def _names(written: str) -> set[str]:
    return {name.strip().casefold() for name in written.split(AND)} - {""}


def _hint(alert: Alert) -> str:
    return f"now possible: {', '.join(possible(alert))}"


def _value(done: Act, move: Move) -> str | date | None:
    """What the act needs to say, checked."""
    if not done.actor:
        raise UsageError(f"{done.kind}: nobody says who does it", hint="name the person")
    if move.note and not done.note:
        raise UsageError(f"{done.kind}: the reason is missing", hint="say why, in a sentence others will read")
    value = done.value.strip() if isinstance(done.value, str) else done.value
    if move.value == "":
        return None
    if move.value == "until":
        if not isinstance(value, date) or value <= done.on:
            raise UsageError(f"{done.kind}: {value or 'no day'} is no later day", hint="say until which day")
        if value - done.on > LONGEST:
            raise UsageError(f"{done.kind}: {value} is more than a year away", hint="choose a day within a year")
        return value
    if not isinstance(value, str) or not value:
        raise UsageError(f"{done.kind}: it is not said to whom", hint="name a person, a unit or a body")
    allowed = {"outcome": tuple(name for name in OUTCOMES if name != "false"), "dismissal": DISMISSALS}.get(move.value)
    if allowed and value not in allowed:
        raise UsageError(f"{done.kind}: {value!r} is none of {', '.join(allowed)}", hint="choose one of them")
    return value


def _settings(alert: Alert, done: Act, value: str | date | None) -> Alert:
    """What an act changes beside the state."""
    actor = done.actor
    match done.kind:
        case "acknowledge":
            return replace(alert, acknowledged_by=actor, acknowledged_at=done.at, assignee=alert.assignee or actor)
        case "report" | "transfer":
            return replace(
                alert, reported_by=AND.join(dict.fromkeys([*(alert.reported_by or actor).split(AND), actor]))
            )
        case "close" | "dismiss":
            outcome = "false" if done.kind == "dismiss" else str(value)
            return replace(alert, closed_on=done.on, released_on=done.on if alert.cleared_on else None, outcome=outcome)
        case "suspend":
            assert isinstance(value, date)
            return replace(alert, until=value, held=alert.state)
        case "resume":
            return replace(alert, state=alert.held or "open", until=None, held=None, armed_on=done.on)
        case "assign":
            return replace(alert, assignee=str(value))
        case _:
            return alert


def _reopened(alert: Alert, done: Act) -> Alert:
    """A new case, taken up already by whoever reopened the old one, so that no scan closes it by itself."""
    return Alert(
        rule=alert.rule, subject=alert.subject, subject_id=alert.subject_id, contract_id=alert.contract_id, unit=alert.unit,
        level=alert.level, peak=alert.peak, state="acknowledged", opened_on=done.on, level_since=done.on,
        armed_on=done.on, cleared_on=alert.cleared_on, acknowledged_by=done.actor, acknowledged_at=done.at,
        assignee=alert.assignee, previous=alert.id, told=None, rule_hash=alert.rule_hash, finding=alert.finding,
    )  # fmt: skip
