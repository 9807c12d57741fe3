"""The ledger workbook again: what was held stands in it, and comes back as what it was."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl

from monitor.demo.district import District
from monitor.domain.nouns import NOUNS
from tests.exports.conftest import rows_of
from tests.office import CORE, Office, config


def test_what_comes_back_is_what_was_held(office: Office, made: District, tmp_path: Path) -> None:
    """Every row and cell of every noun, under the same name of the source: nothing has changed."""
    day = made.month_ends[-1]
    said = office.ok("export", "ledger", str(tmp_path / "ledger.xlsx"), "--as-of", str(day))
    assert "left out" not in said.err
    block = '[[source]]\nname = "ledger"\nkind = "ledger"\nlocation = "ledger.xlsx"'
    again = Office(tmp_path, config(block, CORE, country="CN", zone="Asia/Shanghai"))
    again.ok("pull")
    assert again.rows("select field, value, reason from quarantine") == []
    for noun in NOUNS:
        held, back = rows_of(office, noun), rows_of(again, noun)
        assert [row["id"] for row in back] == [row["id"] for row in held], noun
        for one, other in zip(back, held, strict=True):
            assert one == other, noun


def test_cells_have_their_types_and_no_text_runs(office: Office, made: District, tmp_path: Path) -> None:
    file = tmp_path / "ledger.xlsx"
    words = ("export", "ledger", str(file), "--as-of", str(made.month_ends[-1]))
    office.ok(*words)
    first = file.read_bytes()
    office.ok(*words)
    assert file.read_bytes() == first
    sheet = openpyxl.load_workbook(io.BytesIO(first))["Contracts"]
    heads = [cell.value for cell in sheet[2]]
    row: dict[Any, Any] = dict(zip(heads, sheet[3], strict=True))
    assert row["Amount (yuan)"].data_type == "n"
    assert row["Signed on"].is_date
    assert {cell.data_type for line in sheet.iter_rows(min_row=3) for cell in line} <= {"s", "n", "d"}


def test_only_a_workbook_is_written(office: Office) -> None:
    said = office.lvyue("export", "ledger", "ledger.csv")
    assert (said.code, "a ledger is written as .xlsx" in said.err) == (2, True)
