"""A district's ledger as facts are made from it: the last month-end's rows, and what moved since the ones before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from monitor.demo.district import District
from monitor.demo.district.things import Row
from monitor.domain.portfolio import nothing, schema

PLANNED = {"obligation": "due_on", "contract": "end_on"}
"""The day whose moves are kept as history."""


def portfolio(made: District, month_ends: Sequence[date]) -> dict[str, pa.Table]:
    """What a store would know after the ledgers of these month-ends were pulled, each on its day."""
    first: dict[tuple[str, str], date] = {}
    heard: dict[tuple[str, str], date] = {}
    before: dict[tuple[str, str], Row] = {}
    history: list[Row] = []
    for day in month_ends:
        for noun, rows in made.rows(day).items():
            for row in rows:
                key = (noun, str(row["id"]))
                was = before.get(key)
                first.setdefault(key, day)
                heard[key] = day if row != was else heard[key]
                planned = PLANNED.get(noun, "")
                if planned and (was is None or was.get(planned) != row.get(planned)):
                    moved = {"noun": noun, "id": row["id"], "recorded_on": day, "day": row.get(planned)}
                    history.append({**moved, "seq": len(history)})
                before[key] = row
    tables = nothing() | {"history": pa.Table.from_pylist(history, schema=schema("history"))}
    for noun, rows in made.rows(month_ends[-1]).items():
        told = [
            {
                **row,
                "source": "ledger",
                "source_row": number,
                "seq": number,
                "first_known_on": first[noun, str(row["id"])],
                "heard_on": heard[noun, str(row["id"])],
            }
            for number, row in enumerate(rows)
        ]
        tables[noun] = pa.Table.from_pylist(told, schema=schema(noun))
    return tables
