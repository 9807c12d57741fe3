"""A report on paper: PDF/A-2b, A4 or Letter, set by typst from `document.typ` with the one font that letters are printed in.

What is printed goes in as JSON and is never read as markup. No clock is in it: the same report makes the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from monitor.domain.errors import DeliveryError, UsageError
from monitor.domain.warning import SHAPES
from monitor.domain.words import filled, word
from monitor.notify.letters.glyphs import readable
from monitor.notify.letters.inert import columns as width_of
from monitor.notify.letters.inert import cut, one_line
from monitor.notify.letters.pdf import legible, typeset
from monitor.reports import proof
from monitor.reports.document import NUMERIC, Column, Document, Section, Table, head, spoken, told
from monitor.reports.page import Wording

SHEET = Path(__file__).with_name("document.typ")

ROWS = 1000
"""Rows of a table on paper: some forty pages; JSON, CSV and XLSX have all."""

NAME = 240
"""Columns of a screen that a name may take in a cell, which is about ten lines of a narrow column."""

NARROWEST, WIDEST = 6, 34
"""Width of a column, in columns of a screen, as the widths of a table are shared out."""

ElementTree.register_namespace("", "http://www.w3.org/2000/svg")

PORTRAIT, LANDSCAPE = 88, 240
"""Columns of a screen that go side by side on upright paper; a wider table turns the paper, one still wider is laid out in
parts, each with the first column again."""

CELLS = 20_000
"""Cells of a table on paper: of one that is in many parts fewer rows are shown."""


def printed(document: Document, paper: str = "a4") -> bytes:
    """The report as PDF. Raises UsageError where typst or the font is not there, or the report cannot be set."""
    try:
        pictures = [_legible(one.svg, document.lang) for part in document.sections for one in part.drawings]
        told = proof.told(proof.claim(document, "letter" if paper == "letter" else "a4"))
        return typeset(SHEET, legible(_data(document, paper), document.lang) | {"pictures": pictures, "proof": told})
    except DeliveryError as fault:
        raise UsageError(f"no PDF: {fault.message}", hint="every other --format works without typst") from fault


def _data(document: Document, paper: str) -> dict[str, Any]:
    header, lang, wording = document.header, document.lang, Wording(document.lang)
    made = [
        (head("as_of", lang), wording.day(header.as_of)), (head("known_at", lang), wording.instant(header.known_at)),
        *((name, one_line(value)) for name, value in document.filters),
        *((head(f"made.{name}", lang), value) for name, value in document.inputs.items()),
    ]  # fmt: skip
    running = f"{head('as_of', lang)} {wording.day(header.as_of)} · {head('known_at', lang)} {wording.instant(header.known_at)}"
    hashes = " · ".join(f"{head(f'made.{name}', lang)} {value[:12]}" for name, value in document.inputs.items())
    wide = max((sum(_widths(table, lang)) for table in document.tables()), default=0) > PORTRAIT
    return {
        "lang": lang, "paper": "us-letter" if paper == "letter" else "a4", "turned": wide, "title": document.title,
        "office": one_line(header.office, 120), "declared": one_line(header.declared, 200),
        "notice": word("provisional", lang) if header.provisional_calendar else "", "made": made, "running": running,
        "hashes": hashes, "summary": one_line(document.summary), "humble": word("no_proof", lang),
        "day": [header.as_of.year, header.as_of.month, header.as_of.day],
        "sections": [_section(section, lang) for section in document.sections],
    }  # fmt: skip


def _section(section: Section, lang: str) -> dict[str, Any]:
    return {
        "heading": section.heading, "sentence": one_line(section.sentence), "notes": [one_line(note) for note in section.notes],
        "figures": [
            {
                "title": one.title, "note": one_line(one.note), "value": spoken(one.value, one.kind, lang),
                "currency": one.currency if one.value is not None else "",
            }
            for one in section.figures
        ],
        "drawings": [{"caption": one.caption, "title": one.title} for one in section.drawings],
        "tables": [part for table in section.tables for part in _parts(table, lang)],
    }  # fmt: skip


def _legible(svg: str, lang: str) -> str:
    """A picture with its words in characters that the font has; its markup is left alone."""
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.text = readable(element.text, lang) if element.text else None
    return ElementTree.tostring(root, encoding="unicode")


def _parts(table: Table, lang: str) -> list[dict[str, Any]]:
    """The table, or where no page is wide enough, its parts side by side."""
    widths = _widths(table, lang)
    parts: list[list[int]] = [[]]
    for place, width in enumerate(widths):
        taken = sum(widths[one] for one in parts[-1])
        if len(parts[-1]) > 1 and taken + width > LANDSCAPE:
            parts.append([0])
        parts[-1].append(place)
    shown = ROWS if len(parts) == 1 else max(1, min(ROWS, CELLS // len(widths)))
    return [_part(table, lang, {place: widths[place] for place in part}, shown) for part in parts]


def _part(table: Table, lang: str, widths: dict[int, int], shown: int) -> dict[str, Any]:
    """Some columns by place, with their widths; `shown` rows of them."""
    chosen = [table.columns[place] for place in widths]
    numbers = {"total": f"{len(table.rows):,}", "shown": f"{shown:,}"}
    total = [
        told(table.total, one, lang) if one.key in table.total else head("report.total", lang) if not place else ""
        for place, one in enumerate(chosen)
    ] if table.total else []  # fmt: skip
    title = table.title
    if len(chosen) < len(table.columns):
        places = {"first": f"{[*widths][1] + 1:,}", "last": f"{max(widths) + 1:,}", "n": f"{len(table.columns):,}"}
        title = filled("answer.columns_some", lang, title=title, **places)
    return {
        "title": one_line(title), "head": [one_line(column.title, NAME) for column in chosen], "widths": [*widths.values()],
        "right": [column.kind in NUMERIC for column in chosen],
        "rows": [[_cell(row, column, lang) for column in chosen] for row in table.rows[:shown]],
        "total": total, "rest": filled("answer.rows_some", lang, **numbers) if len(table.rows) > shown else "",
        "none": word("report.none", lang),
    }  # fmt: skip


def _cell(row: Any, column: Column, lang: str) -> str:
    text = cut(one_line(told(row, column, lang)), NAME)
    return f"{SHAPES[row[column.key]]} {text}" if column.kind == "level" and row.get(column.key) in SHAPES else text


def _widths(table: Table, lang: str) -> list[int]:
    """How the width of a page is shared out: numbers and days never break, text does."""
    widths = []
    for column in table.columns:
        texts = [told(row, column, lang) for row in [*table.rows[:ROWS], table.total or {}] if column.key in row]
        needed = max((width_of(text[:WIDEST]) for text in texts), default=NARROWEST)
        title = one_line(column.title, WIDEST)
        word_of_head = max((width_of(one) for one in title.split()), default=0) if lang == "en" else 4
        widths.append(max(NARROWEST, min(WIDEST, max(needed, word_of_head)) + 2))
    return widths
