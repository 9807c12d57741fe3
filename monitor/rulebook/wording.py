"""Findings in words: a rule's sentences with the values of one case filled in, in both languages.

Only `{names}` that the rule book has checked are replaced, by values formatted for the reader; the result is plain text.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from monitor.domain.words import LANGS, fact_value, shown, word
from monitor.rulebook.compile import PLACEHOLDER
from monitor.rulebook.finding import Finding
from monitor.rulebook.overrides import SAID
from monitor.rulebook.rule import Rule, Words

_BLANK = re.compile(rf"{PLACEHOLDER.pattern}( ?%)?")
"""A blank, and the sign after it: what is not known has none, and a share brings its own."""


_CHINESE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef“”]"
_SPACED = re.compile(f"(?<={_CHINESE}) (?={{)|(?<=}}) (?={_CHINESE})")
"""The space that a rule file may have between Chinese and a blank, to be read more easily; official writing has none."""


def fill(words: Words, finding: Finding, lang: str) -> str:
    """A sentence of a rule with the case's values. A value that is not known is written as not known."""
    values: dict[str, Any] = {"due": finding.due, "as_of": finding.as_of} | finding.evidence

    def filled(blank: re.Match[str]) -> str:
        name, sign = blank[1], blank[2] or ""
        if name == "days_late":
            return _how_late(finding.days_late, lang)
        value = values.get(name)
        text = shown(None, lang) if value is None else fact_value(name, value, lang, finding.rule)
        return text if value is None or text.endswith("%") else text + sign

    sentence = _SPACED.sub("", words.in_language(lang))
    said = _BLANK.sub(filled, sentence)
    return said[:1].upper() + said[1:] if sentence.startswith("{let.") else said


def finding_content(finding: Finding, rule: Rule) -> dict[str, Any]:
    """Everything a letter or page says of a finding, as JSON: it must be readable after the rule file has changed."""
    return {
        "rule_title": {"zh": rule.title.zh, "en": rule.title.en},
        "says": {lang: fill(rule.says, finding, lang) for lang in LANGS},
        "action": {lang: fill(rule.action, finding, lang) for lang in LANGS},
        "cite": finding.cite, "side": rule.side, "basis": rule.basis, "subject": finding.subject,
        "subject_title": finding.subject_title, "contract_id": finding.contract_id,
        "contract_title": finding.contract_title, "contract_number": finding.contract_number, "unit": finding.unit,
        "party": finding.party, "due": finding.due.isoformat() if finding.due else None, "days_late": finding.days_late,
        "money": None if finding.money is None else str(finding.money), "currency": finding.currency,
        "evidence": {name: _plain(value) for name, value in finding.evidence.items() if name not in SAID.values()},
        "missing": list(finding.missing), "provisional": finding.provisional,
        "source": finding.source, "source_row": finding.source_row,
    }  # fmt: skip


def days_text(days_late: int | None, lang: str) -> str:
    """How late or how soon, for a table cell.

    >>> days_text(3, "en"), days_text(-5, "zh"), days_text(None, "en"), days_text(0, "en"), days_text(1, "en")
    ('3 days late', '还有5天', '', 'due today', '1 day late')
    """
    return "" if days_late is None else _days(days_late, lang, ahead="left")


def _how_late(days_late: int | None, lang: str) -> str:
    """The same within a sentence, where “in 5 days” would be the day of something else."""
    return shown(None, lang) if days_late is None else _days(days_late, lang, ahead="to_go")


def _days(days_late: int, lang: str, *, ahead: str) -> str:
    if days_late == 0:
        return word("due_today", lang)
    key = f"{'day' if abs(days_late) == 1 else 'days'}_{'late' if days_late > 0 else ahead}"
    return word(key, lang).replace("{n}", str(abs(days_late)))


def _plain(value: Any) -> Any:
    """As JSON keeps it: days and decimals as text."""
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
