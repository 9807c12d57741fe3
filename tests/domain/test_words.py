"""The words people read: both languages or none, and values as each reader expects them."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from monitor.domain import words
from monitor.domain.nouns import NOUNS, choices
from monitor.domain.vocabulary import PROMISES
from monitor.domain.warning import LEVELS, TOLD
from monitor.domain.words import LANGS, fact_name, fact_value, is_evidence, keys, shown, word
from monitor.facts import documented, subjects
from monitor.rulebook import Rulebook
from monitor.rulebook.compile import PLACEHOLDER
from monitor.rulebook.rule import Basis, Rule
from tests.notify.cases import shelf

MONITOR = Path(words.__file__).parent.parent
SIDES = ("government", "counterparty", "both")
RENAMED = {"party.size_at_signing": "party.size"}
"""Fields whose fact has another name."""

OF_THE_DOSSIER = {"contract.unit", "contract.party"}
"""What a dossier shows beside the facts of a contract."""


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return shelf()


def test_every_word_is_there_in_both_languages() -> None:
    """But for what only joins words: Chinese puts no space where English does."""
    empty = {key for key in keys() for lang in LANGS if not word(key, lang).strip()}
    assert empty <= {"letter.comma", "letter.gap"}


def test_the_two_languages_are_not_mixed_up() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert [key for key in keys() if chinese.search(word(key, "en"))] == []
    plain = {
        key: re.sub(r"\{\w+\}", "", word(key, "zh")) for key in keys()
    }  # what blanks are filled with has its own language
    told = [key for key, text in plain.items() if len(text) > 12 and not chinese.search(text)]
    assert told == []


def test_the_same_blanks_are_filled_in_both_languages() -> None:
    blanks = re.compile(r"\{\w+\}")
    uneven = [key for key in keys() if set(blanks.findall(word(key, "zh"))) != set(blanks.findall(word(key, "en")))]
    assert uneven == []


def test_no_word_stands_twice() -> None:
    found = Counter(
        key for name in ("words", *words.NAMES) for key in tomllib.loads(_file(name).read_text(encoding="utf-8"))
    )
    assert [key for key, times in found.items() if times > 1] == []


def refusals() -> set[str]:
    """Why files are refused, as the readers of sources say it."""
    code = "".join(path.read_text(encoding="utf-8") for path in sorted((MONITOR / "sources").glob("*.py")))
    return {"other", "lost", *re.findall(r'why="(\w+)"', code), *re.findall(r'why="\w+" if \w+ else "(\w+)"', code)}


def test_every_reason_for_a_refusal_is_used() -> None:
    assert {key.removeprefix("refused.") for key in keys() if key.startswith("refused.")} == refusals()


def test_words_built_of_a_part_are_there_for_every_part() -> None:
    """A letter about a guarantee asks for `letter.subject.guarantee`: nobody may find out by a letter that cannot go out."""
    bases = [basis for basis in get_args(Basis) if basis != "statute"]
    asked = {
        *(f"letter.subject.{subject}" for subject in subjects()), *(f"report.kind.{subject}" for subject in subjects()),
        *(f"letter.side.{side}" for side in SIDES), *SIDES, *get_args(Basis), *(f"letter.basis.{basis}" for basis in bases),
        *LEVELS, *(f"letter.short.{level}" for level in LEVELS), *(f"letter.event.{event}" for event in TOLD), *TOLD,
        "open", "acknowledged", "closed", "cleared", "clear", "unknown", "not applicable",
    }  # fmt: skip
    asked |= {f"refused.{why}" for why in refusals()}
    assert asked - set(keys()) == set()
    assert set(get_args(Rule.model_fields["subject"].annotation)) == set(subjects())


def test_every_fact_has_a_name() -> None:
    facts = {fact.name for subject in subjects() for fact in documented(subject)}
    named = {key.removeprefix("fact.") for key in keys() if re.fullmatch(r"fact\.[a-z]+\.\w+", key)}
    assert facts - named == set()
    stale = {name for name in named - facts if not name.startswith(("let.", "limit."))}
    assert stale == OF_THE_DOSSIER


def test_every_code_that_a_fact_may_hold_has_a_word() -> None:
    held = {
        f"{subject}.{field}": choices(NOUNS[subject], field)
        for subject in subjects() for field in NOUNS[subject].model_fields if choices(NOUNS[subject], field)
    }  # fmt: skip
    held = {RENAMED.get(field, field): codes for field, codes in held.items()}
    held |= {"obligation.kind": tuple(PROMISES), "contract.review_result": choices(NOUNS["review"], "result")}
    wanted = {(fact, code) for fact, codes in held.items() for code in codes}
    there = set(keys())
    found = {(f, c) for f, c in wanted if there & {f"value.{f}.{c}", f"value.{f.partition('.')[2]}.{c}"}}
    assert wanted - found == set()
    used = {key for f, c in wanted for key in (f"value.{f}.{c}", f"value.{f.partition('.')[2]}.{c}")}
    assert {key for key in there if key.startswith("value.")} - used == set()
    for fact, code in wanted:
        assert fact_value(fact, code, "zh") != code


def test_whatever_a_rule_shows_has_a_name(book: Rulebook) -> None:
    """Numbers of the law and named parts too, but for the steps of a reckoning and the pieces of sentences."""
    there, unnamed = set(keys()), []
    for compiled in book.rules:
        rule = compiled.rule
        letter = " ".join(getattr(getattr(rule, part), lang) for part in ("says", "action") for lang in LANGS)
        told = {name for name in PLACEHOLDER.findall(letter) if not name.endswith(("_zh", "_en"))}
        wanted = {n for n in compiled.evidence.keys() | compiled.needs if not n.startswith("let.") or n in told}
        unnamed += [f"{rule.id} {n}" for n in wanted if not there & {f"fact.{rule.id}.{n}", f"fact.{n}"}]
        shown_as = [fact_name(name, lang, rule.id) for name in wanted for lang in LANGS]
        assert [name for name in shown_as if re.search(r"\w\.\w", name)] == []
    assert unnamed == []


def test_no_number_or_part_is_named_that_no_rule_has(book: Rulebook) -> None:
    had = set()
    for compiled in book.rules:
        rule, shared = compiled.rule, {block.name for block in compiled.pack.limit}
        own = {f"limit.{name}" for name in rule.limits_named().keys() | shared} | {f"let.{name}" for name in rule.let}
        had |= {f"fact.{name}" for name in own} | {f"fact.{rule.id}.{name}" for name in own}
    named = {key for key in keys() if re.search(r"^fact\.(?:[A-Z-]+\d+\.)?(?:let|limit)\.", key)}
    assert named - had == set()


def test_evidence_is_for_people() -> None:
    assert fact_value("payment.settled_on", None, "zh") == "无记录"
    assert fact_value("obligation.clause", "3.10", "en") == "3.10", "a clause is no number"
    assert fact_value("contract.title", "2026-03-01", "en") == "2026-03-01", "nor is a title a day"
    assert fact_value("payment.due_on", "2026-02-30", "en") == "2026-02-30", "there is no such day"
    assert fact_value("contract.late_rate", "0.0385", "zh") == "3.85%"
    assert fact_value("limit.red_amount", 1_000_000, "en") == "1,000,000.00"
    assert fact_value("limit.in_force", 1, "zh") == "是"
    assert fact_value("limit.since_year", 2020, "en") == "2020", "a year has no thousands"
    assert fact_value("complaint.title", "sme_arrears", "zh") == "中小企业账款投诉", (
        "what has no title is called by its kind"
    )
    assert not is_evidence("let.works", True), "a mere yes is a step"
    assert not is_evidence("limit.days", None), "a number that was not in force"
    assert not is_evidence("let.day", "2026-03-01", "CN-GUA-03")
    assert is_evidence("let.day", 27, "CN-PRC-04")
    assert is_evidence("limit.of_an_office", 3)


def test_every_word_that_the_program_names_is_there() -> None:
    asked = set()
    for path in MONITOR.rglob("*.py"):
        asked |= set(re.findall(r'\bword\("(\w+)"', path.read_text(encoding="utf-8")))
    assert len(asked) > 3
    assert asked <= set(keys())
    assert set(LEVELS) <= set(keys())


def test_a_word_that_is_missing_stops_the_letter() -> None:
    with pytest.raises(KeyError):
        word("no such word", "zh")
    with pytest.raises(KeyError):
        word("orange", "fr")


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (None, "未知", "not known"),
        (False, "否", "no"),
        (0, "0", "0"),
        (date(2026, 3, 1), "2026年3月1日", "1 Mar 2026"),
        (Decimal("0"), "0.00", "0.00"),
        (Decimal("-1234567.5"), "-1,234,567.50", "-1,234,567.50"),
        (Decimal("92233720368547758.0725"), "92,233,720,368,547,758.0725", "92,233,720,368,547,758.0725"),
        ("道路", "道路", "道路"),
    ],
    ids=lambda value: repr(value),
)
def test_values_are_shown_for_the_reader(value: object, zh: str, en: str) -> None:
    assert (shown(value, "zh"), shown(value, "en")) == (zh, en)


def _file(name: str) -> Path:
    return Path(words.__file__).with_name(f"{name}.toml")
