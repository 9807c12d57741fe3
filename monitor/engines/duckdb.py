"""Facts in DuckDB: the tables of a portfolio go in, one wide view a subject comes out, as of a day.

The database is the sandbox of `domain.sandbox`: a rule's SQL runs here and can reach nothing but these views.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from monitor.domain.money import known_currencies, minor_digits
from monitor.domain.sandbox import sandbox
from monitor.domain.workdays import WorkCalendar
from monitor.facts import MACROS, PARENTS, query, subjects


class Engine:
    """Facts of one portfolio on one day. Close it, or use it in a `with`.

    `tables` have the columns of `facts.schema`: what `store.versions.portfolio` reads, and `alert`. `calendars` maps the word
    a rule pack uses (`CN`) to its working days.
    """

    def __init__(self, tables: Mapping[str, pa.Table], calendars: Mapping[str, WorkCalendar], *, as_of: date) -> None:
        self.as_of = as_of
        self.calendars = dict(calendars)
        self.db = sandbox()
        self._load(tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()

    def columns(self, subject: str) -> dict[str, str]:
        """Every fact a rule about `subject` may name, `payment.due_on`, with its DuckDB type."""
        found = self.db.execute(f"describe base_{subject}").fetchall()
        return {row[0]: row[1] for row in found}

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Answer a question about the facts (`fact_contract` and so on) as plain rows."""
        cursor = self.db.execute(sql, parameters or [])
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def facts_hash(self) -> str:
        """SHA-256 over every fact of every subject: two scans with the same hash saw the same world."""
        digest = hashlib.sha256(self.as_of.isoformat().encode())
        for subject in subjects():
            found = self.db.execute(
                f"select md5(string_agg(h, '' order by h)) from (select md5(to_json(f)::varchar) as h from fact_{subject} f)"
            ).fetchone()
            digest.update(f"{subject}:{found and found[0]}".encode())
        return digest.hexdigest()

    def _load(self, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            self.db.register(f"arrow_{name}", table)
            self.db.execute(f'create table "{name}" as select * from arrow_{name}')
            self.db.unregister(f"arrow_{name}")
        digits = [(code, minor_digits(code)) for code in sorted(known_currencies())]
        self.db.register("codes", pa.table({"code": [c for c, _ in digits], "digits": [d for _, d in digits]}))
        self.db.execute("create table currency as select * from codes")
        self.db.execute(f"create macro as_of() as date '{self.as_of.isoformat()}'")
        self.db.execute(MACROS)
        for subject in reversed(subjects()):  # a contract's sums are made from the facts of its parts
            self.db.execute(f"create table fact_{subject} as {query(subject)}")
        for subject in subjects():
            self.db.execute(_base(subject, self.db))
        for word, calendar in self.calendars.items():
            load_calendar(self.db, word, calendar)


def load_calendar(db: duckdb.DuckDBPyConnection, word: str, calendar: WorkCalendar) -> None:
    """Working days as lists by position, and the functions a rule may call as macros named with the calendar's word.

    `ordinal` counts the working days up to and including a day, so a difference of two counts the days in (a, b]. Lists and
    not a table: a look-up in a table is a subquery, and a dozen of them in one expression take the planner minutes.
    """
    first = f"date '{calendar.first.isoformat()}'"
    days = [date.fromordinal(calendar.first.toordinal() + n) for n in range(len(calendar.ordinal))]
    lists = {
        "ordinal": pa.array(calendar.ordinal, pa.int32()),
        "workday": pa.array(calendar.working_days, pa.date32()),
        "provisional": pa.array([day.year in calendar.provisional_years for day in days], pa.bool_()),
    }
    for name, values in lists.items():
        db.register("values_in_order", pa.table({"v": values, "n": pa.array(range(len(values)), pa.int32())}))
        db.execute(f"set variable {name}_{word} = (select list(v order by n) from values_in_order)")
        db.unregister("values_in_order")
    position = f"case when d >= {first} then d - {first} + 1 end"
    db.execute(
        f"create macro ordinal_{word}(d) as getvariable('ordinal_{word}')[{position}];"
        f"create macro provisional_{word}(d) as getvariable('provisional_{word}')[{position}];"
        f"create macro workday_{word}(n) as getvariable('workday_{word}')[case when n > 0 then n end];"
        f"create macro is_working_{word}(d) as workday_{word}(ordinal_{word}(d)) = d;"
        f"create macro roll_{word}(d) as case when is_working_{word}(d) then d else workday_{word}(ordinal_{word}(d) + 1) end;"
        f"create macro working_days_{word}(a, b) as ordinal_{word}(b) - ordinal_{word}(a);"
        f"create macro add_working_days_{word}(d, n) as case "
        f"when n = 0 and ordinal_{word}(d) is not null then d else workday_{word}("
        f"ordinal_{word}(d) + n + case when n < 0 and not is_working_{word}(d) then 1 else 0 end) end;"
    )


def _base(subject: str, db: duckdb.DuckDBPyConnection) -> str:
    """The subject's facts beside those of its parents, each column named as a rule writes it."""
    cells = [f'{subject}.{name} as "{subject}.{name}"' for name in _names(subject, db)]
    joins = ""
    for parent, key in PARENTS[subject].items():
        cells += [f'{parent}.{name} as "{parent}.{name}"' for name in _names(parent, db)]
        joins += f" left join fact_{parent} {parent} on {parent}.id = {key}"
    return f"create view base_{subject} as select {', '.join(cells)} from fact_{subject} {subject}{joins}"


def _names(subject: str, db: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in db.execute(f"describe fact_{subject}").fetchall()]
