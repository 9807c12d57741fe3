"""A report in a terminal: what fits on a screen or two. Pictures are left out; their tables say the same."""

from __future__ import annotations

from textwrap import wrap

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from monitor.domain.warning import SHAPES
from monitor.domain.words import filled, word
from monitor.notify.letters.inert import columns as width_of
from monitor.notify.letters.inert import cut, one_line
from monitor.reports import terminal
from monitor.reports.document import DOES_NOT_APPLY, NUMERIC, Column, Document, Row, Section, Table, spoken, told

ROWS = 25
"""Rows of a table that are shown; the other forms have more."""

NAME = 80
"""Columns of a screen that a name may take."""

FIRST, TEXT = 20, 10
"""Columns of a screen that the first column and another text get at least: Chinese folds well, a letter a line does not."""

HEAD, FEW = 10, 10
"""Columns of a screen at which the head of a number or a day is broken, between words; in a table of more columns, at each."""

COLOURS = {"red": "red", "orange": "dark_orange", "yellow": "yellow", "blue": "blue"}


def show(console: Console, document: Document) -> None:
    """Print a report, each table as wide as the console."""
    parts: list[RenderableType] = [_header(document), Text(_safe(document.summary), style="bold")]
    for section in document.sections:
        parts += _section(section, document.lang, console.width)
    parts.append(Text(word("no_proof", document.lang), style="italic"))
    console.print(Group(*(Padding(part, (0, 0, 1, 0)) for part in parts)))


def as_text(document: Document) -> str:
    """The same as text, without colours."""
    return terminal.as_text(lambda console: show(console, document))


def _header(document: Document) -> RenderableType:
    header, lang = document.header, document.lang
    lines = Text(document.title, style="bold")
    if header.declared:
        lines.append(f"  [{_safe(header.declared)}]", style="bold magenta")
    known = header.known_at.strftime("%Y-%m-%d %H:%M:%S %z")
    office = f"{_safe(header.office)} · " if header.office else ""
    lines.append(f"\n{office}{word('as_of', lang)} {header.as_of} · {word('known_at', lang)} {known}", style="not bold")
    for name, value in document.filters:
        lines.append(f"\n{name}: {_safe(value)}", style="not bold")
    inputs = " · ".join(f"{word(f'made.{name}', lang)} {value[:12]}" for name, value in document.inputs.items())
    lines.append(f"\n{inputs}", style="dim not bold")
    if header.provisional_calendar:
        lines.append(f"\n{word('provisional', lang)}", style="magenta")
    return lines


def _section(section: Section, lang: str, width: int) -> list[RenderableType]:
    line = Text(section.heading, style="bold underline")
    if section.sentence:
        line.append(f"\n{_safe(section.sentence)}", style="not bold not underline")
    for figure in section.figures:
        currency = f" {figure.currency}" if figure.currency and figure.value is not None else ""
        line.append(f"\n{figure.title}  ", style="not bold not underline")
        line.append(spoken(figure.value, figure.kind, lang) + currency, style="bold not underline")
        line.append(f"  {_safe(figure.note)}" if figure.note else "", style="dim not bold not underline")
    parts: list[RenderableType] = [line]
    parts += [_table(table, lang, width, alone=table.title == section.heading) for table in section.tables]
    return parts + [Text(_safe(note), style="dim") for note in section.notes]


def _table(table: Table, lang: str, width: int, *, alone: bool) -> RenderableType:
    if not table.rows:
        return Text(f"{table.title}{word('letter.colon', lang)}{word('report.none', lang)}", style="dim")
    every, currency = _without_currency(table)
    kept = _fitting(table, every, lang, width)
    title = " ".join(filter(None, ("" if alone else table.title, f"({currency})" if currency else "")))
    grid = Grid(
        title=_safe(title) or None, title_justify="left", show_footer=table.total is not None, padding=(0, 0, 0, 1)
    )
    for place, column in enumerate(kept):
        firm = _firm(column)
        grid.add_column(
            "\n".join(_head(column, lang, HEAD if len(kept) <= FEW else 1)) if firm else _safe(column.title),
            justify="right" if column.kind in NUMERIC else "left",
            no_wrap=firm, overflow="fold", min_width=None if firm else TEXT if place or column.kind == "level" else FIRST,
            footer=_footer(table.total or {}, column, lang, first=place == 0),
        )  # fmt: skip
    for row in table.rows[:ROWS]:
        grid.add_row(*(_cell(row, column, lang) for column in kept))
    more = {"more_rows": len(table.rows) - ROWS, "more_columns": len(every) - len(kept)}
    grid.caption = " · ".join(filled(name, lang, n=f"{n:,}") for name, n in more.items() if n > 0) or None
    return grid


def _fitting(table: Table, every: list[Column], lang: str, width: int) -> list[Column]:
    """The columns that a screen has room for where names are folded as far as they may be; two at least."""
    taken, kept = FIRST - TEXT + 1, list[Column]()
    for column in every:
        taken += _least(table, column, lang) + 2
        if len(kept) > 1 and taken > width:
            break
        kept.append(column)
    return kept


def _least(table: Table, column: Column, lang: str) -> int:
    if not _firm(column):
        return TEXT
    texts = [told(row, column, lang) for row in [*table.rows[:ROWS], table.total or {}] if column.key in row]
    return max(width_of(text) for text in (*_head(column, lang, 1), *texts, DOES_NOT_APPLY))


def _head(column: Column, lang: str, width: int) -> list[str]:
    """The lines of a head: broken between words, or where there are none after every few characters."""
    title = _safe(column.title)
    if lang == "zh" and not title.isascii():
        return wrap(title, 4 if width > 1 else 2)
    return wrap(title, width, break_long_words=False)


def _firm(column: Column) -> bool:
    """Whether its values are never folded."""
    return column.kind in NUMERIC or column.kind == "day"


def _without_currency(table: Table) -> tuple[list[Column], str]:
    """The columns, and the one currency of all rows, which then needs no column: a screen is narrow."""
    found = {row.get("currency") for row in table.rows}
    currency = found.pop() if len(found) == 1 else None
    if not isinstance(currency, str):
        return list(table.columns), ""
    return [column for column in table.columns if column.key != "currency"], currency


def _footer(total: Row, column: Column, lang: str, *, first: bool) -> Text:
    if column.key in total:
        return _cell(total, column, lang)
    return Text(word("report.total", lang) if first and total else "")


def _cell(row: Row, column: Column, lang: str) -> Text:
    value = row.get(column.key)
    if column.kind == "level" and value in SHAPES:
        return Text(f"{SHAPES[str(value)]} {spoken(value, 'level', lang)}", style=COLOURS.get(str(value), ""))
    return Text(cut(_safe(told(row, column, lang)), NAME))


def _safe(text: str) -> str:
    """On one line, without what steers a terminal or turns the text around it."""
    return one_line(text)
