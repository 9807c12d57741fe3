"""Every rule on the shelf is proved by its own examples, cites what the catalogue says, and is documented."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.domain.workdays import WorkCalendar
from monitor.rulebook import Outcome, Rulebook, load, try_examples
from monitor.rulebook.compile import PLACEHOLDER, Compiled
from monitor.rulebook.reference import facts_table, functions_table, rules_table
from monitor.rulebook.rule import LEVELS, Limit, Rule
from tests.conftest import SharedData

RULES = Path(__file__).parent.parent / "rules"
README = RULES / "README.md"
IDS = (
    "CN-PAY-01", "CN-PAY-03", "CN-PAY-06", "CN-PERF-01", "CN-PRC-03", "CN-PRC-05", "GEN-ALT-01", "GEN-AMD-01",
    "GEN-DL-01", "GEN-DL-02", "GEN-DL-03", "GEN-EXP-01", "GEN-FIN-01", "GEN-PTY-01",
)  # fmt: skip
"""The rules of this release."""

every_rule = pytest.mark.parametrize("rule_id", IDS)

DIGITS = {character: number for number, character in enumerate("零一二三四五六七八九")}


@pytest.fixture(scope="module")
def shelf(calendars: dict[str, WorkCalendar]) -> Rulebook:
    return load([RULES], calendars, default_calendar="CN")


@pytest.fixture(scope="module")
def outcomes(shelf: Rulebook, calendars: dict[str, WorkCalendar]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in try_examples(shelf, calendars):
        found.setdefault(outcome.rule, []).append(outcome)
    return found


def test_these_rules_and_no_others_are_on_the_shelf(shelf: Rulebook) -> None:
    assert sorted(shelf.files) == sorted(IDS)
    assert {path.stem for path in RULES.glob("*/*.toml")} - {"pack"} == set(IDS)


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
    assert shown == {"clear", "unknown", *rule.ladder, *rule.levels, *rule.lift}
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


@every_rule
def test_every_limit_block_and_each_side_of_its_days_has_an_example(rule_id: str, shelf: Rulebook) -> None:
    compiled = shelf.get(rule_id)
    asked = list(days_that_count(compiled))
    for name, blocks in limits_in_use(compiled).items():
        for block in blocks:
            where = f"{name} from {block.starts} to {block.ends}"
            assert any(in_force(block, day) for day in asked), f"{where}: no example uses it"
            assert not block.starts or any(day < block.starts for day in asked), f"{where}: none before it"
            assert not block.ends or any(day > block.ends for day in asked), f"{where}: none after it"


@every_rule
def test_the_days_on_which_the_law_changed_are_shown_to_the_day(rule_id: str, shelf: Rulebook) -> None:
    asked = set(days_that_count(shelf.get(rule_id)))
    for block in shelf.get(rule_id).rule.limit:
        if block.starts:
            sides = {block.starts, block.starts - timedelta(days=1)}
            assert sides <= asked, f"{block.name}: examples on {sides - asked} are missing"


@every_rule
def test_no_two_blocks_of_a_limit_are_in_force_on_one_day(rule_id: str, shelf: Rulebook) -> None:
    for name, blocks in limits_in_use(shelf.get(rule_id)).items():
        for earlier, later in pairwise(blocks):
            assert (earlier.ends or date.max) < (later.starts or date.min), name


@every_rule
def test_the_articles_are_those_of_the_catalogue(rule_id: str, shelf: Rulebook, shared_data: SharedData) -> None:
    catalogue = json.loads(shared_data("law/rules-catalogue.json").read_text(encoding="utf-8"))
    entry = next(rule for rule in catalogue["rules"] if rule["id"] == rule_id)
    rule = shelf.get(rule_id).rule
    assert rule.side == entry["side"]
    cited = articles(" ".join([*rule.law, *(block.cite for block in rule.limit)]))
    assert set(articles(entry["basis"])) <= set(cited), f"cites {cited}; the catalogue says {entry['basis']}"


@every_rule
def test_a_statute_is_cited_by_its_title(rule_id: str, shelf: Rulebook) -> None:
    rule = shelf.get(rule_id).rule
    if rule.basis == "statute":
        assert all("《" in law for law in rule.law)
    if rule.basis == "default":
        assert all("practice" in law for law in rule.law), "a rule of ours says that it is no statute"


def test_a_rule_that_stands_in_for_another_is_nowhere_later(shelf: Rulebook) -> None:
    pairs = [(rule.rule, shelf.get(name).rule) for rule in shelf.rules for name in rule.rule.replaces]
    assert [(special.id, general.id) for special, general in pairs] == [("CN-PERF-01", "GEN-DL-01")]
    for special, general in pairs:
        assert (special.due, special.done) == (general.due, general.done)
        for level in LEVELS:
            if level in general.ladder:
                assert calendar_days(special.ladder[level]) <= calendar_days(general.ladder[level])


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


def test_the_readme_explains_every_key_a_rule_may_have() -> None:
    table = re.search(r"\| key \|.*?\n\n", README.read_text(encoding="utf-8"), re.DOTALL)
    assert table
    keys = " ".join(line.split("|")[1] for line in table[0].splitlines()[2:-1])
    assert set(re.findall(r"\w+", keys)) == {field.alias or name for name, field in Rule.model_fields.items()}


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


def days_that_count(compiled: Compiled) -> Iterator[date]:
    """For each example the day that picks its limits."""
    for example in compiled.rule.example:
        day = example.as_of if compiled.rule.dated_by is None else example.given.get(compiled.rule.dated_by)
        if day is not None:
            yield day


def in_force(block: Limit, day: date) -> bool:
    return (block.starts is None or block.starts <= day) and (block.ends is None or day <= block.ends)


def articles(text: str) -> list[int]:
    """Numbers of articles, written `art.9(1)(4), 10` or `第九条`.

    >>> articles("《民法典》 art.509, 577; defences art.525-527"), articles("第五百二十五条、第十条")
    ([509, 577, 525, 527], [525, 10])
    """
    found = []
    for group in re.findall(r"art\.\s*((?:\d+(?:\s*\([^)]*\))*(?:,\s*|-)?)+)", text):
        found += [int(number) for number in re.findall(r"\d+", re.sub(r"\([^)]*\)", "", group))]
    return found + [number_of(words) for words in re.findall(r"第([零一二三四五六七八九十百]+)条", text)]


def number_of(words: str) -> int:
    """A Chinese number below a thousand.

    >>> number_of("五百零九"), number_of("十五"), number_of("五十"), number_of("三十五")
    (509, 15, 50, 35)
    """
    total, digit = 0, 0
    for character in words:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = DIGITS[character]
    return total + digit


def calendar_days(rung: str) -> int:
    assert "w" not in rung, "compare rungs of working days by hand"
    return int(rung.rstrip("d"))


def with_tables(text: str, tables: dict[str, str]) -> str:
    for name, table in tables.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        assert {start, end} <= set(text.splitlines()), f"rules/README.md lost its markers of {name}"
        head, _, rest = text.partition(start)
        text = f"{head}{start}\n{table}\n{end}{rest.partition(end)[2]}"
    return text
