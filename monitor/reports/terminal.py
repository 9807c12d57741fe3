"""Reports for a terminal, with Rich. Level is a word and a shape, never colour alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.domain.warning import LEVELS, SHAPES
from monitor.domain.words import fact_name, fact_value, is_evidence, shown, word
from monitor.reports.arrange import Pack, by_pack, counted, worst
from monitor.reports.contract import Dossier
from monitor.reports.learned import reasons, share
from monitor.reports.portfolio import Header, Portfolio
from monitor.rulebook.wording import days_text

STYLES = {"red": "bold red", "orange": "dark_orange", "yellow": "yellow", "blue": "blue", "unknown": "magenta"}
TOP = 15
TOP_LIKELY = 5
BAR = 24
TOP_FACTS = 3
PARTS_OF_A_CONTRACT = ("obligation", "payment", "amendment", "guarantee", "complaint")
COUNTED = {"open": "open_count"}  # `open` alone is the state of a warning


def level_text(level: str, lang: str) -> Text:
    """A level as shape and word."""
    return Text(f"{SHAPES[level]} {word(level, lang)}", style=STYLES.get(level, ""))


def as_text(show: Callable[[Console], None]) -> str:
    """What would be shown on a terminal 140 columns wide, as plain text."""
    console = Console(file=io.StringIO(), width=140, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        show(console)
    return captured.get()


def show_portfolio(console: Console, report: Portfolio, lang: str) -> None:
    """The portfolio on one screen or two: numbers, units, the worst warnings, what cannot be known."""
    parts: list[RenderableType] = [_header(report.header, word("portfolio", lang), lang), _totals(report, lang)]
    parts += [_units(report, lang), _warnings(report, lang)]
    parts += _learned(report.learned, lang, limit=TOP_LIKELY)
    if report.moved:
        parts.append(_moved(report.moved, lang))
    if report.vanished:
        parts.append(_vanished(report.vanished, lang))
    parts += [
        _sources(report.sources, lang),
        _coverage(report.coverage, lang),
        Text(word("no_proof", lang), style="italic"),
    ]
    console.print(Group(*(Padding(part, (0, 0, 1, 0)) for part in parts)))


def show_dossier(console: Console, dossier: Dossier, lang: str) -> None:
    """One contract: what is known, every promise and payment, every rule's answer with its reason."""
    console.print(Padding(_header(dossier.header, dossier.contract["title"], lang), (0, 0, 1, 0)))
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in dossier.contract.items():
        fact = "party.size" if name == "party_size" else f"contract.{name}"
        facts.add_row(fact_name(fact, lang).removeprefix("contract."), escape(fact_value(fact, value, lang)))
    console.print(Padding(facts, (0, 0, 1, 0)))
    for subject in PARTS_OF_A_CONTRACT:
        rows = getattr(dossier, f"{subject}s")
        if rows:
            console.print(Padding(_plain(word(f"{subject}s", lang), rows, subject=subject, lang=lang), (0, 0, 1, 0)))
    if dossier.moved:
        titles = {row["id"]: row["title"] for row in dossier.obligations}
        moved = [row | {"title": titles.get(row["id"], dossier.contract["title"])} for row in dossier.moved]
        console.print(Padding(_moved(moved, lang, limit=len(moved)), (0, 0, 1, 0)))
    for answer in dossier.answers:
        if answer["outcome"] != "not applicable":
            console.print(Padding(_answer(answer, lang), (0, 0, 1, 0)))
    for part in _learned(dossier.scores, lang, limit=TOP):
        console.print(Padding(part, (0, 0, 1, 0)))
    skipped = sorted({answer["rule"] for answer in dossier.answers if answer["outcome"] == "not applicable"})
    if skipped:
        console.print(Text(f"{word('not applicable', lang)}: {', '.join(skipped)}", style="dim"))
    unknown = [fact_name(f"contract.{name}", lang).removeprefix("contract.") for name in dossier.unknown]
    console.print(Text(f"{word('not_recorded', lang)}: {', '.join(unknown)}", style="dim"))


def _header(header: Header, title: str, lang: str) -> RenderableType:
    lines = Text(title, style="bold")
    if header.declared:
        lines.append(f"  [{header.declared}]", style="bold magenta")
    known = header.known_at.strftime("%Y-%m-%d %H:%M %z")
    office = f"{header.office} · " if header.office else ""
    about = f"{office}{word('as_of', lang)} {header.as_of} · {word('known_at', lang)} {known}"
    hashes = f"{word('rules', lang)} {header.rules_hash[:12]} · {word('facts', lang)} {header.facts_hash[:12]}"
    lines.append(f"\n{about}\n", style="").append(hashes, style="dim")
    if header.provisional_calendar:
        lines.append(f"\n{word('provisional', lang)}", style="magenta")
    return lines


def _totals(report: Portfolio, lang: str) -> RenderableType:
    line = Text()
    for name in ("contracts", "obligations", "open", "overdue", "due_soon", "no_day"):
        line.append(f"{word(COUNTED.get(name, name), lang)} ").append(f"{report.totals[name]:,}", style="bold").append(
            "   "
        )
    line.append("\n")
    for level, number in report.levels.items():
        line.append_text(level_text(level, lang)).append(f" {number:,}   ", style="bold")
    return line


def _units(report: Portfolio, lang: str) -> RenderableType:
    table = Table(title=word("by_unit", lang), title_justify="left")
    for name in ("unit", "contracts", "open", "overdue", "due_soon", "oldest"):
        table.add_column(word(COUNTED.get(name, name), lang), justify="left" if name == "unit" else "right")
    table.add_column("")
    most = max((row["overdue"] for row in report.units), default=0)
    for row in report.units[:TOP]:
        bar = "█" * round(BAR * row["overdue"] / most) if most else ""
        numbers = [f"{row[name]:,}" for name in ("contracts", "open", "overdue", "due_soon")]
        oldest = "" if row["oldest_days"] is None else days_text(row["oldest_days"], lang)
        table.add_row(escape(row["unit"]) or "–", *numbers, oldest, Text(bar, style="red"))
    if len(report.units) > TOP:
        table.caption = word("more_rows", lang).replace("{n}", f"{len(report.units) - TOP:,}")
    return table


def _warnings(report: Portfolio, lang: str) -> RenderableType:
    table = Table(title=word("warnings", lang), title_justify="left")  # folded: Chinese has no spaces to break at
    for name in ("level", "rule", "what", "due", "days", "money"):
        table.add_column(word(name, lang), no_wrap=name in ("level", "rule", "due"), overflow="fold")
    for row in worst(report.findings, TOP):
        title = row["contract_title"] or fact_value(f"{row['subject']}.title", row["subject_title"], lang)
        what = f"{escape(title)}\n[dim]{escape(row['says'][lang])}[/dim]"
        money = "" if row["money"] is None else f"{shown(Decimal(row['money']), lang)} {row['currency'] or ''}"
        table.add_row(
            level_text(row["level"], lang),
            row["rule"],
            what,
            row["due"] or "",
            days_text(row["days_late"], lang),
            money,
        )
    if len(report.findings) > TOP:
        table.caption = word("more_rows", lang).replace("{n}", f"{len(report.findings) - TOP:,}")
    return table


def _learned(rows: list[dict[str, Any]], lang: str, *, limit: int) -> list[RenderableType]:
    """What is estimated, a table for each recipe; recipes for which nobody answers are a line each."""
    parts: list[RenderableType] = [_estimates(row, lang, limit=limit) for row in rows if row["by"]]
    silent = Text("\n").join(_silent(row, lang) for row in rows if not row["by"])
    return [*parts, silent] if silent else parts


def _silent(row: dict[str, Any], lang: str) -> Text:
    line = word("report.learned.silent", lang).format(recipe=row["title"][lang], why=row["why"][lang])
    return Text(f"{word('report.learned', lang)} · {line}", style="magenta" if row["refused"] else "dim")


def _estimates(row: dict[str, Any], lang: str, *, limit: int) -> RenderableType:
    """Who says it, the numbers, and the likeliest cases."""
    head = Text(f"{word('report.learned', lang)} · {row['title'][lang]}", style="italic")
    said = Text(word("report.learned.answers", lang).format(by=row["by"][lang], question=row["question"][lang]))
    if not row["cases"]:
        return Group(head, said.append(f"\n{word('report.learned.nothing', lang)}"))
    counts = word("report.learned.counts", lang).format(open=row["open"], early=row["early"], **row["raised"])
    said.append(f"\n{counts}\n{word('report.learned.note', lang)}", style="dim")
    if row["moved"]:
        said.append(f"\n{word('risk.moved', lang)}", style="magenta")
    return Group(head, said, _likely(row["cases"], lang, limit=limit))


def _likely(cases: list[dict[str, Any]], lang: str, *, limit: int) -> Table:
    """Both voices on each case: how likely it is and why, and what rules say of it."""
    table = Table()
    for name in ("report.learned.likelihood", "what", "report.learned.reasons", "due", "report.learned.rules"):
        table.add_column(word(name, lang), no_wrap=name == "due", overflow="fold")
    colon = word("letter.colon", lang)
    for case in cases[:limit]:
        early = f"\n{word('risk.early', lang)}" if case["score"]["early"] else ""
        title = fact_value(f"{case['subject']}.title", case["subject_title"], lang)
        what = " · ".join(dict.fromkeys([title, case["contract_title"] or title]))
        why = [f"{one['points']}{colon}{one['fact']}" for one in reasons(case, lang)]
        why = why or [word("risk.no_reason", lang)]
        told = Text("\n".join(why)).append(
            "".join(f"\n{doubt}" for doubt in case["score"]["doubts"][lang]), style="dim"
        )
        ruled = [level_text(rule["level"], lang).append(f" {rule['rule']}", style="") for rule in case["rules"]]
        rules = Text("\n").join(ruled) if ruled else Text(word("report.learned.no_rule", lang), style="dim")
        table.add_row(Text(share(case)).append(early, style="dim"), escape(what), told, case["due"] or "", rules)
    if len(cases) > limit:
        table.caption = word("more_rows", lang).replace("{n}", f"{len(cases) - limit:,}")
    return table


def _moved(rows: list[dict[str, Any]], lang: str, *, limit: int = TOP) -> RenderableType:
    table = Table(title=f"{word('moved', lang)} ({len(rows):,})", title_justify="left")
    for name in ("what", "before", "after", "days", "seen_on"):
        table.add_column(word(name, lang))
    for row in rows[:limit]:
        days = "" if row["days"] is None else f"{row['days']:+d}"
        table.add_row(
            escape(row["title"] or row["id"]),
            str(row["before"]),
            str(row["after"] or "–"),
            days,
            str(row["recorded_on"]),
        )
    return table


def _vanished(rows: list[dict[str, Any]], lang: str) -> RenderableType:
    table = Table(title=f"{word('vanished', lang)} ({len(rows):,})", title_justify="left")
    for name in ("contract", "source", "seen_on"):
        table.add_column(word(name, lang))
    for row in rows[:TOP]:
        table.add_row(escape(row["title"]), row["source"], str(row["gone_on"]))
    return table


def _sources(rows: list[dict[str, Any]], lang: str) -> RenderableType:
    table = Table(title=word("sources", lang), title_justify="left")
    for name in ("source", "editions", "last_edition", "last_change", "days_silent", "quarantined", "vanished_count"):
        table.add_column(word(name, lang), justify="left" if name == "source" else "right")
    for row in rows:
        silent = "" if row["days_silent"] is None else f"{row['days_silent']:,}"
        if row["stale"]:
            silent = f"[magenta]{silent} {word('stopped', lang)}[/magenta]"
        table.add_row(
            row["source"], str(row["editions"]), str(row["last_edition_on"]), str(row["last_change_on"] or "–"), silent,
            f"{row['quarantined']:,}", f"{row['vanished']:,}",
        )  # fmt: skip
    return table


def _coverage(rows: list[dict[str, Any]], lang: str) -> RenderableType:
    """The rules that are blind somewhere, by whose law they are. All others are counted, and named where they saw nothing."""
    packs = by_pack(rows)
    table = Table(title=word("coverage", lang), title_justify="left")
    for name in ("rule", "judged", "fires", "clear", "unknown_count", "blind", "why"):
        table.add_column(word(name, lang), justify="left" if name in ("rule", "why") else "right")
    for pack in packs:
        if pack.binds and pack.blind:
            table.add_section()
            table.add_row(Text(pack.name[lang], style="bold"))
        for row in pack.blind if pack.binds else ():
            table.add_row(
                f"{row['rule']} {escape(row['title'][lang])}", f"{row['applied']:,}", f"{row['fires']:,}", f"{row['clear']:,}",
                f"{row['unknown']:,}", f"{row['contracts_blind']:,}", why_blind(row, lang),
            )  # fmt: skip
    return Group(*([table] if table.row_count else []), _elsewhere(packs, lang))


def _elsewhere(packs: list[Pack], lang: str) -> Text:
    """How many rules bind here and how many see everything; by number those that have nothing to judge, and why."""
    numbers = counted(packs)
    lines = [word("report.coverage_sum", lang).format(**numbers)]
    idle = [row["rule"] for pack in packs if pack.binds for row in pack.idle]
    if idle:
        lines.append(f"{word('nothing_to_judge', lang)}: {', '.join(idle)}")
    others = [f"{pack.name[lang]} ({len(pack.idle)})" for pack in packs if not pack.binds]
    if others:
        lines.append(f"{word('other_law', lang)}: {', '.join(others)}")
    return Text("\n".join(lines))


def why_blind(row: dict[str, Any], lang: str) -> str:
    """Why a rule could not be computed everywhere, in words: nothing of the kind recorded, which facts are missing."""
    reasons = []
    if row["contracts_without"]:
        reasons.append(word(f"no_{row['subject']}", lang).replace("{n}", f"{row['contracts_without']:,}"))
    facts = [f"{fact_name(item['fact'], lang, row['rule'])} ({item['count']:,})" for item in row["missing"]]
    reasons += [*facts[:TOP_FACTS], *(["…"] if len(facts) > TOP_FACTS else [])]
    return "; ".join(reasons)


def _plain(title: str, rows: list[dict[str, Any]], *, subject: str, lang: str) -> Table:
    """Rows of one subject. A column in which nothing is recorded is left out, and a title that only repeats the kind."""
    names = [n for n in rows[0] if n not in ("id", "source_row") and any(row[n] is not None for row in rows)]
    if all(row["title"] == row.get("kind") for row in rows):
        names.remove("title")
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(fact_name(f"{subject}.{name}", lang).removeprefix(f"{subject}."))
    for row in rows:
        values = (None if row[name] is None else fact_value(f"{subject}.{name}", row[name], lang) for name in names)
        table.add_row(*(escape(value or "") for value in values))
    return table


def _answer(answer: dict[str, Any], lang: str) -> RenderableType:
    """A rule's answer and its reason. Its sentence, and how late it is, are said only where it fires: what was done in time
    is not late, and of what is not known nobody can say so."""
    fires = answer["outcome"] in LEVELS
    line = level_text(answer["outcome"], lang)
    title = fact_value(f"{answer['subject']}.title", answer["subject_title"], lang)
    line.append(f"  {answer['rule']} {answer['rule_title'][lang]}", style="bold").append(f"  · {title}\n")
    if answer["outcome"] == "unknown":
        line.append(
            f"{word('missing', lang)}: {', '.join(_names(answer, lang))}\n",
            style="magenta",
        )
    elif fires:
        line.append(f"{answer['says'][lang]}\n")
    if answer["due"]:
        days = f"  {days_text(answer['days_late'], lang)}" if fires else ""
        line.append(f"{word('due', lang)} {answer['due']}{days}\n")
    line.append(f"{word('article', lang)}: {answer['cite']}\n", style="dim")
    rule = answer["rule"]
    known = {n: v for n, v in answer["evidence"].items() if v is not None and is_evidence(n, v, rule)}
    told = (f"{fact_name(name, lang, rule)} = {fact_value(name, value, lang, rule)}" for name, value in known.items())
    line.append("  ".join(dict.fromkeys(told)), style="dim")
    return line


def _names(answer: dict[str, Any], lang: str) -> list[str]:
    """What an answer lacks, each name once."""
    return list(dict.fromkeys(fact_name(name, lang, answer["rule"]) for name in answer["missing"]))
