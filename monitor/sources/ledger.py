"""`kind = "ledger"`: the Excel ledger that offices have (政府合同台账): .xlsx, .xls, .xlsb or .ods, without macros.

Six sheets and four optional ones, any subset and order of sheets and columns (`ledger_sheets`). A cell that cannot be
understood refuses its row and is named as people name it, `合同台账!H12`; the other rows go on. What stands on a hidden
sheet, on a sheet that is none of a ledger, or in a column that nobody knows is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import pyarrow as pa
from pydantic import Field, field_validator

from monitor.domain.money import known_currencies
from monitor.domain.nouns import NOUNS
from monitor.sources import Loaded, Source
from monitor.sources.border import Refusal, columns
from monitor.sources.fetch import Fetched
from monitor.sources.ledger_book import open_book
from monitor.sources.ledger_layout import Table, tables
from monitor.sources.ledger_lines import Line, lines
from monitor.sources.ledger_rows import Draft, Ledger


class LedgerSource(Source):
    """A ledger kept in a spreadsheet."""

    kind: Literal["ledger"] = "ledger"
    jurisdiction: Annotated[
        str | None, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", description="Whose law applies to its contracts.")
    ] = "CN"
    currency: Annotated[
        str, Field(pattern=r"^[A-Z]{3}$", description="Currency of amounts beside which none stands.")
    ] = "CNY"
    unit_of_money: Annotated[
        Literal["元", "万元"] | None,
        Field(description="What amounts are in where neither the header nor a note above it says so; left out: 元."),
    ] = None

    @field_validator("currency")
    @classmethod
    def known(cls, code: str) -> str:
        """The currency must exist."""
        if code not in known_currencies():
            raise ValueError(f'"{code}" is no ISO 4217 currency; write one as CNY')
        return code

    def load(self, db: duckdb.DuckDBPyConnection, pages: Sequence[Fetched], base: Path) -> Loaded:
        """The nouns of every sheet that the workbook has. Raises RejectedError for what is no ledger."""
        found: list[Table] = []
        broken: list[Refusal] = []
        for page in pages:
            grids = open_book(page.content, page.location, max_bytes=self.limits.max_bytes)
            more, doubts = tables(grids, page.location, unit_of_money=self.unit_of_money)
            found += more
            broken += doubts
        every = [line for table in found for line in lines(table)]
        ledger = Ledger(every, self.currency)
        nouns = _nouns(found, ledger)
        for noun in nouns:
            db.register(noun, _relation(noun, ledger.drafts.get(noun, [])))
        broken += [fault for line in every for fault in line.faults]
        broken += [*ledger.units.refusals, *ledger.parties.refusals]
        return Loaded(nouns=nouns, broken=tuple(broken), cells=_cells(ledger), arrived=_arrived(found))


def _nouns(found: list[Table], ledger: Ledger) -> list[str]:
    """What the workbook has columns for: of these, what is missing from a complete ledger has vanished."""
    held = {place.column.noun for table in found for place in table.places}
    return [noun for noun in NOUNS if noun in held or ledger.drafts.get(noun)]


def _arrived(found: list[Table]) -> dict[str, tuple[int, int]]:
    """Every column that the workbook has, by its sheet and header."""
    return {f"{table.sheet.zh}.{place.header}": (1, 1) for table in found for place in table.places}


def _relation(noun: str, drafts: list[Draft]) -> pa.Table:
    names = [column.outside for column in columns(NOUNS[noun])]
    needed = {column.outside for column in columns(NOUNS[noun]) if column.required}
    present = needed.union(*(draft.values.keys() for draft in drafts))
    cells: dict[str, pa.Array] = {
        name: pa.array([draft.values.get(name) for draft in drafts], pa.string()) for name in names if name in present
    }
    cells["source_row"] = pa.array([draft.line.row for draft in drafts], pa.int64())
    cells["refused"] = pa.array([bool(draft.line.faults) for draft in drafts], pa.bool_())
    return pa.table(cells)


def _cells(ledger: Ledger) -> Mapping[str, Mapping[str, str]]:
    """Where rows name a contract that this workbook has no good row for: the store may know it, or nobody does."""
    known = {number for number, line in ledger.contracts.items() if not line.faults}
    out: dict[str, dict[str, str]] = {}
    for noun, drafts in ledger.drafts.items():
        for draft in drafts:
            number, key = draft.values.get("contract_id"), draft.values.get("id")
            if number is not None and key is not None and number not in known and not draft.line.faults:
                out.setdefault(noun, {})[key] = _place(draft.line, noun)
    return out


def _place(line: Line, noun: str) -> str:
    return line.cell(f"{line.table.sheet.noun}.contract_id" if noun != "contract" else "contract.number")
