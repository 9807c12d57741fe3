"""Every rule on the shelf is proved by its own examples, speaks plainly, and is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest

from monitor.domain.portfolio import nothing
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.facts import subjects
from monitor.rulebook import Outcome, Rulebook, load, try_examples
from monitor.rulebook.compile import OUTCOMES, PLACEHOLDER, Compiled
from monitor.rulebook.language import Meaning, Scope, understand
from monitor.rulebook.reference import facts_table, functions_table, rules_table
from monitor.rulebook.rule import Example, Limit, Rule

RULES = Path(__file__).parent.parent / "rules"
README = RULES / "README.md"
IDS = sorted(path.stem for path in RULES.glob("*/*.toml") if path.stem != "pack")

NEVER_UNKNOWN = {"CN-PERF-09": {"unknown"}}
"""Rules that only an unknown place makes unknown, and examples have a place: no cause to rescind on record is no cause."""

every_rule = pytest.mark.parametrize("rule_id", IDS)

Days = dict[str, list[date]]


@pytest.fixture(scope="module")
def outcomes(shelf: Rulebook, calendars: dict[str, WorkCalendar]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in try_examples(shelf, calendars):
        found.setdefault(outcome.rule, []).append(outcome)
    return found


@pytest.fixture(scope="module")
def days_that_count(shelf: Rulebook, calendars: dict[str, WorkCalendar]) -> Days:
    """For each rule the days that pick the limits in its examples."""
    with Engine(nothing(), calendars, as_of=date(2000, 1, 1)) as engine:
        columns = {subject: engine.columns(subject) for subject in subjects()}
        return {rule.rule.id: list(_days(rule, engine, columns[rule.rule.subject])) for rule in shelf.rules}


# --- the examples ---


@every_rule
def test_every_example_comes_out_as_the_file_says(rule_id: str, outcomes: dict[str, list[Outcome]]) -> None:
    wrong = [
        f"{o.example.says}: wanted {o.example.expect} {o.example.due or ''} {o.example.money or ''}, "
        f"got {o.got} {o.due or ''} {o.money or ''}, missing {', '.join(o.missing) or 'nothing'}"
        for o in outcomes[rule_id]
        if not o.passed
    ]
    assert not wrong, "\n".join(wrong)


@every_rule
def test_every_rule_is_shown_firing_at_each_level_clear_and_unknown(rule_id: str, shelf: Rulebook) -> None:
    rule = shelf.get(rule_id).rule
    shown = {example.expect for example in rule.example}
    assert shown | NEVER_UNKNOWN.get(rule_id, set()) == {"clear", "unknown", *rule.ladder, *rule.levels, *rule.lift}
    assert len(rule.example) >= 4


@every_rule
def test_an_unknown_example_names_what_is_missing(rule_id: str, outcomes: dict[str, list[Outcome]]) -> None:
    for outcome in outcomes[rule_id]:
        assert bool(outcome.missing) == (outcome.got == "unknown"), outcome.example.says


@every_rule
def test_every_rule_speaks_both_languages(rule_id: str, shelf: Rulebook) -> None:
    rule = shelf.get(rule_id).rule
    for words in (rule.title, rule.says, rule.action):
        assert re.search(r"[\u4e00-\u9fff]", words.zh), words
        assert words.en.strip(), words
        assert not re.search(r"[\u4e00-\u9fff]", words.en), words
        assert sorted(named(words.zh)) == sorted(named(words.en)), "both languages show the same values"


@every_rule
def test_every_brace_in_a_letter_is_filled(rule_id: str, shelf: Rulebook) -> None:
    rule = shelf.get(rule_id).rule
    for words in (rule.says, rule.action):
        for text in (words.zh, words.en):
            assert not re.search(r"[{}]", PLACEHOLDER.sub("", text)), text


# --- the numbers of the law ---


@every_rule
def test_every_limit_block_and_each_side_of_its_days_has_an_example(
    rule_id: str, shelf: Rulebook, days_that_count: Days
) -> None:
    asked = days_that_count[rule_id]
    for name, blocks in shelf.get(rule_id).rule.limits_named().items():
        for block in blocks:
            where = f"{name} from {block.starts} to {block.ends}"
            assert any(in_force(block, day) for day in asked), f"{where}: no example uses it"
            assert not block.starts or any(day < block.starts for day in asked), f"{where}: none before it"
            assert not block.ends or any(day > block.ends for day in asked), f"{where}: none after it"


@every_rule
def test_the_days_on_which_the_law_changed_are_shown_to_the_day(
    rule_id: str, shelf: Rulebook, days_that_count: Days
) -> None:
    asked = set(days_that_count[rule_id])
    for block in shelf.get(rule_id).rule.limit:
        if block.starts:
            sides = {block.starts, block.starts - timedelta(days=1)}
            assert sides <= asked, f"{block.name}: examples on {sides - asked} are missing"


@every_rule
def test_no_two_blocks_of_a_limit_are_in_force_on_one_day(rule_id: str, shelf: Rulebook) -> None:
    for name, blocks in limits_in_use(shelf.get(rule_id)).items():
        for earlier, later in pairwise(blocks):
            assert (earlier.ends or date.max) < (later.starts or date.min), name


def test_every_rule_that_uses_a_shared_table_of_rates_has_an_example_inside_it(
    shelf: Rulebook, days_that_count: Days
) -> None:
    for rule in shelf.rules:
        asked = days_that_count[rule.rule.id]
        for name in limits_in_use(rule).keys() - rule.rule.limits_named().keys():
            blocks = [block for block in rule.pack.limit if block.name == name]
            assert any(in_force(block, day) for block in blocks for day in asked), f"{rule.rule.id}: {name}"


@every_rule
def test_a_statute_is_cited_by_its_title(rule_id: str, shelf: Rulebook) -> None:
    rule = shelf.get(rule_id).rule
    if rule.basis == "statute":
        assert all(re.search("《|〔", law) for law in rule.law)
    if rule.basis == "default":
        assert any("practice" in law for law in rule.law), "a rule of ours says that it is no statute"


# --- a rule in the place of another ---


def test_a_rule_that_stands_in_for_another_is_nowhere_later(
    shelf: Rulebook, calendars: dict[str, WorkCalendar]
) -> None:
    """Every promise that a special rule speaks of, on many days around its own: the general one would say no more."""
    core = load([RULES], calendars, default_calendar="CN", packs=["core"])
    pairs = [(rule, core.get(name)) for rule in shelf.rules for name in rule.rule.replaces]
    assert len(pairs) > 1
    later = []
    for special, general in pairs:
        asked = [case for example in special.rule.example for case in on_many_days(example)]
        assert asked, f"{special.rule.id} has no example that fires with a day"
        said, would_say = (_levels(rule, asked, calendars) for rule in (special, general))
        later += [
            f"{special.rule.id}: {example.says}, asked on {example.as_of}: {ours}, {general.rule.id} would be {theirs}"
            for example, ours, theirs in zip(asked, said, would_say, strict=True)
            if ours != "clear" and OUTCOMES.index(ours) < OUTCOMES.index(theirs)
        ]
    assert not later, "\n".join(later)


def on_many_days(example: Example) -> Iterator[Example]:
    """An example that fires, asked on days before and after the promise was due, but none before something in it happened."""
    due = example.given.get("obligation.due_on")
    if example.expect in ("clear", "unknown") or due is None:
        return
    happened = [
        day
        for name, day in example.given.items()
        if isinstance(day, date) and not name.endswith((".due_on", ".end_on"))
    ]
    for offset in (-60, -30, -29, -15, -14, -5, 0, 1, 29, 30):
        if (day := due + timedelta(days=offset)) >= max(happened, default=day):
            yield example.model_copy(update={"as_of": day, "due": None, "money": None})


def _levels(rule: Compiled, examples: list[Example], calendars: Mapping[str, WorkCalendar]) -> list[str]:
    """What one rule says of some examples."""
    alone = replace(rule, rule=rule.rule.model_copy(update={"example": tuple(examples)}))
    return [outcome.got for outcome in try_examples(Rulebook(rules=(alone,), files={}, hash=""), calendars)]


# --- the README ---


def test_the_readme_shows_the_facts_functions_and_rules_of_today(
    shelf: Rulebook, request: pytest.FixtureRequest
) -> None:
    text = README.read_text(encoding="utf-8")
    now = {"facts": facts_table(), "functions": functions_table(), "rules": rules_table(shelf)}
    if request.config.getoption("--renew"):
        README.write_text(with_tables(text, now), encoding="utf-8", newline="")
        return
    assert text == with_tables(text, now), "rules/README.md is out of date: run the tests with --renew"


def test_the_rule_in_the_readme_passes_its_own_examples(tmp_path: Path, calendars: dict[str, WorkCalendar]) -> None:
    sample = re.search(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert sample
    pack = tmp_path / "zz"
    pack.mkdir()
    (pack / "pack.toml").write_text('name = { zh = "例", en = "Example" }\n', encoding="utf-8")
    (pack / "ZZ-PAY-01.toml").write_text(sample[1], encoding="utf-8")
    book = load([tmp_path], calendars, default_calendar="CN")
    assert [outcome.got for outcome in try_examples(book, calendars)] == ["orange", "blue", "unknown"]


def test_the_readme_explains_every_key_subject_and_folder() -> None:
    text = README.read_text(encoding="utf-8")
    table = re.search(r"\| key \|.*?\n\n", text, re.DOTALL)
    assert table
    keys = " ".join(line.split("|")[1] for line in table[0].splitlines()[2:-1])
    assert set(re.findall(r"\w+", keys)) == {field.alias or name for name, field in Rule.model_fields.items()}
    row = next(line for line in table[0].splitlines() if line.startswith("| `subject`"))
    assert set(re.findall(r"`(\w+)`", row)) - {"subject"} == set(get_args(Rule.model_fields["subject"].annotation))
    folders = {path.parent.name for path in RULES.glob("*/pack.toml")}
    assert set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)) == folders


# --- helpers ---


def named(text: str) -> list[str]:
    """The placeholders of a sentence; a part in two languages counts as one."""
    return [re.sub(r"_(zh|en)$", "", name) for name in PLACEHOLDER.findall(text)]


def limits_in_use(compiled: Compiled) -> dict[str, list[Limit]]:
    """The limits that have a say in a rule, its own and its pack's, oldest block first."""
    named_in_pack: dict[str, list[Limit]] = {}
    for block in compiled.pack.limit:
        named_in_pack.setdefault(block.name, []).append(block)
    used = {name.removeprefix("limit.") for name in compiled.evidence if name.startswith("limit.")}
    known = compiled.rule.limits_named() | named_in_pack
    return {name: blocks for name, blocks in known.items() if name in used}


def _days(compiled: Compiled, engine: Engine, columns: Mapping[str, str]) -> Iterator[date]:
    """For each example the day that picks its limits: what `dated_by` makes of the facts that are given."""
    as_of = Meaning(sql='"as_of"')
    scope = Scope(columns=columns, calendar=compiled.calendar, dated_by=as_of, limits={}, let={})
    meaning = understand(compiled.rule.dated_by or "as_of", scope)
    kinds = {**columns, "as_of": "DATE"}
    names = [*sorted(meaning.facts), "as_of"]
    facts = ", ".join(f'?::{kinds[name]} as "{name}"' for name in names)
    for example in compiled.rule.example:
        given: dict[str, Any] = {**example.given, "as_of": example.as_of}
        found = engine.rows(f"select {meaning.sql} as day from (select {facts})", [given.get(name) for name in names])
        if found[0]["day"] is not None:
            yield found[0]["day"]


def in_force(block: Limit, day: date) -> bool:
    return (block.starts is None or block.starts <= day) and (block.ends is None or day <= block.ends)


def with_tables(text: str, tables: dict[str, str]) -> str:
    for name, table in tables.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        assert {start, end} <= set(text.splitlines()), f"rules/README.md lost its markers of {name}"
        head, _, rest = text.partition(start)
        text = f"{head}{start}\n{table}\n{end}{rest.partition(end)[2]}"
    return text
