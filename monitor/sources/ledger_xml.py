"""The cells of .xlsx and .ods as their XML has them: errors, formulas without a result, per cents, how far they reach."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import NoReturn
from xml.parsers import expat

from monitor.domain.errors import RejectedError
from monitor.sources.archive import KEEPS, SAVE_AGAIN
from monitor.sources.ledger_told import PERCENT_FORMATS, Book, Told

DIGITS = "0123456789"
UNCALCULATED = "holds a formula that was never calculated: open the ledger in Excel and save it"
LAST_COLUMN = 16_384

Start = Callable[[str, dict[str, str]], None]


def xlsx_book(parts: dict[str, bytes], shown: str) -> Book:
    """Look at every worksheet of an .xlsx. Raises RejectedError when a part is missing or no XML."""
    if "xl/workbook.xml" not in parts:
        raise RejectedError(f"{shown}: this archive is no workbook", hint=SAVE_AGAIN, why="no_workbook")
    targets = xlsx_targets(parts.get("xl/_rels/workbook.xml.rels", b"<none/>"), shown)
    found: list[tuple[str, bool, str]] = []
    from_1904 = False

    def sheet(name: str, given: dict[str, str]) -> None:
        nonlocal from_1904
        if name == "workbookPr":
            from_1904 = given.get("date1904") in ("1", "true", "on")
        if name == "sheet":
            found.append((given.get("name", ""), given.get("state", "visible") != "visible", given.get("id", "")))

    _walk(parts["xl/workbook.xml"], sheet, shown=shown)
    styles = _percent_styles(parts.get("xl/styles.xml", b"<none/>"), shown)
    sheets: dict[str, Told] = {}
    for name, hidden, relation_id in found:
        told = sheets[name] = Told(hidden=hidden)
        part = parts.get(targets.get(relation_id, ""))
        if part is not None and not hidden:
            _Worksheet(told, styles).read(part, shown)
    return Book(sheets=sheets, from_1904=from_1904)


def xlsx_targets(part: bytes, shown: str) -> dict[str, str]:
    """Which part each relation of the workbook names."""
    targets: dict[str, str] = {}

    def relation(name: str, given: dict[str, str]) -> None:
        if name == "Relationship" and "Id" in given and "Target" in given:
            path = posixpath.normpath(posixpath.join("/xl", given["Target"]))
            targets[given["Id"]] = path.removeprefix("/")

    _walk(part, relation, shown=shown)
    return targets


def place(reference: str) -> tuple[int, int]:
    """Row and column of a reference, counted from 0.

    >>> place("A1"), place("AB12")
    ((0, 0), (11, 27))
    """
    letters = reference.rstrip(DIGITS)
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1


def reference(row: int, column: int) -> str:
    """The reference of a row and column that are counted from 0.

    >>> reference(11, 27)
    'AB12'
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _walk(part: bytes, start: Start, *, shown: str) -> None:
    """Call `start` for each element by its name without prefix. Raises RejectedError for what is no XML."""

    def local(name: str, given: dict[str, str]) -> None:
        start(name.rpartition(":")[2], {_local(key): value for key, value in given.items()})

    parser = expat.ParserCreate()
    parser.StartElementHandler = local
    _parse(parser, part, shown=shown)


def _local(key: str) -> str:
    # LibreOffice says that a cell is an error in `calcext:value-type`, beside `office:value-type`.
    return key if key.startswith("calcext:") else key.rpartition(":")[2]


def _parse(parser: expat.XMLParserType, part: bytes, *, shown: str) -> None:
    parser.StartDoctypeDeclHandler = _no_document_type
    try:
        parser.Parse(part, True)
    except (expat.ExpatError, ValueError) as error:
        raise RejectedError(f"{shown}: the workbook cannot be read: {error}", hint=KEEPS, why="damaged") from error


def _no_document_type(*_declared: object) -> NoReturn:
    raise ValueError("it declares a document type, as no workbook does")


def _percent_styles(part: bytes, shown: str) -> frozenset[str]:
    """Numbers of the cell styles that show per cents."""
    formats: dict[str, bool] = {str(number): True for number in PERCENT_FORMATS}
    styles: list[str] = []
    inside = False

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal inside
        if name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = name == "cellXfs"
        elif name == "numFmt":
            formats[given.get("numFmtId", "")] = shows_percent(given.get("formatCode", ""))
        elif name == "xf" and inside:
            styles.append(given.get("numFmtId", ""))

    _walk(part, start, shown=shown)
    return frozenset(str(number) for number, used in enumerate(styles) if formats.get(used))


def shows_percent(code: str) -> bool:
    r"""Whether a number format multiplies by a hundred; a quoted or escaped sign is only a letter.

    >>> shows_percent("0.0%"), shows_percent('0"%"'), shows_percent("0\\%"), shows_percent("#,##0")
    (True, False, False, False)
    """
    return "%" in re.sub(r'"[^"]*"|\\.', "", code)


class _Worksheet:
    """Walks one worksheet of an .xlsx. There may be a million cells, so what is usual costs a few look-ups and no more."""

    def __init__(self, told: Told, percent_styles: frozenset[str]) -> None:
        self.told, self.percent_styles = told, percent_styles
        self.row, self.column = 0, -1
        self.row_text = ""
        self.columns: dict[str, int] = {}
        self.cell: list[str] = []
        self.odd = self.formula = self.extension = False
        self.text = ""
        self.parser = expat.ParserCreate()

    def read(self, part: bytes, shown: str) -> None:
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self.start
        _parse(self.parser, part, shown=shown)
        self.close()

    def start(self, name: str, given: list[str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            if self.odd:
                self.close()
            self.cell = given
            self.column += 1
            self.odd = "e" in given
        elif name == "v" or name == "is":
            if not self.extension:
                self.value()
        elif name == "f":
            if not self.extension:
                self.odd = self.formula = True
        elif name == "row":
            self.close()
            self.row = int(given[given.index("r") + 1]) - 1 if "r" in given else self.row + bool(self.row_text)
            self.row_text, self.column = str(self.row + 1), -1
        elif name == "extLst":  # behind the cells, with formulas of its own
            self.extension = True

    def value(self) -> None:
        """The cell has something in it."""
        if self.odd:
            self.parser.CharacterDataHandler = self.collect
        cell = self.cell
        letters = cell[1].rstrip(DIGITS) if cell and cell[0] == "r" else ""
        if letters not in self.columns or cell[1] != letters + self.row_text:
            row, column = self.place()
            self.columns[letters or reference(0, column).rstrip(DIGITS)] = column
            self.told.reach(row, column)
        else:
            self.column = self.columns[letters]
            if self.row >= self.told.rows:
                self.told.rows = self.row + 1
        if not self.percent_styles.isdisjoint(cell) and self.given("s") in self.percent_styles:
            self.told.percent.add(self.place())

    def given(self, name: str) -> str:
        return self.cell[self.cell.index(name) + 1] if name in self.cell[::2] else ""

    def place(self) -> tuple[int, int]:
        """Where the cell is: as it says itself, else after the one before."""
        said = self.given("r")
        row, column = place(said) if said else (self.row, self.column)
        if not (0 <= column < LAST_COLUMN and row >= 0):
            raise ValueError(f"there is no cell {said[:20]}")
        self.column = column
        return row, column

    def collect(self, text: str) -> None:
        self.text += text

    def close(self) -> None:
        """The cell before is complete."""
        if self.odd:
            kind = self.given("t")
            fault = ""
            if kind == "e":
                fault = f"shows the error {self.text.strip()[:20] or '#N/A'}"
            elif self.formula and kind in ("", "n") and not self.text.strip():
                fault = UNCALCULATED
            if fault:
                at = self.place()
                self.told.reach(*at)
                self.told.faults[at] = fault
            self.parser.CharacterDataHandler = None
        self.cell, self.text = [], ""
        self.odd = self.formula = self.extension = False


def ods_book(parts: dict[str, bytes], shown: str) -> Book:
    """Look at every table of an .ods. Raises RejectedError when it has none, or is no XML."""
    if "content.xml" not in parts:
        raise RejectedError(f"{shown}: this archive is no workbook", hint=SAVE_AGAIN, why="no_workbook")
    walk = _Tables()
    _walk(parts["content.xml"], walk.start, shown=shown)
    walk.end_row()
    return Book(sheets=walk.sheets, from_1904=False)


class _Tables:
    """Walks the tables of an .ods, where a cell or a row may stand for many."""

    def __init__(self) -> None:
        self.sheets: dict[str, Told] = {}
        self.told = Told()
        self.row, self.column, self.repeated = 0, 0, 0
        self.found: list[tuple[int, int, str]] = []

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "table" and "name" in given:
            self.end_row()
            self.told = self.sheets[given["name"]] = Told()
            self.row = 0
        elif name == "table-row":
            self.end_row()
            self.repeated = int(given.get("number-rows-repeated", "1"))
        elif name in ("table-cell", "covered-table-cell"):
            width = int(given.get("number-columns-repeated", "1"))
            kind = self._kind(given)
            if kind:
                self.found.append((self.column, width, kind))
            self.column += width

    @staticmethod
    def _kind(given: dict[str, str]) -> str:
        return "fault" if given.get("calcext:value-type") == "error" else given.get("value-type", "")

    def end_row(self) -> None:
        """A row that says something is taken as often as it is repeated, so far as that can be a ledger."""
        for column, width, kind in self.found:
            self.told.reach(self.row + self.repeated - 1, column + width - 1)
            if kind in ("fault", "percentage") and self.repeated * width <= LAST_COLUMN:
                self._mark(column, width, kind)
        self.row += self.repeated
        self.column, self.repeated, self.found = 0, 0, []

    def _mark(self, column: int, width: int, kind: str) -> None:
        for row in range(self.row, self.row + self.repeated):
            for at in range(column, column + width):
                if kind == "fault":
                    self.told.faults[row, at] = "shows an error"
                else:
                    self.told.percent.add((row, at))
