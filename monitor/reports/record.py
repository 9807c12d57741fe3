"""The track record of those who promise: what each unit, or each party, kept in time of what was due. Two questions ask it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from monitor.domain.warning import LEVELS
from monitor.reports import chart
from monitor.reports.asked import Asked, document, named
from monitor.reports.document import Cell, Column, Document, Drawing, Figure, Kind, Row, Section, Table, columns
from monitor.reports.kept import FATES, SIDES, fates, moves, of_contract, promises
from monitor.reports.page import PARTS, Wording, month_slots

YEAR = 365
"""Days that a track record looks back, where no first day is given."""

DRAWN, MONTHS_DRAWN, MONTHS_IN_GRID = 20, 36, 12
"""What fits into a picture: names; months as columns, months as cells of a grid. The tables have every name and month."""

BROKEN = ("late", "missed")
_PARTS = {"missed": "overdue", "late": "late", "in_time": "on_time"}
"""The part of the picture of the portfolio that each fate looks like, from the foot."""


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
        *_over_time(asked, by, own),
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


def _over_time(asked: Asked, by: str, own: Sequence[Mapping[str, Any]]) -> list[Section]:
    """What became of what was due in each month, of all and of each name; nothing where nothing was due."""
    if not own:
        return []
    months = _months(own[0]["due_on"], own[-1]["due_on"])
    by_month = of_month(own)
    rows: list[Row] = [{"month": month, **fates(by_month.get(month, ()))} for month in months]
    numbers: dict[str, Kind] = {**dict.fromkeys(FATES, "number"), "share": "share"}
    table = Table(
        key="months", title=asked.say("record.months"), columns=columns(asked.lang, month="text", **numbers), rows=rows
    )
    return [
        Section(
            key="months", heading=asked.say("record.months"), drawings=(_columns(asked, rows[-MONTHS_DRAWN:]),), tables=(table,)
        ),
        _grid(asked, by, own, months[-MONTHS_IN_GRID:]),
    ]  # fmt: skip


def _columns(asked: Asked, rows: Sequence[Row]) -> Drawing:
    wording, counts = Wording(asked.lang), {name: [int(str(row[name])) for row in rows] for name in _PARTS}
    months = [str(row["month"]) for row in rows]
    series = [
        chart.Series(
            key=part, label=asked.say(f"record.part.{name}"), colour=PARTS[part][0], texture=PARTS[part][1],
            values=counts[name],
        )
        for name, part in _PARTS.items()
    ]  # fmt: skip
    caption = asked.say(
        "record.months_caption", first=wording.month(months[0]), last=wording.month(months[-1]),
        **{name: f"{sum(values):,}" for name, values in counts.items()},
    )  # fmt: skip
    title = asked.say("record.months")
    picture = chart.Picture(id="record-months", title=title, description=caption)
    return Drawing(title=title, caption=caption, svg=chart.columns(picture, series, slots=month_slots(months, wording)))


def _grid(asked: Asked, by: str, own: Sequence[Mapping[str, Any]], months: Sequence[str]) -> Section:
    """Name by month: how many promises due then were broken. Empty where none was due, 0 where all that were due were kept."""
    wording, title = Wording(asked.lang), asked.say(f"record.grid_{by}")
    lines: list[tuple[int, str, list[int | None]]] = []
    for name, some in of_contract(own, by).items():
        due = of_month(some)
        values = [sum(row["fate"] in BROKEN for row in due[month]) if month in due else None for month in months]
        lines.append((sum(filter(None, values)), name or asked.say(f"answer.no_{by}"), values))
    lines = sorted(
        (line for line in lines if any(value is not None for value in line[2])), key=lambda line: (-line[0], line[1])
    )
    rows: list[Row] = [
        {by: name} | {month: value for month, value in zip(months, values, strict=True) if value is not None}
        for _, name, values in lines
    ]  # fmt: skip
    kinds = tuple(Column(key=month, title=wording.month(month), kind="number") for month in months)
    head = columns(asked.lang, unit="text") if by == "unit" else columns(asked.lang, party="text")
    caption = asked.say(
        "record.grid_caption",
        shown=min(DRAWN, len(lines)),
        all=len(lines),
        broken=f"{sum(line[0] for line in lines):,}",
    )
    drawing = Drawing(
        title=title, caption=caption,
        svg=chart.grid(
            chart.Picture(id="record-grid", title=title, description=caption), [line[2] for line in lines[:DRAWN]],
            rows=[chart.Slot(name=name, label=name) for _, name, _ in lines[:DRAWN]], slots=month_slots(months, wording),
            label=asked.say("record.grid_label"),
        ),
    )  # fmt: skip
    table = Table(key="grid", title=title, columns=(*head, *kinds), rows=rows)
    return Section(key="grid", heading=title, drawings=(drawing,), tables=(table,))


def of_month(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Promises by the month they were due in, as `2026-01`."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(f"{row['due_on']:%Y-%m}", []).append(row)
    return found


def _months(first: date, last: date) -> list[str]:
    """Every month from one day's to another's."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{number // 12}-{number % 12 + 1:02}" for number in numbers]


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
