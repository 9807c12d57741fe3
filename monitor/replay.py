"""Past days as they were known: the facts of each day again, from the versions in the store.

What a model learns from and what a backtest asks is laid out here, one day after the other. A source that had not told anything
by a day is taken as its first edition tells it: see `store.reading.portfolio`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.place import Place
from monitor.domain.portfolio import schema
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine
from monitor.store import reading

STATES = {
    "contract": ("progress_percent",),
    "obligation": ("planned_percent", "actual_percent", "conditions_met", "developed_percent", "invested_percent"),
}
"""How far things have come: values that tell of the day they were recorded on, and carry no day of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A store to look back in. Days begin and end in `zone`."""

    database: Place
    zone: tzinfo
    calendars: Mapping[str, WorkCalendar]
    end_of_day: Callable[[date], datetime]
    """The last instant of a civil day: what was recorded by then was known on it."""

    spill: Path | None = None

    def engines(self, days: Sequence[date], *, until: datetime | None = None) -> Iterator[Engine]:
        """The facts of each day, from what was known at its end, never later than `until`. One is closed when the next comes.

        Open warnings are not among them: what a scan once said is no fact about a contract.
        """
        last: tuple[int, ...] | None = None
        tables: dict[str, pa.Table] = {}
        for day in days:
            known_at = min(self.end_of_day(day), until) if until else self.end_of_day(day)
            with reading.opened(self.database, self.zone) as reader:
                told = reader.told_by(known_at, from_first=True)
            if told != last:
                tables = reading.portfolio(self.database, known_at, self.zone, from_first=True)
                last = told
            known = {**_not_told_yet(tables, day), "alert": schema("alert").empty_table()}
            with Engine(known, self.calendars, as_of=day, spill=self.spill) as engine:
                yield engine


def _not_told_yet(tables: Mapping[str, pa.Table], day: date) -> dict[str, pa.Table]:
    """The tables without how far things had come, where that was first told after the day: finished work would say 100 per
    cent on each day before it, and give away how it ended."""
    found = dict(tables)
    for noun, columns in STATES.items():
        table = found[noun]
        later = pc.fill_null(pc.greater(table["first_known_on"], pa.scalar(day, pa.date32())), False)
        for name in columns:
            place = table.column_names.index(name)
            known = pc.if_else(later, pa.scalar(None, table[name].type), table[name])
            table = table.set_column(place, table.schema.field(place), known)
        found[noun] = table
    return found
