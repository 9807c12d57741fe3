"""The shelf of law for a terminal: the list, one rule whole, what its examples gave."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from monitor.domain.words import word
from monitor.reports.render import to_json
from monitor.rulebook import Compiled, Outcome, Rulebook
from monitor.rulebook.compile import code_sql


def show_list(console: Console, book: Rulebook, *, basis: str | None, as_json: bool, lang: str) -> None:
    """One line a rule."""
    chosen = [rule.rule for rule in book.rules if basis in (None, rule.rule.basis)]
    if as_json:
        rows = [
            {
                "id": r.id,
                "subject": r.subject,
                "side": r.side,
                "basis": r.basis,
                "title": r.title.model_dump(),
                "law": list(r.law),
            }
            for r in chosen
        ]
        print(to_json(rows), end="")
        return
    table = Table()
    for name in ("rule", "side", "basis", "title", "article"):
        table.add_column(word(name, lang), no_wrap=name == "rule")
    for rule in chosen:
        law = escape("; ".join(rule.law))
        table.add_row(rule.id, word(rule.side, lang), word(rule.basis, lang), escape(rule.title.in_language(lang)), law)
    console.print(table)


def show_rule(console: Console, book: Rulebook, rule_id: str, *, as_json: bool, lang: str) -> None:
    """Law, limits by date, condition, examples, and the SQL it becomes."""
    compiled = book.get(rule_id)
    rule = compiled.rule
    if as_json:
        print(
            to_json(rule.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"sql": sql_of(compiled)}),
            end="",
        )
        return
    console.print(Text(f"{rule.id}  {rule.title.in_language(lang)}", style="bold"))
    console.print(f"{word('side', lang)}: {word(rule.side, lang)} · {word('basis', lang)}: {word(rule.basis, lang)}")
    for law in rule.law:
        console.print(f"  {law}", markup=False)
    if rule.note:
        console.print(rule.note, markup=False, style="italic")
    for key, expression in rule.expressions().items():
        console.print(f"  {'.'.join(key):14} {expression}", markup=False, highlight=False)
    if rule.ladder:
        console.print(
            f"  {'ladder':14} " + ", ".join(f"{word(level, lang)} {rung}" for level, rung in rule.ladder.items())
        )
    _show_limits(console, compiled, lang)
    for example in rule.example:
        console.print(f"  {example.as_of}  {example.expect:8} {example.says}", markup=False, highlight=False)
    console.print(Syntax(sql_of(compiled), "sql", word_wrap=True, background_color="default"))


def show_outcomes(console: Console, outcomes: Sequence[Outcome], *, as_json: bool) -> bool:
    """Which examples came out as their files say; True when all did."""
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if as_json:
        rows = [
            {
                "rule": o.rule,
                "says": o.example.says,
                "expect": o.example.expect,
                "got": o.got,
                "due": o.due,
                "passed": o.passed,
            }
            for o in outcomes
        ]
        print(to_json(rows), end="")
        return not failed
    for outcome in failed:
        due = f", due {outcome.due}" if outcome.example.due else ""
        missing = f", missing {', '.join(outcome.missing)}" if outcome.missing else ""
        console.print(
            f"{outcome.rule}: {outcome.example.says}\n  expected {outcome.example.expect}"
            f"{f', due {outcome.example.due}' if outcome.example.due else ''}; got {outcome.got}{due}{missing}",
            markup=False, highlight=False,
        )  # fmt: skip
    rules = len({outcome.rule for outcome in outcomes})
    console.print(f"{len(outcomes) - len(failed)} of {len(outcomes)} examples of {rules} rules as written")
    return not failed


def sql_of(compiled: Compiled) -> str:
    """The rule's own part of the scan, readable: applies, due and done, then the outcome code."""
    return (
        f"-- a.0: does it apply?\n({compiled.in_law}) and ({compiled.applies})\n-- d.0: due\n{compiled.due}\n"
        f"-- f.0: done\n{compiled.done}\n-- outcome: 0 not applicable, 1 clear, 2 unknown, 3 blue … 6 red\n"
        f"{code_sql(compiled, 0)}"
    )


def _show_limits(console: Console, compiled: Compiled, lang: str) -> None:
    if not compiled.rule.limit:
        return
    table = Table(show_header=True, box=None, padding=(0, 2, 0, 2))
    for name in ("limit", "value", "from_day", "to_day", "article", "basis"):
        table.add_column(word(name, lang))
    for block in compiled.rule.limit:
        table.add_row(
            block.name, str(block.value), str(block.starts or "–"), str(block.ends or "–"), escape(block.cite),
            word(block.basis or compiled.rule.basis, lang),
        )  # fmt: skip
    console.print(table)
