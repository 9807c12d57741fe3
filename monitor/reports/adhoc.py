"""A question of one's own: a SELECT over the facts of a day, bounded, answered in the one form of a report.

It runs where rules run: in a database of memory only, that reads no file, opens no connection and loads no extension. Whatever it
says, nothing that is stored changes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from monitor import facts
from monitor.domain.errors import UsageError
from monitor.domain.sandbox import bounded
from monitor.domain.words import fact_name, word
from monitor.engines.duckdb import Engine
from monitor.notify.letters.inert import one_line
from monitor.reports.asked import Asked, document
from monitor.reports.document import Cell, Column, Document, Kind, Section, Table

SECONDS = 60
ROWS = 100_000
CELLS = 1_000_000
WIDEST = 1_000
LONGEST = 10_000
"""What an answer may take: seconds, rows, cells, columns, characters of a cell."""

_WHAT_THERE_IS = "`lvyue facts` lists the tables fact_contract, fact_payment, … with their columns"


def report(asked: Asked, sql: str, *, seconds: float = SECONDS) -> Document:
    """The answer. Raises UsageError for what is no single SELECT, fails, or takes too long."""
    table, more = _answered(asked.engine.db, sql, seconds, asked.say("query.rows"))
    notes = (asked.say("query.more", n=f"{len(table.rows):,}"),) if more else ()
    summary = asked.say("query.summary", as_of=asked.day(asked.as_of), n=f"{len(table.rows):,}")
    section = Section(key="rows", heading=asked.say("query.rows"), sentence=sql, tables=(table,), notes=notes)
    return document(asked, "query", summary=summary, sections=[section], main="rows", narrowed={"sql": sql})


def facts_of(engine: Engine, subject: str, lang: str) -> list[dict[str, str]]:
    """Every fact of a subject: where it stands in SQL, its type, its unit, its short name and what it means."""
    types = engine.columns(subject)
    return [
        {
            "table": f"fact_{subject}", "column": fact.name.partition(".")[2], "type": types[fact.name],
            "unit": unit and word(f"facts.unit.{unit}", lang), "name": fact_name(fact.name, lang), "meaning": fact.meaning,
        }
        for fact in facts.documented(subject) for unit in [_unit(fact.name, types[fact.name])]
    ]  # fmt: skip


def _unit(fact: str, kind: str) -> str:
    """What a value counts, as its type and its name say; empty for text."""
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if _MONEY.fullmatch(kind):
        return "money"
    return next((unit for unit, ending in _BY_NAME.items() if re.search(ending, fact)), "number")


_BY_TYPE = {"DATE": "day", "BOOLEAN": "yes_or_no", "VARCHAR": ""}
_MONEY = re.compile(r"DECIMAL\(2\d,4\)")
_BY_NAME = {
    "days": r"_days$|\bdays_", "months": r"_months$", "percent": r"_percent$", "share": r"_share$", "share_a_year": r"_rate$",
}  # fmt: skip


def _answered(db: duckdb.DuckDBPyConnection, sql: str, seconds: float, title: str) -> tuple[Table, bool]:
    """The rows, and whether there are more than are shown."""
    try:
        statements = db.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UsageError("this is not one SELECT", hint="a question reads: `select … from fact_contract`")
        with bounded(db, seconds):
            cursor = db.execute(statements[0])
            described = cursor.description or []
            if len(described) > WIDEST:
                raise UsageError(
                    f"{len(described):,} columns: more than {WIDEST} cannot be read", hint="name those you need"
                )
            columns = _columns([str(one[0]) for one in described], [str(one[1]) for one in described])
            rows, more = _rows(cursor, columns)
    except duckdb.InterruptException:
        raise UsageError(f"it took longer than {seconds} seconds", hint="ask about fewer rows") from None
    except (duckdb.Error, ValueError) as error:
        raise UsageError(f"the question cannot be answered: {_first(error)}", hint=_WHAT_THERE_IS) from error
    return Table(key="rows", title=title, columns=columns, rows=rows), more


def _rows(cursor: duckdb.DuckDBPyConnection, columns: tuple[Column, ...]) -> tuple[list[dict[str, Cell]], bool]:
    limit = min(ROWS, CELLS // max(len(columns), 1))
    found = [_row(columns, row) for row in cursor.fetchmany(limit)]
    return found, len(found) == limit and cursor.fetchone() is not None


def _row(columns: tuple[Column, ...], row: tuple[Any, ...]) -> dict[str, Cell]:
    return {column.key: _cell(value) for column, value in zip(columns, row, strict=True)}


def _columns(names: list[str], types: list[str]) -> tuple[Column, ...]:
    """Names as they were asked for; one that comes twice is numbered."""
    taken: set[str] = set()
    return tuple(
        Column(key=key, title=key, kind=_kind(kind))
        for name, kind in zip(names, types, strict=True) if (key := _free(one_line(name, LONGEST) or "?", taken))
    )  # fmt: skip


def _free(name: str, taken: set[str]) -> str:
    found = next(one for one in _numbered(name) if one not in taken)
    taken.add(found)
    return found


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, WIDEST + 2):
        yield f"{name} {number}"


def _kind(told: str) -> Kind:
    if told == "DATE":
        return "day"
    return (
        "number" if told.startswith(("DECIMAL", "DOUBLE", "FLOAT", "HUGEINT", "UHUGEINT")) or "INT" in told else "text"
    )


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, (Decimal, str)):
        return value[:LONGEST] if isinstance(value, str) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else str(value)
    if isinstance(value, int) or type(value) is date:
        return value
    plain = isinstance(value, (dict, list, tuple))
    return (json.dumps(value, ensure_ascii=False, default=str) if plain else str(value))[:LONGEST]


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:500]
