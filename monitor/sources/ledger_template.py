"""Writing a ledger: the empty workbook that people fill in, and full ones from rows of our own.

What is written here the source reads back as the same nouns. Nothing that is written becomes a formula or a link, whatever
it looks like.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from monitor.domain.money import minor_digits
from monitor.sources.border import YEARS
from monitor.sources.ledger_cells import EXCEL_DIGITS
from monitor.sources.ledger_guide import INSTRUCTIONS, LISTS, PAGE, TITLE, note
from monitor.sources.ledger_sheets import SHEETS, Column, Kind, Sheet

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

Lang = Literal["zh", "en"]
Cell = str | int | bool | date | None
Row = Mapping[str, Cell]
"""Values by the column's key, `noun.field` (or by its Chinese header), as our nouns have them: days, words of code,
money in minor units, a rate in parts per million. What is missing or None stays empty."""

EMPTY_ROWS = 5000
"""Rows below the header for which the template offers lists and checks days."""
TEXT_LIMIT = 32_767
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
FORMATS: dict[Kind, str] = {"day": "yyyy-mm-dd", "money": "#,##0.00", "number": "0", "percent": "0%", "rate": "0.0000%"}
WIDTHS: dict[Kind, int] = {
    "text": 16,
    "day": 13,
    "money": 18,
    "number": 10,
    "percent": 11,
    "yes_no": 10,
    "code": 15,
    "rate": 13,
}
DARK, LIGHT, ORANGE = "#1F4E79", "#9DB7D1", "#B45F06"
MADE_ON = datetime(2026, 1, 1, tzinfo=UTC)
"""A workbook carries the day it was made; ours must not differ from run to run."""


def template(lang: Lang) -> bytes:
    """The empty workbook: instructions, every sheet with its headers, lists to choose from, notes on the columns."""
    out = io.BytesIO()
    _write(out, {sheet.zh: [] for sheet in SHEETS}, lang, "", empty_rows=EMPTY_ROWS)
    return out.getvalue()


def write_ledger(rows: Mapping[str, Sequence[Row]], *, lang: Lang = "zh", title: str = "") -> bytes:
    """A workbook with these rows by the sheets' Chinese names; only those sheets, only columns that are filled or usual.

    `title` is written above the headers, to say whose ledger it is or that its data is made. Raises ValueError for a sheet or
    column that a ledger does not have, and for text longer than Excel takes.

    >>> book = write_ledger({"合同台账": [{"contract.number": "HT-1", "contract.title": "道路", "contract.amount_minor": 100}]})
    >>> book[:2]
    b'PK'
    """
    out = io.BytesIO()
    _write(out, rows, lang, title, empty_rows=0)
    return out.getvalue()


def _write(out: io.BytesIO, rows: Mapping[str, Sequence[Row]], lang: Lang, title: str, *, empty_rows: int) -> None:
    import xlsxwriter

    unknown = set(rows) - {sheet.zh for sheet in SHEETS}
    if unknown:
        raise ValueError(f"a ledger has no sheet {', '.join(sorted(unknown))}")
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        book.set_properties({"created": MADE_ON, "title": TITLE[lang], "comments": title})
        writer = _Writer(book, lang)
        if empty_rows:
            writer.instructions()
        for sheet in SHEETS:
            if sheet.zh in rows:
                writer.sheet(sheet, rows[sheet.zh], title=title, empty_rows=empty_rows)
        writer.lists()


class _Writer:
    """One workbook in one language."""

    def __init__(self, book: Workbook, lang: Lang) -> None:
        self.book, self.lang = book, lang
        self.words: list[list[str]] = []
        face = {"font_name": "宋体" if lang == "zh" else "Calibri", "font_size": 10, "valign": "vcenter"}
        self.headers: dict[str, Format] = {
            colour: book.add_format(
                face
                | {
                    "bold": True,
                    "bg_color": colour,
                    "font_color": ink,
                    "text_wrap": True,
                    "border": 1,
                    "align": "center",
                }
            )
            for colour, ink in ((DARK, "#FFFFFF"), (LIGHT, "#000000"), (ORANGE, "#FFFFFF"))
        }
        self.formats: dict[Kind, Format] = {
            kind: book.add_format(face | {"num_format": FORMATS.get(kind, "@")}) for kind in WIDTHS
        }
        self.title = book.add_format(face | {"bold": True, "font_size": 14})
        self.prose = book.add_format(face | {"text_wrap": True, "font_size": 11, "valign": "top"})

    def instructions(self) -> None:
        """The page that says how to fill in the others."""
        page = self.book.add_worksheet(PAGE[self.lang])
        page.hide_gridlines(2)
        page.set_column(0, 0, 110)
        page.write_string(0, 0, TITLE[self.lang], self.title)
        page.set_row(0, 28)
        for number, text in enumerate(INSTRUCTIONS[self.lang], start=2):
            page.set_row(number, 36)
            page.write_string(number, 0, text, self.prose)

    def sheet(self, sheet: Sheet, rows: Sequence[Row], *, title: str, empty_rows: int) -> None:
        """Headers, then the rows; for people to fill in, also lists and checks under the headers."""
        known = {name for column in sheet.columns for name in (column.key, column.zh) if name}
        used = {name for row in rows for name, value in row.items() if value is not None}
        if used - known:
            raise ValueError(f"sheet {sheet.zh} has no column {', '.join(sorted(used - known))}")
        filled = {id(_column(sheet, name)) for name in used}
        columns = [column for column in sheet.columns if empty_rows or not column.further or id(column) in filled]
        at = {id(column): index for index, column in enumerate(columns)}
        page = self.book.add_worksheet(sheet.name(self.lang))
        header = 1 if title else 0
        if title:
            page.write_string(0, 0, title, self.title)
        page.freeze_panes(header + 1, 2)
        page.set_row(header, 42)
        for index, column in enumerate(columns):
            self._header(page, (header, index), column=column, sheet=sheet, noted=bool(empty_rows))
            if empty_rows:
                self._offer(page, range(header + 1, header + empty_rows), index=index, column=column)
        for number, row in enumerate(rows, start=header + 1):
            for name, value in row.items():
                if value is not None:
                    column = _column(sheet, name)
                    self._cell(
                        page, (number, at[id(column)]), column=column, value=value, currency=_currency(row, column)
                    )

    def lists(self) -> None:
        """The words to choose from, on a hidden sheet: a list inside a check holds 255 letters only."""
        if not self.words:
            return
        page = self.book.add_worksheet(LISTS[self.lang])
        page.hide()
        for index, words in enumerate(self.words):
            for number, word in enumerate(words):
                page.write_string(number, index, word)

    def _header(self, page: Worksheet, at: tuple[int, int], *, column: Column, sheet: Sheet, noted: bool) -> None:
        row, index = at
        colour = ORANGE if column.required else LIGHT if column.further else DARK
        page.write_string(row, index, column.header(self.lang), self.headers[colour])
        width = max(WIDTHS[column.kind], min(28, _width(column.header(self.lang)) + 2))
        page.set_column(index, index, width, self.formats[column.kind])
        if noted:
            page.write_comment(
                row, index, note(column, sheet, self.lang), {"x_scale": 2, "y_scale": 1.6, "author": "Lvyue"}
            )

    def _offer(self, page: Worksheet, rows: range, *, index: int, column: Column) -> None:
        """What Excel offers and checks while people type. An open list only warns."""
        checks: dict[str, object] | None = None
        if column.kind == "day":
            checks = {
                "validate": "date", "criteria": "between", "minimum": date(YEARS[0], 1, 1), "maximum": date(YEARS[1], 12, 31),
                "error_type": "warning",
            }  # fmt: skip
        elif column.kind in ("code", "yes_no") and not column.present:
            words = ["是", "否"] if self.lang == "zh" else ["yes", "no"]
            if column.kind == "code":
                words = list(dict.fromkeys(column.word(code, self.lang) for code in column.words.values()))
            checks = {
                "validate": "list", "source": self._listed(words), "error_type": "information" if column.open else "stop",
            }  # fmt: skip
        elif column.kind in ("number", "percent"):
            limits = (0, 1) if column.kind == "percent" else (0, 2**31 - 1)
            what = "decimal" if column.kind == "percent" else "integer"
            checks = {
                "validate": what,
                "criteria": "between",
                "minimum": limits[0],
                "maximum": limits[1],
                "error_type": "warning",
            }
        elif column.kind == "money":
            checks = {
                "validate": "decimal",
                "criteria": "between",
                "minimum": -(10**13),
                "maximum": 10**13,
                "error_type": "warning",
            }
        if checks is not None:
            page.data_validation(rows.start, index, rows.stop, index, checks)

    def _listed(self, words: list[str]) -> str:
        if words not in self.words:
            self.words.append(words)
        letters = _letters(self.words.index(words))
        return f"='{LISTS[self.lang]}'!${letters}$1:${letters}${len(words)}"

    def _cell(self, page: Worksheet, at: tuple[int, int], *, column: Column, value: Cell, currency: str) -> None:
        row, index = at
        form = self.formats[column.kind]
        match value:
            case bool():
                word = {"zh": ("否", "是"), "en": ("no", "yes")}[self.lang][value]
                page.write_string(row, index, word, form)
            case date() if value.year > YEARS[0]:
                page.write_datetime(row, index, value, form)
            case date():  # Excel counts a day too many before March 1900
                page.write_string(row, index, value.isoformat(), form)
            case int() if column.kind == "money":
                self._money(page, at, amount=Decimal(value).scaleb(-minor_digits(currency)), form=form)
            case int() if column.kind == "percent":
                page.write_number(row, index, value / 100, form)
            case int() if column.kind == "rate":
                page.write_number(row, index, value / 1_000_000, form)
            case int() if column.kind == "number":
                page.write_number(row, index, value, form)
            case _:
                text = column.word(str(value), self.lang) if column.kind == "code" else str(value)
                if len(text) > TEXT_LIMIT:
                    raise ValueError(f"{column.zh}: Excel takes {TEXT_LIMIT:,} characters, this are {len(text):,}")
                page.write_string(row, index, text, form)

    def _money(self, page: Worksheet, at: tuple[int, int], *, amount: Decimal, form: Format) -> None:
        if abs(amount) >= 10 ** (EXCEL_DIGITS - 2):  # Excel would lose the cents
            page.write_string(*at, f"{amount:f}", form)
        else:
            page.write_number(*at, float(amount), form)


def _column(sheet: Sheet, name: str) -> Column:
    """By its key, or by its header where it is kept for people only."""
    found = [column for column in sheet.columns if column.zh == name]
    return found[0] if found else sheet.column(name)


def _currency(row: Row, column: Column) -> str:
    noun = column.noun if f"{column.noun}.currency" in row else "contract"
    return str(row.get(f"{noun}.currency") or "CNY")


def _width(text: str) -> int:
    return sum(1 if letter.isascii() else 2 for letter in text)


def _letters(index: int) -> str:
    return chr(65 + index) if index < 26 else chr(64 + index // 26) + chr(65 + index % 26)
