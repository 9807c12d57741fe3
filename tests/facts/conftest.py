"""The facts of a small district, for the tests beside this file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from monitor.engines.duckdb import Engine
from tests.facts import AS_OF, Each, Facts, Row, tables


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


@pytest.fixture
def each() -> Each:
    """As `facts`, of many cases in one district that have nothing in common: what is found of contract A in each, by name.

    Of another subject it is the row whose key is `1`.
    """

    def of(cases: Mapping[str, Mapping[str, Any]], subject: str = "contract") -> dict[str, Row]:
        world: dict[str, list[Row]] = defaultdict(list)
        for name, case in cases.items():
            contracts = [{"id": "A", **case.get("contract", {})}, *case.get("others", ())]
            world["contract"] += (_within(name, {"title": "Road", "currency": "CNY"} | row) for row in contracts)
            for noun in case.keys() - {"contract", "others"}:
                world[noun] += (_within(name, {"contract_id": "A"} | row) for row in case[noun])
        with Engine(tables(world), {}, as_of=AS_OF) as engine:
            found = {row["id"]: row for row in engine.rows(f"select * from fact_{subject}")}
        return {name: found[f"{name}/{'A' if subject == 'contract' else '1'}"] for name in cases}

    return of


def _within(name: str, row: Row) -> Row:
    """A row of one case: its keys and its source are those of no other."""
    row = {"source": "ledger"} | row
    return row | {key: f"{name}/{row[key]}" for key in ("id", "contract_id", "source") if key in row}
