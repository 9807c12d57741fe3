"""Text from outside made harmless, once, at the border: what comes after may print it anywhere.

Names and titles are written by strangers. A line break in one would forge a header, a right-to-left mark would turn a sum
around, a leading `=` would run in a spreadsheet, half a surrogate pair would stop the letter.
"""

from __future__ import annotations

import re
from typing import Any
from unicodedata import combining, east_asian_width

CELL_LIMIT = 30_000
"""Characters of one value; a cell of Excel holds 32,767."""

_SPACES = re.compile(r"\s+")
_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_NO_NAME = re.compile(r"[\s/\\:*?\"<>|%&;$`'{}()\[\]~#!=]+-?")
_FORMULA = tuple("=+-@\t\r\n\x00＝＋－＠")


def one_line(value: str, limit: int = CELL_LIMIT) -> str:
    r"""The text on one line, without controls and direction marks, of at most `limit` characters.

    >>> one_line("Road\r\nBcc: all@example.org \u202egnp.exe \ud800")
    'Road Bcc: all@example.org gnp.exe �'
    """
    value = value[: 4 * CELL_LIMIT]  # a megabyte is not searched to its end
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    line = _CONTROLS.sub("", _SPACES.sub(" ", whole)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def inert(value: Any) -> Any:
    """Every text in a value that came from JSON, keys of tables as well."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, dict):
        return {inert(key): inert(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [inert(item) for item in value]
    return value


def columns(text: str) -> int:
    """How wide a text is on a screen: a Chinese character takes two columns.

    >>> columns("红3 a")
    5
    """
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `limit` columns.

    >>> cut("示范路一期改造工程", 11), cut("Roof works", 11)
    ('示范路一期…', 'Roof works')
    """
    width, end = 0, -1
    for position, character in enumerate(text):
        width += columns(character)
        if end < 0 and width > limit - 1:
            end = position
        if width > limit:  # a megabyte is not measured to its end
            return text[:end].rstrip() + "…"
    return text


def file_name(text: str) -> str:
    """A name that every system can save: no path in it, nothing that a shell or a mail header would read.

    >>> file_name('预警函-履预〔2026〕31/2号: "x"')
    '预警函-履预〔2026〕31-2号-x'
    """
    return cut(_NO_NAME.sub("-", one_line(text)).strip("-. "), 80)


def cell(value: object) -> str:
    """A value for a spreadsheet that must not take it for a formula. Numbers stay numbers.

    >>> cell('=HYPERLINK("//x")'), cell("-5 %"), cell(-5), cell(None)
    ('\\'=HYPERLINK("//x")', "'-5 %", '-5', '')
    """
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else str(value)
