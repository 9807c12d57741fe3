"""The made district's ledger in an office, once for all exports: to pull it takes seconds."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.demo.district import District, district
from monitor.demo.district.book import workbook
from monitor.domain.nouns import NOUNS
from tests.office import Office, config

LEDGER = '[[source]]\nname = "ledger"\nkind = "ledger"\nlocation = "ledger.xlsx"\n'


@pytest.fixture(scope="session")
def made() -> District:
    return district()


@pytest.fixture(scope="session")
def office(made: District, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A district's legal office whose ledger of the last month-end was pulled."""
    day = made.month_ends[-1]
    folder = tmp_path_factory.mktemp("district")
    workbook(made, day, folder / "ledger.xlsx")
    block = f"{LEDGER}complete = true\npublished = {day}"
    found = Office(folder, config(block, country="CN", zone="Asia/Shanghai"))
    found.ok("pull")
    return found


def rows_of(office: Office, noun: str, source: str = "") -> list[dict[str, Any]]:
    """The rows of a noun as they are in the database, without what tells where they were read."""
    own = list(NOUNS[noun].model_fields)
    found = office.rows(f"select {', '.join(own)} from {noun}_version order by id")
    strip = {name for name in own if name == "id" or name.endswith("_id")}
    return [
        {
            name: str(cell).removeprefix(source) if name in strip and cell else cell
            for name, cell in zip(own, row, strict=True)
        }
        for row in found
    ]
