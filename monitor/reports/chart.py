"""Pictures as plain SVG: stacked columns over time, stacked bars by name, a grid of shades. For a page, for paper, for PDF.

No script and no style sheet is needed; a page may repaint the classes, as for a dark screen. Each series has
a colour of at least 3:1 against the paper and a texture of its own: a grey print loses nothing, nor does a
colour-blind reader. Sizes are in user units of a drawing `WIDTH` wide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Literal
from unicodedata import east_asian_width

WIDTH = 820
FONT = (
    "'Segoe UI','Helvetica Neue','Noto Sans','PingFang SC','Microsoft YaHei',"
    "'Noto Sans SC','Noto Sans CJK SC','Source Han Sans SC',sans-serif"
)
INK, MUTED, GRID, PAPER, SHADE = "#1b2430", "#57606a", "#dde2e8", "#ffffff", "#f1f4f7"

Texture = Literal["solid", "stripes", "open"]

_SIZE = 10.5
_LEGEND, _TOP = 26, 22
_LEFT, _RIGHT, _PLOT, _WIDEST = 44, 6, 190, 40
_NAMES, _NUMBERS, _NOTES, _ROW, _BAR = 190, 64, 96, 19, 12
_HEAT, _SHADES = "#a61b1b", (0.12, 0.28, 0.44, 0.6, 0.9)
# What XML cannot hold, and marks that turn the direction of the text after them.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a picture is called and shows, in words, for who cannot see it. `id` is unique in a page."""

    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One part of every stack. `key` names its CSS class; `values` are counts, one a slot."""

    key: str
    label: str
    colour: str
    texture: Texture
    values: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A column or a bar. `name` is its full name, `label` stands at the axis, `note` below or far right."""

    name: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A line across the columns, as today's. `at` counts columns: 2.5 is the middle of the third."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


def columns(
    picture: Picture, series: Sequence[Series], *, slots: Sequence[Slot], mark: Mark | None = None, aside: str = ""
) -> str:
    """Stacked columns, the first series at the foot. What lies right of the mark is shaded.

    `aside` stands beside the legend: what the picture leaves out.
    """
    ticks = round_ticks(_highest(series))
    step = (WIDTH - _LEFT - _RIGHT) / max(len(slots), 1)
    width, foot = min(step * 0.72, _WIDEST), _LEGEND + _TOP + _PLOT
    parts = [*_shade(mark, step, foot), *_level_axis(ticks, foot)]
    for number, slot in enumerate(slots):
        left, top = _LEFT + number * step, float(foot)
        for one in series:
            height = _PLOT * one.values[number] / ticks[-1]
            top -= height
            box = _Box(x=left + (step - width) / 2, y=top, width=width, height=height)
            parts += _block(picture, one, slot, box=box, value=one.values[number])
        parts += _below(slot, middle=left + step / 2, edge=left, foot=foot)
    parts.append(_line("axis", (_LEFT, foot), (WIDTH - _RIGHT, foot), MUTED))
    parts.append(_text("value", (WIDTH - _RIGHT, 11), aside, anchor="end"))
    return _drawing(picture, series, height=foot + 34, parts=[*parts, *_mark(mark, step, foot)])


def bars(picture: Picture, series: Sequence[Series], *, slots: Sequence[Slot], note_head: str = "") -> str:
    """Stacked horizontal bars with their numbers; notes stand in a column at the right, under `note_head`."""
    ticks = round_ticks(_highest(series))
    start = min(max((_width(slot.label) for slot in slots), default=0), _NAMES) + 12
    written = [" + ".join(f"{one.values[number]:,}" for one in series) for number in range(len(slots))]
    span = WIDTH - start - max([_NUMBERS, *(_width(text) + 12 for text in written)]) - (_NOTES if note_head else 0)
    top = _LEGEND + _TOP
    parts = _count_axis(ticks, (start, start + span), top=top, foot=top + _ROW * len(slots))
    parts.append(_text("muted", (WIDTH, top - 7), note_head, anchor="end"))
    for number, slot in enumerate(slots):
        middle, left = top + _ROW * (number + 0.5), start
        label = shortened(slot.label, _NAMES)
        parts.append(_text("name", (start - 8, middle + 3.6), label, anchor="end", full=slot.name))
        for one in series:
            width = span * one.values[number] / ticks[-1]
            box = _Box(x=left, y=middle - _BAR / 2, width=width, height=_BAR)
            parts += _block(picture, one, slot, box=box, value=one.values[number])
            left += width
        parts.append(_text("value", (left + 6, middle + 3.6), written[number]))
        parts.append(_text("muted", (WIDTH, middle + 3.6), slot.note, anchor="end"))
    return _drawing(picture, series, height=top + _ROW * len(slots) + 8, parts=parts)


def grid(
    picture: Picture, values: Sequence[Sequence[int | None]], *, rows: Sequence[Slot], slots: Sequence[Slot], label: str
) -> str:
    """A row of cells for each of `rows`, a cell for each of `slots`: the more, the darker, and each says its number.

    None is an empty place: there was nothing to count, which is not 0. `label` names what is counted.
    """
    highest = max((value or 0 for line in values for value in line), default=0)
    start, top = min(max((_width(row.label) for row in rows), default=0), _NAMES) + 12, _TOP + 16
    step = (WIDTH - start) / max(len(slots), 1)
    parts = []
    for place, slot in enumerate(slots):
        parts.append(_text("muted", (start + step * (place + 0.5), top - 7), slot.label, anchor="middle"))
        parts.append(_text("value", (start + step * place + 4, top - 22), slot.note))
    for number, (row, line) in enumerate(zip(rows, values, strict=True)):
        y = top + _ROW * number
        parts.append(_text("name", (start - 8, y + 13), shortened(row.label, _NAMES), anchor="end", full=row.name))
        for place, value in enumerate(line):
            if value is not None:
                box = _Box(x=start + step * place + 1, y=y + 1, width=step - 2, height=_ROW - 2)
                parts += _cell(box, value, highest, f"{row.name} · {slots[place].name} · {label} · {value:,}")
    return _drawing(picture, [], height=top + _ROW * len(rows) + 4, parts=parts)


def _cell(box: _Box, value: int, highest: int, says: str) -> list[str]:
    """The number stands on its shade: dark on a light one, white on the darkest, 4.5:1 at least."""
    shade = -(-value * len(_SHADES) // highest) - 1 if value else None
    frame: dict[str, str | float] = {
        "class": "cell", "x": box.x, "y": box.y, "width": box.width, "height": box.height,
        "fill": PAPER if shade is None else _HEAT, "fill-opacity": 0 if shade is None else _SHADES[shade], "stroke": GRID,
        "data-value": value,
    }  # fmt: skip
    middle = (box.x + box.width / 2, box.y + box.height / 2 + 3.8)
    colour = PAPER if shade == len(_SHADES) - 1 else INK if value else MUTED
    kind = "on-dark" if colour == PAPER else "name" if value else "muted"
    text: dict[str, str | float] = {
        "class": kind, "data-of": "cell", "x": middle[0], "y": middle[1], "text-anchor": "middle", "fill": colour,
    }  # fmt: skip
    number = _tag("text", text, f"{value:,}")
    return [_tag("rect", frame, _tag("title", {}, _escaped(says))), number]


def round_ticks(highest: int, most: int = 5) -> list[int]:
    """Ticks from 0 to the first round number not below `highest`, in steps of 1, 2 or 5 times a power of ten.

    >>> round_ticks(356), round_ticks(3), round_ticks(0)
    ([0, 100, 200, 300, 400], [0, 1, 2, 3], [0, 1])
    """
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * most >= highest)
    return list(range(0, max(-(-highest // step), 1) * step + 1, step))


def shortened(text: str, width: float) -> str:
    """The text, cut with an ellipsis where wider than `width`; a Chinese character is as wide as it is high.

    >>> shortened("District 2", 60), shortened("东城区住房和城乡建设委员会", 60)
    ('District 2', '东城区住房…')
    """
    if _width(text) <= width:
        return text
    kept = ""
    for character in text:
        if _width(f"{kept}{character}…") > width:
            break
        kept += character
    return f"{kept}…"


def visible(text: str) -> str:
    r"""The text with `�` for each character that XML cannot hold or that would turn the text around.

    >>> visible("a\x00b\u202egnp.exe")
    'a�b�gnp.exe'
    """
    return UNSEEN.sub("\ufffd", text)


def _highest(series: Sequence[Series]) -> int:
    return max((sum(stack) for stack in zip(*(one.values for one in series), strict=True)), default=0)


def _width(text: str) -> float:
    return sum(_SIZE if east_asian_width(character) in "WF" else _SIZE * 0.56 for character in text)


def _drawing(picture: Picture, series: Sequence[Series], *, height: float, parts: Sequence[str]) -> str:
    frame: dict[str, str | float] = {
        "xmlns": "http://www.w3.org/2000/svg", "class": "chart", "id": picture.id, "role": "img",
        "aria-labelledby": f"{picture.id}-title", "aria-describedby": f"{picture.id}-desc",
        "viewBox": f"0 0 {WIDTH} {height:g}", "font-family": FONT, "font-size": _SIZE,
    }  # fmt: skip
    title = _tag("title", {"id": f"{picture.id}-title"}, _escaped(picture.title))
    desc = _tag("desc", {"id": f"{picture.id}-desc"}, _escaped(picture.description))
    stripes = [_stripes(picture, one) for one in series if one.texture == "stripes"]
    lines = [title, desc, *stripes, *_legend(picture, series), *filter(None, parts)]
    return _tag("svg", frame, "\n", *(f"{line}\n" for line in lines))


def _stripes(picture: Picture, one: Series) -> str:
    paper = _tag("rect", {"class": "paper", "width": 4, "height": 4, "fill": PAPER})
    ink = _tag("rect", {"class": f"ink-{one.key}", "width": 2, "height": 4, "fill": one.colour})
    frame: dict[str, str | float] = {
        "id": f"{picture.id}-{one.key}", "width": 4, "height": 4,
        "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)",
    }  # fmt: skip
    return _tag("defs", {}, _tag("pattern", frame, paper, ink))


def _legend(picture: Picture, series: Sequence[Series]) -> list[str]:
    out, left = [], 0.0
    for one in series:
        out.append(_rectangle(picture, one, _Box(x=left, y=2, width=12, height=10)))
        out.append(_text("name", (left + 18, 11), one.label))
        left += 18 + _width(one.label) + 22
    return out


def _block(picture: Picture, one: Series, slot: Slot, *, box: _Box, value: int) -> list[str]:
    """A part of a stack that says its number when pointed at; nothing where there is nothing to count."""
    if not value:
        return []
    says = _tag("title", {}, _escaped(f"{slot.name} · {one.label} · {value:,}"))
    return [_rectangle(picture, one, box, says, data={"data-series": one.key, "data-value": value})]


def _rectangle(
    picture: Picture, one: Series, box: _Box, says: str = "", *, data: dict[str, str | float] | None = None
) -> str:
    """The outline lies inside the box, so that heights stay true."""
    inset = min(0.5, box.width / 2, box.height / 2)
    fill = {"solid": one.colour, "stripes": f"url(#{picture.id}-{one.key})", "open": PAPER}[one.texture]
    frame: dict[str, str | float] = {
        "class": f"{one.texture} part-{one.key}", "x": box.x + inset, "y": box.y + inset,
        "width": box.width - 2 * inset, "height": box.height - 2 * inset, "fill": fill, "stroke": one.colour,
    }  # fmt: skip
    return _tag("rect", frame | (data or {}), says)


def _level_axis(ticks: Sequence[int], foot: float) -> list[str]:
    out = []
    for tick in ticks:
        y = foot - _PLOT * tick / ticks[-1]
        out.append(_line("grid", (_LEFT, y), (WIDTH - _RIGHT, y), GRID))
        out.append(_text("muted", (_LEFT - 7, y + 3.6), f"{tick:,}", anchor="end"))
    return out


def _count_axis(ticks: Sequence[int], ends: tuple[float, float], *, top: float, foot: float) -> list[str]:
    out = []
    for tick in ticks:
        x = ends[0] + (ends[1] - ends[0]) * tick / ticks[-1]
        out.append(_line("grid" if tick else "axis", (x, top - 2), (x, foot), GRID if tick else MUTED))
        out.append(_text("muted", (x, top - 7), f"{tick:,}", anchor="middle"))
    return out


def _below(slot: Slot, *, middle: float, edge: float, foot: float) -> list[str]:
    out = [_text("muted", (middle, foot + 13), slot.label, anchor="middle")]
    if slot.note:
        out.append(_line("grid", (edge, foot), (edge, foot + 29), GRID))
        out.append(_text("value", (edge + 4, foot + 28), slot.note))
    return out


def _shade(mark: Mark | None, step: float, foot: float) -> list[str]:
    if mark is None:
        return []
    x = _LEFT + mark.at * step
    frame: dict[str, str | float] = {
        "class": "shade", "x": x, "y": _LEGEND, "width": WIDTH - _RIGHT - x, "height": foot - _LEGEND,
        "fill": SHADE,
    }  # fmt: skip
    return [_tag("rect", frame)]


def _mark(mark: Mark | None, step: float, foot: float) -> list[str]:
    if mark is None:
        return []
    x, y = _LEFT + mark.at * step, _LEGEND + 10
    fits = x + 6 + _width(mark.label) < WIDTH
    words = _text("value", (x + 5 if fits else x - 5, y), mark.label, anchor="start" if fits else "end")
    return [_line("mark", (x, _LEGEND), (x, foot), INK, dashes="3 2"), words]


def _line(kind: str, start: tuple[float, float], end: tuple[float, float], colour: str, *, dashes: str = "") -> str:
    frame: dict[str, str | float] = {
        "class": kind, "x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1],
        "stroke": colour, "stroke-dasharray": dashes,
    }  # fmt: skip
    return _tag("line", frame)


def _text(kind: str, at: tuple[float, float], words: str, *, anchor: str = "start", full: str = "") -> str:
    if not words:
        return ""
    hint = _tag("title", {}, _escaped(full)) if full and full != words else ""
    frame: dict[str, str | float] = {
        "class": kind, "x": at[0], "y": at[1], "text-anchor": anchor,
        "fill": MUTED if kind == "muted" else INK, "font-weight": 600 if kind == "value" else 400,
    }  # fmt: skip
    return _tag("text", frame, hint, _escaped(words))


def _tag(name: str, attributes: Mapping[str, str | float], *inner: str) -> str:
    """An element; attributes are escaped here and left out when empty, `inner` is markup already."""
    told = "".join(
        f' {key}="{_escaped(value) if isinstance(value, str) else f"{round(value, 2):g}"}"'
        for key, value in attributes.items()
        if value != ""
    )
    body = "".join(inner)
    return f"<{name}{told}>{body}</{name}>" if body else f"<{name}{told}/>"


def _escaped(text: str) -> str:
    return escape(visible(text), quote=True)
