"""The words people read: both languages or none, and values as each reader expects them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.domain import words
from monitor.domain.warning import LEVELS
from monitor.domain.words import LANGS, keys, shown, word

MONITOR = Path(words.__file__).parent.parent


def test_every_word_is_there_in_both_languages() -> None:
    """But for what only joins words: Chinese puts no space where English does."""
    empty = {key for key in keys() for lang in LANGS if not word(key, lang).strip()}
    assert empty <= {"letter.comma", "letter.gap"}


def test_the_two_languages_are_not_mixed_up() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert [key for key in keys() if chinese.search(word(key, "en"))] == []
    told = [key for key in keys() if len(word(key, "zh")) > 12 and not chinese.search(word(key, "zh"))]
    assert told == []


def test_the_same_blanks_are_filled_in_both_languages() -> None:
    blanks = re.compile(r"\{\w+\}")
    uneven = [key for key in keys() if set(blanks.findall(word(key, "zh"))) != set(blanks.findall(word(key, "en")))]
    assert uneven == []


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
