"""A report as data: JSON with all of it, CSV with its main table.

JSON loses nothing of a value; signs that turn text around or steer a terminal are written as escapes. CSV is one table and no
more: several in one file, or a header above one, is what no program reads; the other tables are in JSON and in XLSX.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from monitor.notify.letters.inert import cell, one_line
from monitor.reports import proof
from monitor.reports.chart import UNSEEN
from monitor.reports.document import Cell, Column, Document, Figure, Row, Section, Table, spoken
from monitor.reports.render import as_plain, to_csv


def json_text(document: Document) -> str:
    """The whole report as one JSON document. Keys are the same in every language; pictures are left out, their tables are in."""
    header = document.header
    told = {
        "report": document.name, "title": document.title, "lang": document.lang, "office": header.office,
        "declared": header.declared, "as_of": header.as_of, "known_at": header.known_at, "inputs": dict(document.inputs),
        "provisional_calendar": header.provisional_calendar, "filters": dict(document.filters),
        "summary": document.summary, "sections": [_section(section) for section in document.sections],
        "proof": msgspec.to_builtins(proof.claim(document)),
    }  # fmt: skip
    text = json.dumps(told, ensure_ascii=False, indent=2, default=as_plain)
    return UNSEEN.sub(_escape, text) + "\n"


def csv_text(document: Document) -> str:
    """The main table, its header the keys of the columns; empty where something is not known or does not apply."""
    table = document.table(document.main)
    rows = [
        {one.key: _flat(row[one.key], one, document.lang) for one in table.columns if one.key in row}
        for row in table.rows
    ]
    return to_csv(rows, [one.key for one in table.columns])


def _flat(value: Cell, column: Column, lang: str) -> Cell:
    """A text that no spreadsheet takes for a formula; every other value as it is."""
    if not isinstance(value, str):
        return value
    return spoken(value, "level", lang) if column.kind == "level" else cell(one_line(value))


def _section(section: Section) -> dict[str, Any]:
    return {
        "section": section.key, "heading": section.heading, "sentence": section.sentence,
        "figures": [_figure(figure) for figure in section.figures],
        "tables": [_table(table) for table in section.tables], "notes": list(section.notes),
    }  # fmt: skip


def _figure(figure: Figure) -> dict[str, Any]:
    money = {"currency": figure.currency} if figure.currency else {}
    return {"figure": figure.key, "title": figure.title, "value": figure.value, **money, "note": figure.note}


def _table(table: Table) -> dict[str, Any]:
    return {
        "table": table.key, "title": table.title,
        "columns": [{"key": one.key, "title": one.title, "kind": one.kind} for one in table.columns],
        "rows": [_known(table, row) for row in table.rows],
        "total": None if table.total is None else _known(table, table.total),
    }  # fmt: skip


def _known(table: Table, row: Row) -> dict[str, Any]:
    return {column.key: row[column.key] for column in table.columns if column.key in row}


def _escape(sign: re.Match[str]) -> str:
    return f"\\u{ord(sign[0]):04x}"
