"""The words people read, in Chinese and in English: `words.toml`, one entry a word, both languages or none."""

from __future__ import annotations

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


@cache
def _entries() -> dict[str, dict[str, str]]:
    entries: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return entries


def word(key: str, lang: str) -> str:
    """One word or phrase. Raises KeyError for a key that is not there: a missing translation must not go out.

    >>> word("orange", "zh"), word("orange", "en")
    ('橙色', 'Orange')
    """
    return _entries()[key][lang]


def fact_name(fact: str, lang: str) -> str:
    """A short name for a fact, or its dotted name where it has none.

    >>> fact_name("contract.amount", "zh"), fact_name("contract.no_such", "zh")
    ('合同金额', 'contract.no_such')
    """
    entry = _entries().get(f"fact.{fact}")
    return entry[lang] if entry else fact


def keys() -> list[str]:
    """Every key, in the order of the file."""
    return list(_entries())


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
        return _day(value, lang)
    if isinstance(value, Decimal):
        return str(format_decimal(value, "#,##0.00##", locale="en"))
    return str(value)


@lru_cache(maxsize=20_000)
def _day(day: date, lang: str) -> str:
    """CLDR takes a third of a millisecond a day, and the same days come back thousands of times."""
    form, locale = ("y年M月d日", "zh_CN") if lang == "zh" else ("d MMM y", "en")
    return str(format_date(day, form, locale=locale))
