"""Three open sets of real delays as the tables that `monitor.learning.features` reads, each case with its outcome.

What was known when is written in each query. The files lie beside the project; where each is from, and its traps, is
in its SOURCE.md. Columns that came to be known with the outcome (spend, weight, freight, totals of all changes) are
never read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.learning.layout import Layout

Dates = NDArray[np.datetime64]

ROWS, PAST, SPANS = "rows", "past", "spans"

# No pairs: looked up together, they made nothing better on any of the three.
ROLES = ("kind", "unit", "party", "place")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSet:
    """One set: `rows` ask about milestones still open and undecided on their own day, and all have an outcome."""

    name: str
    layout: Layout
    rows: pa.Table
    past: pa.Table
    spans: pa.Table
    late: NDArray[np.bool_]
    known: Dates
    cuts: tuple[tuple[str, str], ...]
    """Windows of rolling origin: train before the first day, test from it to the day before the second."""

    @property
    def as_of(self) -> Dates:
        return np.asarray(self.rows["as_of"].to_numpy(), dtype="datetime64[D]")

    @property
    def contract(self) -> NDArray[np.object_]:
        return np.asarray(self.rows["contract"].to_pylist(), dtype=object)

    def windows(self) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """(train, test) masks of each cut: what is trained on was asked and certain before the cut."""
        found = []
        for cut, until in self.cuts:
            train = (self.known < np.datetime64(cut)) & (self.as_of < np.datetime64(cut))
            test = (self.as_of >= np.datetime64(cut)) & (self.as_of < np.datetime64(until))
            found.append((train, test))
        return found


def school_phases(folder: Path, *, monthly: bool = False) -> OpenSet:
    """New York school construction: a phase is late when it ends more than 30 days after its planned end.

    Asked on its first day; with `monthly` also on the first of every month while it is open and undecided.
    """
    with duckdb.connect() as db:
        db.execute(_SCHOOL.format(folder=folder, days=_MONTHLY if monthly else _ONCE))
        layout = Layout(roles=ROLES)
        starts = ("2015-07", "2016-01", "2016-07", "2017-01", "2021-07", "2022-01", "2022-07")
        ends = ("2016-01", "2016-07", "2017-01", "2017-07", "2022-01", "2022-07", "2023-01")
        return _set(db, "nyc_sca_phases", layout, cuts=_months(starts, ends))


def deliveries(folder: Path, *, monthly: bool = False) -> OpenSet:
    """Medical deliveries of a United States aid programme: late when delivered after the scheduled day.

    Asked 30 days before that day, or on the day of the order if that was later; with `monthly` as the phases are.
    """
    with duckdb.connect() as db:
        db.execute(_DELIVERIES.format(folder=folder, days=_MONTHLY if monthly else _ONCE))
        layout = Layout(
            roles=ROLES,
            categories=("fulfil", "terms", "mode", "group", "molecule", "brand", "form", "first_line", "project"),
            numbers=("quantity", "pack_price", "unit_price", "pack", "quoted_days"),
        )
        starts = ("2011-01", "2011-12", "2012-12", "2013-06", "2013-12", "2014-09")
        return _set(db, "usaid_scms_deliveries", layout, cuts=_months(starts, (*starts[1:], "2016-01")))


def capital_projects(folder: Path) -> OpenSet:
    """New York capital projects report by report: late when the forecast end moves more than 180 days within a year."""
    with duckdb.connect() as db:
        db.execute(_CAPITAL.format(folder=folder))
        layout = Layout(
            roles=ROLES,
            categories=("phase",),
            numbers=("slipped", "last_slip", "changes", "reports", "growth", "last_growth"),
        )
        starts = ("2016-01", "2016-11", "2017-04", "2017-09", "2018-03")
        return _set(db, "nyc_capital_25m_panel", layout, cuts=_months(starts, (*starts[1:], "2019-01")))


def _set(db: duckdb.DuckDBPyConnection, name: str, layout: Layout, *, cuts: tuple[tuple[str, str], ...]) -> OpenSet:
    tables = {table: db.sql(f"from {table}").to_arrow_table() for table in (ROWS, PAST, SPANS)}
    rows = tables[ROWS]
    return OpenSet(
        name=name, layout=layout, rows=rows.drop_columns(["late", "known"]), past=tables[PAST], spans=tables[SPANS],
        late=np.asarray(rows["late"].to_numpy(), dtype=bool),
        known=np.asarray(rows["known"].to_numpy(), dtype="datetime64[D]"), cuts=cuts,
    )  # fmt: skip


def _months(starts: tuple[str, ...], ends: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{start}-01", f"{end}-01") for start, end in zip(starts, ends, strict=True))


_ONCE = "select first_asked"

# The first day a milestone is seen, and the first of every month from then until its outcome is certain.
_MONTHLY = """select unnest(list_distinct(list_concat([seen_from], generate_series(
    (date_trunc('month', seen_from) + interval 1 month)::timestamp, known::timestamp, interval 1 month)::date[])))"""

# The newest edition of a phase decides; a phase of several funding lines is one phase. Text codes in day and money
# cells (PNS, IEH, DOES …) are no days and no money.
_SCHOOL = """
create temp table phase as
select distinct on (building, description, kind, start, due) * from (
    select trim(#1) as district, trim(#2) as building, trim(#3) as school, trim(#4) as programme,
           trim(#5) as description, replace(trim(#6), ', ', ',') as kind,
           try_strptime(trim(#8), '%m/%d/%Y')::date as start, try_strptime(trim(#9), '%m/%d/%Y')::date as due,
           try_strptime(trim(#10), '%m/%d/%Y')::date as ended, try_cast(#11 as double) as amount,
           case when contains(filename, '2017') then date '2017-12-31' else date '2023-07-01' end as edition
    from (select * exclude (failure) from read_csv('{folder}/snapshot_2017-12-31.csv.gz', all_varchar = true, filename = true)
          union all
          select * from read_csv('{folder}/reconstructed_asof_2023-07-01.csv.gz', all_varchar = true, filename = true)))
where start is not null and due > start
order by building, description, kind, start, due, edition desc, ended desc nulls last, amount desc nulls last,
    district, school, programme;

create temp table milestone as
select row_number() over (order by building, description, kind, start, due)::varchar as id,
       building || '/' || description as contract, kind, programme as unit, district as place, description as party,
       start, due, ended, amount, description || ' ' || school as title, edition,
       coalesce(ended > due + 30, true) as late, case when ended <= due + 30 then ended else due + 31 end as known,
       due + 30 <= edition as decided, start as seen_from, start as first_asked
from phase;

create temp table rows as
select id, contract, kind, unit, party, place, as_of, start, due, amount, title, late, known
from milestone, lateral ({days}) as asked(as_of) where decided and known > as_of order by as_of, id;

create temp table past as
select id, contract, kind, unit, party, place, title, known, late, (ended - due)::double as delay
from milestone where decided order by id;

create temp table spans as
select contract, kind, unit, party, place, start as first, ended as last, due from milestone order by id;
"""

_DELIVERIES = """
create temp table line as
select "ID" as id, "PO / SO #" as contract, "Sub Classification" as kind, "Country" as unit, "Vendor" as party,
       "Manufacturing Site" as place, "Fulfill Via" as fulfil, "Vendor INCO Term" as terms,
       nullif("Shipment Mode", 'N/A') as mode, "Product Group" as "group", "Molecule/Test Type" as molecule,
       "Brand" as brand, "Dosage Form" as form, "First Line Designation" as first_line, "Project Code" as project,
       "Item Description" as title, try_cast("Line Item Value" as double) as amount,
       try_cast("Line Item Quantity" as double) as quantity, try_cast("Pack Price" as double) as pack_price,
       try_cast("Unit Price" as double) as unit_price, try_cast("Unit of Measure (Per Pack)" as double) as pack,
       try_strptime("PO Sent to Vendor Date", '%m/%d/%y')::date as ordered,
       try_strptime("PQ First Sent to Client Date", '%m/%d/%y')::date as quoted,
       strptime("Scheduled Delivery Date", '%d-%b-%y')::date as due,
       strptime("Delivered to Client Date", '%d-%b-%y')::date as ended
from read_csv('{folder}/scms_delivery_history.csv.gz', all_varchar = true);

create temp table milestone as
select *, coalesce(ordered, quoted) as start, greatest(ordered, quoted, due - 30) as first_asked,
       least(first_asked, greatest(ordered, quoted)) as seen_from, ended > due as late,
       case when ended > due then due + 1 else ended end as known, (due - quoted)::double as quoted_days
from line;

create temp table rows as
select id, contract, kind, unit, party, place, fulfil, terms, mode, "group", molecule, brand, form, first_line, project,
       quantity, pack_price, unit_price, pack, quoted_days, as_of, start, due, amount, title, late, known
from milestone, lateral ({days}) as asked(as_of) where known > as_of order by as_of, id;

create temp table past as
select id, contract, kind, unit, party, place, fulfil, terms, mode, "group", molecule, brand, form, first_line, project,
       title, known, late, (ended - due)::double as delay
from milestone order by id;

-- A line is seen as open from the day it was ordered, or a month before it is due where that day is not recorded.
create temp table spans as
select contract, kind, unit, party, place, coalesce(start, due - 30) as first, ended as last, due
from milestone order by id;
"""

# A case is one project at one report; it is certain at the first report 300 to 480 days later.
_CAPITAL = """
create temp table report as
select "PID" as contract, strptime("Date Reported As Of", '%m/%d/%Y %I:%M:%S %p')::date as as_of,
       "Category" as kind, "Managing Agency" as unit, "Client Agency" as party, "Borough" as place,
       "Current Phase" as phase, "Project Name" as title, try_cast("Budget Forecast" as double) as amount,
       try_strptime("Design Start", '%m/%d/%Y')::date as start,
       try_strptime("Forecast Completion", '%m/%d/%Y')::date as due
from read_csv('{folder}/nyc_capital_projects_20190901.csv.gz', all_varchar = true);

create temp table seen as
select *, (due - first_value(due ignore nulls) over before)::double as slipped,
       (due - lag(due) over project)::double as last_slip,
       amount / nullif(first_value(nullif(amount, 0) ignore nulls) over before, 0) as growth,
       amount / nullif(lag(amount) over project, 0) as last_growth,
       row_number() over project as reports, lead(as_of) over project as next_report
from report
window project as (partition by contract order by as_of),
       before as (partition by contract order by as_of rows between unbounded preceding and current row);

create temp table counted as
select *, count(*) filter (where last_slip <> 0) over (
    partition by contract order by as_of rows between unbounded preceding and current row) as changes
from seen;

create temp table milestone as
select now.*, now.contract || '@' || now.as_of as id, later.as_of as known, later.due - now.due as moved, moved > 180 as late
from counted as now join report as later on later.contract = now.contract
where later.as_of - now.as_of between 300 and 480 and now.due is not null and later.due is not null
qualify row_number() over (partition by now.contract, now.as_of order by later.as_of) = 1;

create temp table rows as
select id, contract, kind, unit, party, place, phase, slipped, last_slip, changes, reports, growth, last_growth, as_of,
       start, due, amount, title, late, known
from milestone order by as_of, id;

create temp table past as
select id, contract, kind, unit, party, place, phase, title, known, late, moved::double as delay
from milestone order by id;

create temp table spans as
select contract, kind, unit, party, place, as_of as first, next_report - 1 as last, due from counted
order by contract, as_of;
"""
