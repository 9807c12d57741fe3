"""The words people read, in Chinese and in English: one entry a word, both languages or none.

`words.toml` has what the program says, `facts.toml` the names of facts, `parts.toml` those of the numbers and parts of rules,
`values.toml` words for codes, `risk.toml` what learned scores say, `reports.toml` what reports do.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from babel.dates import format_date
from babel.numbers import format_decimal

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")
NAMES = ("facts", "parts", "values", "risk", "reports")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DECIMAL = re.compile(r"-?\d{1,30}\.\d{1,10}")
_TEXTS = (
    "title", "name", "number", "clause", "reason", "term_justification", "project_code", "invoice_number", "source",
)  # fmt: skip
"""Facts that strangers wrote: a clause 3.10 is no number, and a title that looks like a day is a title."""


@cache
def _words() -> dict[str, dict[str, str]]:
    return _read("words")


@cache
def _names() -> dict[str, dict[str, str]]:
    """Read only when a fact is shown: the names are twice as many as all other words."""
    return {key: entry for name in NAMES for key, entry in _read(name).items()}


def _read(name: str) -> dict[str, dict[str, str]]:
    entries: dict[str, dict[str, str]] = tomllib.loads(
        Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8")
    )
    return entries


def word(key: str, lang: str) -> str:
    """One word or phrase. Raises KeyError for a key that is not there: a missing translation must not go out.

    >>> word("orange", "zh"), word("orange", "en")
    ('橙色', 'Orange')
    """
    return (_words() if key in _words() else _names())[key][lang]


def filled(key: str, lang: str, /, **blanks: object) -> str:
    """A sentence with its blanks filled in once: what a value contains is never filled in again.

    >>> filled("risk.points", "en", number="{number}")
    '{number} points'
    """
    return word(key, lang).format(**blanks)


def fact_name(fact: str, lang: str, rule: str = "") -> str:
    """A short name for a fact, or for a number or part of a rule; what only its rule names is told in general.

    A fact that has no name keeps its dotted one.

    >>> fact_name("contract.amount", "zh"), fact_name("limit.ahead", "en"), fact_name("limit.ahead", "en", "GEN-FIN-01")
    ('合同金额', 'days of notice ahead', 'points payment may run ahead')
    >>> fact_name("limit.of_an_office", "zh"), fact_name("contract.no_such", "zh")
    ('规则数值', 'contract.no_such')
    """
    entry = _named(fact, rule) or _names().get(f"fact.{fact.partition('.')[0]}")
    return entry[lang] if entry else fact


def is_evidence(fact: str, value: Any, rule: str = "") -> bool:
    """Whether people are shown this part of a finding's evidence.

    Facts always, for that nothing is on record is evidence too. Not the steps of a reckoning: a part without a name, one that
    is a mere yes or no, a piece of a sentence (`_zh`, `_en`), a number that was not in force.

    >>> is_evidence("payment.paid", None), is_evidence("let.due", date(2026, 3, 1)), is_evidence("let.why_zh", "变更频繁")
    (True, True, False)
    """
    kind = fact.partition(".")[0]
    if kind not in ("let", "limit"):
        return True
    entry = _named(fact, rule)
    told = value is not None and (entry or {}).get("form") != "inner"
    return told and (kind == "limit" or (entry is not None and not isinstance(value, bool)))


def fact_value(fact: str, value: Any, lang: str, rule: str = "") -> str:
    """A fact's value in words. JSON has neither days nor decimals: they come as text and are shown as what they are.

    >>> fact_value("obligation.due_on", "2017-12-01", "en"), fact_value("obligation.status", "scheduled", "zh")
    ('1 Dec 2017', '待履行')
    >>> fact_value("payment.unpaid", "500000.0000", "en"), fact_value("limit.share", "0.0300", "en")
    ('500,000.00', '3%')
    >>> fact_value("amendment.title", "extension", "zh"), fact_value("payment.settled_on", None, "en")
    ('延期', 'not on record')
    """
    if value is None:
        return word("not_recorded", lang)
    if isinstance(value, str):
        value = _from_text(fact, value)
    if isinstance(value, str):
        return _coded(fact, value, lang) or value
    if isinstance(value, float):
        value = Decimal(str(value))
    form = (_named(fact, rule) or {}).get("form", "")
    if isinstance(value, int | Decimal) and form:
        return _formed(value, form, lang)
    return shown(value, lang)


def keys() -> list[str]:
    """Every key, in the order of the files."""
    return [*_words(), *_names()]


def shown(value: Any, lang: str) -> str:
    """A value as a reader of that language expects it.

    >>> shown(date(2026, 3, 1), "zh"), shown(date(2026, 3, 1), "en"), shown(None, "zh"), shown(Decimal("1234.50"), "en")
    ('2026年3月1日', '1 Mar 2026', '未知', '1,234.50')
    """
    if value is None:
        return word("unknown", lang)
    if isinstance(value, bool):
        return word("yes" if value else "no", lang)
    if isinstance(value, date):
        return _day_text(value, lang)
    if isinstance(value, Decimal):
        return str(format_decimal(value, "#,##0.00##", locale="en"))
    return str(value)


@lru_cache(maxsize=20_000)
def _day_text(day: date, lang: str) -> str:
    """CLDR takes a third of a millisecond a day, and the same days come back thousands of times."""
    form, locale = ("y年M月d日", "zh_CN") if lang == "zh" else ("d MMM y", "en")
    return str(format_date(day, form, locale=locale))


def _named(fact: str, rule: str) -> dict[str, str] | None:
    """The entry of a fact's name: the rule's own before that of all rules."""
    return _names().get(f"fact.{rule}.{fact}") or _names().get(f"fact.{fact}")


def _from_text(fact: str, text: str) -> date | Decimal | str:
    if fact.rpartition(".")[2] in _TEXTS:
        return text
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else text
    except ValueError:  # no such day
        return text


def _coded(fact: str, code: str, lang: str) -> str:
    """The word for a code; nothing where it is none. What has no title is called by its kind."""
    subject, _, name = fact.partition(".")
    for key in (f"{subject}.{name}", name, f"{subject}.kind" if name == "title" else name):
        if entry := _names().get(f"value.{key}.{code}"):
            return entry[lang]
    return ""


def _formed(number: int | Decimal, form: str, lang: str) -> str:
    if form == "percent":
        return f"{format_decimal(Decimal(number) * 100, '#,##0.####', locale='en')}%"
    if form == "yes":
        return word("yes" if number else "no", lang)
    return shown(Decimal(number) if form == "money" else number, lang)
