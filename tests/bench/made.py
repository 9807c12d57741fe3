"""A made portfolio of any size, in DuckDB and in no time: what speed is measured on. Nothing in it is real.

Every value is a hash of its row's number, so the same size gives the same rows, and a larger portfolio starts with the
smaller one. Ten obligations, five payments, two filings, a review and a publication a contract; an amendment and a
guarantee for every fifth. Most contracts are kept as they should be: what is due was done, what is owed was paid. In one of
twenty-five something may go wrong (`odd`), so that rules of many kinds fire, and each on few.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from monitor.domain.nouns import NOUNS
from monitor.domain.portfolio import Layered, Rows, nothing, schema
from monitor.domain.workdays import WorkCalendar
from monitor.rulebook import Rulebook, load

RULES = Path(__file__).parent.parent.parent / "rules"
AS_OF = date(2026, 6, 30)
NO_WARNINGS = nothing()["alert"]

PICK = """
create macro chance(n, salt) as (hash(n * 1000003 + salt) % 1000000) / 1000000.0;
create macro pick(words, n, salt) as words[1 + (hash(n * 1000003 + salt) % len(words))::int];
create macro maybe(v, share, n, salt) as case when chance(n, salt) < share then v end;
create macro some_day(first, days, n, salt) as (first + (hash(n * 1000003 + salt) % days)::int)::date;
create macro among(least, n, salt, width) as (least + hash(n * 1000003 + salt) % width)::int;
create macro odd(contract, share, n, salt) as chance(contract, 500) < 0.04 and chance(n, salt) < share;
create macro signed_on(contract) as some_day(date '2022-01-01', 1600, contract, 4);
create macro amount(contract) as 1000000 + (hash(contract * 13) % 900000000)::bigint;
"""

UNITS = """
select 'made:u' || n as id, '虚构单位' || n as name, pick(['authority', 'institution', 'township', 'soe'], n, 1) as kind,
    pick(['large', 'medium'], n, 2) as size, maybe('leader_change', 0.05, n, 3) as event,
    some_day(date '2026-01-01', 200, n, 4) as event_on
from range({units}) t(n)
"""
PARTIES = """
select 'made:p' || n as id, '虚构公司' || n as name,
    maybe(pick(['large', 'medium', 'small', 'micro'], n, 1), 0.9, n, 2) as size_at_signing,
    pick(['private', 'state', 'foreign'], n, 3) as ownership, maybe('defaulter', 0.002, n, 4) as distress,
    some_day(date '2026-01-01', 180, n, 5) as distress_on,
    case when chance(n, 6) < 0.003 then 'deregistered' else 'normal' end as status
from range({parties}) t(n)
"""
CONTRACTS = """
select
    n, 'made:c' || n as id, 'MADE-' || n as number, '虚构合同' || n as title,
    pick(['GCJS', 'ZFCG', 'ZFCG', 'ZSYZ', 'TXJY', 'ZYCR', 'ZSBC', 'GYZC', 'ZZBT', 'KJXY', 'CNS', 'QT'], n, 1) as kind,
    'made:u' || (hash(n * 7) % {units}) as unit_id, 'made:p' || (hash(n * 11) % {parties}) as party_id, 'CN' as jurisdiction,
    'CNY' as currency, amount(n) as amount_minor, amount(n) as amount_original_minor,
    pick(['goods', 'works', 'services'], n, 2) as category, chance(n, 3) < 0.6 as is_gov_procurement,
    signed_on(n) as signed_on, (signed_on(n) + among(20, n, 20, 30))::date as start_on,
    (signed_on(n) + among(400, n, 21, 700))::date as end_on,
    pick(['active', 'active', 'active', 'completed'], n, 5) as status, among(40, n, 22, 61) as progress_percent,
    maybe(among(20, n, 23, case when odd(n, 0.2, n, 31) then 100 else 40 end), 0.5, n, 6) as pay_term_days,
    case when not odd(n, 0.3, n, 32) then among(10, n, 24, 30) end as accept_period_days,
    chance(n, 8) < 0.3 as accept_is_condition,
    maybe(40000, 0.2, n, 9) as late_rate_ppm,
    (date '2026-06-29' - among(0, n, 25, case when odd(n, 0.3, n, 33) then 200 else 30 end))::date as updated_on,
    chance(n, 11) < 0.1 as is_admin_agreement,
    case when odd(n, 0.2, n, 34) then 'audit' else 'agreed' end as settlement_basis,
    among(10, n, 26, case when odd(n, 0.2, n, 35) then 40 else 20 end) as advance_percent,
    case when odd(n, 0.1, n, 36) then true end as requires_prefinancing,
    case when odd(n, 0.1, n, 37) then true else false end as pays_when_paid
from range({contracts}) t(n)
"""
OBLIGATIONS = """
select
    'made:c' || c || '/' || (n % 10) as id, 'made:c' || c as contract_id, side, kind, '节点' || (n % 10) as title,
    chance(n, 3) < 0.2 as is_key,
    'CNY' as currency, case when n % 10 < 9 or odd(c, 0.2, c, 38) then amount(c) // 10 end as amount_minor, due_on, done_on,
    case when done_on is not null then 'met' else 'scheduled' end as status,
    maybe(among(case when odd(c, 0.1, n, 39) then 0 else 1 end, n, 29, 4), 0.8, n, 6) as evidence_count,
    case when odd(c, 0.05, n, 40) then pick(['government', 'counterparty'], n, 7) end as cause, true as conditions_met,
    maybe((due_on - 20)::date, 0.3, n, 10) as requested_on
from (
    select *,
    case when due_on < date '2026-09-10' and not odd(c, 0.15, n, 41) then (due_on - among(75, n, 42, 20))::date end as done_on
    from (
        select n, n // 10 as c, some_day(date '2023-01-01', 1500, n, 99) as due_on,
        pick(['government', 'counterparty', 'counterparty'], n, 1) as side,
            pick(['milestone', 'delivery', 'acceptance', 'subsidy', 'site', 'service', 'reporting', 'judgment',
                'start_of_works'], n, 2) as kind
        from range({contracts} * 10) t(n)
    )
)
"""
PAYMENTS = """
select
    'made:c' || c || '/y' || (n % 5) as id, 'made:c' || c as contract_id,
    pick(['government', 'government', 'government', 'counterparty'], n, 1) as side,
    '款项' || (n % 5) as title, 'CNY' as currency, amount_minor, case when is_paid then amount_minor else 0 end as paid_minor,
    case when is_paid then (due_on - among(76, n, 43, 9))::date end as paid_on, maybe(due_on, 0.7, n, 6) as due_on,
    pick(['delivery', 'acceptance', 'settlement', 'invoice'], n, 7) as base_kind, (due_on - 100)::date as delivered_on,
    (due_on - 92)::date as accepted_on, maybe((due_on - 90)::date, 0.6, n, 9) as invoice_on,
    (due_on - 91)::date as settlement_confirmed_on,
    case when is_paid then pick(['advance', 'progress', 'settlement', 'final', 'labour', 'other'], n, 10)
        else 'progress' end as kind,
    case when odd(c, 0.1, n, 44) then amount_minor // 10 end as disputed_minor,
    case when odd(c, 0.05, n, 45) then 'internal_process' end as delay_reason
from (
    select *, due_on < date '2026-10-15' and not odd(c, 0.15, n, 46) as is_paid
    from (
        select n, n // 5 as c, some_day(date '2023-01-01', 1500, n, 98) as due_on,
            amount(n // 5) * among(20, n, 47, 40) // case when odd(n // 5, 0.1, n, 48) then 100 else 1000 end as amount_minor
        from range({contracts} * 5) t(n)
    )
)
"""
AMENDMENTS = """
select 'made:c' || (n * 5) || '/a' as id, 'made:c' || (n * 5) as contract_id,
    some_day(date '2023-01-01', 1200, n, 1) as changed_on,
    'supplement' as kind, 'CNY' as currency, amount(n * 5) // 100 as amount_change_minor,
    maybe('government', 0.3, n, 3) as initiator,
    not odd(n * 5, 0.5, n, 4) as is_agreed, true as has_approval, true as has_public_interest, true as has_statutory_basis,
    true as has_hearing,
    true as has_compensation, (some_day(date '2023-01-01', 1200, n, 1) + 1)::date as published_on,
    (some_day(date '2023-01-01', 1200, n, 1) - 9)::date as reviewed_on,
    (some_day(date '2023-01-01', 1200, n, 1) - 5)::date as approved_on
from range({contracts} // 5) t(n)
"""
GUARANTEES = """
select 'made:c' || c || '/g' as id, 'made:c' || c as contract_id, kind, pick(['insurance', 'letter'], n, 2) as form,
    'CNY' as currency,
    amount(c) // 100 as amount_minor, signed_on(c) as start_on,
    (signed_on(c) + case when odd(c, 0.7, n, 5) then 300 else 3000 end)::date as end_on,
    case when not odd(c, 0.7, n, 6) and (kind = 'bid' or chance(n, 7) < 0.6) then (signed_on(c) + 3)::date end as returned_on
from (select n, n * 5 as c, pick(['performance', 'bid', 'wage', 'performance'], n, 1) as kind from range({contracts} // 5) t(n))
"""
REVIEWS = """
select 'made:c' || n || '/r' as id, 'made:c' || n as contract_id, (signed_on(n) - 30)::date as submitted_on,
    (signed_on(n) - 22 + case when odd(n, 0.2, n, 49) then 60 else 0 end)::date as finished_on, 'approved' as result
from range({contracts}) t(n)
"""
FILINGS = """
select 'made:c' || c || '/f' || (n % 2) as id, 'made:c' || c as contract_id,
    case when n % 2 = 0 then 'legal' else 'finance' end as filed_with,
    (signed_on(c) + case when odd(c, 0.2, n, 50) then 90 else 5 end)::date as filed_on
from (select n, n // 2 as c from range({contracts} * 2) t(n))
"""
PUBLICATIONS = """
select 'made:c' || n || '/n' as id, 'made:c' || n as contract_id, 'contract' as kind,
    (signed_on(n) + case when odd(n, 0.2, n, 51) then 40 else 1 end)::date as published_on
from range({contracts}) t(n)
"""
QUERIES = {
    "unit": UNITS, "party": PARTIES, "contract": CONTRACTS, "obligation": OBLIGATIONS, "payment": PAYMENTS,
    "amendment": AMENDMENTS,
    "guarantee": GUARANTEES, "review": REVIEWS, "filing": FILINGS, "publication": PUBLICATIONS,
}  # fmt: skip
"""Nouns that are not here have no rows."""


def write_parquet(folder: Path, contracts: int) -> None:
    """A portfolio of that many contracts as one Parquet file a table, with the columns of `facts.schema`."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"contracts": contracts, "units": max(20, contracts // 2000), "parties": max(50, contracts // 20)}
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": "true"}) as db:
        db.execute(PICK)
        for table in (*NOUNS, "history", "alert"):
            wanted = schema(table)
            db.register("shape", wanted.empty_table())
            db.execute(f"create or replace table shape_{table} as from shape")
            query = f"select * from shape_{table}"
            if table in QUERIES:
                made = f"{QUERIES[table].format(**sizes)}"
                given = {row[0] for row in db.execute(f"describe {made}").fetchall()}
                cells = [f"{_cell(name, given)}::{kind} as {name}" for name, kind in _kinds(db, table)]
                query = f"select {', '.join(cells)} from (select *, row_number() over () as row_no from ({made}))"
            db.execute(f"copy ({query}) to '{folder / table}.parquet' (compression zstd, row_group_size 122880)")


def tables(folder: Path) -> dict[str, Rows]:
    """The files that `write_parquet` wrote as an engine takes them: as the mirror has them when nothing is newer."""
    empty = nothing()
    files: dict[str, Rows] = {
        name: Layered(files=(folder / f"{name}.parquet",), newer=empty[name]) for name in (*NOUNS, "history")
    }
    return files | {"alert": NO_WARNINGS}


def book(calendars: Mapping[str, WorkCalendar]) -> Rulebook:
    """Every rule that ships."""
    return load([RULES], calendars, default_calendar="CN")


def _kinds(db: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in db.execute(f"describe shape_{table}").fetchall()]


def _cell(name: str, given: set[str]) -> str:
    said = "date '2026-06-01'"
    known = {"source": "'made'", "first_known_on": said, "heard_on": said, "source_row": "row_no", "seq": "row_no"}
    return name if name in given else known.get(name, "null")
