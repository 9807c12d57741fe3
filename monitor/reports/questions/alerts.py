"""The ledger of warnings: raised, taken up, assessed, settled, by rule and unit, and each one by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from monitor.domain.warning import LEVELS
from monitor.reports.asked import Asked, document, warnings_hash
from monitor.reports.document import Cell, Document, Figure, Kind, Row, Section, Table, columns, head, ratio
from monitor.reports.lives import Told, lives, rule_named

NARROWED_BY = frozenset(("unit", "party", "kind", "amount", "rule", "level", "first"))


def report(asked: Asked) -> Document:
    """The answer: warnings opened in the period, by what had happened to them by the day."""
    first = asked.narrowed.first or date(asked.as_of.year, 1, 1)
    every = lives(asked)
    found = [one for one in every if one.opened_on >= first]
    older = [one for one in every if one.opened_on < first and one.open]
    counted = counts(found)
    summary = asked.say(
        "alerts.summary", first=asked.day(first), as_of=asked.day(asked.as_of), raised=f"{len(found):,}",
        settled=f"{counted['settled']:,}", dismissed=f"{counted['dismissed']:,}", open=f"{counted['open']:,}",
        older=f"{len(older):,}",
    )  # fmt: skip
    sections = [
        Section(
            key="rules", heading=asked.say("alerts.rules"), figures=_figures(asked, found),
            tables=(_grouped(asked, found, "rule"),), notes=(asked.say("alerts.note" if every else "alerts.nothing"),),
        ),
        Section(key="units", heading=asked.say("alerts.units"), tables=(_grouped(asked, found, "unit"),)),
        Section(key="list", heading=asked.say("alerts.list"), tables=(_list(asked, [*found, *older]),)),
    ]  # fmt: skip
    inputs = {"warnings": warnings_hash(asked.cases())}
    return document(asked, "alerts", summary=summary, sections=sections, main="alerts", inputs=inputs)


def counts(found: Sequence[Told]) -> dict[str, int]:
    """How many were raised, by their worst level, and how they stand; `settled` is closed by a person or the program."""
    told = {"raised": len(found), **{level: sum(one.peak == level for one in found) for level in reversed(LEVELS)}}
    told |= {
        "acknowledged": sum(one.acknowledged_on is not None for one in found),
        "assessments": sum(one.assessed_on is not None for one in found),
        "settled": sum(one.state == "closed" for one in found), "dismissed": sum(one.state == "dismissed" for one in found),
        "open": sum(one.open for one in found),
    }  # fmt: skip
    return told


def _figures(asked: Asked, found: Sequence[Told]) -> tuple[Figure, ...]:
    counted = counts(found)
    figures = [
        Figure(key=name, title=head(f"col.{name}", asked.lang), value=counted[name]) for name in ("raised", "open")
    ]
    if found:
        kept = len(found) - counted["dismissed"]
        figures += [
            Figure(
                key="settled_share",
                title=asked.say("alerts.settled_share"),
                value=ratio(counted["settled"], len(found)),
                kind="share",
            ),
            Figure(
                key="right_share", title=asked.say("alerts.right_share"), value=ratio(kept, len(found)), kind="share"
            ),
        ]
    return tuple(figures)


def _grouped(asked: Asked, found: Sequence[Told], by: str) -> Table:
    """Figures of each rule or unit, most warnings first."""
    names = sorted({one.rule if by == "rule" else one.unit for one in found})
    rows: list[Row] = []
    for name in names:
        some = [one for one in found if name == (one.rule if by == "rule" else one.unit)]
        counted = counts(some)
        cells: dict[str, Cell] = {by: rule_named(asked, name) if by == "rule" else name or asked.say("answer.no_unit")}
        rows.append(cells | counted | {"share": ratio(counted["settled"], len(some))})
    rows.sort(key=lambda row: (-int(str(row["raised"])), str(row[by])))
    first: dict[str, Kind] = {by: "text"}
    numbers: dict[str, Kind] = dict.fromkeys(counts(()), "number")
    total: Row = {**counts(found)} | ({"share": ratio(counts(found)["settled"], len(found))} if found else {})
    kinds = columns(asked.lang, **first, **numbers, share="share")
    return Table(key=f"by_{by}", title=asked.say(f"alerts.{by}s"), columns=kinds, rows=rows, total=total)


def _list(asked: Asked, found: Sequence[Told]) -> Table:
    """Each warning, the gravest and oldest first; days open are civil days, to the day it was settled or the day asked about."""
    rows: list[Row] = []
    for one in sorted(found, key=lambda one: (-LEVELS.index(one.level), one.opened_on, one.number)):
        cells: dict[str, Cell] = {
            "level": one.level, "alert": one.number, "rule": rule_named(asked, one.rule),
            "unit": one.unit or asked.say("answer.no_unit"), "opened_on": one.opened_on, "state": asked.say(one.state),
            "days_open": ((one.closed_on or asked.as_of) - one.opened_on).days, "escalations": one.escalations,
        }  # fmt: skip
        days = {"acknowledged_on": one.acknowledged_on, "closed_on": one.closed_on, "cleared_on": one.cleared_on}
        cells |= {name: day for name, day in days.items() if day is not None}
        rows.append(cells | ({"contract": one.contract} if one.contract else {}))
    kinds = columns(
        asked.lang, level="level", alert="text", rule="text", unit="text", contract="text", opened_on="day",
        acknowledged_on="day", cleared_on="day", closed_on="day", state="text", days_open="number", escalations="number",
    )  # fmt: skip
    return Table(key="alerts", title=asked.say("alerts.list"), columns=kinds, rows=rows)
