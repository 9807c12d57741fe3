"""The facts of a small district, for the tests beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from monitor.engines.duckdb import Engine
from tests.facts import AS_OF, Facts, Row, tables


@pytest.fixture
def facts() -> Facts:
    """The facts of contract A (or of another subject, all its rows by key) of a district of these rows.

    What is said of no other contract belongs to A; `others` are further contracts.
    """

    def of(subject: str = "contract", *, others: Sequence[Row] = (), **world: Any) -> Row:
        ours = {"id": "A", **world.pop("contract", {})}
        known: Row = {"title": "Road", "source": "ledger", "currency": "CNY"}
        rows = {noun: [{"contract_id": "A", "source": "ledger", **row} for row in some] for noun, some in world.items()}
        with Engine(tables({"contract": [known | row for row in (ours, *others)], **rows}), {}, as_of=AS_OF) as engine:
            found = {row["id"]: row for row in engine.rows(f"select * from fact_{subject}")}
        return found["A"] if subject == "contract" and not others else found

    return of
