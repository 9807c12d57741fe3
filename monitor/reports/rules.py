"""The shelf of law for a terminal: the list, one rule whole, what its examples gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from monitor.domain.errors import UsageError
from monitor.domain.toml import nearest
from monitor.domain.words import word
from monitor.reports.render import to_json
from monitor.reports.terminal import level_text
from monitor.rulebook import Compiled, Outcome, Rulebook
from monitor.rulebook.compile import code_sql
from monitor.rulebook.overrides import Replaced, limits_of, replaced, unspoken
from monitor.rulebook.rule import Limit, Rule

LABELS = {
    "applies": "applies_if", "dated_by": "dated_by", "let": "parts", "due": "due", "done": "done_on", "levels": "levels",
    "raise": "lifts", "money": "money",
}  # fmt: skip
"""Keys of a rule file, and the words under which a reader finds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which rules a list shows; None: whatever it is."""

    pack: str | None = None
    subject: str | None = None
    side: str | None = None
    basis: str | None = None

    def fits(self, rule: Compiled, pack: str) -> bool:
        """A basis fits when the rule's own is it, or that of one of its limits."""
        own = rule.rule
        wanted = ((self.pack, pack), (self.subject, own.subject), (self.side, own.side))
        if any(asked not in (None, is_so) for asked, is_so in wanted):
            return False
        return self.basis in (None, own.basis) or bool(_of_basis(rule, self.basis))


def show_list(console: Console, book: Rulebook, choice: Choice, *, as_json: bool, lang: str) -> None:
    """One line a rule. Raises UsageError that names the nearest when there is no such pack."""
    packs = {rule.rule.id: book.files[rule.rule.id].parent.name for rule in book.rules}
    if choice.pack is not None and choice.pack not in packs.values():
        known = sorted(set(packs.values()))
        raise UsageError(
            f"there is no pack {choice.pack!r}{nearest(choice.pack, known)}", hint=f"there are {', '.join(known)}"
        )
    chosen = [rule for rule in book.rules if choice.fits(rule, packs[rule.rule.id])]
    if as_json:
        rows = [_list_row(rule, packs[rule.rule.id]) for rule in chosen]
        print(to_json(rows), end="")
        return
    table = Table()
    for name in ("rule", "subject", "side", "basis", "title", "limits", "article"):
        table.add_column(word(name, lang), no_wrap=name in ("rule", "subject"), overflow="fold")
    for compiled in chosen:
        rule = compiled.rule
        table.add_row(
            rule.id, rule.subject, word(rule.side, lang), word(rule.basis, lang), escape(rule.title.in_language(lang)),
            escape("\n".join(_limit_notes(compiled, choice.basis, lang))), escape("; ".join(rule.law)),
        )  # fmt: skip
    if chosen:
        console.print(table)
    counted = word("rules_counted", lang).replace("{shown}", str(len(chosen))).replace("{total}", str(len(book.rules)))
    console.print(counted if chosen else word("nothing_found", lang))


def show_rule(
    console: Console, book: Rulebook, rule_id: str, *, with_sql: bool = False, as_json: bool, lang: str
) -> None:
    """Law, limits by date, what the office set, condition, examples, and the SQL it becomes if that is asked for."""
    compiled = book.get(rule_id)
    pack = book.files[compiled.rule.id].parent.name
    if as_json:
        rule = compiled.rule.model_copy(update={"says": unspoken(compiled.rule.says)})
        whole = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        print(to_json(whole | _list_row(compiled, pack) | {"sql": sql_of(compiled)}), end="")
        return
    _show_head(console, compiled.rule, pack, lang)
    _show_test(console, compiled.rule, lang)
    _show_limits(console, compiled, lang)
    _show_letter(console, compiled.rule, lang)
    _show_examples(console, compiled.rule, lang)
    if with_sql:
        console.print(Text(word("as_sql", lang), style="bold"))
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


def limits_in_use(compiled: Compiled) -> dict[str, list[Limit]]:
    """The blocks of the law that a rule has or names, oldest first: its own, and what it uses of its pack's."""
    own = {block.name for block in compiled.rule.limit}
    used = {name.removeprefix("limit.") for name in compiled.evidence if name.startswith("limit.")}
    return {name: blocks for name, blocks in limits_of(compiled.rule, compiled.pack).items() if name in own | used}


def _set_here(compiled: Compiled) -> Iterator[Replaced]:
    for blocks in limits_in_use(compiled).values():
        yield from replaced(blocks, compiled.overrides)


def _of_basis(compiled: Compiled, basis: str | None) -> list[str]:
    """Names of the limits with a block of that basis."""
    named = limits_in_use(compiled)
    return [name for name, blocks in named.items() if any((b.basis or compiled.rule.basis) == basis for b in blocks)]


def _list_row(compiled: Compiled, pack: str) -> dict[str, Any]:
    """What programs are told: `value` of a limit is the law's, `overrides` has what this office set instead."""
    rule = compiled.rule
    limits = [block for blocks in limits_in_use(compiled).values() for block in blocks]
    return {
        "id": rule.id, "pack": pack, "subject": rule.subject, "side": rule.side, "basis": rule.basis,
        "title": rule.title.model_dump(), "law": list(rule.law),
        "limits": [
            {"name": b.name, "value": b.value, "from": b.starts, "to": b.ends, "cite": b.cite, "basis": b.basis or rule.basis}
            for b in limits
        ],
        "overrides": [
            {
                "limit": entry.own.name, "value": entry.override.value, "own_value": entry.own.value,
                "from": entry.block.starts, "to": entry.block.ends, "author": entry.override.author,
                "reason": entry.override.reason,
            }
            for entry in _set_here(compiled)
        ],
    }  # fmt: skip


def _limit_notes(compiled: Compiled, asked: str | None, lang: str) -> list[str]:
    """Limits that stand on something else than the rule does, or on what was asked for; and those the office set."""
    notes = []
    for name, blocks in limits_in_use(compiled).items():
        bases = list(dict.fromkeys(block.basis or compiled.rule.basis for block in blocks))
        shown = [basis for basis in bases if (basis == asked if asked else basis != compiled.rule.basis)]
        notes += [f"{name}: {', '.join(word(basis, lang) for basis in shown)}"] if shown else []
    for entry in _set_here(compiled):
        notes.append(f"{entry.own.name} = {entry.override.value}: {word('override_set', lang)}")
    return list(dict.fromkeys(notes))


def _show_head(console: Console, rule: Rule, pack: str, lang: str) -> None:
    console.print(Text(f"{rule.id}  {rule.title.in_language(lang)}", style="bold"))
    said = {"subject": rule.subject, "side": word(rule.side, lang), "basis": word(rule.basis, lang), "pack": pack}
    console.print(" · ".join(f"{word(name, lang)}: {value}" for name, value in said.items()), highlight=False)
    for law in rule.law:
        console.print(f"  {law}", markup=False, highlight=False)
    if rule.replaces:
        console.print(f"{word('replaces', lang)}: {', '.join(rule.replaces)}", highlight=False)
    if rule.note:
        console.print(f"{word('note', lang)}: {rule.note}", markup=False, highlight=False, style="italic")
    console.print()


def _show_test(console: Console, rule: Rule, lang: str) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for key, expression in rule.expressions().items():
        name = f" {key[1] if key[0] == 'let' else word(key[1], lang)}" if len(key) > 1 else ""
        table.add_row(word(LABELS[key[0]], lang) + name, escape(expression))
    if rule.ladder:
        rungs = ", ".join(f"{word(level, lang)} {rung}" for level, rung in rule.ladder.items())
        table.add_row(word("ladder", lang), rungs)
    console.print(table)
    console.print()


def _show_limits(console: Console, compiled: Compiled, lang: str) -> None:
    """Every number with its days, which are those of `dated_by`; below the law's, what this office set in its place."""
    rows = limits_in_use(compiled)
    if not rows:
        return
    day = compiled.rule.dated_by or word("day_asked", lang)
    table = Table(title=f"{word('limits', lang)} ({word('dated_by', lang)}: {escape(day)})", title_justify="left")
    for name in ("limit", "value", "from_day", "to_day", "article", "basis"):
        table.add_column(word(name, lang), no_wrap=name in ("limit", "from_day", "to_day"), overflow="fold")
    for blocks in rows.values():
        for block in blocks:
            table.add_row(*_limit_cells(block, block.cite), word(block.basis or compiled.rule.basis, lang))
        for entry in replaced(blocks, compiled.overrides):
            by = f"{entry.override.author}: {entry.override.reason}"
            table.add_row(*_limit_cells(entry.block, by), word("override_set", lang), style="bold magenta")
    console.print(table)
    console.print()


def _limit_cells(block: Limit, cite: str) -> tuple[str, ...]:
    return (
        block.name, escape(str(block.value)), str(block.starts or "–"), str(block.ends or "–"), escape(cite)
    )  # fmt: skip


def _show_letter(console: Console, rule: Rule, lang: str) -> None:
    for name, words in (("letter_says", unspoken(rule.says)), ("letter_action", rule.action)):
        console.print(f"{word(name, lang)}: {words.in_language(lang)}", markup=False, highlight=False)
    console.print()


def _show_examples(console: Console, rule: Rule, lang: str) -> None:
    table = Table(title=f"{word('examples', lang)} ({len(rule.example)})", title_justify="left")
    for name in ("day", "expect", "example_case"):
        table.add_column(word(name, lang), no_wrap=name != "example_case", overflow="fold")
    for example in rule.example:
        table.add_row(str(example.as_of), level_text(example.expect, lang), escape(example.says))
    console.print(table)
