"""The rule book against the catalogue of the law that it was written from: nothing dropped, nothing cited that is not meant."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from monitor.rulebook import Rulebook
from monitor.rulebook.rule import LEVELS
from tests.conftest import SharedData

RULES = Path(__file__).parent.parent / "rules"
IDS = sorted(path.stem for path in RULES.glob("*/*.toml") if path.stem != "pack")

SPLIT_OFF = {"CN-PAY-22", "CN-PAY-23", "CN-PAY-24", "CN-PAY-25", "CN-PAY-26"}
"""Branches of one entry of the catalogue that are about something else than the rest of it, and so became rules of their own."""

OTHER_SUBJECT = {
    "CN-AMD-04": "the sum of all contracts of a project against its estimate: a state of the contract, whatever change led to it",
    "CN-GUA-02": "the limit is on all retentions of a contract together",
    "CN-GUA-03": "the defects period is a term of the contract, not of the retention",
    "CN-GUA-05": "report, acceptance and the cause of the delay belong to the contract",
    "CN-PAY-12": "who must publish is the unit, whoever the creditors are",
    "CN-PAY-13": "the days of a complaint run for each complaint",
    "CN-PERF-05": "put to use or paid before acceptance: the whole contract",
    "CN-PERF-06": "the completion of the works is filed once a contract",
    "CN-PERF-10": "what lapses is a claim, and each sum owed has its own limitation",
    "CN-PRO-02": "the head who changed is the unit's",
    "CN-PRO-05": "what must be put right is each complaint found true",
    "GEN-AMD-01": "the sums over all changes are one fact of the contract, and one open warning is enough",
    "GEN-FIN-01": "the sums over all payments are one fact of the contract, and one open warning is enough",
}
"""Rules judged on another subject than the catalogue's, and why."""

OTHER_LEVELS = {
    "US-DIS-01": "the catalogue's text has yellow on day 45 and red on day 61, and no day for the orange of its head line",
}
"""Rules that lack a level the catalogue names, and why."""

SUREST = {"V-LAW": "statute", "V-WEB": "seen", "V-GH": "seen", "P": "seen", "M": "memory", "D": "default"}
"""The most that a rule may say of its basis, by how the catalogue was checked."""

every_entry = pytest.mark.parametrize("rule_id", sorted(set(IDS) - SPLIT_OFF))

Catalogue = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def catalogue(shared_data: SharedData) -> Catalogue:
    """The entries of the catalogue by id."""
    text = shared_data("law/rules-catalogue.json").read_text(encoding="utf-8")
    return {entry["id"]: entry for entry in json.loads(text)["rules"]}


def test_every_entry_of_the_catalogue_is_a_rule_and_every_rule_an_entry_or_a_branch_of_one(
    catalogue: Catalogue,
) -> None:
    assert len(catalogue) == 90
    assert not catalogue.keys() & SPLIT_OFF
    assert set(IDS) == catalogue.keys() | SPLIT_OFF


@every_entry
def test_side_subject_place_and_levels_are_those_of_the_catalogue(
    rule_id: str, shelf: Rulebook, catalogue: Catalogue
) -> None:
    entry, compiled = catalogue[rule_id], shelf.get(rule_id)
    rule, place = compiled.rule, entry["jurisdiction"]
    assert rule.side == entry["side"]
    assert (rule.subject != entry["subject"]) == (rule_id in OTHER_SUBJECT), f"the catalogue says {entry['subject']}"
    assert compiled.pack.place == (None if place == "GEN" else place)
    lacking = colours(entry["level"]) - {*rule.ladder, *rule.levels, *rule.lift}
    assert bool(lacking) == (rule_id in OTHER_LEVELS), f"{rule_id} lacks {lacking}; the catalogue says {entry['level']}"


@every_entry
def test_the_articles_and_days_are_those_of_the_catalogue(rule_id: str, shelf: Rulebook, catalogue: Catalogue) -> None:
    rule, basis = shelf.get(rule_id).rule, catalogue[rule_id]["basis"]
    text = " ".join([*rule.law, *(block.cite for block in rule.limit), rule.note])
    assert set(articles(basis)) <= set(articles(text)), f"cites {articles(text)}; the catalogue says {basis}"
    assert set(documents(basis)) <= set(documents(text)), f"cites {documents(text)}; the catalogue says {basis}"
    told = text + " ".join(str(day) for block in rule.limit for day in (block.starts, block.ends))
    days = [
        date.fromisoformat(day) for day in re.findall(r"\d{4}-\d\d-\d\d", f"{basis} {catalogue[rule_id]['applies']}")
    ]
    assert [str(day) for day in days if str(day) not in told and f"{day.day} {day:%B %Y}" not in told] == []


@every_entry
def test_no_rule_says_it_is_surer_than_the_catalogue_was_checked(
    rule_id: str, shelf: Rulebook, catalogue: Catalogue
) -> None:
    order = ["default", "memory", "seen", "statute"]
    checked = SUREST[catalogue[rule_id]["verified"]]
    assert order.index(shelf.get(rule_id).rule.basis) <= order.index(checked)


def colours(text: str) -> set[str]:
    """The levels that the catalogue names by their colours.

    >>> sorted(colours("黄 → 红"))
    ['red', 'yellow']
    """
    return {level for level, colour in zip(LEVELS, "蓝黄橙红", strict=True) if colour in text}


def articles(text: str) -> list[int]:
    """Numbers of articles, written `art.9(1)(4), 10` or `第九条`.

    >>> articles("《民法典》 art.509, 577; defences art.525-527"), articles("第五百二十五条、第十条")
    ([509, 577, 525, 527], [525, 10])
    >>> articles("art.563(二); 578, 条例 art.8, 32 (2020: art.7, 26) and art.53 (3个月), 54 (10日)")
    [563, 578, 8, 32, 7, 26, 53, 54]
    """
    found = []
    text = re.sub(r"\(([^()]*art\.[^()]*)\)", r". \1.", text)
    number = r"\d+(?:\s*\([^)]*\))*"
    for group in re.findall(rf"art\.\s*({number}(?:\s*[,;-]\s*{number})*)", text):
        found += [int(one) for one in re.findall(r"\d+", re.sub(r"\([^)]*\)", "", group))]
    return found + [number_of(words) for words in re.findall(r"第([零一二三四五六七八九十百]+)条", text)]


def documents(text: str) -> list[str]:
    """Numbers of documents and of sections of codes, as 〔2022〕183号, 2011/7/EU, 49.402-3, 1315.

    >>> documents("财建〔2022〕183号; Directive 2011/7/EU; FAR 49.402-3(d), 4.804-1; 5 CFR 1315, 41 U.S.C. 7103(f)")
    ['〔2022〕183号', '2011/7/EU', '49.402-3', '4.804-1', 'CFR 1315', 'U.S.C. 7103']
    """
    return re.findall(r"〔\d{4}〕\d+号|\d{4}/\d+/EU|\b\d{1,2}\.\d{3,4}(?:-\d+)?|(?:CFR|U\.S\.C\.) \d+", text)


DIGITS = {character: number for number, character in enumerate("零一二三四五六七八九")}


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
