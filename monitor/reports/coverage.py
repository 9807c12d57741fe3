"""`lvyue rules coverage`: which rules are blind on which contracts, and for want of which facts.

A rule is blind on a contract when a fact is missing that it needs, or when nothing of the kind it judges is recorded at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from monitor.domain.words import fact_name, word
from monitor.engines.duckdb import Engine
from monitor.reports.portfolio import WITHOUT, Header, coverage_rows
from monitor.rulebook import Finding, Judgement, Rulebook
from monitor.rulebook.compile import binds

SHOWN = 50
"""Contracts that are named for one rule; the total is always given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What each rule could judge, most blind first.

    `rules` are the rows of a portfolio's `coverage`, but `judged` counts only what a rule applies to, or may apply to.
    """

    header: Header
    rules: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """One rule: its row, and the contracts on which it is blind, `shown` of them named.

    contracts   contract_id, contract_number, contract_title, unit, items (how many of its subjects), missing (facts)
    """

    header: Header
    rule: dict[str, Any]
    total: int
    shown: int
    contracts: list[dict[str, Any]]


def sight(engine: Engine, judgement: Judgement, book: Rulebook, header: Header) -> Sight:
    """Every rule of the book, most blind first."""
    rows = _rows(engine, judgement, book)
    return Sight(header=header, rules=sorted(rows, key=lambda r: (-r["contracts_blind"], -r["unknown"], r["rule"])))


def blind(engine: Engine, judgement: Judgement, book: Rulebook, header: Header, rule_id: str) -> Blind:
    """One rule and the contracts it cannot judge, by key: first those with a fact missing, then those with nothing on record.

    Raises ConfigError when there is no such rule.
    """
    rule = book.get(rule_id).rule
    mine = next(row for row in _rows(engine, judgement, book) if row["rule"] == rule.id)
    contracts = _by_contract(judgement.unknown(rule.id, SHOWN))
    if mine["contracts_without"] and len(contracts) < SHOWN:
        found = engine.rows(f"{_without(rule.subject, book, rule.id)} order by c.id limit ?", [SHOWN - len(contracts)])
        contracts += [{**contract, "items": 0, "missing": [rule.subject]} for contract in found]
    return Blind(header=header, rule=mine, total=mine["contracts_blind"], shown=len(contracts), contracts=contracts)


def show_sight(console: Console, report: Sight, lang: str) -> None:
    """A line for each rule that is blind somewhere; the others are counted."""
    console.print(_title(report.header, lang))
    seeing = [r for r in report.rules if not r["contracts_blind"]]
    idle = sum(1 for r in seeing if not r["judged"])
    if len(seeing) < len(report.rules):
        table = Table()
        for name in ("rule", "judged", "unknown_count", "blind", "why"):
            table.add_column(word(name, lang), justify="left" if name in ("rule", "why") else "right", overflow="fold")
        for r in report.rules[: len(report.rules) - len(seeing)]:
            title = escape(f"{r['rule']} {r['title'][lang]}")
            table.add_row(title, f"{r['judged']:,}", f"{r['unknown']:,}", f"{r['contracts_blind']:,}", _why(r, lang))
        console.print(table)
    console.print(word("all_seen", lang).replace("{n}", str(len(seeing) - idle)))
    console.print(word("none_judged", lang).replace("{n}", str(idle)))


def show_blind(console: Console, report: Blind, lang: str) -> None:
    """The contracts of one rule by name, and what is missing of each."""
    console.print(_title(report.header, lang))
    console.print(Text(f"{report.rule['rule']} {report.rule['title'][lang]}", style="bold"))
    console.print(_why(report.rule, lang))
    if report.contracts:
        table = Table()
        for name in ("number", "contract", "unit", "items", "missing"):
            table.add_column(word(name, lang), justify="right" if name == "items" else "left", overflow="fold")
        for contract in report.contracts:
            missing = [_fact(name, lang, report.rule["rule"]) for name in contract["missing"]]
            table.add_row(
                escape(contract["contract_number"] or contract["contract_id"] or ""), escape(contract["contract_title"] or ""),
                escape(contract["unit"] or ""), f"{contract['items']:,}", ", ".join(missing),
            )  # fmt: skip
        console.print(table)
    counted = word("blind_shown", lang).replace("{total}", f"{report.total:,}").replace("{shown}", f"{report.shown:,}")
    console.print(counted)


def _rows(engine: Engine, judgement: Judgement, book: Rulebook) -> list[dict[str, Any]]:
    rows = coverage_rows(engine, judgement, book)
    return [row | {"judged": row["judged"] - row["not_applicable"]} for row in rows]


def _by_contract(findings: list[Finding]) -> list[dict[str, Any]]:
    """One row a contract; a unit or party stands for itself."""
    found: dict[str, dict[str, Any]] = {}
    for finding in findings:
        key = finding.contract_id or finding.subject_id
        known = found.setdefault(
            key,
            {
                "contract_id": key, "contract_number": finding.contract_number,
                "contract_title": finding.contract_title or finding.subject_title, "unit": finding.unit, "items": 0,
                "missing": [],
            },
        )  # fmt: skip
        known["items"] += 1
        known["missing"] += [name for name in finding.missing if name not in known["missing"]]
    return list(found.values())


def _without(subject: str, book: Rulebook, rule_id: str) -> str:
    """The contracts under the law of a rule that have nothing of the kind it judges."""
    return (
        "select c.id as contract_id, c.number as contract_number, c.title as contract_title, u.name as unit "
        "from fact_contract c left join fact_unit u on u.id = c.unit_id "
        f"where c.id not in (select contract_id from fact_{subject}) and {binds(book.get(rule_id).pack, 'c.jurisdiction')}"
    )


def _why(r: dict[str, Any], lang: str) -> str:
    reasons = [f"{_fact(item['fact'], lang, r['rule'])} {item['count']:,}" for item in r["missing"]]
    if r["contracts_without"]:
        reasons.append(word(f"no_{r['subject']}", lang).replace("{n}", f"{r['contracts_without']:,}"))
    return "; ".join(reasons)


def _fact(name: str, lang: str, rule: str) -> str:
    """A fact in the reader's words and in the rule's: one tells what to record, the other which column it is."""
    if name in WITHOUT:
        return word(f"letter.subject.{name}", lang)
    told = fact_name(name, lang, rule)
    return name if told == name else f"{told} ({name})"


def _title(header: Header, lang: str) -> Text:
    text = Text(word("coverage", lang), style="bold")
    if header.declared:
        text.append(f"  [{header.declared}]", style="bold magenta")
    known = header.known_at.strftime("%Y-%m-%d %H:%M %z")
    return text.append(f"\n{word('as_of', lang)} {header.as_of} · {word('known_at', lang)} {known}", style="not bold")
