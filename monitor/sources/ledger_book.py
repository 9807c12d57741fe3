"""A workbook from outside, opened with care: .xlsx, .xlsb, .xls or .ods, by its bytes and not by its name.

Size, names, macros, document types (`archive`), far-off cells and loops (`ledger_told`) are looked at first; Calamine
gets our own copy.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from monitor.domain.errors import RejectedError
from monitor.sources.archive import KEEPS, SAVE_AGAIN, ZIP_MAGIC, packed_again, unpacked
from monitor.sources.ledger_binary import CFB_MAGIC, xls_book, xlsb_book
from monitor.sources.ledger_told import Book, Told, refuse_vast
from monitor.sources.ledger_xml import ods_book, reference, xlsx_book

Value = int | float | str | bool | date | datetime | time | timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One visible sheet: every row from the first, `''` for what is empty, and what was told beside."""

    name: str
    rows: list[list[Value]]
    told: Told
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    """First and last row and column of each merged area; empty where the format does not say."""
    from_1904: bool

    def cell(self, row: int, column: int) -> str:
        """How people name a cell that is counted from 0: sheet, column letters, row from 1.

        >>> Grid(name="合同台账", rows=[], told=Told(), merged=(), from_1904=False).cell(11, 7)
        '合同台账!H12'
        """
        name = self.name if self.name.isalnum() else f"'{self.name}'"
        return f"{name}!{reference(row, column)}"


def open_book(content: bytes, shown: str, *, max_bytes: int) -> list[Grid]:
    """The visible sheets in their order. `max_bytes` counts what is unpacked.

    Raises RejectedError for what is empty, no workbook, encrypted, with macros, damaged, or too large.
    """
    if not content.strip():
        raise RejectedError(f"{shown}: the answer is empty", hint=KEEPS, why="empty")
    if content.startswith(CFB_MAGIC):
        book = xls_book(content, shown)
    elif content.startswith(ZIP_MAGIC):
        parts = unpacked(content, shown, max_bytes=max_bytes)
        content = packed_again(parts)
        book = _packed_book(parts, shown)
    else:
        page = b"<html" in content[:4096].lower()
        what = "a web page (HTML)" if page else "no workbook"
        raise RejectedError(
            f"{shown}: this is {what}: {content[:40]!r}",
            hint=f"a ledger is an .xlsx file: {SAVE_AGAIN}",
            why="web_page" if page else "no_workbook",
        )
    refuse_vast(book.sheets, shown)
    return _values(content, book, shown=shown)


def _packed_book(parts: dict[str, bytes], shown: str) -> Book:
    if "xl/workbook.bin" in parts:
        return xlsb_book(parts, shown)
    if "content.xml" in parts:
        return ods_book(parts, shown)
    return xlsx_book(parts, shown)


def _values(content: bytes, book: Book, *, shown: str) -> list[Grid]:
    grids: list[Grid] = []
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as opened:
            for name in opened.sheet_names:
                told = book.sheets.get(name)
                if told is None or told.hidden or not told.rows:
                    continue
                sheet = opened.get_sheet_by_name(name)
                grids.append(
                    Grid(
                        name=name, rows=sheet.to_python(skip_empty_area=False), told=told,
                        merged=tuple(sheet.merged_cell_ranges or ()), from_1904=book.from_1904,
                    )
                )  # fmt: skip
    except PasswordError as error:
        raise RejectedError(
            f"{shown}: this workbook is encrypted", hint="remove its password", why="encrypted"
        ) from error
    except CalamineError as error:
        raise RejectedError(f"{shown}: the workbook cannot be read: {error}", hint=KEEPS, why="damaged") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a damaged file can break Calamine off in the middle
            raise
        raise RejectedError(f"{shown}: the workbook is damaged: {error}", hint=KEEPS, why="damaged") from error
    return grids
