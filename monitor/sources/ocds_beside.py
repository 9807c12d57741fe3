"""`x_lvyue`: what Lvyue knows and OCDS 1.1.5 has no field for; `monitor/exports/ocds.py` writes it beside the standard's fields.

In a contract, milestone, transaction, amendment or organization it is an object of cells by the border's names
(`pay_term_days`, `amount_original`), which count instead of what the standard's fields say; a text `""` says that a cell is
empty, and `id` is the row's own key. In a contract, and in a package, it also has lists of rows by noun (`guarantee`, `review`),
for what the standard has no place for. What is not known by name is passed over; every cell goes through the border.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.nouns import NOUNS
from monitor.sources.border import columns
from monitor.sources.ocds_shape import leaf

Cells = dict[str, str | int | None]

INNER = ("contract_id",)
"""Where a row stands says which contract it belongs to; nothing beside it may say another."""


def cells(noun: str, beside: object) -> Cells:
    """The cells of one row of a noun; none where nothing of ours stands there.

    >>> cells("filing", {"filed_on": "2026-01-05", "receipt": "", "colour": "red"})
    {'filed_on': '2026-01-05', 'receipt': None}
    """
    if not isinstance(beside, dict):
        return {}
    return {name: leaf(beside[name]) for name in _names(noun) if name in beside}


def rows(beside: object) -> Iterator[tuple[str, Cells]]:
    """The rows that stand there as lists by noun, with their noun."""
    for noun in NOUNS:
        found = beside.get(noun) if isinstance(beside, dict) else None
        for one in found if isinstance(found, list) else ():
            yield noun, cells(noun, one)


@cache
def _names(noun: str) -> tuple[str, ...]:
    return tuple(column.outside for column in columns(NOUNS[noun]) if column.outside not in INNER)


@dataclass(slots=True)
class Overlay:
    """Cells that count instead of those of a column, by the number of their row: few or none in most sources."""

    places: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, list[str | int | None]] = field(default_factory=dict)

    def add(self, number: int, told: Mapping[str, str | int | None]) -> None:
        """The cells of the row of that number, counted from 0; rows come in their order."""
        for name, value in told.items():
            self.places.setdefault(name, []).append(number)
            self.values.setdefault(name, []).append(value)

    def over(self, found: Mapping[str, pa.Array], length: int) -> dict[str, pa.Array]:
        """The columns, with these cells in the place of theirs."""
        laid: dict[str, Any] = dict(found)
        for name, places in self.places.items():
            mask = np.zeros(length, dtype=bool)
            mask[places] = True
            below = laid.get(name, pa.nulls(length, pa.string()))
            laid[name] = pc.replace_with_mask(below, pa.array(mask), pa.array(self.values[name], pa.string()))
        return laid
