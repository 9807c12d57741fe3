"""The track record of those who promise: what each unit, or each party, kept in time of what was due. Two questions ask it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from monitor.domain.warning import LEVELS
from monitor.reports.asked import Asked, document, named
from monitor.reports.document import Cell, Document, Figure, Kind, Row, Section, Table, columns
from monitor.reports.kept import FATES, SIDES, fates, moves, of_contract, promises

YEAR = 365
"""Days that a track record looks back, where no first day is given."""


def record(asked: Asked, by: str, side: str) -> Document:
    """The track record of every `by` (unit or party), sorted by the share that its own `side` kept in time, worst first."""
    first = asked.narrowed.first or date.fromordinal(asked.as_of.toordinal() - YEAR)
    found = promises(asked, first)
    own = [row for row in found if row["side"] == side]
    counted = fates(own)
    summary = asked.say(
        f"{by}.summary", first=asked.day(first), as_of=asked.day(asked.as_of), n=f"{len(own):,}",
        in_time=f"{counted['in_time']:,}", late=f"{counted['late']:,}", missed=f"{counted['missed']:,}",
        not_known=f"{counted['not_known']:,}", not_owed=f"{counted['not_owed']:,}",
    )  # fmt: skip
    figures = tuple(
        Figure(
            key=f"{one}_share", title=asked.say(f"record.{one}"), value=told.get("share"), kind="share",
            note=asked.say("record.of", in_time=f"{told['in_time']:,}", owed=f"{_owed(told):,}"),
        )
        for one in SIDES if _owed(told := fates([row for row in found if row["side"] == one]))
    )  # fmt: skip
    table = _table(asked, by, side, found, first)
    sections = [
        Section(
            key="record", heading=asked.say("record.heading"), figures=figures, tables=(table,),
            notes=(asked.say("record.note"), asked.say("record.warnings_note")),
        ),
        Section(key="broken", heading=asked.say("record.broken"), tables=(_broken(asked, own),)),
    ]  # fmt: skip
    return document(asked, by, summary=summary, sections=sections, main="record")


def _table(asked: Asked, by: str, side: str, found: Sequence[dict[str, Any]], first: date) -> Table:
    mine, shifted = of_contract(found, by), of_contract(moves(asked, first), by)
    warned = _warned(asked, by)
    contracts = {
        row["name"] or "": row["n"] for row in asked.rows(f"select {by} as name, count(*) as n from asked group by 1")
    }
    rows: list[Row] = []
    for name in sorted(contracts):
        some = mine.get(name, [])
        other = fates([row for row in some if row["side"] not in (side, None)])
        cells: dict[str, Cell] = {by: name or asked.say(f"answer.no_{by}"), "contracts": contracts[name]}
        cells |= fates([row for row in some if row["side"] == side])
        cells |= {"others_share": other["share"]} if "share" in other else {}
        cells |= {
            "no_side": sum(row["side"] is None for row in some),
            "moved": len({row["id"] for row in shifted.get(name, ())}),
        }
        rows.append(cells | {level: warned[name, level] for level in reversed(LEVELS)})
    rows.sort(key=lambda row: (str(row.get("share", "9")), -int(str(row["missed"])), str(row[by])))
    numbers: dict[str, Kind] = {**dict.fromkeys(FATES, "number"), "share": "share"}
    levels: dict[str, Kind] = dict.fromkeys(reversed(LEVELS), "number")
    head: dict[str, Kind] = {by: "text"}
    kinds = columns(
        asked.lang,
        **head,
        contracts="number",
        **numbers,
        others_share="share",
        no_side="number",
        moved="number",
        **levels,
    )
    total: dict[str, Cell] = {"contracts": sum(contracts.values())}
    total |= fates([row for row in found if row["side"] == side])
    total |= {name: sum(int(str(row[name])) for row in rows) for name in ("no_side", "moved", *LEVELS)}
    return Table(key="record", title=asked.say(f"record.by_{by}"), columns=kinds, rows=rows, total=total)


def _warned(asked: Asked, by: str) -> Counter[tuple[str, str]]:
    """How many rules fire on the contracts of each, by level."""
    names = {row["id"]: row["name"] or "" for row in asked.rows(f"select id, {by} as name from asked")}
    return Counter((names[hit.contract_id], hit.outcome) for hit in asked.judgement.hits() if hit.contract_id in names)


def _broken(asked: Asked, own: Sequence[Mapping[str, Any]]) -> Table:
    """Promises not met, or met late, the longest first."""
    rows: list[Row] = []
    for row in own:
        if row["fate"] in ("late", "missed"):
            done: date | None = row["done_on"]
            cells = named(row, asked) | {
                "title": row["title"],
                "due": row["due_on"],
                "days_late": ((done or asked.as_of) - row["due_on"]).days,
            }
            rows.append(cells | ({"done": done} if done else {}))
    rows.sort(key=lambda row: (-int(str(row["days_late"])), str(row["number"]), str(row["title"])))
    kinds = columns(
        asked.lang, unit="text", party="text", number="text", contract="text", title="text", due="day", done="day",
        days_late="number",
    )  # fmt: skip
    return Table(key="broken", title=asked.say("record.broken"), columns=kinds, rows=rows)


def _owed(counted: Mapping[str, Cell]) -> int:
    return sum(int(str(counted[name])) for name in ("in_time", "late", "missed"))
