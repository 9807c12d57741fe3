"""The border: every row from outside is checked here, column by column, before it may become a version.

One vectorised pass in DuckDB, the same for every kind of source. A cell that cannot be read sends its row to quarantine with
source, row, field, value and reason; an empty cell stays empty (not known), and nothing becomes zero that was empty.
Amounts arrive in whole units (`amount`) and leave as minor units (`amount_minor`), exactly, or not at all.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import get_args

import duckdb
import pyarrow as pa

from monitor.domain.errors import RejectedError
from monitor.domain.money import known_currencies, minor_digits
from monitor.domain.noun import Noun
from monitor.domain.nouns import NOUNS, choices

TEXT_LIMIT = 10_000
DAYS_LIMIT = 36_500
BOUNDS = {
    "move_percent": (-100, 10_000, ""), "_percent": (0, 100, ""), "_days": (0, DAYS_LIMIT, " days"),
    "_months": (0, 1200, " months"), "_tier": (1, 99, ""), "_ppm": (0, 10_000_000, ""), "_count": (0, 1_000_000, ""),
    "contracts": (0, 10_000_000, ""), "year": (1900, 2200, ""),
}  # fmt: skip
"""What a whole number may be, by the end of its field's name; the first that fits counts. Beyond it a sum of days leaves the
calendar, and one absurd cell would stop the scan of everything."""
YEARS = (1900, 2199)
AMOUNT = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?"
DAY = r"\d{4}-\d{1,2}-\d{1,2}"
LOCAL_TIME = r"[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
HELPERS = ("source_row", "edition_on", "refused")
KEYS = ("id", "unit_id", "party_id", "contract_id", "obligation_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one cell kept its row out."""

    noun: str
    row: int | None
    field: str
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One noun past the border: `good` has the noun's columns, `content_hash`, `source_row` and `edition_on`."""

    noun: str
    good: pa.Table
    refusals: tuple[Refusal, ...]
    seen: pa.Table
    """`id` and `edition_on` of every row that named itself, refused ones too: what was seen has not vanished."""
    cells: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Where a row names its contract, by the row's id without the source's name; empty where rows have no such cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How one field of a noun is read: its name outside, its SQL type, what else must hold."""

    field: str
    outside: str
    kind: str
    required: bool
    words: tuple[str, ...]


def columns(noun: type[Noun]) -> list[Column]:
    """The fields of a noun as the border reads them.

    >>> [column.outside for column in columns(NOUNS["filing"])]
    ['id', 'contract_id', 'filed_with', 'filed_on', 'receipt']
    """
    out = []
    for name, field in noun.model_fields.items():
        types = set(get_args(field.annotation)) or {field.annotation}
        kind = "date" if date in types else "boolean" if bool in types else "integer" if int in types else "text"
        outside = name.removesuffix("_minor")
        if outside != name:
            kind = "money"
        out.append(
            Column(field=name, outside=outside, kind=kind, required=field.is_required(), words=choices(noun, name))
        )
    return out


def check(db: duckdb.DuckDBPyConnection, noun: str, relation: str, *, source: str) -> Checked:
    """Check the rows of `relation` (columns by their outside names, any type) as `noun` of `source`.

    Ids and references get the source's name in front, so that two registers never share a key by accident.
    Raises RejectedError when the relation has a column that the noun lacks, or lacks one that it must have.
    """
    present = {row[0]: row[1] for row in db.execute(f'describe "{relation}"').fetchall()}
    wanted = columns(NOUNS[noun])
    _fit(noun, wanted, present)
    db.execute(f"create or replace temp table border as {_texts(wanted, present, relation, source)}")
    seen = db.sql("select distinct id, edition_on from border where id is not null").to_arrow_table()
    db.execute("delete from border where refused")  # its kind of source has said why
    told = _told(db, wanted)
    _currencies(db)
    db.execute("create or replace temp table fault(n bigint, field varchar, value varchar, reason varchar)")
    for fault in _faults(told, noun):
        db.execute(f"insert into fault {fault}")
    _repeats(db, told)
    good = db.sql(_good(wanted, told)).to_arrow_table()
    refusals = tuple(
        Refusal(noun=noun, row=row, field=field, value=value and value.removeprefix(f"{source}:")[:200], reason=reason)
        for row, field, value, reason in db.execute(
            "select b.source_row, f.field, f.value, f.reason from fault f join border b on b.n = f.n "
            "order by f.n, f.field, f.reason"
        ).fetchall()
    )
    return Checked(noun=noun, good=good, refusals=refusals, seen=seen)


def _fit(noun: str, wanted: list[Column], present: dict[str, str]) -> None:
    names = [column.outside for column in wanted] + list(HELPERS)
    problems = []
    for name in present:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            problems.append(f"{noun}.{name}: no such column" + (f'; did you mean "{near[0]}"?' if near else ""))
    problems += [f"{noun}.{c.outside}: must be there" for c in wanted if c.required and c.outside not in present]
    if problems:
        raise RejectedError(
            "\n".join(problems), hint="mend the mapping; the columns are those of monitor/domain/nouns.py"
        )


def _texts(wanted: list[Column], present: dict[str, str], relation: str, source: str) -> str:
    """Every cell as trimmed text, empty as NULL, dates in ISO form whatever type they came in."""
    cells = []
    for column in wanted:
        if column.outside not in present:
            cells.append(f'null::varchar as "{column.outside}"')
            continue
        text = f"""nullif(trim(cast("{column.outside}" as varchar), ' \t\r\n\xa0\u3000'), '')"""
        if column.outside in KEYS:
            text = f"'{source}:' || {text}"
        cells.append(f'{text} as "{column.outside}"')
    row = "try_cast(source_row as integer)" if "source_row" in present else "n::integer"
    edition = (
        "case when isfinite(try_cast(edition_on as date)) then try_cast(edition_on as date) end"
        if "edition_on" in present
        else "null::date"
    )
    said = "nullif(trim(cast(edition_on as varchar)), '')" if "edition_on" in present else "null::varchar"
    refused = "coalesce(try_cast(refused as boolean), false)" if "refused" in present else "false"
    heads = f"{row} as source_row, {edition} as edition_on, {said} as edition_said, {refused} as refused"
    inner = f'select row_number() over () as n, * from "{relation}"'
    return f"select n, {heads}, {', '.join(cells)} from ({inner})"


def _told(db: duckdb.DuckDBPyConnection, wanted: list[Column]) -> list[Column]:
    """The columns that some row fills, and those that every row must: a register says little of what a noun could hold."""
    counts = ", ".join(f'count("{column.outside}")' for column in wanted)
    found = db.execute(f"select {counts} from border").fetchall()[0]
    return [column for column, number in zip(wanted, found, strict=True) if number or column.required]


def _currencies(db: duckdb.DuckDBPyConnection) -> None:
    """The currencies that occur, with their decimal places; unknown ones are left out and so refused."""
    names = {row[0] for row in db.execute("describe border").fetchall()}
    db.execute("create or replace temp table currency_digits(code varchar, digits integer)")
    if "currency" not in names:
        return
    for (code,) in db.execute("select distinct currency from border where currency is not null").fetchall():
        if code in known_currencies():
            db.execute("insert into currency_digits values (?, ?)", [code, minor_digits(code)])


def _amount(column: str) -> str:
    """Minor units exactly: `power` would be a float, so the point is moved by a DECIMAL factor."""
    digits = "(select digits from currency_digits where code = border.currency)"
    return (
        f'(try_cast("{column}" as decimal(30,4)) * '
        f"(case {digits} when 0 then 1 when 1 then 10 when 2 then 100 when 3 then 1000 when 4 then 10000 end))"
    )


def _faults(wanted: list[Column], noun: str) -> Iterator[str]:
    """A SELECT for each way in which a cell can be wrong: n, field, value, reason."""
    written = f"regexp_full_match(edition_said, '{DAY}({LOCAL_TIME})?')"
    wrong_edition = f"edition_said is not null and (edition_on is null or not {written})"
    yield f"select n, 'edition_on', edition_said, 'is not a date' from border where {wrong_edition}"
    for column in wanted:
        cell, name = f'"{column.outside}"', column.outside
        head = f"select n, '{name}', {cell},"
        if column.required:
            yield f"{head} 'is empty; a {noun} must have it' from border where {cell} is null"
        if column.kind == "date":
            yield from _date_faults(head, cell)
        elif column.kind in ("integer", "boolean"):
            word = {"integer": "a whole number", "boolean": "yes or no"}[column.kind]
            exact = f" or try_cast({cell} as double) % 1 <> 0" if column.kind == "integer" else ""
            wrong = f"try_cast({cell} as {column.kind}) is null{exact}"
            yield f"{head} 'is not {word}' from border where {cell} is not null and ({wrong})"
        elif column.kind == "money":
            yield from _money_faults(head, cell, name)
        elif name == "currency":
            yield (
                f"{head} 'is not an ISO 4217 currency' from border "
                f"where {cell} is not null and {cell} not in (select code from currency_digits)"
            )
        elif column.words:
            words = ", ".join(f"'{word}'" for word in column.words)
            yield (
                f"{head} 'is none of {', '.join(column.words)}' from border "
                f"where {cell} is not null and {cell} not in ({words})"
            )
        for ending, (least, most, unit) in BOUNDS.items():
            if name.endswith(ending):
                wrong = f"try_cast({cell} as integer) not between {least} and {most}"
                yield f"{head} 'is not between {least} and {most}{unit}' from border where {wrong}"
                break
        if column.kind == "text":
            yield f"{head} 'is longer than {TEXT_LIMIT} characters' from border where length({cell}) > {TEXT_LIMIT}"
            # PostgreSQL keeps no NUL in text, so no office does.
            yield f"{head} 'holds a NUL character' from border where contains({cell}, chr(0))"


def _date_faults(head: str, cell: str) -> Iterator[str]:
    """A day, or a day with a local time. An instant with an offset is another day elsewhere: the mapping must say which."""
    given = f"from border where {cell} is not null and"
    day = f"regexp_full_match({cell}, '{DAY}({LOCAL_TIME})?')"
    offset = f"regexp_full_match({cell}, '{DAY}{LOCAL_TIME} ?(Z|[+-][0-9:]+)')"
    yield f"{head} 'has a time zone; the mapping must say which civil day it is' {given} {offset}"
    yield f"{head} 'is not a date' {given} not {offset} and (not {day} or try_cast({cell} as date) is null)"
    years = f"year(try_cast({cell} as date)) not between {YEARS[0]} and {YEARS[1]}"
    yield f"{head} 'is not a year between {YEARS[0]} and {YEARS[1]}' {given} {day} and {years}"


def _money_faults(head: str, cell: str, name: str) -> Iterator[str]:
    given = f"from border where {cell} is not null and"
    plain = f"regexp_full_match({cell}, '{AMOUNT}')"
    yield f"{head} 'is not an amount' {given} (not {plain} or try_cast({cell} as decimal(30,4)) is null)"
    yield f"{head} 'has no currency beside it' {given} currency is null"
    minor = _amount(name)
    digits = f"try_cast({cell} as decimal(38,12)) <> try_cast({cell} as decimal(30,4))"
    yield f"{head} 'has more decimals than its currency' {given} ({minor} % 1 <> 0 or {digits})"
    yield (
        f"{head} 'is too large' {given} try_cast({minor} as bigint) is null "
        f"and try_cast({cell} as decimal(30,4)) is not null and currency in (select code from currency_digits)"
    )


def _repeats(db: duckdb.DuckDBPyConnection, wanted: list[Column]) -> None:
    """The same id twice in one edition: the first row stands, a different one after it is refused, an equal one is dropped."""
    cells = ", ".join(f'"{column.outside}"' for column in wanted)
    db.execute(
        f"create or replace temp table twin as select n, sha256(to_json(row({cells}))) as h, id, edition_on from border"
    )
    db.execute(
        "insert into fault select t.n, 'id', t.id, 'stands in an earlier row with other content' from ("
        "select n, id, h, first_value(h) over w as first_h from twin where id is not null "
        "window w as (partition by id, edition_on order by n)) t where h <> first_h"
    )
    db.execute(
        "create or replace temp table repeated as select n from (select n, row_number() over "
        "(partition by id, edition_on order by n) as k from twin where id is not null) where k > 1"
    )


def _good(wanted: list[Column], told: list[Column]) -> str:
    cells = []
    for column in wanted:
        cell = f'"{column.outside}"'
        if column not in told:
            kind = {"money": "bigint", "text": "varchar"}.get(column.kind, column.kind)
            cells.append(f"null::{kind} as {column.field}")
        elif column.kind == "money":
            cells.append(f"cast({_amount(column.outside)} as bigint) as {column.field}")
        elif column.kind == "text":
            cells.append(f"{cell} as {column.field}")
        else:
            cells.append(f"cast({cell} as {column.kind}) as {column.field}")
    inner = (
        f"select n, source_row, edition_on, {', '.join(cells)} from border "
        "where n not in (select n from fault) and n not in (select n from repeated)"
    )
    names = ", ".join(column.field for column in wanted)
    content = ", ".join(f"{field} := {field}" for field in sorted(column.field for column in told))
    # What is empty is left out (RFC 7396 drops it), or a field that a new release adds would change every row there is.
    content = f"sha256(json_merge_patch('{{}}', to_json(struct_pack({content})))::varchar)"
    return f"select {names}, source_row, edition_on, {content} as content_hash from ({inner}) order by n"
