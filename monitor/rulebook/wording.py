"""Findings in words: a rule's sentences with the values of one case filled in, in both languages.

Only `{names}` that the rule book has checked are replaced, by values formatted for the reader; the result is plain text.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from monitor.domain.words import LANGS, shown, word
from monitor.rulebook.compile import PLACEHOLDER
from monitor.rulebook.judge import Finding
from monitor.rulebook.overrides import SAID
from monitor.rulebook.rule import Rule, Words


def fill(words: Words, finding: Finding, lang: str) -> str:
    """A sentence of a rule with the case's values. A value that is not known is written as not known."""
    values: dict[str, Any] = {"due": finding.due, "days_late": finding.days_late, "as_of": finding.as_of}
    values |= finding.evidence
    return PLACEHOLDER.sub(lambda found: shown(values.get(found[1]), lang), words.in_language(lang))


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

    >>> days_text(3, "en"), days_text(-5, "zh"), days_text(None, "en"), days_text(0, "en")
    ('3 days late', '还有5天', '', 'due today')
    """
    if days_late is None:
        return ""
    if days_late == 0:
        return word("due_today", lang)
    key = "days_late" if days_late > 0 else "days_left"
    return word(key, lang).replace("{n}", str(abs(days_late)))


def _plain(value: Any) -> Any:
    """As JSON keeps it: days and decimals as text."""
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
