"""Facts in DuckDB: the tables of a portfolio go in, one wide view a subject comes out, as of a day.

The database is the sandbox of `domain.sandbox`: a rule's SQL runs here and can reach nothing but these views.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from monitor.domain.money import known_currencies, minor_digits
from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import Layered, Rows
from monitor.domain.sandbox import THREADS, sandbox, two_at_a_time
from monitor.domain.workdays import WorkCalendar
from monitor.facts import AROUND, MACROS, PARENTS, REACH, SCALED, around, documented, query, subjects

OF_CONTRACTS = ("contract", "history", *(noun for noun, model in NOUNS.items() if "contract_id" in model.model_fields))
"""The tables whose rows are contracts or belong to one."""

SCALED_NOUNS = frozenset(noun for noun, model in NOUNS.items() if "currency" in model.model_fields)

FEW = 8_000_000
"""Bytes of a portfolio below which facts are tables, above which they are views that read only what is asked for."""


class Engine:
    """Facts of one portfolio on one day. Close it, or use it in a `with`.

    `tables` have the columns of `portfolio.schema`: what `store.reading.portfolio` gives, or the layers of the mirror, of which
    only the columns that something asks for are read, and `alert`. `calendars` maps the word a rule pack uses (`CN`) to its
    working days. `contracts` narrows whole tables to those of some contracts; `reach` then says what units and parties have
    in the others. `spill` is a folder for what does not fit into memory.
    """

    def __init__(
        self,
        tables: Mapping[str, Rows],
        calendars: Mapping[str, WorkCalendar],
        *,
        as_of: date,
        reach: pa.Table | None = None,
        contracts: Sequence[str] | None = None,
        spill: Path | None = None,
    ) -> None:
        self.as_of = as_of
        self.calendars = dict(calendars)
        few = _few(tables)
        self._kept = "table" if few else "view"
        self.db = sandbox(readable=_files(tables), spill=spill, threads=1 if few else THREADS)
        self._elsewhere = reach
        self._hashes: dict[str, str] = {}
        self._shared = all(isinstance(tables[noun], Layered) for noun in NOUNS)
        self._load(tables)
        self._prepare(contracts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()

    def beside(self) -> duckdb.DuckDBPyConnection | None:
        """A second connection, for another query at the same time; none where rows lie in memory that only one can see."""
        return self.db.cursor() if self._shared else None

    def columns(self, subject: str) -> dict[str, str]:
        """Every fact a rule about `subject` may name, `payment.due_on`, with its DuckDB type."""
        found = self.db.execute(f"describe base_{subject}").fetchall()
        return {row[0]: row[1] for row in found}

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        """Answer a question about the facts (`fact_contract` and so on) as plain rows."""
        cursor = self.db.execute(sql, parameters or [])
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def sources(self) -> pa.Table:
        """What each source reports at all."""
        return self.db.table("around_source").to_arrow_table()

    def reach(self) -> pa.Table:
        """What units and parties have in the contracts that this engine sees."""
        return self.db.table("own_reach").to_arrow_table()

    def facts_hash(self) -> str:
        """SHA-256 over every fact of every subject: two scans with the same hash saw the same world.

        Rows are hashed by DuckDB, so the same world has another hash under another release of it.
        """
        digest = hashlib.sha256(self.as_of.isoformat().encode())
        for subject, found in self.fact_hashes().items():
            digest.update(f"{subject}:{found}".encode())
        return digest.hexdigest()

    def fact_hashes(self) -> dict[str, str]:
        """Each subject's part in it: how many there are, and two sums over the hashes of their facts. Reckoned once."""
        if not self._hashes:
            query = "select count(*), bit_xor(hash(t)), sum(hash(t)::hugeint) from fact_{} t"
            self._hashes = {
                subject: str(self.db.execute(query.format(subject)).fetchall()[0]) for subject in subjects()
            }
        return self._hashes

    def _load(self, tables: Mapping[str, Rows]) -> None:
        """Each noun as a view of its name; rows that have a currency with the size of its minor unit."""
        self.db.register("scales", _scales())
        self.db.execute("create table scale_of as from scales")
        for name, rows in tables.items():
            if isinstance(rows, Layered):  # the little that is newer is copied: every connection can see a table
                self.db.register(f"given_{name}", rows.newer)
                self.db.execute(f"create table newer_{name} as from given_{name}")
                told = rows.sql(name, f"newer_{name}")
            else:
                self.db.register(f"given_{name}", rows)
                told = f"select * from given_{name}"
            self.db.execute(f"create view all_{name} as {told}")
            self.db.execute(f'create {self._kept} "{name}" as {_scaled(name, f"all_{name}")}')

    def _prepare(self, contracts: Sequence[str] | None) -> None:
        self.db.execute(f"create macro as_of() as date '{self.as_of.isoformat()}'")
        self.db.execute(MACROS)
        made = [f"create table around_{name} as {around(name)}" for name in AROUND]
        if contracts is not None:
            made += self._narrowed(contracts)
        two_at_a_time(self.db, self.beside(), [partial(_execute, sql) for sql in made])
        if contracts is not None:
            for name in OF_CONTRACTS:
                self.db.execute(f'create or replace {self._kept} "{name}" as {_scaled(name, f"narrowed_{name}")}')
        for subject in ("obligation", "payment"):  # a contract's sums are made from the facts of its parts
            self.db.execute(f"create {self._kept} fact_{subject} as {query(subject)}")
        self.db.execute(f"create table fact_contract as {query('contract')}")
        self.db.execute(f"create table own_reach as {REACH}")
        self.db.execute("create view reach as from own_reach")
        if self._elsewhere is not None:
            self.db.register("reach_elsewhere", self._elsewhere)
            self.db.execute("create or replace view reach as from own_reach union all by name from reach_elsewhere")
        for subject in ("unit", "party"):
            self.db.execute(f"create table fact_{subject} as {query(subject)}")
        for subject in ("amendment", "guarantee", "complaint"):
            self.db.execute(f"create {self._kept} fact_{subject} as {query(subject)}")
        for subject in subjects():
            self.db.execute(_base(subject))
        for word, calendar in self.calendars.items():
            load_calendar(self.db, word, calendar)
        lists = [f"getvariable('{name}') as \"{name}\"" for word in self.calendars for name in _lists_of(word)]
        self.db.execute(f"create table calendar_lists as select {', '.join(['true as one_row', *lists])}")

    def _narrowed(self, contracts: Sequence[str]) -> Iterator[str]:
        """What makes a table of each noun's rows of some contracts, for the place of all; units and parties stay whole."""
        self.db.register("given_contracts", pa.table({"id": pa.array(contracts, pa.string())}))
        self.db.execute("create table chosen as from given_contracts")
        for name in OF_CONTRACTS:
            key = "id" if name == "contract" else "contract_id"
            lonely = " or contract_id is null" if name == "complaint" else ""
            yield f"create table narrowed_{name} as from all_{name} where {key} in (select id from chosen){lonely}"


def _execute(sql: str, db: duckdb.DuckDBPyConnection) -> None:
    db.execute(sql)


def _scaled(name: str, rows: str) -> str:
    return SCALED.format(rows=rows) if name in SCALED_NOUNS else f"from {rows}"


@cache
def _scales() -> pa.Table:
    digits = {code: minor_digits(code) for code in sorted(known_currencies())}
    sizes = pa.array([Decimal(1).scaleb(-number) for number in digits.values()], pa.decimal128(5, 4))
    return pa.table({"code": list(digits), "scale": sizes})


def _few(tables: Mapping[str, Rows]) -> bool:
    """Whether rows are so few that to plan a query takes longer than to run it: then what is asked twice is made once."""
    layered = [rows for rows in tables.values() if isinstance(rows, Layered)]
    in_memory = [rows.newer if isinstance(rows, Layered) else rows for rows in tables.values()]
    size = sum(path.stat().st_size for rows in layered for path in rows.files)
    held: int = sum(rows.nbytes for rows in in_memory)
    return size + held < FEW


def _files(tables: Mapping[str, Rows]) -> list[Path]:
    return [path for rows in tables.values() if isinstance(rows, Layered) for path in rows.files]


def load_calendar(db: duckdb.DuckDBPyConnection, word: str, calendar: WorkCalendar) -> None:
    """Working days as lists by position, and the functions a rule may call as macros named with the calendar's word.

    `ordinal` counts the working days up to and including a day, so a difference of two counts the days in (a, b]. Lists and
    not a table: a look-up in a table is a subquery, and a dozen of them in one expression take the planner minutes.

    `roll_CN` works anywhere. `roll_CN_beside` works where the one row of `calendar_lists` stands beside every row, and takes
    a twentieth of the time: a list that is a constant DuckDB builds anew for every two thousand rows.
    """
    position = f"case when d >= {_day(calendar.first)} then d - {_day(calendar.first)} + 1 end"
    ordinal, workday = _lists_of(word)
    # Before the lists are there: to make a macro DuckDB plans it, and copies each constant in it many times.
    _add_functions(db, word, f"getvariable('{ordinal}')[{position}]", f"getvariable('{workday}')")
    _add_functions(db, f"{word}_beside", f'"{ordinal}"[{position}]', f'"{workday}"')
    years = ", ".join(str(year) for year in sorted(calendar.provisional_years)) or "null"
    inside = f"d between {_day(calendar.first)} and {_day(calendar.last)}"
    db.execute(
        f"create macro provisional_{word}(d) as case when {inside} then coalesce(year(d) in ({years}), false) end"
    )
    lists = _lists(calendar)
    db.register("lists_of_days", lists)
    for name in lists.column_names:
        db.execute(f"set variable {name}_{word} = (select {name} from lists_of_days)")
    db.unregister("lists_of_days")


@lru_cache(maxsize=8)
def _lists(calendar: WorkCalendar) -> pa.Table:
    """One row: the number of each day, and the day of each number."""
    lists = {
        "ordinal": pa.array([calendar.ordinal], pa.list_(pa.int32())),
        "workday": pa.array([calendar.working_days], pa.list_(pa.date32())),
    }
    return pa.table(lists)


def _add_functions(db: duckdb.DuckDBPyConnection, word: str, ordinal: str, workdays: str) -> None:
    """The macros of one calendar: `ordinal` is the look-up of a day d, `workdays` the list to look in by number."""
    db.execute(
        f"create macro ordinal_{word}(d) as {ordinal};"
        f"create macro workday_{word}(n) as {workdays}[case when n > 0 then n end];"
        f"create macro is_working_{word}(d) as workday_{word}(ordinal_{word}(d)) = d;"
        f"create macro roll_{word}(d) as case when is_working_{word}(d) then d else workday_{word}(ordinal_{word}(d) + 1) end;"
        f"create macro working_days_{word}(a, b) as ordinal_{word}(b) - ordinal_{word}(a);"
        f"create macro add_working_days_{word}(d, n) as case "
        f"when n = 0 and ordinal_{word}(d) is not null then d else workday_{word}("
        f"ordinal_{word}(d) + n + case when n < 0 and not is_working_{word}(d) then 1 else 0 end) end;"
    )


def _lists_of(word: str) -> tuple[str, str]:
    return f"ordinal_{word}", f"workday_{word}"


def _day(day: date) -> str:
    return f"date '{day.isoformat()}'"


def _base(subject: str) -> str:
    """The subject's facts beside those of its parents, each column named as a rule writes it."""
    cells = [f'{fact.name} as "{fact.name}"' for one in (subject, *PARENTS[subject]) for fact in documented(one)]
    joins = "".join(
        f" left join fact_{parent} {parent} on {parent}.id = {key}" for parent, key in PARENTS[subject].items()
    )
    return f"create view base_{subject} as select {', '.join(cells)} from fact_{subject} {subject}{joins}"
