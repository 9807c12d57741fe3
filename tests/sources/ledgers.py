"""Workbooks for tests of the ledger, cell by cell, and what the source makes of them. All data is made."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import xlsxwriter

from monitor.sources import Reading, read
from monitor.sources.fetch import Fetched
from monitor.sources.ledger import LedgerSource


@dataclass(frozen=True)
class Shown:
    """A number with a format of its own."""

    value: float
    form: str


@dataclass(frozen=True)
class Formula:
    """A formula and the result Excel kept of it; an error where the result is one."""

    result: object
    text: str = "=A1"


Cell = str | int | float | bool | date | datetime | Shown | Formula | None
Sheets = Mapping[str, Sequence[Sequence[Cell]]]
HEAD = ["合同统一编号", "合同名称"]


def workbook(sheets: Sheets, *, merged: Mapping[str, Sequence[str]] | None = None, from_1904: bool = False) -> bytes:
    """An .xlsx with these rows; `merged` are ranges whose first cell keeps what the rows say."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "date_1904": from_1904}
    with xlsxwriter.Workbook(out, options) as book:
        forms: dict[str, Any] = {}
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for area in (merged or {}).get(name, ()):
                sheet.merge_range(area, "")
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    _put(book, sheet, (number, column), value, forms=forms)
    return out.getvalue()


def _put(book: Any, sheet: Any, at: tuple[int, int], value: Cell, *, forms: dict[str, Any]) -> None:
    form = None
    if isinstance(value, Shown):
        form, value = forms.setdefault(value.form, book.add_format({"num_format": value.form})), value.value
    elif isinstance(value, datetime | date):
        form = forms.setdefault("yyyy-mm-dd", book.add_format({"num_format": "yyyy-mm-dd"}))
    if isinstance(value, Formula):
        sheet.write_formula(*at, value.text, None, value.result)
    elif value is not None:
        sheet.write(*at, value, form)


def pull(content: bytes, location: str = "ledger.xlsx", **settings: Any) -> Reading:
    """What the source reads in a workbook."""
    source = LedgerSource.model_validate({"name": "ledger", "location": location} | settings)
    digest = sha256(content).hexdigest()
    page = Fetched(content=content, sha256=digest, location=location, status=200, attempts=1)
    return read(source, [page], Path())


def say(sheets: Sheets, **settings: Any) -> Reading:
    """What the source reads in these rows."""
    return pull(workbook(sheets), **settings)


def rows(reading: Reading, noun: str) -> list[dict[str, Any]]:
    """What is known of each row of a noun, keys without the source's name."""
    skipped = ("source_row", "edition_on", "content_hash")
    out = []
    for row in reading.nouns[noun].good.to_pylist():
        kept = {name: value for name, value in row.items() if value is not None and name not in skipped}
        out.append({name: v.removeprefix("ledger:") if isinstance(v, str) else v for name, v in kept.items()})
    return out


def only(reading: Reading, noun: str) -> dict[str, Any]:
    """The one row of a noun."""
    (row,) = rows(reading, noun)
    return row


def refused(reading: Reading) -> list[tuple[str, str | None, str]]:
    """Cell, value and reason of everything that was refused."""
    return [(refusal.field.split(" ")[0], refusal.value, refusal.reason) for refusal in reading.refusals]


@dataclass(frozen=True)
class Read:
    """What became of one cell: the field's value, or why it was refused."""

    value: Any = None
    why: str | None = None


def each(header: str, cells: Sequence[Cell], field: str, **settings: Any) -> list[Read]:
    """One contract a cell under that header, read in one ledger; what becomes of each cell."""
    table: list[list[Cell]] = [[*HEAD, header], *([f"HT-{number}", "道路", cell] for number, cell in enumerate(cells))]
    reading = say({"合同台账": table}, **settings)
    good = {row["id"]: row for row in rows(reading, "contract")}
    why = {place: reason for place, _, reason in refused(reading)}
    assert len(good) + len(why) == len(cells)
    assert all(place.startswith("合同台账!C") for place in why)
    places = [f"合同台账!C{number}" for number in range(2, len(cells) + 2)]
    return [Read(good.get(f"HT-{n}", {}).get(field), why.get(place)) for n, place in enumerate(places)]
