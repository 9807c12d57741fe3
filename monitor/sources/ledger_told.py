"""What a workbook says of its cells beside their values, and our own copy of what was packed in it.

Calamine gives values only. An error (#N/A) arrives as empty text, 30 % as 0.3, a formula nobody calculated as nothing.
So each file format is walked once more for these (`ledger_xml`, `ledger_binary`), before Calamine sees it: a
far-off cell would make it ask for more memory than there is.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field

from monitor.domain.errors import RejectedError

CELLS = 8_000_000
PARTS = 10_000
KEPT = (".xml", ".rels", ".bin", "mimetype")
PERCENT_FORMATS = frozenset({9, 10})
"""Number formats 0% and 0.00%, built into every Excel."""
SAVE_AGAIN = "open it in Excel or WPS and save it as .xlsx"
KEEPS = "the last good state stays as it was"

Place = tuple[int, int]
"""Row and column of a cell, counted from 0."""


@dataclass(slots=True, kw_only=True)
class Told:
    """One sheet. `faults` says why a cell has no value that can be used; `percent` are cells shown as per cent."""

    hidden: bool = False
    faults: dict[Place, str] = field(default_factory=dict)
    percent: set[Place] = field(default_factory=set)
    rows: int = 0
    columns: int = 0

    def reach(self, row: int, column: int) -> None:
        """There is something in this cell."""
        self.rows, self.columns = max(self.rows, row + 1), max(self.columns, column + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All sheets by name, and whether days are counted from 1904."""

    sheets: dict[str, Told]
    from_1904: bool


def refuse_vast(sheets: dict[str, Told], shown: str) -> None:
    """Raises RejectedError for a sheet with cells so far apart that a table of them would not fit."""
    for name, told in sheets.items():
        if told.rows * told.columns > CELLS:
            raise RejectedError(
                f"{shown}: sheet {name} reaches over {told.rows:,} rows and {told.columns:,} columns, "
                f"more than {CELLS:,} cells",
                hint="delete what stands far below or far to the right of the table, or split the ledger",
            )


def unpacked(content: bytes, shown: str, *, max_bytes: int) -> dict[str, bytes]:
    """The parts of a packed workbook that hold cells. Raises RejectedError when they grow past `max_bytes`.

    What the directory claims is not believed: parts are unpacked piece by piece, and only this copy is read further.
    """
    parts: dict[str, bytes] = {}
    left = max_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if len(packed.infolist()) > PARTS:
                raise RejectedError(f"{shown}: holds more than {PARTS:,} parts; a workbook has a few dozen")
            for part in packed.infolist():
                if not part.filename.endswith(KEPT):
                    continue
                if part.filename in parts:
                    raise RejectedError(f"{shown}: holds {part.filename} twice", hint=SAVE_AGAIN)
                with packed.open(part) as file:
                    parts[part.filename] = file.read(left + 1)
                left -= len(parts[part.filename])
                if left < 0:
                    raise RejectedError(
                        f"{shown}: larger than {max_bytes:,} bytes when unpacked",
                        hint="raise `limits.max_bytes` of this source if the ledger really has so much to say",
                    )
                if b"<!DOCTYPE" in parts[part.filename] or b"<!ENTITY" in parts[part.filename]:
                    raise RejectedError(
                        f"{shown}: {part.filename} declares a document type, as no workbook does", hint=SAVE_AGAIN
                    )
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise RejectedError(f"{shown}: the workbook cannot be unpacked: {error}", hint=KEEPS) from error
    return parts


def packed_again(parts: dict[str, bytes]) -> bytes:
    """The parts as an archive that says the truth about itself.

    >>> unpacked(packed_again({"a.xml": b"<a/>"}), "book", max_bytes=100)
    {'a.xml': b'<a/>'}
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()
