"""Every rule on the shelf writes a letter that a person can read: in both languages, without a word of the machine's."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from monitor.domain.words import LANGS
from monitor.facts import subjects
from monitor.notify.composing import compose
from monitor.notify.letters import Written, write
from monitor.rulebook import Finding, Rulebook
from monitor.rulebook.rule import Words
from monitor.rulebook.wording import fill, finding_content
from tests.notify.cases import IDS, firing, first_findings, shelf
from tests.notify.letters import CHEN, CONTEXT, MORGAN, change, desk
from tests.notify.reading import Page

MACHINE = re.compile(rf"\b(?:{'|'.join(subjects())}|let|limit|value|fact|letter|report)\.[a-z_]\w*")
every_rule = pytest.mark.parametrize("rule_id", IDS)
in_both = pytest.mark.parametrize("lang", LANGS)


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return shelf()


@pytest.fixture(scope="module")
def findings(book: Rulebook) -> dict[str, Finding]:
    return first_findings(book)


def told(finding: Finding, book: Rulebook, lang: str, *, together: bool = False) -> Written:
    """The letter about one finding, or the digest with nothing else in it."""
    rule = book.get(finding.rule).rule
    alert = change(1, "blue" if together else "red", finding_content(finding, rule), rule=rule.id)
    to = MORGAN if lang == "en" else CHEN
    [letter] = compose([alert], desk(to, context=CONTEXT[lang], as_of=finding.as_of))
    return write(letter)


@every_rule
def test_the_example_that_is_written_of_fires(rule_id: str, book: Rulebook, findings: dict[str, Finding]) -> None:
    assert findings[rule_id].outcome == firing(book.get(rule_id).rule).expect


@in_both
@every_rule
def test_a_letter_of_every_rule_can_be_written_and_read(
    rule_id: str, lang: str, book: Rulebook, findings: dict[str, Finding]
) -> None:
    for together in (False, True):
        written = told(findings[rule_id], book, lang, together=together)
        page = next(element for element in Page(written.html).root.all() if element.tag == "table")
        for text in (written.subject, written.text, page.text):
            assert text.strip()
            assert "{" not in text
            assert "_" not in text, "a machine's name"
            assert MACHINE.findall(text) == []


@in_both
@every_rule
def test_every_line_of_evidence_is_in_the_readers_words(
    rule_id: str, lang: str, book: Rulebook, findings: dict[str, Finding]
) -> None:
    evidence = told(findings[rule_id], book, lang).text
    own = {"zh": r"[a-z]", "en": r"[\u4e00-\u9fff]"}[lang]
    lines = re.findall(r"^- (.+?)(?:：|: )", evidence, re.MULTILINE)
    assert lines
    assert len(lines) == len(set(re.findall(r"^- .+", evidence, re.MULTILINE)))
    assert [line for line in lines if re.search(own, line)] == []


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("{obligation.status}", "待履行", "scheduled"),
        ("{obligation.title}", "scheduled", "scheduled"),
        ("{limit.share}", "3%", "3%"),
        ("{limit.share} %", "3%", "3%"),
        ("{obligation.planned_percent} %, {obligation.actual_percent} %", "70 %, 未知", "70 %, not known"),
        ("{limit.days} 日内", "10日内", "10日内"),
        ("{obligation.amount}", "1,234.50", "1,234.50"),
        ("{let.why_en}", "Late", "Late"),
        ("({days_late})", "（还有20天）", "(20 days left)"),
    ],
)
def test_a_blank_is_filled_in_words(text: str, zh: str, en: str, findings: dict[str, Finding]) -> None:
    known = {
        "obligation.status": "scheduled", "obligation.title": "scheduled", "limit.share": Decimal("0.0300"), "limit.days": 10,
        "obligation.planned_percent": 70, "obligation.actual_percent": None, "obligation.amount": Decimal("1234.5000"),
        "let.why_en": "late",
    }  # fmt: skip
    ahead = replace(findings["GEN-DL-01"], evidence=known)
    words = Words(zh=text.replace("(", "（").replace(")", "）"), en=text)
    assert (fill(words, ahead, "zh"), fill(words, ahead, "en")) == (zh, en)
