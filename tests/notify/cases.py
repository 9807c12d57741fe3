"""What each rule on the shelf finds in the first of its own examples that fires, with made names around it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from monitor.domain.portfolio import nothing
from monitor.domain.workdays import WorkCalendar, work_calendar
from monitor.engines.duckdb import Engine
from monitor.facts import subjects
from monitor.rulebook import Compiled, Finding, Judgement, Rulebook, load
from monitor.rulebook.compile import place
from monitor.rulebook.rule import Example, Rule

RULES = Path(__file__).parent.parent.parent / "rules"
IDS = sorted(path.stem for path in RULES.glob("*/*.toml") if path.stem != "pack")
NAMES = {"unit": "示例区水利局", "party": "示例建设有限公司"}
CURRENCIES = {"CN": "CNY", "EU": "EUR", "US": "USD"}
CONTRACT = "示例河道整治工程施工合同"


def calendars() -> dict[str, WorkCalendar]:
    return {word: work_calendar(word) for word in ("CN", "EU", "US")}


def shelf() -> Rulebook:
    return load([RULES], calendars(), default_calendar="CN")


def first_findings(book: Rulebook) -> dict[str, Finding]:
    """By rule. Each rule is judged on the day of its example."""
    with Engine(nothing(), calendars(), as_of=date(2000, 1, 1)) as engine:
        for subject in subjects():
            engine.db.execute(
                f"create table cases_{subject} as "
                f"select *, null::date as as_of, null::integer as case_number from base_{subject} limit 0"
            )
        for number, rule in enumerate(book.rules):
            facts = _facts(rule) | {"case_number": number, f"{rule.rule.subject}.id": f"case-{number}"}
            names, marks = ", ".join(f'"{name}"' for name in facts), ", ".join("?" for _ in facts)
            engine.db.execute(f"insert into cases_{rule.rule.subject} ({names}) values ({marks})", list(facts.values()))
        judgement = Judgement(engine.db, book.rules, cases="cases")
        return {rule.rule.id: judgement.of_cases(rule, [number])[number] for number, rule in enumerate(book.rules)}


def firing(rule: Rule) -> Example:
    """The first example of a rule that is a level."""
    return next(example for example in rule.example if example.expect not in ("clear", "unknown"))


def _facts(rule: Compiled) -> dict[str, Any]:
    """The facts of the example, the law's own place, and names for what stands around."""
    subject, example = rule.rule.subject, firing(rule.rule)
    facts: dict[str, Any] = {"as_of": example.as_of, f"{subject}.source": "合同台账"}
    if rule.pack.jurisdiction:
        facts[place(subject)] = rule.pack.jurisdiction[0]
    around = {"unit": ["unit"], "party": ["party"], "complaint": ["unit"]}.get(subject, ["unit", "party"])
    facts |= {f"{one}.{part}": value for one in around for part, value in (("name", NAMES[one]), ("id", one))}
    if subject not in ("unit", "party", "complaint"):
        facts |= {"contract.title": CONTRACT, "contract.id": "contract", "contract.number": "SL-2026-007"}
        facts |= {"contract.source": "合同台账", f"{subject}.source_row": 7}
        facts |= {f"{one}.currency": CURRENCIES[rule.calendar] for one in ("contract", subject)}
    if subject in ("amendment", "guarantee", "complaint"):  # what the register gives no name is called by its kind
        facts[f"{subject}.title"] = example.given.get(f"{subject}.kind", "示例事项")
    elif subject in ("obligation", "payment"):
        facts[f"{subject}.title"] = "示例事项"
    return facts | example.given
