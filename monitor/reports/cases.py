"""Warnings as people work them: the list, one case with everything that happened, the way it would go, the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitor import alerts
from monitor.alerts import HandlingSettings
from monitor.alerts.acts import possible
from monitor.domain.warning import LEVELS, Alert
from monitor.domain.words import fact_value, word
from monitor.domain.workdays import WorkCalendar
from monitor.notify.composing import Stop
from monitor.reports.lists import show
from monitor.reports.render import to_json
from monitor.reports.terminal import level_text
from monitor.rulebook.wording import days_text
from monitor.store import Store, outbox, runs, warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is narrowed to; None means any."""

    level: str | None = None
    state: str | None = None
    unit: str | None = None

    def has(self, alert: Alert) -> bool:
        """Whether a warning belongs into the list."""
        grave = self.level is None or LEVELS.index(alert.level) >= LEVELS.index(self.level)
        return grave and self.state in (None, alert.state) and (self.unit or "") in (alert.unit or "")


def show_alerts(
    console: Console, store: Store, handling: HandlingSettings, calendar: WorkCalendar, *, include_closed: bool,
    wanted: Wanted, as_json: bool, lang: str,
) -> None:  # fmt: skip
    """Warnings, newest change first."""
    with store.reading() as db:
        found = [alert for alert in warnings.listed(db, include_closed=include_closed) if wanted.has(alert)]
        today = runs.last_scan_day(db)
    if as_json:
        print(to_json([_plain(alert, handling, calendar) for alert in found]), end="")
        return
    table = Table()
    for name in ("number", "level", "state", "rule", "what", "due", "days", "asked_by"):
        table.add_column(word(name, lang), no_wrap=name in ("number", "level", "rule", "due", "asked_by"))
    for alert in found:
        asked = alerts.deadline(alert, handling, calendar)
        table.add_row(
            alert.number, level_text(alert.level, lang), _state(alert, lang), alert.rule, escape(_what(alert, lang)),
            alert.finding["due"] or "", _days(alert.finding["due"], today, lang), asked.by.isoformat() if asked else "",
        )  # fmt: skip
    console.print(table)


def show_alert(
    console: Console, store: Store, number: str, handling: HandlingSettings, calendar: WorkCalendar, *, as_json: bool,
    lang: str,
) -> None:  # fmt: skip
    """One case: what it says, what is asked by when, what may be done with it, everything that happened."""
    with store.reading() as db:
        alert = warnings.numbered(db, number)
        events = warnings.history(db, alert.id or 0)
        before = warnings.by_id(db, [alert.previous]) if alert.previous else {}
    if as_json:
        told = _plain(alert, handling, calendar) | {"possible": possible(alert), "history": events}
        print(to_json(told), end="")
        return
    finding, asked = alert.finding, alerts.deadline(alert, handling, calendar)
    lines = [
        ("number", alert.number), ("level", level_text(alert.level, lang)), ("state", _state(alert, lang)),
        ("rule", f"{alert.rule} {finding['rule_title'][lang]}"), ("what", _what(alert, lang)),
        ("says", finding["says"][lang]), ("law", finding["cite"]), ("action", finding["action"][lang]),
        ("unit", alert.unit), ("assignee", alert.assignee), ("suspended_until", alert.until),
        ("asked", f"{word(f'asked.{asked.step}', lang)} {asked.by}" if asked else None),
        ("outcome", alert.outcome and word(f"outcome.{alert.outcome}", lang)),
        ("previous", before[alert.previous].number if alert.previous else None),
        ("possible", ", ".join(possible(alert))),
    ]  # fmt: skip
    grid = Table.grid(padding=(0, 2))
    for name, value in lines:
        if value is not None:
            grid.add_row(word(name, lang), escape(str(value)) if name != "level" else str(value))
    console.print(grid)
    table = Table()
    for name in ("when", "event", "by", "note"):
        table.add_column(word(name, lang))
    for event in events:
        table.add_row(
            str(event["happened_on"]), _event(event, lang), escape(event["actor"]), escape(_note(event, lang))
        )
    console.print(table)


def show_moved(moved: Sequence[Alert], *, as_json: bool, lang: str) -> None:
    """What became of warnings that somebody moved."""
    if as_json:
        print(to_json([asdict(alert) | {"number": alert.number} for alert in moved]), end="")
        return
    for alert in moved:
        print(f"{alert.number} {word(alert.state, lang)}")


def show_route(console: Console, stops: Sequence[Stop], *, as_json: bool, lang: str) -> None:
    """Who is told, and when."""
    if as_json:
        told = [{"on": one.on, "step": one.step, "told": [to.where for to in one.recipients]} for one in stops]
        print(to_json(told), end="")
        return
    table = Table()
    for name in ("when", "step", "told"):
        table.add_column(word(name, lang))
    for stop in stops:
        told_to = "\n".join(recipient.where for recipient in stop.recipients) or word("nobody", lang)
        table.add_row(str(stop.on), word(stop.step, lang), escape(told_to))
    console.print(table)


def show_silences(console: Console, store: Store, *, as_json: bool) -> None:
    """Silences, oldest first."""
    with store.reading() as db:
        rows = [asdict(one) for one in warnings.silences(db)]
    show(
        console,
        rows,
        ("id", "rule", "unit", "contract_id", "from_on", "until", "ended_on", "author", "reason"),
        as_json,
    )


def show_outbox(console: Console, store: Store, *, states: Sequence[str], limit: int, as_json: bool) -> None:
    """Letters, newest first."""
    with store.reading() as db:
        rows = outbox.listed(db, states=states, limit=limit)
    if not as_json:
        rows = [row | {"key": row["key"][:12]} for row in rows]
    show(
        console, rows, ("key", "kind", "recipient", "state", "attempts", "created_at", "next_try_at", "reply"), as_json
    )


def _plain(alert: Alert, handling: HandlingSettings, calendar: WorkCalendar) -> dict[str, Any]:
    asked = alerts.deadline(alert, handling, calendar)
    return asdict(alert) | {
        "number": alert.number, "asked": asked.step if asked else None, "asked_by": asked.by if asked else None,
    }  # fmt: skip


def _state(alert: Alert, lang: str) -> str:
    """The state; that the condition is gone is said beside it."""
    state = word(alert.state, lang)
    if alert.cleared_on is None or alert.closed_on is not None:
        return state
    return word("cleared", lang) if alert.state == "open" else f"{state} ({word('cleared', lang)})"


def _what(alert: Alert, lang: str) -> str:
    title = fact_value(f"{alert.subject}.title", alert.finding["subject_title"], lang)
    return " · ".join(dict.fromkeys([alert.finding.get("contract_title") or title, title]))


def _event(event: dict[str, Any], lang: str) -> str:
    told = word(f"event.{event['kind']}", lang)
    if event["kind"] in ("raised", "lowered") and event["before"] and event["after"]:
        return f"{told} {word(event['before'], lang)} → {word(event['after'], lang)}"
    if event["kind"] == "escalated":
        return f"{told} {event['detail']['step']}/{event['detail']['steps']} {word(event['detail']['role'], lang)}"
    return told


def _note(event: dict[str, Any], lang: str) -> str:
    """The reason, and what else was said: to whom, until when, what it came to, why it was kept quiet."""
    detail = event["detail"]
    said = [word(f"{name}.{detail[name]}", lang) for name in ("outcome", "dismissal") if name in detail]
    said += [f"→ {detail[name]}" for name in ("to", "until") if name in detail]
    said += [f"({word('kept_quiet', lang)}: {detail['muted']})"] if "muted" in detail else []
    return " ".join(filter(None, (*said, event["reason"])))


def _days(due: str | None, today: date | None, lang: str) -> str:
    """How late on the day of the last scan: the stored finding is of the day its level last changed."""
    return days_text((today - date.fromisoformat(due)).days, lang) if due and today else ""
