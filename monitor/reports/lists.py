"""Short lists for people and programs: warnings, sources, quarantine, runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitor.domain.words import fact_value, word
from monitor.learning.score import Silence, Speaker
from monitor.reports.render import to_json
from monitor.reports.terminal import level_text
from monitor.rulebook.wording import days_text
from monitor.sources import Source
from monitor.store import Store, runs, versions, warnings
from monitor.store.models import Model


def show_alerts(console: Console, store: Store, *, include_closed: bool, as_json: bool, lang: str) -> None:
    """Warnings, newest change first."""
    with store.reading() as db:
        found = warnings.listed(db, include_closed=include_closed)
        today = runs.last_scan_day(db)
    if as_json:
        print(to_json([asdict(alert) | {"number": alert.number} for alert in found]), end="")
        return
    table = Table()
    for name in ("number", "level", "state", "rule", "what", "due", "days", "since"):
        table.add_column(word(name, lang), no_wrap=name in ("number", "level", "rule", "due"))
    for alert in found:
        content = alert.finding
        state = word("cleared" if alert.cleared_on and not alert.closed_on else alert.state, lang)
        title = fact_value(f"{alert.subject}.title", content["subject_title"], lang)
        what = " · ".join(dict.fromkeys([content.get("contract_title") or title, title]))
        table.add_row(
            alert.number, level_text(alert.level, lang), state, alert.rule, escape(what), content["due"] or "",
            _days(content["due"], today, lang), str(alert.level_since),
        )  # fmt: skip
    console.print(table)


def show_sources(console: Console, sources: Sequence[Source], store: Store, *, at: datetime, as_json: bool) -> None:
    """Every configured source and what is known of it."""
    with store.reading() as db:
        seen = {row["source"]: row for row in versions.sources_seen(db, at, at.tzinfo or UTC)}
    rows = [
        {
            "source": s.name,
            "kind": s.kind,
            "complete": s.complete,
            **{k: v for k, v in seen.get(s.name, {}).items() if k != "source"},
        }
        for s in sources
    ]
    _show(
        console,
        rows,
        ("source", "kind", "complete", "editions", "last_edition_on", "last_change_on", "rows", "quarantined"),
        as_json,
    )


def show_quarantine(console: Console, store: Store, source: str | None, *, as_json: bool) -> None:
    """Cells that kept their rows out of each source's newest edition."""
    with store.reading() as db:
        rows = versions.quarantined(db, source)
    _show(console, rows, ("source", "noun", "row", "field", "value", "reason"), as_json)


def show_runs(console: Console, store: Store, *, limit: int, as_json: bool) -> None:
    """The newest rows of the ledger."""
    with store.reading() as db:
        rows = runs.recent(db, limit)
    _show(console, rows, ("id", "kind", "source", "state", "started_at", "as_of", "counts", "message"), as_json)


def show_models(
    console: Console, speakers: Sequence[Speaker], silent: Sequence[Silence], trained: Sequence[Model], *, lang: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Every recipe with who speaks for it or why nobody does, then every model that was trained, newest first."""
    spoken = {speaker.asked.recipe.id: speaker for speaker in speakers}
    asked = [(speaker.asked.recipe, speaker.by, "") for speaker in speakers]
    asked += [(silence.recipe, "", " ".join(silence.why[lang])) for silence in silent]
    recipes = [
        {"recipe": recipe.id, "question": recipe.question.in_language(lang), "speaks": by, "why": why}
        for recipe, by, why in sorted(asked, key=lambda one: one[0].id)
    ]
    rows = [
        {"model": m.id, "recipe": m.recipe, "as_of": m.as_of, "trained_at": m.trained_at, "verdict": m.verdict,
         "closed": m.card["counts"]["subjects"], "sha256": m.sha256,
         "speaks": m.recipe in spoken and spoken[m.recipe].number == m.id}
        for m in trained
    ]  # fmt: skip
    if as_json:
        print(to_json({"recipes": recipes, "models": rows}), end="")
        return
    _show(console, recipes, ("recipe", "question", "speaks", "why"), as_json)
    if rows:
        _show(console, rows, ("model", "recipe", "as_of", "trained_at", "verdict", "closed", "speaks"), as_json)


def _show(console: Console, rows: list[dict[str, Any]], names: Sequence[str], as_json: bool) -> None:
    if as_json:
        print(to_json(rows), end="")
        return
    table = Table()
    for name in names:
        table.add_column(name)
    for row in rows:
        table.add_row(*("" if row.get(name) is None else escape(_text(row[name])) for name in names))
    console.print(table)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dict):
        return ", ".join(f"{number} {name}" for name, number in value.items() if number)
    return str(value)


def _days(due: str | None, today: date | None, lang: str) -> str:
    """How late on the day of the last scan: the stored finding is of the day its level last changed."""
    return days_text((today - date.fromisoformat(due)).days, lang) if due and today else ""
