"""One form of a report: what an auditor's question is answered with, before anything is known of paper, screens or files.

A question (`questions/<name>.py`) makes a Document from facts; a form (`forms/`) shows any Document and knows of no question.
Cells are values, not texts: a day is a date, a sum a Decimal with its currency in the same row, a share a part of one. None is
"not known"; a key that a row does not have does not apply to it. Neither is ever 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from monitor.domain.words import fact_value, shown, word
from monitor.reports.portfolio import Header

Kind = Literal["text", "day", "money", "number", "share", "level"]
Cell = str | int | Decimal | date | None
Row = Mapping[str, Cell]

NUMERIC: frozenset[Kind] = frozenset(("money", "number", "share"))
"""Kinds that stand at the right of their column."""

DOES_NOT_APPLY = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table. `key` names it for programs in every language, `title` for readers."""

    key: str
    title: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows in the order to read them; `total` is the last line, with only those keys of which there is one."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    total: Row | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that stands for itself, with a few words beside it: what it is a part of, how it is counted."""

    key: str
    title: str
    value: Cell
    kind: Kind = "number"
    currency: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture as SVG (`chart`, `plot`), told in words by its caption; a table of its section has the same numbers."""

    title: str
    svg: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, a sentence, then figures, pictures, tables; `notes` say how it was counted and what is not known."""

    key: str
    heading: str
    sentence: str = ""
    figures: tuple[Figure, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report in one language.

    inputs   what it was made from beside the day: names with hashes, and the version of the program
    filters  what it was narrowed to, in words: name, value
    main     key of the table that CSV holds: a CSV file is one table
    narrowed what it was narrowed to, as it was asked; `parts`: inputs taken apart by name, for who looks which one changed
    """

    name: str
    title: str
    lang: str
    header: Header
    inputs: Mapping[str, str]
    summary: str
    sections: tuple[Section, ...]
    main: str
    filters: tuple[tuple[str, str], ...] = field(default=())
    narrowed: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def tables(self) -> list[Table]:
        """Every table, in the order of the report."""
        return [table for section in self.sections for table in section.tables]

    def table(self, key: str) -> Table:
        """The table of that key. Raises StopIteration where there is none."""
        return next(table for table in self.tables() if table.key == key)


def columns(lang: str, **kinds: Kind) -> tuple[Column, ...]:
    """Columns by key and kind; their titles stand in `domain/reports.toml`."""
    return tuple(Column(key=key, title=head(f"col.{key}", lang), kind=kind) for key, kind in kinds.items())


def head(key: str, lang: str) -> str:
    """A word as a heading begins: with a capital."""
    said = word(key, lang)
    return said[:1].upper() + said[1:]


def share(part: int, whole: int) -> dict[str, Cell]:
    """The cell `share` of a row: a part of one, to four places; nothing where there is nothing to take a share of.

    >>> share(12, 16), share(0, 0)
    ({'share': Decimal('0.7500')}, {})
    """
    return {"share": ratio(part, whole)} if whole else {}


def ratio(part: int, whole: int) -> Decimal:
    """A part of one, to four places, half to even. Raises ZeroDivisionError for a whole of nothing."""
    if not whole:
        raise ZeroDivisionError("a share of nothing")
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)


def spoken(value: Cell, kind: Kind, lang: str) -> str:
    """A cell in words; None is said to be not known.

    >>> spoken(Decimal("0.8333"), "share", "en"), spoken(None, "money", "zh"), spoken(1234, "number", "en")
    ('83.3%', '未知', '1,234')
    """
    if value is None or isinstance(value, date):
        return shown(value, lang)
    if kind == "level":
        return word(str(value), lang)
    if kind == "share" and isinstance(value, Decimal):
        return f"{value * 100:.1f}%"
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if kind == "money" else f"{value.normalize():,f}"
    return f"{value:,}" if isinstance(value, int) else value


def told(row: Row, column: Column, lang: str) -> str:
    """A cell of a row in words, with a dash where the column does not apply."""
    return spoken(row[column.key], column.kind, lang) if column.key in row else DOES_NOT_APPLY


def coded(fact: str, value: str | None, lang: str) -> str | None:
    """A code in the reader's words, as `fact_value`; None stays None."""
    return None if value is None else fact_value(fact, value, lang)
