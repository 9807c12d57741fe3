"""Which letters follow from what changed: who gets one, alone or together, now or in office hours.

Orange and red go out at once, what is new on one contract in one letter. Blue and yellow come together in a daily digest.
More letters than `storm_over` for one recipient become one digest too, with every warning in it and in its table: a storm
must not bury the reader, and must not lose anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from monitor.alerts.timers import HandlingSettings, answer_by, working_moment
from monitor.domain.warning import LEVELS, NEWS, ROLES, URGENT, Alert, Change, Letter
from monitor.domain.words import LANGS, filled
from monitor.domain.workdays import WorkCalendar
from monitor.notify import Recipient

KINDS = {
    "escalated": "escalated", "cleared": "cleared", "closed": "closed", "dismissed": "closed", "assessed": "assessment",
}  # fmt: skip
"""The letter that an event is told by; what is not here is news."""

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What letters are written with. `at` is now in the office's time zone; `context` (office, rules hash, …) is printed in each.

    `standing` are the warnings not released; `history` gives what happened to one, oldest first.
    """

    recipients: Sequence[Recipient]
    storm_over: int
    document_word: str
    handling: HandlingSettings
    calendar: WorkCalendar
    context: Mapping[str, Any]
    as_of: date
    at: datetime
    standing: Iterable[Alert] = ()
    history: Callable[[Alert], Sequence[Event]] = field(default=lambda _alert: ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop on the way of a warning nobody acts on: the day, and who is told then."""

    on: date
    step: str
    recipients: tuple[Recipient, ...]


def compose(changes: Iterable[Change], desk: Desk) -> list[Letter]:
    """The letters that follow from changed warnings, each in its recipient's language."""
    told = [change for change in changes if change.told]
    around = _by_contract(desk.standing) if told else {}
    letters = []
    for recipient in desk.recipients:
        mine = [change for change in told if addressed(recipient, change, desk.recipients)]
        for about, those in _apart(mine).items():
            alone, together = _sorted_out(those, desk.storm_over)
            letters += [_letter(recipient, group, desk, around) for group in alone]
            if together:
                letters.append(_digest(recipient, together, desk, about=about))
    return letters


def to_operator(
    notes: Sequence[Mapping[str, str]], address: str, *, lang: str, as_of: date, at: datetime, context: Mapping[str, Any]
) -> list[Letter]:  # fmt: skip
    """The letter to whoever runs Lvyue: what `notes` say, in both languages. Once a month for the same things (`about`)."""
    if not notes or not address:
        return []
    about = sorted(note["about"] for note in notes)
    content = {"as_of": as_of.isoformat(), "notes": list(notes), "context": context}
    key = _key([address, lang, "operator", f"{as_of:%Y-%m}", about])
    return [Letter(key=key, kind="operator", recipient=address, lang=lang, content=content, created_at=at)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """A file that goes with a letter, of a kind that its name ends with."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """What tells it from any other file."""
        return hashlib.sha256(self.data).hexdigest()


def report(
    addresses: Sequence[str], file: Enclosed, told: Mapping[str, Any], *, lang: str, as_of: date, at: datetime,
    context: Mapping[str, Any],
) -> list[Letter]:  # fmt: skip
    """A saved report (`told`: saved, title, summary, filters) for each address. The same report of the same day has the same key,
    so one that is made twice goes out once."""
    content = {
        "name": "", "as_of": as_of.isoformat(), "context": context, **told,
        "file": {"name": file.name, "sha256": file.sha256, "data": base64.b64encode(file.data).decode()},
    }  # fmt: skip
    return [
        Letter(
            key=_key([address, lang, "report", as_of.isoformat(), file.name]), kind="report", recipient=address, lang=lang,
            content=content, created_at=at,
        )
        for address in addresses
    ]  # fmt: skip


def set_aside(letter: Letter, reply: str, *, on: date) -> dict[str, str]:
    """The note about a letter that nobody will get unless somebody does something: once a day for the same refusal."""
    blanks = {"key": letter.key[:12], "recipient": letter.recipient, "reply": reply[:300]}
    about = f"parked {letter.channel} {letter.recipient} {on} {reply[:80]}"
    return {lang: filled("letter.set_aside", lang, **blanks) for lang in LANGS} | {"about": about}


def weekly(
    recipient: Recipient, happened: Mapping[str, Sequence[Alert]], desk: Desk, *, since: date,
    sources: Sequence[Mapping[str, Any]],
) -> Letter:  # fmt: skip
    """The weekly digest, which is also sent when nothing happened: whoever gets none knows that something is wrong.

    `happened` has the warnings under new, open, due_soon, cleared and closed.
    """
    sections = {
        name: [_short(alert, desk) for alert in sorted(alerts, key=_gravest_first) if recipient.wants(alert)]
        for name, alerts in happened.items()
    }
    counts = {level: sum(1 for item in sections["open"] if item["level"] == level) for level in reversed(LEVELS)}
    content = sections | {
        "name": recipient.name, "as_of": desk.as_of.isoformat(), "since": since.isoformat(), "counts": counts,
        "sources": list(sources), "context": desk.context,
    }  # fmt: skip
    return _to(recipient, "weekly", weekly_key(recipient, since), content, desk.at)


def weekly_key(recipient: Recipient, since: date) -> str:
    """The key of a week's letter: one a `[[recipient]]`, also where two of them have one address."""
    asked = recipient.model_dump(mode="json", include={"lang", "units", "rules", "level", "amount_over"})
    return _key([recipient.where, "weekly", since.isoformat(), asked])


def addressed(recipient: Recipient, change: Change, everyone: Sequence[Recipient]) -> bool:
    """Whether somebody is told of a change: by what they asked for, or by their place in the chain."""
    if change.event in NEWS:
        return recipient.wants(change.alert)
    if change.event != "escalated":  # how it ended is told to whoever was told of it at its worst
        return recipient.wants(replace(change.alert, level=change.alert.peak))
    place, step = ROLES.index(change.detail["role"]), change.detail["step"]
    role = _held_from(place, change.alert, everyone)
    if step > 1 and role == _held_from(place - 1, change.alert, everyone):
        return False  # a role that nobody holds was skipped before: the same people heard it then
    if role is None:
        return recipient.wants(change.alert)
    return recipient.concerned(change.alert) and recipient.role in (role, "handler")


def _held_from(place: int, alert: Alert, everyone: Sequence[Recipient]) -> str | None:
    """The first role from a place in the chain upwards that somebody holds for this warning; None when nobody does."""
    held = {recipient.role for recipient in everyone if recipient.concerned(alert)}
    return next((role for role in ROLES[place:] if role in held), None)


def _apart(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """What is new, what nobody acted on, what is over: a storm of one is not mixed with the others."""
    found: dict[str, list[Change]] = {"news": [], "escalated": [], "over": []}
    for change in changes:
        about = "news" if change.event in NEWS else "escalated" if change.event == "escalated" else "over"
        found[about].append(change)
    return found


def _sorted_out(changes: Sequence[Change], storm_over: int) -> tuple[list[list[Change]], list[Change]]:
    """Letters of their own, and what comes together in the digest."""
    groups: dict[tuple[str, object], list[Change]] = {}
    digest = []
    for change in changes:
        if change.event in NEWS and change.alert.level not in URGENT:
            digest.append(change)
            continue
        kind = KINDS.get(change.event, "warning")
        contract = change.alert.contract_id if kind == "warning" else None
        groups.setdefault((kind, contract or change.alert.id), []).append(change)
    alone = [sorted(group, key=_urgency) for group in groups.values()]
    calm = max(len(alone), *(len(group) for group in alone), 0) <= storm_over
    return (alone, digest) if calm else ([], list(changes))


def _letter(
    recipient: Recipient, changes: Sequence[Change], desk: Desk, around: Mapping[str, Sequence[Alert]]
) -> Letter:
    """About one warning, or what is new on one contract, worst first."""
    first = changes[0]
    kind = KINDS.get(first.event, "warning")
    content = _content(recipient, changes, desk)
    told = {change.alert.id for change in changes}
    if kind == "warning":
        others = around.get(first.alert.contract_id or "", ())
        content["siblings"] = [_short(alert, desk) for alert in others if alert.id not in told]
    else:
        content |= _special(kind, first, desk)
    key = _identity(recipient, kind, changes, desk)
    return _to(recipient, kind, key, content, desk.at, not_before=_later(kind, desk))


def _digest(recipient: Recipient, changes: Sequence[Change], desk: Desk, *, about: str) -> Letter:
    worst_first = sorted(changes, key=_urgency)
    key = _identity(recipient, "digest", worst_first, desk)
    content = _content(recipient, worst_first, desk) | {"about": about}
    return _to(recipient, "digest", key, content, desk.at, not_before=_later(about, desk))


def _later(kind: str, desk: Desk) -> datetime | None:
    """Letters that urge wait for office hours."""
    return working_moment(desk.at, desk.handling, desk.calendar) if kind == "escalated" else None


def _special(kind: str, change: Change, desk: Desk) -> dict[str, Any]:
    """What a letter about one step says beside the warning itself."""
    now = {"on": desk.as_of.isoformat(), "event": change.event, "actor": change.actor, "note": change.note}
    history = [
        {
            "on": event["happened_on"].isoformat(), "event": event["kind"], "actor": event["actor"],
            "note": event["reason"] or "", "before": event["before"], "after": event["after"],
        }
        for event in desk.history(change.alert)
    ]  # fmt: skip
    found: dict[str, Any] = {"history": history or [now]}
    by = {"by": change.actor, "on": desk.as_of.isoformat(), "note": change.note}
    match kind:
        case "escalated":
            form = "supervision" if change.detail["role"] in ("leader", "supervision") else "urge"
            found["escalation"] = change.detail | {"form": form}
        case "closed":
            found["closing"] = by | {"outcome": change.alert.outcome, "why": change.detail.get("dismissal")}
        case "assessment":
            found["assessment"] = by
    return found


def _content(recipient: Recipient, changes: Sequence[Change], desk: Desk) -> dict[str, Any]:
    return {
        "name": recipient.name, "as_of": desk.as_of.isoformat(), "items": [_item(change, desk) for change in changes],
        "context": desk.context,
        "counts": {level: sum(1 for c in changes if c.alert.level == level) for level in reversed(LEVELS)},
    }  # fmt: skip


def _item(change: Change, desk: Desk) -> dict[str, Any]:
    """Everything about one warning."""
    alert = change.alert
    return {**alert.finding, "event": change.event, "before": change.before} | _standing(alert, desk)


def _short(alert: Alert, desk: Desk) -> dict[str, Any]:
    """One warning as a line of a list: everything but the evidence."""
    finding = {name: value for name, value in alert.finding.items() if name not in ("evidence", "action", "missing")}
    days = {"days_open": (desk.as_of - alert.opened_on).days}
    return finding | _standing(alert, desk) | days


def _standing(alert: Alert, desk: Desk) -> dict[str, Any]:
    asked = answer_by(alert, desk.as_of, desk.handling, desk.calendar)
    due = alert.finding.get("due")
    number = f"{desk.document_word}〔{desk.as_of.year}〕{alert.id}-{alert.documents}号" if alert.documents else ""
    return {
        "number": alert.number, "alert_id": alert.id, "level": alert.level, "rule": alert.rule, "state": alert.state,
        "opened_on": alert.opened_on.isoformat(), "document": number, "sequence": alert.documents,
        "step": asked.step if asked else None, "answer_by": asked.by.isoformat() if asked else None,
        "days_late": (desk.as_of - date.fromisoformat(due)).days if due else alert.finding.get("days_late"),
    }  # fmt: skip


def _by_contract(standing: Iterable[Alert]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in sorted(standing, key=_gravest_first):
        if alert.contract_id is not None and alert.active:
            found.setdefault(alert.contract_id, []).append(alert)
    return found


def _identity(recipient: Recipient, kind: str, changes: Sequence[Change], desk: Desk) -> str:
    """The same letter has the same key: what is told, at which step of each case, to whom."""
    told = [(change.alert.id, change.event, change.alert.level, change.alert.documents) for change in changes]
    return _key([recipient.where, recipient.lang, kind, desk.as_of.isoformat(), told])


def _to(
    recipient: Recipient, kind: str, key: str, content: dict[str, Any], at: datetime, *, not_before: datetime | None = None
) -> Letter:  # fmt: skip
    return Letter(
        key=key, kind=kind, recipient=recipient.where, lang=recipient.lang, content=content, created_at=at,
        channel=recipient.via, not_before=not_before,
    )  # fmt: skip


def _key(identity: object) -> str:
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _urgency(change: Change) -> tuple[int, int, str]:
    return _gravest_first(change.alert)


def _gravest_first(alert: Alert) -> tuple[int, int, str]:
    """Worst level first, then the longest overdue."""
    days = alert.finding.get("days_late")
    return (-LEVELS.index(alert.level), -(days if isinstance(days, int) else -10_000), alert.number)
