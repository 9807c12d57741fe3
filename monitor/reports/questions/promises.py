"""Investment promises of the government (招商引资): kept, due, overdue; what the investor promised in turn beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from monitor.reports.asked import Asked, document, named
from monitor.reports.document import Cell, Document, Figure, Row, Section, Table, coded, columns, head, ratio
from monitor.reports.kept import SIDES, of_contract

NARROWED_BY = frozenset(("unit", "party", "amount"))

INVESTMENT = "ZSYZ"
SOON_DAYS = 90
"""Days ahead of which promises are listed as soon due."""

STANDINGS = ("kept", "kept_late", "overdue_now", "soon", "later", "no_due_day", "not_owed", "not_known")
"""What a promise may be on a day; each is in one of them."""


def report(asked: Asked) -> Document:
    """The answer. Share kept (兑现率): kept, in time or late, of those kept or overdue; its own day counts for no share."""
    found = [row | {"standing": standing(row, asked)} for row in asked.rows(_INVESTMENT, INVESTMENT)]
    own = [row for row in found if row["side"] == "government"]
    blind = asked.rows("select count(*) as n from asked where kind is null")[0]["n"]
    counts = _counts(own)
    summary = asked.say(
        "promises.summary", as_of=asked.day(asked.as_of), contracts=f"{len({row['contract_id'] for row in found}):,}",
        n=f"{len(own):,}", kept=f"{counts['kept'] + counts['kept_late']:,}", overdue=f"{counts['overdue_now']:,}",
        soon=f"{counts['soon']:,}",
    )  # fmt: skip
    sections = [
        Section(
            key=side, heading=asked.say(f"promises.{side}"), figures=_figures(asked, some),
            tables=(_by_kind(asked, some, side), _by_unit(asked, some, side)),
            notes=(asked.say("promises.note"),),
        )
        for side in SIDES if (some := [row for row in found if row["side"] == side])
    ]  # fmt: skip
    notes = (asked.say("promises.blind", n=f"{blind:,}"),) if blind else ()
    sections.append(Section(key="list", heading=asked.say("promises.list"), tables=(_list(asked, own),), notes=notes))
    return document(asked, "promises", summary=summary, sections=sections, main="open")


def standing(row: Mapping[str, Any], asked: Asked) -> str:
    """What a promise is on the day: one of STANDINGS."""
    due, done = row["due_on"], row["done_on"]
    if done is not None:
        return "kept" if due is None or done <= due else "kept_late"
    if row["status"] == "met":
        return "not_known"
    if row["status"] == "waived" or row["conditions_met"] is False:
        return "not_owed"
    if due is None:
        return "no_due_day"
    if due < asked.as_of:
        return "overdue_now"
    return "soon" if due <= asked.as_of + timedelta(days=SOON_DAYS) else "later"


_INVESTMENT = """
select
    o.id, o.contract_id, a.number, a.contract, a.unit, a.party, o.side, o.kind, o.title, o.due_on, o.done_on, o.status,
    o.conditions_met
from fact_obligation o join asked a on a.id = o.contract_id
where a.kind = $1 order by o.due_on nulls last, o.id
"""


def _counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {name: sum(row["standing"] == name for row in rows) for name in STANDINGS}


def _cells(rows: Sequence[Mapping[str, Any]]) -> dict[str, Cell]:
    counts = _counts(rows)
    kept = counts["kept"] + counts["kept_late"]
    whole = kept + counts["overdue_now"]
    return {"promises": len(rows), **counts} | ({"share": ratio(kept, whole)} if whole else {})


def _figures(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> tuple[Figure, ...]:
    cells = _cells(rows)
    names = ("promises", "kept", "kept_late", "overdue_now", "soon")
    figures = [Figure(key=name, title=head(f"col.{name}", asked.lang), value=cells[name]) for name in names]
    if "share" in cells:
        figures.append(Figure(key="share", title=asked.say("promises.share"), value=cells["share"], kind="share"))
    return tuple(figures)


def _by_kind(asked: Asked, rows: Sequence[dict[str, Any]], side: str) -> Table:
    told: list[Row] = [
        {"promise": coded("obligation.kind", kind, asked.lang) if kind else None} | _cells(some)
        for kind, some in of_contract(rows, "kind").items()
    ]
    kinds = columns(asked.lang, promise="text", promises="number", **_standings(), share="share")
    return Table(key=f"{side}_kinds", title=asked.say("promises.by_kind"), columns=kinds, rows=told, total=_cells(rows))


def _by_unit(asked: Asked, rows: Sequence[dict[str, Any]], side: str) -> Table:
    told: list[Row] = [
        {"unit": unit or asked.say("answer.no_unit")} | _cells(some) for unit, some in of_contract(rows, "unit").items()
    ]
    kinds = columns(asked.lang, unit="text", promises="number", **_standings(), share="share")
    return Table(key=f"{side}_units", title=asked.say("promises.by_unit"), columns=kinds, rows=told, total=_cells(rows))


def _standings() -> Any:
    return dict.fromkeys(STANDINGS, "number")


def _list(asked: Asked, own: Sequence[Mapping[str, Any]]) -> Table:
    rows: list[Row] = [
        named(row, asked)
        | {
            "title": row["title"], "standing": asked.say(f"col.{row['standing']}"), "due": row["due_on"],
            "days_late": (asked.as_of - row["due_on"]).days,
        }
        for row in own if row["standing"] in ("overdue_now", "soon")
    ]  # fmt: skip
    kinds = columns(
        asked.lang, unit="text", number="text", contract="text", party="text", title="text", standing="text", due="day",
        days_late="number",
    )  # fmt: skip
    return Table(key="open", title=asked.say("promises.list"), columns=kinds, rows=rows)
