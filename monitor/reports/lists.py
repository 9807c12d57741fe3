"""Short lists for people and programs: sources, quarantine, runs, models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitor.learning.score import Silence, Speaker
from monitor.reports.render import to_json
from monitor.sources import Source
from monitor.store import Store, runs, versions
from monitor.store.models import Model


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
    show(
        console,
        rows,
        ("source", "kind", "complete", "editions", "last_edition_on", "last_change_on", "rows", "quarantined"),
        as_json,
    )


def show_quarantine(console: Console, store: Store, source: str | None, *, as_json: bool) -> None:
    """Cells that kept their rows out of each source's newest edition."""
    with store.reading() as db:
        rows = versions.quarantined(db, source)
    show(console, rows, ("source", "noun", "row", "field", "value", "reason"), as_json)


def show_runs(console: Console, store: Store, *, limit: int, as_json: bool) -> None:
    """The newest rows of the ledger."""
    with store.reading() as db:
        rows = runs.recent(db, limit)
    show(console, rows, ("id", "kind", "source", "state", "started_at", "as_of", "counts", "message"), as_json)


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
    show(console, recipes, ("recipe", "question", "speaks", "why"), as_json)
    if rows:
        show(console, rows, ("model", "recipe", "as_of", "trained_at", "verdict", "closed", "speaks"), as_json)


def show(console: Console, rows: list[dict[str, Any]], names: Sequence[str], as_json: bool) -> None:
    """Rows as a table of some columns, or as JSON with all of them."""
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
