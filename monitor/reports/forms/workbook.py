"""A report as an Excel workbook: a cover with the header and the figures, then a sheet for each table.

Cells are typed: days are days, sums are numbers with their currency beside them. What is not known is written as such, so that no
sum takes it for 0; what does not apply is empty. Text is written as text, whatever it looks like: nothing becomes a formula or
a link. The same report gives the same bytes.
"""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.domain.words import word
from monitor.notify.letters.inert import columns as width_of
from monitor.notify.letters.inert import one_line
from monitor.reports import proof
from monitor.reports.document import Cell, Column, Document, Kind, Row, Table, head, spoken
from monitor.reports.page import Wording
from monitor.sources.ledger_template import MADE_ON, OPTIONS, TEXT_LIMIT

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

NUMBERS: dict[Kind, str] = {
    "text": "@", "level": "@", "day": "yyyy-mm-dd", "money": "#,##0.00", "number": "#,##0.##", "share": "0.0%",
}  # fmt: skip
NARROWEST, WIDEST = 9, 48
EXCEL_DIGITS = 15
"""Digits that a number of Excel keeps; a longer one is written as text."""

_NO_SHEET = re.compile(r"[\[\]:*?/\\']")


def workbook(document: Document) -> bytes:
    """The whole report as .xlsx."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        book.set_properties(
            {
                "created": MADE_ON,
                "title": document.title,
                "author": one_line(document.header.office),
                "comments": proof.told(proof.claim(document)),
            }
        )
        writer = _Writer(book, document.lang)
        writer.cover(document)
        for number, table in enumerate(document.tables(), start=1):
            writer.sheet(table, number)
    return out.getvalue()


class _Writer:
    """One workbook in one language."""

    def __init__(self, book: Workbook, lang: str) -> None:
        self.book, self.lang = book, lang
        face = {"font_name": "宋体" if lang == "zh" else "Calibri", "font_size": 10, "valign": "top"}
        self.header: Format = book.add_format(
            face | {"bold": True, "bg_color": "#1F4468", "font_color": "#FFFFFF", "text_wrap": True, "border": 1}
        )
        self.title: Format = book.add_format(face | {"bold": True, "font_size": 16})
        self.bold: Format = book.add_format(face | {"bold": True, "text_wrap": True})
        self.prose: Format = book.add_format(face | {"text_wrap": True})
        self.cells = {
            kind: book.add_format(face | {"num_format": form, "text_wrap": kind == "text"})
            for kind, form in NUMBERS.items()
        }
        self.sums = {
            kind: book.add_format(face | {"num_format": form, "bold": True, "top": 1}) for kind, form in NUMBERS.items()
        }

    def cover(self, document: Document) -> None:
        """Title, day, what it was made from and narrowed to, what it says in short, its figures and its notes."""
        page = self.book.add_worksheet(word("answer.cover", self.lang))
        page.hide_gridlines(2)
        page.set_column(0, 0, 34)
        page.set_column(1, 1, 64)
        page.set_column(2, 3, 40)
        page.write_string(0, 0, document.title, self.title)
        line = 2
        for name, value in self._made(document):
            page.write_string(line, 0, name, self.bold)
            page.write_string(line, 1, one_line(value, TEXT_LIMIT), self.prose)
            line += 1
        for section in document.sections:
            line += 1
            page.write_string(line, 0, section.heading, self.bold)
            for told in filter(None, (section.sentence, *section.notes)):
                page.write_string(line, 1, one_line(told, TEXT_LIMIT), self.prose)
                line += 1
            for figure in section.figures:
                page.write_string(line, 0, figure.title, self.prose)
                self._write(page, (line, 1), figure.value, self.cells[figure.kind])
                page.write_string(line, 2, f"{figure.currency} {one_line(figure.note)}".strip(), self.prose)
                line += 1
        _printed(page)

    def sheet(self, table: Table, number: int) -> None:
        """A table with its header frozen and filters over its columns; totals below, outside of the filters."""
        name = f"{number} {_NO_SHEET.sub(' ', one_line(table.title))}"[:31].strip()
        page = self.book.add_worksheet(name)
        for place, column in enumerate(table.columns):
            page.write_string(0, place, one_line(column.title, TEXT_LIMIT), self.header)
            page.set_column(place, place, self._width(table, column))
        for line, row in enumerate(table.rows, start=1):
            for place, column in enumerate(table.columns):
                if column.key in row:
                    value = row[column.key]
                    if column.kind == "level" and value is not None:
                        value = spoken(value, "level", self.lang)
                    self._write(page, (line, place), value, self.cells[column.kind])
        page.freeze_panes(1, 1)
        page.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)
        self._total(page, table)
        page.repeat_rows(0)
        _printed(page)

    def _made(self, document: Document) -> list[tuple[str, str]]:
        header, wording = document.header, Wording(self.lang)
        lines = [
            (head("answer.office", self.lang), header.office), (head("answer.declared", self.lang), header.declared),
            (head("as_of", self.lang), wording.day(header.as_of)),
            (head("known_at", self.lang), wording.instant(header.known_at)),
            *document.filters,
            *((head(f"made.{name}", self.lang), value) for name, value in document.inputs.items()),
            (head("answer.summary", self.lang), document.summary),
            (head("answer.note", self.lang), word("no_proof", self.lang)),
        ]  # fmt: skip
        if header.provisional_calendar:
            lines.append((head("answer.note", self.lang), word("provisional", self.lang)))
        return [(name, value) for name, value in lines if value]

    def _total(self, page: Worksheet, table: Table) -> None:
        total: Row = table.total or {}
        line = len(table.rows) + 2
        for place, column in enumerate(table.columns if total else ()):
            if column.key in total:
                self._write(page, (line, place), total[column.key], self.sums[column.kind])
            else:
                page.write_string(line, place, head("report.total", self.lang) if place == 0 else "", self.sums["text"])

    def _write(self, page: Worksheet, at: tuple[int, int], value: Cell, style: Format) -> None:
        if value is None:
            page.write_string(*at, spoken(None, "text", self.lang), style)
        elif isinstance(value, str):
            page.write_string(*at, one_line(value, TEXT_LIMIT), style)
        elif isinstance(value, date):
            page.write_datetime(*at, value, style)
        elif isinstance(value, Decimal) and len(value.normalize().as_tuple().digits) > EXCEL_DIGITS:
            page.write_string(*at, format(value, "f"), style)
        else:
            page.write_number(*at, value, style)

    def _width(self, table: Table, column: Column) -> int:
        texts = [
            one_line(column.title),
            *(spoken(row[column.key], column.kind, self.lang) for row in table.rows[:200] if column.key in row),
        ]
        return max(NARROWEST, min(WIDEST, max(width_of(text[:WIDEST]) for text in texts) + 3))


def _printed(page: Worksheet) -> None:
    """As many pages long as it needs, one page wide, on A4."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_footer("&C&P / &N")
