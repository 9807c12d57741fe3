"""What one cell of a ledger says, as text for the border; or, in words, why it cannot be told.

Nothing is guessed. An empty cell and a dash (`/`, `—`, 无, 待定) say nothing. 0.3 in a per cent column may be 30 % or 0.3 %, so
it is refused; 30, 30% and a cell that Excel shows as 30 % are not. Excel keeps 15 digits of a number: what needs more is
refused, for its last digits may be lost already. Text is taken at its word.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

from monitor.sources.border import BOUNDS, TEXT_LIMIT, YEARS
from monitor.sources.ledger_book import Value
from monitor.sources.ledger_layout import UNITS, Place, spelled
from monitor.sources.ledger_sheets import Column
from monitor.sources.ledger_words import NO, NOTHING_SAID, YES

EXCEL_DIGITS = 15
AMOUNT_LIMIT = Decimal(10) ** 13
"""From here on an amount in yuan with its cents has more than 15 digits."""
ERROR_WORDS = (
    "#n/a",
    "#ref!",
    "#value!",
    "#div/0!",
    "#name?",
    "#num!",
    "#null!",
    "#getting_data",
    "err:502",
    "err:504",
)
DAY = re.compile(
    r"(\d{4})[年./-](\d{1,2})[月./-](\d{1,2})[日号.]?(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?", re.ASCII
)
EIGHT_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
MONEY = re.compile(rf"(?:人民币|RMB|CNY|¥)?\s*({NUMBER})\s*(亿元|亿|百万元|万元|万|千元|元)?整?", re.I | re.ASCII)
PERCENT = re.compile(rf"({NUMBER})\s*(%?)", re.ASCII)
SERIALS = range(20_000, 120_000)
"""Days as Excel counts them: from 1954. A smaller number is more likely a year, or a slip."""
FIRST_DAY = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
INTEGER_LIMIT = 2**31
WRITTEN = 64
"""Characters of a day, a number or an answer. A longer one is none, and could make its pattern take for ever."""
LONGEST = 24
"""Characters of an amount written as text; arithmetic is exact to 28 digits."""
COUNTED = {
    "天": r"天|日|自然日|个自然日|日历天|日历日|days?",
    "月": r"个?月|months?",
    "年度": r"年度?",
    "份": r"份|个|件|项",
}


class Unreadable(Exception):
    """Why a cell cannot be understood; continues the name of the column: "is not a day"."""


def read_cell(value: Value, place: Place, *, percent: bool = False, from_1904: bool = False) -> str | None:
    """Text that the border reads as this cell's field, or None for a cell that says nothing. Raises Unreadable.

    `percent`: Excel shows the number as per cent. Money comes out in whole units of the currency, a rate in parts per million.
    """
    column = place.column
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable("is not a number")
    if isinstance(value, str):
        value = value.strip()
        if value.casefold() in ERROR_WORDS:
            raise Unreadable(f"shows the error {value[:20]}")
        if not value or (column.kind != "yes_no" and plain(value).casefold() in NOTHING_SAID):
            return None
        if len(value) > TEXT_LIMIT:
            raise Unreadable(f"is longer than {TEXT_LIMIT} characters")
        if len(value) > WRITTEN and column.kind not in ("text", "code") and not column.present:
            raise Unreadable("is too long for this column")
    if percent and column.kind not in ("percent", "rate"):
        raise Unreadable("is shown as per cent")
    match column.kind:
        case "text":
            return _text(value)
        case "day":
            return _day(value, from_1904)
        case "money":
            return _money(value, place.factor or Decimal(1))
        case "number":
            return _number(value, column)
        case "percent":
            return _percent(value, percent, column)
        case "rate":
            return _rate(value, percent, column)
        case "yes_no":
            return _yes_no(value, column)
        case "code":
            return _code(value, column)


def plain(text: str) -> str:
    """Text with its full-width letters, digits and signs made ordinary.

    >>> plain("ＨＴ－２０２６／１")
    'HT-2026/1'
    """
    return unicodedata.normalize("NFKC", text)


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise Unreadable("is TRUE or FALSE, not text")
    if isinstance(value, int | float):
        if abs(value) >= 10**EXCEL_DIGITS:
            raise Unreadable("is a number of more than 15 digits, of which Excel keeps 15: write it as text")
        return str(int(value)) if value == int(value) else repr(value)
    raise Unreadable(
        "is a date or time, not text: Excel changed what was typed; format the cell as text, type it again"
    )


def _day(value: Value, from_1904: bool) -> str:
    found: date | None = None
    if isinstance(value, datetime):
        found = value.date()
    elif isinstance(value, date):
        found = value
    elif isinstance(value, str):
        found = _written_day(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = _counted_day(value, from_1904)
    if found is None:
        raise Unreadable("is not a day; write it as 2026-03-02 or 2026年3月2日")
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise Unreadable(f"is not a year between {YEARS[0]} and {YEARS[1]}")
    return found.isoformat()


def _written_day(text: str) -> date | None:
    text = re.sub(r"\s*([年月日号./-])\s*", r"\1", plain(text)) if "年" in text else plain(text)
    found = DAY.fullmatch(text) or EIGHT_DIGITS.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _counted_day(value: float, from_1904: bool) -> date | None:
    if int(value) in SERIALS:
        return FIRST_DAY[from_1904] + timedelta(days=int(value))
    return _written_day(str(int(value))) if value == int(value) else None


def _decimal(value: Value, what: str) -> Decimal:
    """A number of a cell; a float by the 15 digits that Excel shows of it."""
    if isinstance(value, bool | date | time | timedelta):
        raise Unreadable(f"is not {what}")
    if isinstance(value, str):
        if not re.fullmatch(NUMBER, plain(value), re.ASCII):
            raise Unreadable(f"is not {what}")
        return Decimal(plain(value).replace(",", ""))
    return Decimal(f"{value:.{EXCEL_DIGITS}g}")


def _money(value: Value, factor: Decimal) -> str:
    if not isinstance(value, str):
        amount = _decimal(value, "an amount") * factor
        if abs(amount) >= AMOUNT_LIMIT:
            raise Unreadable(
                "is a number of more than 15 digits with its cents, of which Excel keeps 15: write it as text"
            )
        return f"{amount.normalize():f}"
    found = MONEY.fullmatch(plain(value))
    if not found:
        raise Unreadable("is not an amount")
    if len(found[1]) > LONGEST:
        raise Unreadable("is too large")
    unit = found[2]
    if unit:
        factor = UNITS[unit if unit.endswith("元") else f"{unit}元"]
    return f"{(Decimal(found[1].replace(',', '')) * factor).normalize():f}"


def _number(value: Value, column: Column) -> str:
    if isinstance(value, str):
        value = re.sub(rf"\s*(?:{_counted(column)})$", "", plain(value), flags=re.I)
    number = _decimal(value, "a whole number")
    if number != int(number) or abs(number) >= INTEGER_LIMIT:
        raise Unreadable("is not a whole number")
    return _bounded(number, column)


def _bounded(number: Decimal, column: Column) -> str:
    """A whole number within what the border allows its field."""
    for ending, (least, most, unit) in BOUNDS.items():
        if column.field.endswith(ending):
            if not least <= number <= most:
                raise Unreadable(f"is not between {least} and {most}{unit}")
            break
    return str(int(number))


@cache
def _counted(column: Column) -> str:
    """What may stand behind a number: the unit that the header names, in its spellings."""
    return next((words for unit, words in COUNTED.items() if column.zh.rstrip(")").endswith(unit)), COUNTED["份"])


def _percent(value: Value, shown: bool, column: Column) -> str:
    number = _share(value, shown)
    if number != int(number):
        raise Unreadable("is not a whole per cent")
    return _bounded(number, column)


def _share(value: Value, shown: bool) -> Decimal:
    """Per cents. A number from 0 to 1 without a sign could be a part or per cents, and 1 both."""
    if isinstance(value, str):
        found = PERCENT.fullmatch(plain(value))
        if not found:
            raise Unreadable("is not per cent")
        number = Decimal(found[1].replace(",", ""))
        sign = bool(found[2])
    else:
        number, sign = _decimal(value, "per cent") * (100 if shown else 1), shown
    if not sign and 0 < abs(number) <= 1:
        part, whole = number.normalize(), (number * 100).normalize()
        raise Unreadable(f"may be {part:f} % or {whole:f} %: write it with a per cent sign")
    return number


def _rate(value: Value, shown: bool, column: Column) -> str:
    """Parts per million. Only with a per cent sign, here or in the header: rates a day and in per mille are as common."""
    if not shown and "%" not in column.zh and not (isinstance(value, str) and plain(value).endswith("%")):
        raise Unreadable("is not a rate with a per cent sign, as 3.45%")
    millionths = _share(value, shown) * 10_000
    if millionths != int(millionths):
        raise Unreadable("is not a rate with at most four decimals, as 3.4575%")
    return _bounded(millionths, column)


def _yes_no(value: Value, column: Column) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    # A number is no answer: a formula that looks up an empty cell gives 0.
    if isinstance(value, str):
        word = plain(value).casefold()
        if word in NO or word in YES:
            return "true" if word in YES else "false"
        if word in NOTHING_SAID:
            return None
    if column.present:
        return "true" if _text(value) != "0" else None
    raise Unreadable("is neither yes nor no (是 or 否)")


def _code(value: Value, column: Column) -> str:
    text = _text(value)
    code = _meanings(column).get(spelled(text))
    if code is not None:
        return code
    if column.open:
        return text
    lang = "en" if text.isascii() else "zh"
    usual = dict.fromkeys(column.word(code, lang) for code in column.words.values())
    raise Unreadable(f"is none of {', '.join(usual)}")


@cache
def _meanings(column: Column) -> Mapping[str, str]:
    codes = {spelled(code): code for code in column.words.values()}
    return codes | {spelled(word): code for word, code in column.words.items()}
