"""What a workbook says of its cells beside their values.

Calamine gives values only. An error (#N/A) arrives as empty text, 30 % as 0.3, a formula nobody calculated as nothing.
So each file format is walked once more for these (`ledger_xml`, `ledger_binary`), before Calamine sees it: a
far-off cell would make it ask for more memory than there is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.domain.errors import RejectedError

CELLS = 8_000_000
PERCENT_FORMATS = frozenset({9, 10})
"""Number formats 0% and 0.00%, built into every Excel."""

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
                why="vast",
            )
