"""Short lists for people and programs: runs, models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitor.learning.score import Silence, Speaker
from monitor.reports.render import to_json
from monitor.store import Store, runs, slots
from monitor.store.models import Model
from monitor.store.slots import Turn


def show_runs(console: Console, store: Store, *, limit: int, as_json: bool) -> None:
    """The newest rows of the ledger."""
    with store.reading() as db:
        rows = runs.recent(db, limit)
    if not as_json:  # `runs show` has it all
        rows = [row | {"counts": {n: v for n, v in row["counts"].items() if n != "figures"}} for row in rows]
    show(console, rows, ("id", "kind", "source", "state", "started_at", "as_of", "counts", "message"), as_json)


def show_jobs(console: Console, jobs: Sequence[tuple[str, datetime]], store: Store, *, as_json: bool) -> None:
    """Every job of the service: its last turn, what came of it, and when the next is due. `jobs` are names with that instant."""
    with store.reading() as db:
        last = {turn.job: turn for turn in slots.latest(db)}
    rows = []
    for name, due in jobs:
        turn = last.get(name)
        told = {one: getattr(turn, one) for one in Turn.__slots__ if one != "job"} if turn else {}
        rows.append({"job": name, "slot": told.pop("key", None)} | told | {"next": due})
    show(console, rows, ("job", "slot", "state", "began_at", "attempts", "missed", "message", "next"), as_json)


def show_years(console: Console, store: Store, *, as_json: bool) -> None:
    """What was done in each year."""
    with store.reading() as db:
        rows = runs.by_year(db)
    show(console, rows, ("year", "reviews", "filings", "warnings", "assessments", "scans", "judgements"), as_json)


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
