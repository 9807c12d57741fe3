"""The cells of .xls and .xlsb as their records have them: errors, per cents, how far they reach.

An .xls is a small file system (MS-CFB) with one stream of records (MS-XLS, BIFF8); an .xlsb is an archive with a stream
of records a sheet (MS-XLSB). Only what these questions need is read; Calamine reads the values.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from monitor.domain.errors import RejectedError
from monitor.sources.archive import KEEPS, SAVE_AGAIN, macros
from monitor.sources.ledger_told import PERCENT_FORMATS, Book, Told
from monitor.sources.ledger_xml import shows_percent, xlsx_targets

CFB_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip
FREE = 0xFFFFFFF0
"""Sector numbers from here up are marks, not sectors."""


def xls_book(content: bytes, shown: str) -> Book:
    """Look at every sheet of an .xls. Raises RejectedError for another document in this wrapping."""
    try:
        files = _FileSystem(content)
        if "EncryptedPackage" in files.entries:
            raise RejectedError(f"{shown}: this workbook is encrypted", hint="remove its password", why="encrypted")
        if "_VBA_PROJECT" in files.entries:
            raise macros(shown)
        if "Workbook" not in files.entries:
            raise RejectedError(
                f"{shown}: this is no workbook of Excel 97 or later", hint=SAVE_AGAIN, why="no_workbook"
            )
        return _Biff(files.read("Workbook"), shown).book()
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise RejectedError(f"{shown}: the workbook is damaged: {error}", hint=KEEPS, why="damaged") from error


class _FileSystem:
    """The file system that an .xls is. A chain of sectors that runs in a circle is refused, whoever it belongs to."""

    def __init__(self, content: bytes) -> None:
        sector_shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if sector_shift not in (9, 12) or mini_shift != 6:
            raise ValueError("its sectors have no size that exists")
        self.content, self.size = content, 1 << sector_shift
        first_directory, self.cutoff, first_mini = struct.unpack_from("<I4xII", content, 48)
        self.next = self._table()
        self.next_mini = self._numbers(self._chain(first_mini))
        self.small = b""
        self.entries: dict[str, tuple[int, int]] = {}
        directory = self._chain(first_directory)
        for at in range(0, len(directory) - 127, 128):
            length, kind = struct.unpack_from("<HB", directory, at + 64)
            start, size = struct.unpack_from("<II", directory, at + 116)
            if kind == 5:
                self.small = self._chain(start)
            elif kind == 2:
                self.entries[directory[at : at + max(0, length - 2)].decode("utf-16-le")] = (start, size)

    def read(self, name: str) -> bytes:
        """The file of that name, which must be there."""
        start, size = self.entries[name]
        if size >= self.cutoff:
            return self._chain(start)[:size]
        pieces = []
        while start < FREE:
            pieces.append(self.small[start * 64 : start * 64 + 64])
            start = self.next_mini[start]
        return b"".join(pieces)[:size]

    def _sector(self, number: int) -> bytes:
        return self.content[(number + 1) * self.size : (number + 2) * self.size]

    def _chain(self, number: int) -> bytes:
        found = []
        while number < FREE:
            found.append(self._sector(number))
            number = self.next[number]
        return b"".join(found)

    def _table(self) -> list[int]:
        """Which sector follows which."""
        wanted = len(self.content) // self.size * 4 // self.size + 1
        sectors = list(struct.unpack_from("<109I", self.content, 76))
        more = struct.unpack_from("<I", self.content, 68)[0]
        while more < FREE and len(sectors) < wanted:
            *found, more = struct.unpack(f"<{self.size // 4}I", self._sector(more))
            sectors += found
        return self._numbers(b"".join(self._sector(number) for number in sectors[:wanted] if number < FREE))

    @staticmethod
    def _numbers(table: bytes) -> list[int]:
        following = list(struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4]))
        met = [0] * len(following)
        for first in range(len(following)):
            at = first
            while at < len(following) and not met[at]:
                met[at] = first + 1
                at = following[at]
            if at < len(following) and met[at] == first + 1:
                raise ValueError("its sectors run in a circle")
        return following


class _Biff:
    """The stream of an .xls: first the globals, then each sheet at the place that the globals name."""

    def __init__(self, stream: bytes, shown: str) -> None:
        self.stream, self.shown = stream, shown
        self.formats = dict.fromkeys(PERCENT_FORMATS, True)
        self.styles: list[int] = []

    def book(self) -> Book:
        from_1904 = False
        sheets: dict[str, Told] = {}
        starts: list[tuple[int, str]] = []
        for kind, body in self._records(0):
            if kind == 0x002F:  # FILEPASS
                raise RejectedError(
                    f"{self.shown}: this is an encrypted workbook", hint="remove its password", why="encrypted"
                )
            if kind == 0x0022:
                from_1904 = body[0] == 1
            elif kind == 0x041E:
                self.formats[struct.unpack_from("<H", body)[0]] = shows_percent(_text(body, 2, wide_count=True))
            elif kind == 0x00E0:
                self.styles.append(struct.unpack_from("<H", body, 2)[0])
            elif kind == 0x0085:
                start, state = struct.unpack_from("<IB", body)
                name = _text(body, 6, wide_count=False)
                sheets[name] = Told(hidden=bool(state & 3))
                starts.append((start, name))
        for start, name in starts:
            self._sheet(start, sheets[name])
        return Book(sheets=sheets, from_1904=from_1904)

    def _records(self, at: int) -> Iterator[tuple[int, bytes]]:
        """Records up to the end mark of this part; drawings inside have marks of their own."""
        depth = 0 if self.stream[at : at + 2] == b"\x09\x08" else 1
        while at + 4 <= len(self.stream):
            kind, size = struct.unpack_from("<HH", self.stream, at)
            depth += (kind == 0x0809) - (kind == 0x000A)
            if depth == 1:
                yield kind, self.stream[at + 4 : at + 4 + size]
            if depth == 0:
                return
            at += 4 + size

    def _sheet(self, start: int, told: Told) -> None:
        for kind, body in self._records(start):
            if kind in (0x0203, 0x027E, 0x00FD, 0x0204, 0x0006, 0x0205):  # NUMBER RK LABELSST LABEL FORMULA BOOLERR
                row, column, style = struct.unpack_from("<HHH", body)
                self._cell(told, row, column, style)
                if kind == 0x0205 and body[7]:
                    told.faults[row, column] = f"shows the error {ERRORS.get(body[6], '')}".rstrip()
                if kind == 0x0006 and body[12:14] == b"\xff\xff" and body[6] == 2:
                    told.faults[row, column] = f"shows the error {ERRORS.get(body[8], '')}".rstrip()
            elif kind == 0x00BD:  # MULRK
                row, first = struct.unpack_from("<HH", body)
                for number in range((len(body) - 6) // 6):
                    self._cell(told, row, first + number, struct.unpack_from("<H", body, 4 + number * 6)[0])

    def _cell(self, told: Told, row: int, column: int, style: int) -> None:
        told.reach(row, column)
        if style < len(self.styles) and self.formats.get(self.styles[style]):
            told.percent.add((row, column))


def _text(body: bytes, at: int, *, wide_count: bool) -> str:
    """A string of BIFF8: its length, a flag for two bytes a letter, its letters."""
    count = struct.unpack_from("<H" if wide_count else "<B", body, at)[0]
    at += 2 if wide_count else 1
    if body[at] & 1:
        return body[at + 1 : at + 1 + count * 2].decode("utf-16-le")
    return body[at + 1 : at + 1 + count].decode("latin-1")


def xlsb_book(parts: dict[str, bytes], shown: str) -> Book:
    """Look at every worksheet of an .xlsb. Raises RejectedError when its records cannot be followed."""
    try:
        targets = xlsx_targets(parts.get("xl/_rels/workbook.bin.rels", b"<none/>"), shown)
        styles = _xlsb_styles(parts.get("xl/styles.bin", b""))
        sheets: dict[str, Told] = {}
        from_1904 = False
        for kind, body in _records(parts["xl/workbook.bin"]):
            if kind == 153:  # BrtWbProp
                from_1904 = bool(body[0] & 1)
            elif kind == 156:  # BrtBundleSh
                relation, after = _wide(body, 8)
                name, _ = _wide(body, after)
                told = sheets[name] = Told(hidden=struct.unpack_from("<I", body)[0] != 0)
                _xlsb_sheet(parts.get(targets.get(relation, ""), b""), told, styles)
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise RejectedError(f"{shown}: the workbook is damaged: {error}", hint=KEEPS, why="damaged") from error
    return Book(sheets=sheets, from_1904=from_1904)


def _records(part: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(part):
        kind = part[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (part[at] << 7)
            at += 1
        size = 0
        for step in range(4):
            byte = part[at]
            at += 1
            size |= (byte & 0x7F) << (7 * step)
            if not byte & 0x80:
                break
        yield kind, part[at : at + size]
        at += size


def _wide(body: bytes, at: int) -> tuple[str, int]:
    """A string of an .xlsb and where the next thing begins."""
    count = struct.unpack_from("<I", body, at)[0]
    if count == 0xFFFFFFFF:
        return "", at + 4
    return body[at + 4 : at + 4 + count * 2].decode("utf-16-le"), at + 4 + count * 2


def _xlsb_styles(part: bytes) -> frozenset[int]:
    """Numbers of the cell styles that show per cents."""
    formats = dict.fromkeys(PERCENT_FORMATS, True)
    styles: list[int] = []
    inside = False
    for kind, body in _records(part):
        if kind == 44:  # BrtFmt
            formats[struct.unpack_from("<H", body)[0]] = shows_percent(_wide(body, 2)[0])
        elif kind in (617, 618):  # BrtBeginCellXFs, BrtEndCellXFs
            inside = kind == 617
        elif kind == 47 and inside:  # BrtXF
            styles.append(struct.unpack_from("<H", body, 2)[0])
    return frozenset(number for number, used in enumerate(styles) if formats.get(used))


def _xlsb_sheet(part: bytes, told: Told, styles: frozenset[int]) -> None:
    row = 0
    for kind, body in _records(part):
        if kind == 0:  # BrtRowHdr
            row = struct.unpack_from("<I", body)[0]
        elif 2 <= kind <= 11:  # a cell with something in it; 1 is a blank one
            column, style = struct.unpack_from("<II", body)
            told.reach(row, column)
            if style & 0xFFFFFF in styles:
                told.percent.add((row, column))
            if kind in (3, 11):  # BrtCellError, BrtFmlaError
                told.faults[row, column] = f"shows the error {ERRORS.get(body[8], '')}".rstrip()
