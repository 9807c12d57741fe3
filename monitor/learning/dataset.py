"""From facts to cases: who was asked on which day, what could be seen then, and how it ended.

What a feature may see on a day is a function of that day's facts alone (`Seen`), so nothing learned later can be in it. How a
case ended is read from the facts of later days, and has a day of its own on which it was certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.domain.sandbox import sandbox
from monitor.domain.workdays import WorkCalendar
from monitor.engines.duckdb import Engine, load_calendar
from monitor.learning.features import Features, features
from monitor.learning.recipe import Asked

Tell = Callable[[str], None]
"""Says what is being done."""

LATE = "(bad_on is not null and (good_on is null or bad_on <= good_on))"
KNOWN = "least(bad_on, good_on)"
"""The first of the two days; DuckDB's least skips what is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the facts of one day say: the cases asked about (`rows`), all that have ended (`past`), all that are open
    (`spans`), with the columns that `features.features` reads.

    `rows` also has what an outcome must remember of the day (`then.…`) and what roles are called (`shown.…`); `later` the
    facts that tell how earlier cases ended, a row a subject.
    """

    as_of: date
    rows: pa.Table
    past: pa.Table
    spans: pa.Table
    later: pa.Table

    def features(self, asked: Asked) -> Features:
        """The features of the cases asked about."""
        return features(asked.recipe.layout, self.rows, self.past, self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Cases with their features and how they ended. `late` is -1 where that is not known: censored, never good.

    `known` is the first day on which the end was certain, NaT where it is not.
    """

    rows: pa.Table
    features: Features
    late: NDArray[np.int8]
    known: NDArray[np.datetime64]

    @property
    def as_of(self) -> NDArray[np.datetime64]:
        """The day each case was asked about."""
        return _days(self.rows, "as_of")

    @property
    def contract(self) -> NDArray[np.object_]:
        """The contract of each case: it may not be on both sides of a trial."""
        return np.asarray(self.rows["contract"].to_pylist(), dtype=object)

    @property
    def weight(self) -> NDArray[np.float64]:
        """1/√n for a subject asked about n times: a promise that stayed open for years is not dozens of promises."""
        codes = self.rows["id"].combine_chunks().dictionary_encode().indices.to_numpy()
        return np.asarray(1 / np.sqrt(np.bincount(codes, minlength=1)[codes]), dtype=np.float64)

    @property
    def ripe(self) -> NDArray[np.datetime64]:
        """The day on which either end would be certain; never before the end was known."""
        return np.asarray(np.fmax(_days(self.rows, "ripe"), self.known), dtype="datetime64[D]")

    @property
    def days_left(self) -> NDArray[np.float64]:
        """Days from asking to the due day; negative when it is past."""
        return days_left(self.rows)

    def by(self, seen: Seen, asked: Asked) -> Cases:
        """What there was to learn from on a day: the cases of earlier days, and those of the day, whose ends nobody knows."""
        before = self.take(self.as_of < np.datetime64(seen.as_of))
        count = seen.rows.num_rows
        now = Cases(
            rows=seen.rows, features=seen.features(asked), late=np.full(count, -1, dtype=np.int8),
            known=np.full(count, np.datetime64("NaT"), dtype="datetime64[D]"),
        )  # fmt: skip
        return Cases.join([before, now])

    @staticmethod
    def join(parts: Sequence[Cases]) -> Cases:
        """One below the other."""
        return Cases(
            rows=pa.concat_tables([part.rows for part in parts]),
            features=Features.join([part.features for part in parts]),
            late=np.concatenate([part.late for part in parts]), known=np.concatenate([part.known for part in parts]),
        )  # fmt: skip

    def take(self, chosen: NDArray[np.bool_]) -> Cases:
        """Some of the cases."""
        return Cases(
            rows=self.rows.filter(pa.array(chosen)), features=self.features.take(chosen), late=self.late[chosen],
            known=self.known[chosen],
        )  # fmt: skip


def days_left(rows: pa.Table) -> NDArray[np.float64]:
    """Days from asking to the due day; negative when it is past."""
    return (_days(rows, "due") - _days(rows, "as_of")).astype("timedelta64[D]").astype(np.float64)


def grid(until: date, *, months: int, years: int) -> list[date]:
    """The days to ask on: the first of every `months`, for `years` up to `until`, and `until` itself.

    >>> grid(date(2026, 3, 15), months=1, years=1)[-3:]
    [datetime.date(2026, 2, 1), datetime.date(2026, 3, 1), datetime.date(2026, 3, 15)]
    """
    last = until.year * 12 + until.month - 1
    days = [date(number // 12, number % 12 + 1, 1) for number in range(last - years * 12, last + 1)]
    return [*(day for day in days[years * 12 % months :: months] if day < until), until]


def look(engine: Engine, asked: Asked) -> Seen:
    """What one day's facts say for a recipe."""
    recipe, sql = asked.recipe, asked.sql
    own = {f"later.{name}": f'"{recipe.subject}.{name}"' for name in asked.later} | {"later.as_of": "as_of"}
    open_now = f"coalesce({sql['population', 'open']}, false)"
    cells = _cells(asked)
    besides = {
        "open_now": open_now,
        "asked_of": f"{open_now} and coalesce({sql['population', 'asked_of']}, false)",
        "delay": f"({sql.get(('record' if recipe.record else 'outcome', 'delay'), 'null')})::double",
        "on_record": f"({sql.get(('record', 'late'), 'null')})::boolean",
        **_ends(asked),
    }
    base = f"(select *, {_named(own)} from (select *, as_of() as as_of from base_{recipe.subject}))"
    engine.db.execute(
        f"create or replace temp table seen as select {_named(cells | besides)}, {_quoted(own)} from {base}"
    )
    roles = _quoted(["contract", *recipe.facts.role])
    past = dict.fromkeys(["id", "contract", *recipe.facts.role, *recipe.facts.categories, "title"])
    queries = {
        "rows": f"select {_quoted(cells)} from seen where asked_of order by id",
        "spans": f"select {roles}, as_of as first, as_of as last, due from seen where open_now order by id",
        "later": f"select id, {_quoted(own)} from seen order by id",
        "past": f"select {_quoted(past)}, {_record(asked)} order by id",
    }
    return Seen(as_of=engine.as_of, **{name: engine.db.sql(query).to_arrow_table() for name, query in queries.items()})


def _record(asked: Asked) -> str:
    """What had ended before the day, from `seen`: a time that closes was over on the day before."""
    if asked.recipe.outcome.closes:
        return "delay, on_record as late, as_of - 1 as known from seen where not void and on_record is not null"
    return f"delay, {LATE} as late, {KNOWN} as known from seen where not void and {KNOWN} < as_of"


def earliest(engine: Engine) -> date | None:
    """The first day on which anything began, of all that `look` saw last; None where nothing did."""
    row = engine.db.execute("select min(start) from seen").fetchone()
    return row[0] if row else None


class Endings:
    """How cases ended, found out day by day: tell it of each day's facts in order, then ask for the cases.

    A case counts as known from the first of the days told whose facts say how it ended, never from the day it happened: what
    was entered late was not known before. Where the register is set right, the right end is known from then on. What becomes
    void after it ended, as a finished contract that is no longer listed, has ended all the same. Of an outcome that closes
    nothing is read again after its last day.
    """

    def __init__(self, asked: Asked, calendars: Mapping[str, WorkCalendar]) -> None:
        self._asked = asked
        self._db = sandbox()
        self._seen: list[Seen] = []
        self._before = date.min
        for word, calendar in calendars.items():
            load_calendar(self._db, word, calendar)

    def tell(self, seen: Seen) -> None:
        """One more day; raises ValueError for a day before the last."""
        if seen.as_of <= self._before:
            raise ValueError(f"days must be told in order: {seen.as_of} after {self._before}")
        then = seen.rows.select(["id", "as_of", "ripe", *(f"then.{name}" for name in self._asked.then)])
        then = then.rename_columns(["id", "as_of", "ripe", *self._asked.then])
        self._db.register("then_now", then)
        self._db.register("later_now", seen.later)
        if not self._seen:
            self._db.execute("create table asked as from then_now limit 0")
            self._db.execute("create table decided (id varchar, as_of date, late boolean, known date)")
        else:
            self._decide(seen.as_of)
        self._db.execute("insert into asked by name from then_now")
        self._seen.append(seen)
        self._before = seen.as_of

    def cases(self) -> Cases:
        """All that were asked about, in the order of days and ids."""
        order = pa.concat_tables([seen.rows.select(["id", "as_of"]) for seen in self._seen])
        self._db.register("wanted", order.append_column("place", pa.array(np.arange(order.num_rows))))
        found = self._db.sql(
            "select coalesce(d.late::tinyint, -1::tinyint) as late, d.known from wanted w "
            "left join decided d on d.id = w.id and d.as_of = w.as_of order by w.place"
        ).to_arrow_table()
        return Cases(
            rows=pa.concat_tables([seen.rows for seen in self._seen]),
            features=Features.join([seen.features(self._asked) for seen in self._seen]),
            late=np.asarray(found["late"].to_numpy(), dtype=np.int8),
            known=np.asarray(found["known"].to_numpy(), dtype="datetime64[D]"),
        )  # fmt: skip

    def close(self) -> None:
        """Give the memory back."""
        self._db.close()

    def _decide(self, on: date) -> None:
        day = f"date '{on.isoformat()}'"
        closed = f"coalesce(a.ripe < {day}, false)" if self._asked.recipe.outcome.closes else "false"
        self._db.execute(
            f"create or replace temp table now as select id, as_of, {LATE} as late, void, closed, "
            f"coalesce({KNOWN} <= {day}, false) as ended from (select a.id, a.as_of, {closed} as closed, "
            f"{_named(_ends(self._asked))} from asked a join later_now l on l.id = a.id)"
        )
        self._db.execute(
            "create or replace table decided as select n.id, n.as_of, case when stands then d.late else n.late end as late, "
            f"case when stands or n.late = d.late then d.known else {day} end as known from now n "
            "left join decided d on d.id = n.id and d.as_of = n.as_of, "
            "lateral (select n.void or n.closed and d.known is not null as stands) "
            "where case when stands then d.known is not null else n.ended end"
        )


def ended(engine: Engine, asked: Asked, said: pa.Table) -> pa.Table:
    """How cases that were asked about on earlier days have ended by the engine's day: `id`, `late`.

    `said` has `id` and the facts of the day of asking (`then.…`), each case once. To be asked after `look` of the same recipe.
    None of an outcome that closes: a day that is not its last does not tell how it ended.
    """
    if asked.recipe.outcome.closes:
        return pa.table({"id": pa.array([], pa.string()), "late": pa.array([], pa.bool_())})
    then = said.select(["id", *(f"then.{name}" for name in asked.then)]).rename_columns(["id", *asked.then])
    engine.db.register("said_then", then)
    later = _quoted(f"later.{name}" for name in (*asked.later, "as_of"))
    query = (
        f"select id, {LATE} as late from (select id, {_named(_ends(asked))} from said_then "
        f"join (select id as key, as_of, {later} from seen) on key = id) where not void and {KNOWN} <= as_of()"
    )
    return engine.db.sql(query).to_arrow_table()


def cases_of(days: Iterable[Seen], asked: Asked, calendars: Mapping[str, WorkCalendar]) -> Cases:
    """All cases of some days, given in order."""
    endings = Endings(asked, calendars)
    try:
        for seen in days:
            endings.tell(seen)
        return endings.cases()
    finally:
        endings.close()


def _days(rows: pa.Table, name: str) -> NDArray[np.datetime64]:
    return np.asarray(rows[name].to_numpy(), dtype="datetime64[D]")


def _cells(asked: Asked) -> dict[str, str]:
    """What `rows` has, each with its SQL."""
    recipe, sql = asked.recipe, asked.sql
    roles = recipe.facts.role
    return {
        "id": f'"{recipe.subject}.id"', "contract": '"contract.id"', "as_of": "as_of",
        "start": sql["population", "start"], "due": sql["population", "due"], "ripe": sql["outcome", "certain_by"],
        "amount": f"({sql.get(('facts', 'amount'), 'null')})::double",
        "title": f"({sql.get(('facts', 'title'), 'null')})::varchar",
        **{name: f"({sql['facts', 'role', name, 'fact']})::varchar" for name in roles},
        **{name: f'"{name}"::varchar' for name in recipe.facts.categories},
        **{name: f'"{name}"::double' for name in recipe.facts.numbers},
        **{f"shown.{name}": f"({sql.get(('facts', 'role', name, 'shown'), 'null')})::varchar" for name in roles},
        **{f"then.{name}": f'"{name}"' for name in asked.then},
    }  # fmt: skip


def _ends(asked: Asked) -> dict[str, str]:
    sql = asked.sql
    ends = {name: sql["outcome", name] for name in ("bad_on", "good_on")}
    return ends | {"void": f"coalesce({sql.get(('outcome', 'void'), 'false')}, false)"}


def _named(cells: Mapping[str, str]) -> str:
    return ", ".join(f'{value} as "{name}"' for name, value in cells.items())


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
