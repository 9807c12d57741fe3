"""Where we stand, on paper and in a workbook: the portfolio in the form that every report has."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from monitor.domain.warning import LEVELS
from monitor.domain.words import fact_value
from monitor.reports.asked import PICKING, Asked, document, narrow
from monitor.reports.document import Cell, Document, Drawing, Figure, Kind, Row, Section, Table, columns
from monitor.reports.learned import Voices, reasons, share
from monitor.reports.page import Wording, months, summary, units
from monitor.reports.portfolio import Part, Portfolio, portfolio
from monitor.reports.terminal import why_blind

NARROWED_BY = frozenset(("unit", "party", "kind", "amount", "rule", "level"))


def report(asked: Asked) -> Document:
    """The answer, with every warning; forms that have a page show the gravest. Estimates and what rules cannot judge are of
    everything, and no part of a narrowed answer."""
    wanted = asked.narrowed
    named, part = {*wanted.named()}, None
    if named & NARROWED_BY:
        part = Part(picked=not named.isdisjoint(PICKING), rule=wanted.rule, level=wanted.level)
    if part:
        narrow(asked)
    voices = asked.voices() if asked.voices and part is None else Voices(judgement=asked.judgement)
    found = portfolio(asked.engine, voices, asked.book, asked.header, asked.sources, part)
    sections = [
        _numbers(asked, found), _by_month(asked, found), _by_unit(asked, found), _warnings(asked, found),
        _changes(asked, found), _sources(asked, found),
    ]  # fmt: skip
    if part is None:
        sections += [_estimates(asked, found), _blind(asked, found)]
    told = repr([found.learned, [{**row} for row in found.sources]])
    return document(
        asked, "portfolio", summary=summary(found, Wording(asked.lang)), sections=sections, main="warnings",
        inputs={"beside": asked.hashed(told)},
    )  # fmt: skip


def _numbers(asked: Asked, found: Portfolio) -> Section:
    figures = [
        Figure(key=name, title=asked.say(f"standing.{name}"), value=found.totals[name])
        for name in ("contracts", "obligations", "open", "overdue", "due_soon", "no_day")
    ]
    figures += [Figure(key=level, title=asked.say(level), value=number) for level, number in found.levels.items()]
    return Section(key="numbers", heading=asked.say("report.key_numbers"), figures=tuple(figures))


def _by_month(asked: Asked, found: Portfolio) -> Section:
    heading = asked.say("report.months")
    kinds = columns(asked.lang, month="text", on_time="number", late="number", overdue_items="number", ahead="number")
    rows: list[Row] = [
        {"month": row["month"], "overdue_items": row["overdue"], **{name: row[name] for name in ("on_time", "late", "ahead")}}
        for row in found.months
    ]  # fmt: skip
    table = Table(key="months", title=heading, columns=kinds, rows=rows)
    return Section(
        key="months", heading=heading, drawings=_drawn(heading, months(found, Wording(asked.lang))), tables=(table,)
    )


def _by_unit(asked: Asked, found: Portfolio) -> Section:
    heading = asked.say("by_unit")
    rows: list[Row] = []
    for row in found.units:
        cells: dict[str, Cell] = {
            "unit": row["unit"] or asked.say("answer.no_unit"), "contracts": row["contracts"], "open_items": row["open"],
            "overdue_items": row["overdue"], "due_soon": row["due_soon"],
        }  # fmt: skip
        longest = {"days_late": row["oldest_days"]} if row["oldest_days"] is not None else {}
        rows.append(cells | longest | {level: row[level] for level in reversed(LEVELS)})
    levels: dict[str, Kind] = dict.fromkeys(reversed(LEVELS), "number")
    kinds = columns(
        asked.lang, unit="text", contracts="number", open_items="number", overdue_items="number", due_soon="number",
        days_late="number", **levels,
    )  # fmt: skip
    table = Table(key="units", title=heading, columns=kinds, rows=rows)
    return Section(
        key="units", heading=heading, drawings=_drawn(heading, units(found, Wording(asked.lang))), tables=(table,)
    )


def _drawn(title: str, told: dict[str, Any] | None) -> tuple[Drawing, ...]:
    return (Drawing(title=title, svg=str(told["picture"]), caption=told["caption"]),) if told else ()


def _warnings(asked: Asked, found: Portfolio) -> Section:
    heading = asked.say("report.warnings")
    rules: list[Row] = [
        {
            "rule": row["rule"],
            "rule_title": row["title"][asked.lang],
            **{level: row[level] for level in reversed(LEVELS)},
        }
        for row in found.rules
    ]
    levels: dict[str, Kind] = dict.fromkeys(reversed(LEVELS), "number")
    rows: list[Row] = []
    for one in found.findings:
        cells: dict[str, Cell] = {
            "level": one["level"], "rule": one["rule"], "unit": one["unit"] or asked.say("answer.no_unit"),
            "contract": one["contract_title"] or "",
            "title": fact_value(f"{one['subject']}.title", one["subject_title"], asked.lang),
            "says": one["says"][asked.lang], "cite": one["cite"],
        }  # fmt: skip
        due = {"due": date.fromisoformat(one["due"])} if one["due"] else {}
        money = {"money": Decimal(one["money"]), "currency": one["currency"]} if one["money"] else {}
        rows.append(cells | due | money)
    kinds = columns(
        asked.lang, level="level", rule="text", unit="text", contract="text", title="text", due="day", money="money",
        currency="text", says="text", cite="text",
    )  # fmt: skip
    by_rule = Table(
        key="by_rule", title=asked.say("report.by_rule"), columns=columns(asked.lang, rule="text", rule_title="text", **levels),
        rows=rules,
    )  # fmt: skip
    return Section(
        key="warnings", heading=heading,
        tables=(by_rule, Table(key="warnings", title=asked.say("report.worst_first"), columns=kinds, rows=rows)),
    )  # fmt: skip


def _estimates(asked: Asked, found: Portfolio) -> Section:
    lang, rows, notes = asked.lang, list[Row](), [asked.say("dossier.estimates_note")]
    for one in found.learned:
        if one["by"] is None:
            notes.append(asked.say("dossier.silent", recipe=one["title"][lang], why=one["why"][lang]))
            continue
        notes.append(
            asked.say("dossier.by", recipe=one["title"][lang], by=one["by"][lang], not_for=one["not_for"][lang])
        )
        rows += [
            {
                "question": one["title"][lang], "contract": case["contract_title"] or "",
                "title": fact_value(f"{case['subject']}.title", case["subject_title"], lang), "likelihood": share(case),
                "why": "; ".join(f"{reason['points']} {reason['fact']}" for reason in reasons(case, lang)),
            }
            for case in one["cases"]
        ]  # fmt: skip
    heading = asked.say("report.learned")
    kinds = columns(lang, question="text", contract="text", title="text", likelihood="text", why="text")
    table = Table(key="estimates", title=heading, columns=kinds, rows=rows)
    return Section(key="estimates", heading=heading, tables=(table,), notes=tuple(notes))


def _changes(asked: Asked, found: Portfolio) -> Section:
    """Days that moved, and contracts that their source lists no more."""
    moved: list[Row] = [
        {
            "seen_on": row["recorded_on"],
            "title": row["title"] or row["id"],
            "before": row["before"],
            "after": row["after"],
        }
        | ({"moved_days": row["days"]} if row["days"] is not None else {})
        for row in found.moved
    ]
    gone: list[Row] = [
        {"seen_on": row["gone_on"], "contract": row["title"], "source": row["source"]} for row in found.vanished
    ]
    heading = asked.say("report.moved")
    return Section(
        key="changes", heading=heading, notes=(asked.say("report.vanished_note"),),
        tables=(
            Table(
                key="moved", title=heading, rows=moved,
                columns=columns(asked.lang, seen_on="day", title="text", before="day", after="day", moved_days="number"),
            ),
            Table(
                key="vanished", title=asked.say("report.vanished"), rows=gone,
                columns=columns(asked.lang, seen_on="day", contract="text", source="text"),
            ),
        ),
    )  # fmt: skip


def _sources(asked: Asked, found: Portfolio) -> Section:
    heading = asked.say("sources")
    rows: list[Row] = [
        {
            "source": row["source"], "editions": row["editions"], "last_edition": row["last_edition_on"],
            "last_change": row["last_change_on"], "days_silent": row["days_silent"],
            "state": asked.say("stopped" if row["stale"] else "report.arriving"), "quarantined": row["quarantined"],
            "vanished": row["vanished"],
        }
        for row in found.sources
    ]  # fmt: skip
    kinds = columns(
        asked.lang, source="text", editions="number", last_edition="day", last_change="day", days_silent="number", state="text",
        quarantined="number", vanished="number",
    )  # fmt: skip
    return Section(
        key="sources", heading=heading, tables=(Table(key="sources", title=heading, columns=kinds, rows=rows),)
    )


def _blind(asked: Asked, found: Portfolio) -> Section:
    """Rules of a law that binds here and that cannot judge something, and for want of what."""
    heading = asked.say("report.coverage")
    rows: list[Row] = [
        {
            "rule": f"{row['rule']} {row['title'][asked.lang]}", "judged": row["judged"] - row["not_applicable"],
            "unknown": row["unknown"], "blind": row["contracts_blind"], "missing_facts": why_blind(row, asked.lang),
        }
        for row in found.coverage if row["binds"] and (row["unknown"] or row["contracts_blind"])
    ]  # fmt: skip
    kinds = columns(asked.lang, rule="text", judged="number", unknown="number", blind="number", missing_facts="text")
    return Section(
        key="blind", heading=heading, tables=(Table(key="blind", title=heading, columns=kinds, rows=rows),),
        notes=(asked.say("report.coverage_note"),),
    )  # fmt: skip
