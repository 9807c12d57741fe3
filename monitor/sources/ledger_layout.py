"""Which sheet of a workbook is which sheet of the ledger, where its header stands, and what each column holds.

Any subset, any order, any name of the file: a sheet is known by its tab or by its headers; the header row is the one in
which most headers are known, below whatever title rows. Headers may be written with or without their units and
brackets, with spaces or full-width letters, in Chinese or English, or by a known other name.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from monitor.domain.errors import RejectedError
from monitor.sources.archive import KEEPS
from monitor.sources.border import Refusal
from monitor.sources.ledger_book import Grid
from monitor.sources.ledger_sheets import SHEETS, Column, Sheet

HEADER_WITHIN = 30
"""Rows from the top in which a header is looked for."""
FEWEST = 3
"""Known headers that a sheet must have whose tab says nothing."""
ALIKE = 0.8
LOOKED_AT = 256
"""Columns whose headers are compared with ours when they are none of them."""
UNITS: Mapping[str, Decimal] = {
    "元": Decimal(1), "千元": Decimal(1000), "万元": Decimal(10_000), "百万元": Decimal(1_000_000),
    "亿元": Decimal(100_000_000), "yuan": Decimal(1), "cny": Decimal(1), "rmb": Decimal(1),
}  # fmt: skip
UNIT = r"亿元|百万元|万元|千元|元|yuan|cny|rmb"
NOTE = re.compile(rf"单位\s*[::]\s*(?:人民币)?\s*({UNIT})", re.I)
BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
INSTRUCTIONS = ("填写说明", "Instructions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one column of a sheet stands. `factor` turns what stands in it into yuan; None for what is no money."""

    column: Column
    header: str
    index: int
    factor: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One sheet of the ledger as it stands in a workbook: rows from `first` on, counted from 0."""

    sheet: Sheet
    grid: Grid
    places: tuple[Place, ...]
    first: int

    def cell(self, row: int, key: str) -> str:
        """How people name the cell of that row that holds `noun.field`: `合同台账!W12 合同金额(元)`."""
        for place in self.places:
            if place.column.key == key:
                return self.cell_at(row, place)
        return f"{self.grid.name}!{row + 1}"

    def cell_at(self, row: int, place: Place) -> str:
        """The same for a column of which there may be two."""
        return f"{self.grid.cell(row, place.index)} {place.header}"


def tables(grids: list[Grid], shown: str, *, unit_of_money: str | None) -> tuple[list[Table], list[Refusal]]:
    """The sheets of the ledger in a workbook, and the headers that are nearly one of ours.

    Raises RejectedError when no sheet is one of a ledger, or one lacks a column without which its rows mean nothing.
    """
    found: list[Table] = []
    doubts: list[Refusal] = []
    for grid in grids:
        table = _table(grid, shown, unit_of_money=unit_of_money)
        if table is not None:
            found.append(table)
            doubts.extend(_nearly(table))
    if not found:
        raise RejectedError(
            f"{shown}: no sheet is one of a ledger: none of {', '.join(grid.name for grid in grids) or 'them'} has a row "
            "with headers like 合同统一编号 and 合同名称",
            hint=f"`lvyue ledger template FILE` writes a workbook with all sheets; {KEEPS}",
            why="no_ledger",
        )
    return found, doubts


def spelled(text: str) -> str:
    """A header or tab without what people write differently.

    >>> spelled(" 合同 金额(万元)*"), spelled("应付（收）金额"), spelled("Signed on")
    ('合同金额万元', '应付收金额', 'signedon')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def without_brackets(text: str) -> str:
    """The same, and without what stands in brackets.

    >>> without_brackets("合同金额(万元)"), without_brackets("应付（收）金额")
    ('合同金额', '应付金额')
    """
    return spelled(BRACKETS.sub("", unicodedata.normalize("NFKC", text)))


@cache
def spellings(name: str) -> Mapping[str, tuple[Column, int]]:
    """Every way in which the headers of a sheet (by its Chinese name) may be spelled; 0 is as we write it."""
    sheet = next(sheet for sheet in SHEETS if sheet.zh == name)
    out: dict[str, tuple[Column, int]] = {}
    for rank, ways in enumerate((_own, _other, _short)):
        for column in sheet.columns:
            for way in ways(column):
                out.setdefault(way, (column, rank))
    return out


def _own(column: Column) -> Iterator[str]:
    yield from (spelled(column.zh), spelled(column.en))


def _other(column: Column) -> Iterator[str]:
    yield from map(spelled, column.also)


def _short(column: Column) -> Iterator[str]:
    yield from map(without_brackets, (column.zh, column.en, *column.also))


def column_of(sheet: Sheet, header: str) -> tuple[Column, int] | None:
    """The column that a header names, and how far its spelling is from ours.

    >>> [column_of(SHEETS[0], text)[0].zh for text in ("合同金额（万元）", "合同金额:万元", "合同号", "Signed on")]
    ['合同金额(元)', '合同金额(元)', '合同统一编号', '签订日期']
    >>> column_of(SHEETS[0], "领导批示")
    """
    known = spellings(sheet.zh)
    whole = spelled(header)
    for further, way in enumerate((whole, without_brackets(header), re.sub(rf"({UNIT})$", "", whole))):
        if way and way in known:
            column, rank = known[way]
            return column, rank + further
    return None


def _table(grid: Grid, shown: str, *, unit_of_money: str | None) -> Table | None:
    """The sheet that a tab's name says, else the one whose headers it has. None for something else."""
    tab = spelled(grid.name)
    if tab in map(spelled, INSTRUCTIONS):
        return None
    named = [sheet for sheet in SHEETS if tab in map(spelled, (sheet.zh, sheet.en, *sheet.also))]
    within = [sheet for sheet in SHEETS if spelled(sheet.zh) in tab]
    rows = list(_headers(grid))
    best: tuple[int, int, Sheet] | None = None
    for sheet in named or within or SHEETS:
        for number, headers in rows:
            columns = {found[0].zh for header in headers if header and (found := column_of(sheet, header))}
            required = all(column.zh in columns for column in sheet.columns if column.required)
            count = len(columns)
            if required and count >= (1 if named or within else FEWEST) and (best is None or count > best[0]):
                best = count, number, sheet
    if best is not None:
        _, number, sheet = best
        return _placed(grid, sheet, number=number, shown=shown, unit_of_money=unit_of_money)
    if named and named[0].usual:
        needed = [column.zh for column in named[0].columns if column.required]
        raise RejectedError(
            f"{shown}: sheet {grid.name} has no row with the headers {' and '.join(needed)}",
            hint="mend the header, rename or hide the sheet; `lvyue ledger template FILE` shows how it looks",
            why="no_ledger",
        )
    return None


def _headers(grid: Grid) -> Iterator[tuple[int, list[str]]]:
    """The rows at the top as text, with what is merged written into every cell that it covers."""
    covered = {
        (row, column): grid.rows[top][left]
        for (top, left), (bottom, right) in grid.merged
        if top < HEADER_WITHIN and top < len(grid.rows) and left < len(grid.rows[top])
        for row in range(top, min(bottom, HEADER_WITHIN) + 1)
        for column in range(left, min(right, len(grid.rows[top]) - 1) + 1)
    }
    for number, row in enumerate(grid.rows[:HEADER_WITHIN]):
        cells = [covered.get((number, column), value) for column, value in enumerate(row)]
        yield number, [value.strip() if isinstance(value, str) else "" for value in cells]


def _placed(grid: Grid, sheet: Sheet, *, number: int, shown: str, unit_of_money: str | None) -> Table:
    headers = dict(_headers(grid))
    note = next((unit for row in range(number) for text in headers[row] if (unit := _noted(text))), None)
    otherwise = note or UNITS[unit_of_money or "元"]
    best: dict[str, tuple[int, int]] = {}
    for index, header in enumerate(headers[number]):
        found = column_of(sheet, header) if header else None
        if found is None:
            continue
        column, rank = found
        if column.zh not in best or rank < best[column.zh][0]:
            best[column.zh] = rank, index
        elif rank == best[column.zh][0] and column.noun:
            first, second = grid.cell(number, best[column.zh][1]), grid.cell(number, index)
            raise RejectedError(
                f"{shown}: {first} and {second} are both headers of {column.zh}",
                hint="rename one of the two columns",
                why="two_headers",
            )
    merged = [bottom for (top, _), (bottom, _) in grid.merged if top <= number <= bottom]
    places = tuple(
        Place(
            column=column, index=best[column.zh][1], header=" ".join(headers[number][best[column.zh][1]].split())[:40],
            factor=(_unit(headers[number][best[column.zh][1]]) or otherwise) if column.kind == "money" else None,
        )
        for column in sheet.columns
        if column.zh in best
    )  # fmt: skip
    return Table(sheet=sheet, grid=grid, places=places, first=max([number, *merged]) + 1)


def _noted(text: str) -> Decimal | None:
    found = NOTE.search(unicodedata.normalize("NFKC", text))
    return UNITS[found[1].casefold()] if found else None


def _unit(header: str) -> Decimal | None:
    """The unit that a header names in brackets or at its end.

    >>> _unit("合同金额（万元）"), _unit("合同金额:元"), _unit("合同金额")
    (Decimal('10000'), Decimal('1'), None)
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    found = re.search(rf"[(\[【:/,\s](?:单位:?)?(?:人民币)?({UNIT})[)\]】\s]*$", text) or re.search(rf"({UNIT})$", text)
    return UNITS[found[1]] if found else None


def _nearly(table: Table) -> Iterator[Refusal]:
    """Headers that nobody knows but that look like one of ours, whose column is missing: a slip would lose it silently."""
    taken = {place.column.zh for place in table.places}
    missing = [way for way, (column, _) in spellings(table.sheet.zh).items() if column.noun and column.zh not in taken]
    row = table.first - 1
    headers = dict(_headers(table.grid)).get(row, [])[:LOOKED_AT]
    for index, header in enumerate(headers):
        if header and column_of(table.sheet, header) is None:
            near = difflib.get_close_matches(spelled(header), missing, n=1, cutoff=ALIKE)
            if near:
                meant = spellings(table.sheet.zh)[near[0]][0].zh
                reason = f"is no column of sheet {table.sheet.zh} and is not read; did you mean {meant}?"
                cell = table.grid.cell(row, index)
                yield Refusal(noun="header", row=row + 1, field=cell, value=header[:200], reason=reason)
