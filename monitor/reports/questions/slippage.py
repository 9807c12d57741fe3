"""Who moves due days, how often and how far: a day that is moved quietly is the earliest sign of a broken promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import Any

from monitor.reports.asked import Asked, document, named
from monitor.reports.document import Cell, Document, Figure, Kind, Row, Section, Table, columns
from monitor.reports.kept import moves, of_contract

NARROWED_BY = frozenset(("unit", "party", "kind", "amount", "first"))


def report(asked: Asked) -> Document:
    """The answer. What was moved before our records begin nobody saw: a clean list of a short record proves little."""
    found = moves(asked, asked.narrowed.first)
    since = asked.rows("select min(recorded_on) as day from history")[0]["day"]
    back = [row for row in found if row["days"] is not None and row["days"] > 0]
    gone = [row for row in found if row["days"] is None]
    summary = asked.say(
        "slippage.summary", as_of=asked.day(asked.as_of), moves=f"{len(found):,}", back=f"{len(back):,}",
        promises=f"{len({(row['noun'], row['id']) for row in found}):,}", gone=f"{len(gone):,}", since=asked.day(since),
    )  # fmt: skip
    figures = [
        Figure(key="moves", title=asked.say("slippage.moves"), value=len(found)),
        Figure(key="back", title=asked.say("slippage.back"), value=len(back)),
        Figure(key="gone", title=asked.say("slippage.gone"), value=len(gone), note=asked.say("slippage.gone_note")),
    ]
    if back:
        figures.append(Figure(key="median_days", title=asked.say("slippage.median"), value=_median(back)))
    dated = asked.rows(_DATED)
    sections = [
        Section(
            key="units", heading=asked.say("slippage.units"), figures=tuple(figures),
            tables=(_grouped(asked, found, "unit", dated),), notes=(asked.say("slippage.note", since=asked.day(since)),),
        ),
        Section(key="parties", heading=asked.say("slippage.parties"), tables=(_grouped(asked, found, "party", dated),)),
        Section(key="list", heading=asked.say("slippage.list"), tables=(_list(asked, found),)),
    ]  # fmt: skip
    return document(asked, "slippage", summary=summary, sections=sections, main="moves")


_DATED = """
select a.unit, a.party from fact_obligation o join asked a on a.id = o.contract_id where o.due_on is not null
"""


def _grouped(asked: Asked, found: Sequence[dict[str, Any]], by: str, dated: Sequence[dict[str, Any]]) -> Table:
    """Moves of each unit or party, most often first, beside how many promises with a day it has at all."""
    every = of_contract(dated, by)
    rows: list[Row] = []
    for name, some in of_contract(found, by).items():
        back = [row for row in some if row["days"] is not None and row["days"] > 0]
        cells: dict[str, Cell] = {
            by: name or asked.say(f"answer.no_{by}"), "dated": len(every.get(name, ())),
            "moved": len({(row["noun"], row["id"]) for row in some}), "moves": len(some), "moved_back": len(back),
        }  # fmt: skip
        if back:
            cells |= {"median_days": _median(back), "most_days": max(row["days"] for row in back)}
        rows.append(cells)
    rows.sort(key=lambda row: (-int(str(row["moves"])), str(row[by])))
    first: dict[str, Kind] = {by: "text"}
    kinds = columns(
        asked.lang, **first, dated="number", moved="number", moves="number", moved_back="number", median_days="number",
        most_days="number",
    )  # fmt: skip
    total: Row = {name: sum(int(str(row[name])) for row in rows) for name in ("moved", "moves", "moved_back")}
    return Table(key=f"by_{by}", title=asked.say(f"slippage.by_{by}"), columns=kinds, rows=rows, total=total)


def _list(asked: Asked, found: Sequence[dict[str, Any]]) -> Table:
    rows: list[Row] = [
        named(row, asked)
        | {
            "title": row["title"] or asked.say("slippage.end"), "side": row["side"] and asked.say(row["side"]),
            "before": row["before"], "seen_on": row["recorded_on"],
        }
        | ({} if row["after"] is None else {"after": row["after"], "moved_days": row["days"]})
        for row in sorted(found, key=lambda row: (-(row["days"] or 0), row["recorded_on"], row["id"]))
    ]  # fmt: skip
    kinds = columns(
        asked.lang, unit="text", number="text", contract="text", party="text", title="text", side="text", before="day",
        after="day", moved_days="number", seen_on="day",
    )  # fmt: skip
    return Table(key="moves", title=asked.say("slippage.list"), columns=kinds, rows=rows)


def _median(back: Sequence[Mapping[str, Any]]) -> Decimal:
    return Decimal(str(median(row["days"] for row in back)))
