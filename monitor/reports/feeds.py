"""What is known of the sources themselves: how they stand, what they refuse, how full their fields are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from monitor.reports.lists import show
from monitor.reports.render import to_json
from monitor.sources import Source
from monitor.sources.coverage import Fields, Preview
from monitor.store import Store, held, runs, versions

COLUMNS = (
    "source", "kind", "complete", "editions", "last_edition_on", "last_change_on", "rows", "quarantined", "last_pull",
    "fields_changed",
)  # fmt: skip


def show_sources(console: Console, sources: Sequence[Source], store: Store, *, at: datetime, as_json: bool) -> None:
    """Every configured source, what is known of it, and what came of its last pull; `waiting`: a person must look."""
    zone = at.tzinfo or UTC
    rows = []
    with store.reading() as db:
        seen = {row["source"]: row for row in versions.sources_seen(db, at, zone)}
        for source in sources:
            pulled, note = runs.last_of(db, source.name), runs.last_note(db, source.name)
            waits = held.waiting(db, source.name) is not None
            told = {name: value for name, value in seen.get(source.name, {}).items() if name != "source"}
            rows.append(
                {"source": source.name, "kind": source.kind, "complete": source.complete, **told,
                 "last_pull": "waiting" if waits else pulled["state"] if pulled else None,
                 "message": pulled["message"] if pulled else None,
                 "fields_changed": f"{note['started_at'].astimezone(zone):%Y-%m-%d}: {note['message']}" if note else None}
            )  # fmt: skip
    show(console, rows, COLUMNS, as_json)


def show_quarantine(console: Console, store: Store, source: str | None, *, as_json: bool) -> None:
    """Cells that kept their rows out of each source's newest edition."""
    with store.reading() as db:
        rows = versions.quarantined(db, source)
    show(console, rows, ("source", "noun", "row", "field", "value", "reason"), as_json)


def show_coverage(console: Console, store: Store, source: str, *, as_json: bool) -> None:
    """Share of the newest edition's rows that have a value, per cent, and the same of the edition before."""
    with store.reading() as db:
        newest, before = [*versions.coverage(db, source), {}, {}][:2]
    show(console, _shares(newest, before), ("field", "percent", "before", "rows"), as_json)


def show_preview(console: Console, found: Preview, *, as_json: bool) -> None:
    """What a pull would bring now."""
    refused = [
        {name: getattr(refusal, name) for name in ("noun", "row", "field", "value", "reason")} for refusal in found.refused
    ]  # fmt: skip
    shares = _shares(found.fields, {})
    if as_json:
        told = {
            "rows": found.rows,
            "refused": refused,
            "fields": shares,
            "gone": found.drift.gone,
            "new": found.drift.new,
        }
        print(to_json(told | {"would_wait": found.loss}), end="")
        return
    show(console, [{"noun": noun, "rows": rows} for noun, rows in found.rows.items()], ("noun", "rows"), as_json)
    if refused:
        show(console, refused, ("noun", "row", "field", "value", "reason"), as_json)
    show(console, shares, ("field", "percent", "rows"), as_json)
    for word, names in (("no longer sent", found.drift.gone), ("new", found.drift.new)):
        if names:
            console.print(f"{word}: {', '.join(names)}", markup=False, soft_wrap=True)
    if found.loss:
        console.print(f"would wait for a person: {found.loss}", markup=False, soft_wrap=True)


def _shares(newest: Fields, before: Fields) -> list[dict[str, Any]]:
    return [
        {"field": name, "percent": _percent(newest, name), "before": _percent(before, name) if before else None,
         "rows": newest.get(name, before.get(name, (0, 0)))[1]}
        for name in sorted(newest.keys() | before.keys())
    ]  # fmt: skip


def _percent(found: Mapping[str, tuple[int, int]], name: str) -> float:
    filled, rows = found.get(name, (0, 0))
    return round(100 * filled / rows, 1) if rows else 0.0
