"""The rows of one sheet of a ledger: which are data, what each says, and every cell that cannot be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from monitor.sources.border import Refusal
from monitor.sources.ledger_book import Value
from monitor.sources.ledger_cells import Unreadable, plain, read_cell
from monitor.sources.ledger_layout import Place, Table, column_of, spelled
from monitor.sources.ledger_sheets import Column

TOTAL = re.compile(r"(本页|本年|本月|全年)?(合|小|总|共|累)计|(sub)?total")
FOOTER = re.compile(
    r"(注|备注|说明|填表|填报|制表|审核|审批|复核|单位负责人|负责人|联系人|联系电话|经办人|统计|打印|盖章|日期)[^:]{0,8}:|注\d"
)
MERGED = "stands in a cell merged over several rows: write the amount into the row it belongs to"


@dataclass(slots=True, kw_only=True)
class Line:
    """One row. `number` counts from 0; `values` are by `noun.field`, cells that say nothing left out."""

    table: Table
    number: int
    values: dict[str, str] = field(default_factory=dict)
    faults: list[Refusal] = field(default_factory=list)

    @property
    def row(self) -> int:
        """The row as Excel counts it."""
        return self.number + 1

    def cell(self, key: str) -> str:
        """Where `noun.field` stands: `合同台账!W12 合同金额(元)`."""
        return self.table.cell(self.number, key)

    def written(self, key: str) -> str:
        """What stands in the cell of `noun.field`, as people see it."""
        row = self.table.grid.rows[self.number]
        found = next((row[place.index] for place in self.table.places if place.column.key == key), "")
        return _shown(found) or self.values.get(key, "")

    def refuse(self, key: str, value: object, reason: str) -> None:
        """The cell of `noun.field` keeps the whole row out."""
        self.refuse_cell(self.cell(key), value, reason)

    def refuse_cell(self, cell: str, value: object, reason: str) -> None:
        """The same by the name of the cell."""
        noun = self.table.sheet.noun
        fault = Refusal(noun=noun, row=self.row, field=cell, value=_shown(value), reason=reason)
        if fault not in self.faults:
            self.faults.append(fault)


def _shown(value: object) -> str | None:
    """A cell as Excel shows it: 7, not 7.0."""
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    return None if value is None or value == "" else text[:200]


def lines(table: Table) -> Iterator[Line]:
    """Every row of data. Titles, blank rows, totals, foot notes and repeated headers are passed over."""
    key = next(place for place in table.places if place.column.required)
    read = [place for place in table.places if place.column.noun]
    above = _covered(table, read)
    faults = table.grid.told.faults
    for number in range(table.first, len(table.grid.rows)):
        row = table.grid.rows[number]
        if all(row[place.index] == "" and (number, place.index) not in faults for place in read):
            continue
        if not _passed_over(row, key, table):
            line = Line(table=table, number=number)
            for place in read:
                top = above.get((number, place.index))
                _read(line, place, number if top is None else top, merged=top is not None)
            _refuse_missing(line)
            yield line


def _covered(table: Table, read: list[Place]) -> dict[tuple[int, int], int]:
    """For each cell under the first of a merged area: the row of that first cell, which speaks for it."""
    wanted = {place.index: place.column for place in read}
    out: dict[tuple[int, int], int] = {}
    for (top, left), (bottom, _) in table.grid.merged:
        column = wanted.get(left)
        # A number of its own cannot be that of several rows; everything else that spans rows is said of each.
        if column is None or bottom == top or top < table.first or column.field == "id":
            continue
        out |= {(row, left): top for row in range(top, min(bottom + 1, len(table.grid.rows)))}
    return out


def _read(line: Line, place: Place, number: int, *, merged: bool) -> None:
    column, told = place.column, line.table.grid.told
    value = line.table.grid.rows[number][place.index]
    at = number, place.index
    cell = line.table.cell_at(line.number, place)
    fault = told.faults.get(at)
    if fault is not None:
        line.refuse_cell(cell, None, fault)
        return
    if value == "":
        return
    if column.kind == "money" and merged:
        line.refuse_cell(cell, value, MERGED)
        return
    try:
        said = read_cell(value, place, percent=at in told.percent, from_1904=line.table.grid.from_1904)
    except Unreadable as error:
        line.refuse_cell(cell, value, str(error))
        return
    if said is None:
        return
    if line.values.setdefault(column.key, said) != said:
        line.refuse_cell(cell, value, f"contradicts another column of this row, which says {line.values[column.key]}")


def _refuse_missing(line: Line) -> None:
    refused = {fault.field for fault in line.faults}
    for column in line.table.sheet.columns:
        if column.required and column.key not in line.values and line.cell(column.key) not in refused:
            line.refuse(column.key, None, "is empty; every row must have it")


def _passed_over(row: list[Value], key: Place, table: Table) -> bool:
    """Whether a row is no data: a total, a foot note, the header once more, or the numbers of the columns."""
    cells = [value for value in row if value != ""]
    texts = [plain(value).strip() for value in cells if isinstance(value, str)]
    own = row[key.index]
    if isinstance(own, str) and own and _is_header(own, key.column, table):
        return True
    first = texts[0] if texts else ""
    nameless = own == "" or (isinstance(own, str) and TOTAL.match(spelled(own)) is not None)
    if nameless and (TOTAL.match(spelled(first)) or FOOTER.match(first)):
        return True
    return len(cells) >= 5 and all(value == number for number, value in enumerate(cells, start=1))


def _is_header(text: str, column: Column, table: Table) -> bool:
    found = column_of(table.sheet, text)
    return found is not None and found[0] is column
