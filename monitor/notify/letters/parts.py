"""A letter before it is text, page or print: its parts in order. Three printers know how each part looks: `paper.txt`,
`paper.html` and `paper.typ`; so what stands in one of them stands in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.notify.letters.inert import cut

FACT_COLUMNS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The title of a part, with its number."""

    text: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A paragraph; `strong` comes first and stands out, `large` says that it is a sum, `mail` is not said on paper."""

    text: str = ""
    strong: str = ""
    mail: str = ""
    large: bool = False
    soft: bool = False
    kind: Literal["words"] = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A label and its value. `lines` more than 0: nobody knows it yet, so many lines are left to be filled in by hand."""

    label: str
    value: str = ""
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Labels and values, one under the other."""

    rows: tuple[Row, ...]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of three columns, as evidence and history are. `widths` are per cent."""

    head: tuple[str, str, str]
    rows: tuple[tuple[str, str, str], ...]
    widths: tuple[int, int, int] = (40, 36, 24)
    kind: Literal["grid"] = "grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One warning in a short list."""

    level: str
    sign: str
    level_word: str
    number: str
    event: str
    title: str
    says: str
    money: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Warnings beside the one that the letter is about."""

    lines: tuple[Line, ...]
    kind: Literal["cases"] = "cases"


Part = Heading | Words | Facts | Grid | Cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A whole letter. `reason` is for the mail alone: why this address got it. `style` form is a sheet to be filled in."""

    form: str
    level: str
    numbers: tuple[Row, ...]
    banner: str
    head: tuple[Row, ...]
    parts: tuple[Part, ...]
    reason: tuple[Part, ...]
    close: str
    style: Literal["letter", "form"] = "letter"

    @property
    def blanks(self) -> bool:
        """Whether something is left to be filled in by hand."""
        return any(row.lines for part in self.parts if isinstance(part, Facts) for row in part.rows)


def facts(*rows: tuple[str, str]) -> Facts:
    """Labels and values; a value keeps at most 600 columns."""
    return Facts(rows=tuple(Row(label=label, value=cut(value, FACT_COLUMNS)) for label, value in rows))
