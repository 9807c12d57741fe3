"""Plots of a model's trial as plain SVG: points against a diagonal, lines over days, spans of time.

As in `chart`: no script, no style sheet, classes that a page may repaint, and a shape or a dash of its own for each, so that
a grey print loses nothing. What is not known is not drawn. Sizes are in user units of a drawing `WIDTH` wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element, SubElement, tostring

from monitor.reports.chart import FONT, GRID, INK, MUTED, PAPER, Picture, round_ticks, visible

WIDTH = 460

COLOURS = {"came": INK, "model": "#1d5fa8", "past_record": "#b45309", "kind_and_unit": "#6b2d7d", "base": MUTED}
"""Of each, 3:1 against the paper or more."""

DASHES = {"past_record": "7 3", "kind_and_unit": "2 3", "base": "1 3"}
SHAPES = {
    "model": "M-4-4H4V4H-4Z",
    "past_record": "M0-5L5 4H-5Z",
    "kind_and_unit": "M0-5.5L5.5 0L0 5.5L-5.5 0Z",
    "base": "M-4-4L4 4M4-4L-4 4",
}
"""Marks around 0, 0: a square, a triangle, a diamond, a cross. What came true is a dot."""

Point = tuple[float, float]
Ends = tuple[Point, Point]

DOT = "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0-4.5 0Z"

_SIZE, _LINE = 12, 17
_LEFT, _RIGHT, _FOOT, _ROW = 44, 8, 44, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """What was said and what came of some cases, with the ends of its interval, all shares; `name` says it in words."""

    name: str
    said: float
    came: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One share a day, None where it is not known. `key` is one of COLOURS."""

    key: str
    label: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days before a day: lower quartile, median, upper quartile; `name` says them in words."""

    key: str
    label: str
    name: str
    days: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What stands along the axes, and at the diagonal; whether shares are written in per cent."""

    across: str = ""
    up: str = ""
    diagonal: str = ""
    percent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """How a line is drawn."""

    colour: str
    dashes: str = ""
    width: float = 1


THIN, AXIS = Stroke(colour=GRID), Stroke(colour=MUTED)


def against(picture: Picture, dots: Sequence[Dot], axes: Axes) -> str:
    """What came true over what was said. Both axes run from 0 to 100 %, at the same scale."""
    top, side = 26.0, float(WIDTH - _LEFT - 78)
    foot = top + side
    svg = _drawing(picture, height=foot + _FOOT)
    for tick in range(0, 101, 20):
        x, y = _LEFT + side * tick / 100, foot - side * tick / 100
        _line(svg, "grid", ((_LEFT, y), (_LEFT + side, y)), THIN)
        _line(svg, "grid", ((x, top), (x, foot)), THIN)
        _text(svg, "muted", (_LEFT - 7, y + 4), f"{tick}%", anchor="end")
        _text(svg, "muted", (x, foot + 17), f"{tick}%", anchor="middle")
    _line(svg, "axis", ((_LEFT, foot), (_LEFT + side, foot)), AXIS)
    _line(svg, "mark", ((_LEFT, foot), (_LEFT + side, top)), Stroke(colour=MUTED, dashes="4 3"))
    _text(svg, "muted", (_LEFT + side + 6, top + 4), axes.diagonal)
    _text(svg, "value", (_LEFT - 40, 12), axes.up)
    _text(svg, "value", (_LEFT + side, foot + 36), axes.across, anchor="end")
    for dot in dots:
        x, y = _LEFT + side * dot.said, foot - side * dot.came
        one = SubElement(svg, "g")
        SubElement(one, "title").text = visible(dot.name)
        ends = (x, foot - side * dot.low), (x, foot - side * dot.high)
        _line(one, "line-model", ends, Stroke(colour=COLOURS["model"], width=1.5))
        _mark(one, "model", (x, y), data={"data-said": _number(dot.said), "data-came": _number(dot.came)})
    return _written(svg)


def over(picture: Picture, lines: Sequence[Line], days: Sequence[str], axes: Axes) -> str:
    """A line each over the days, from 0 to 1. A line is broken where a value is not known."""
    places = _legend_places(lines)
    top, plot = _LINE * (places[-1][1] + 1) + 16.0 if places else 16.0, 190.0
    foot, span = top + plot, WIDTH - _LEFT - _RIGHT
    step = span / max(len(days), 1)
    svg = _drawing(picture, height=foot + 26)
    for tick in range(0, 101, 20):
        y = foot - plot * tick / 100
        _line(svg, "grid" if tick else "axis", ((_LEFT, y), (WIDTH - _RIGHT, y)), THIN if tick else AXIS)
        _text(svg, "muted", (_LEFT - 7, y + 4), _level(tick / 100, axes, 0), anchor="end")
    every = ceil(max(map(_width, days), default=0) / max(step - 4, 1))
    for number, day in enumerate(days):
        if number % max(every, 1) == 0:
            _text(svg, "muted", (_LEFT + step * (number + 0.5), foot + 18), day, anchor="middle")
    for line, (x, row) in zip(lines, places, strict=True):
        y = _LINE * (row + 0.5)
        _line(svg, f"line-{line.key}", ((x, y), (x + 26, y)), _stroke(line.key))
        _mark(svg, line.key, (x + 13, y))
        _text(svg, "name", (x + 32, y + 4), line.label)
    for line in reversed(lines):  # the first lies on top
        points = [
            None if value is None else (_LEFT + step * (number + 0.5), foot - plot * value)
            for number, value in enumerate(line.values)
        ]
        names = [
            f"{day} · {line.label} · {_level(value or 0, axes, 1)}"
            for day, value in zip(days, line.values, strict=True)
        ]
        _draw_line(svg, line, points, names)
    return _written(svg)


def spans(picture: Picture, rows: Sequence[Span], axes: Axes) -> str:
    """A bar from quartile to quartile under its name, the median across it. Time runs to the right, and 0 is the day itself."""
    ticks, left, right = _day_ticks(rows), 16.0, WIDTH - 16.0
    foot = _ROW * len(rows) + 6.0
    svg = _drawing(picture, height=foot + _FOOT)

    def place(days: float) -> float:
        return left + (right - left) * (ticks[-1] - days) / (ticks[-1] - ticks[0])

    for tick in ticks:
        _line(svg, "grid" if tick else "axis", ((place(tick), 0), (place(tick), foot)), THIN if tick else AXIS)
        _text(svg, "muted", (place(tick), foot + 16), f"{tick:,}".replace("-", "−"), anchor="middle")
    _text(svg, "value", (right, foot + 36), axes.across, anchor="end")
    for number, row in enumerate(rows):
        middle = _ROW * number + 28
        low, median, high = row.days
        one = SubElement(svg, "g", {"data-median": _number(median)})
        SubElement(one, "title").text = visible(row.name)
        fits = place(high) + _width(row.label) <= right
        where, anchor = (place(high), "start") if fits else (right, "end")
        _text(one, "name", (where, middle - 12), row.label, anchor=anchor)
        SubElement(one, "rect", {
            "class": f"open line-{row.key}", "x": _number(place(high)), "y": _number(middle - 6), "height": "12",
            "width": _number(max(place(low) - place(high), 1)), "fill": PAPER, "stroke": COLOURS[row.key],
            "stroke-width": "1.5",
        })  # fmt: skip
        ends = (place(median), middle - 8), (place(median), middle + 8)
        _line(one, f"line-{row.key}", ends, Stroke(colour=COLOURS[row.key], width=3.5))
    return _written(svg)


def _day_ticks(rows: Sequence[Span]) -> list[int]:
    """Round numbers of days from below the least, or 0, to above the most."""
    days = [day for row in rows for day in row.days]
    highest, lowest = max([*days, 1.0]), min([*days, 0.0])
    step = round_ticks(int(highest - lowest) + 1)[1]
    first, last = int(lowest // step) * step, -int(-highest // step) * step
    return list(range(first, last + 1, step))


def _level(value: float, axes: Axes, decimals: int) -> str:
    return f"{100 * value:.{decimals}f}%" if axes.percent else f"{value:.{decimals + 1 + decimals}f}"


def _draw_line(svg: Element, line: Line, points: Sequence[Point | None], names: Sequence[str]) -> None:
    for before, after in pairwise(points):
        if before is not None and after is not None:
            _line(svg, f"line-{line.key}", (before, after), _stroke(line.key))
    for name, value, point in zip(names, line.values, points, strict=True):
        if point is not None and value is not None:
            one = SubElement(svg, "g")
            SubElement(one, "title").text = visible(name)
            _mark(one, line.key, point, data={"data-line": line.key, "data-value": _number(value)})


def _stroke(key: str) -> Stroke:
    return Stroke(colour=COLOURS[key], dashes=DASHES.get(key, ""), width=2)


def _legend_places(lines: Sequence[Line]) -> list[tuple[float, int]]:
    """Where each name stands: from the left, and in which row."""
    places, left, row = [], 0.0, 0
    for line in lines:
        width = 32 + _width(line.label) + 18
        if left and left + width > WIDTH:
            left, row = 0.0, row + 1
        places.append((left, row))
        left += width
    return places


def _width(text: str) -> float:
    return sum(_SIZE if east_asian_width(character) in "WF" else _SIZE * 0.56 for character in text)


def _drawing(picture: Picture, *, height: float) -> Element:
    svg = Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "class": "chart plot", "id": picture.id, "role": "img",
        "aria-labelledby": f"{picture.id}-title", "aria-describedby": f"{picture.id}-desc",
        "viewBox": f"0 0 {WIDTH} {_number(height)}", "font-family": FONT, "font-size": str(_SIZE),
    })  # fmt: skip
    SubElement(svg, "title", {"id": f"{picture.id}-title"}).text = visible(picture.title)
    SubElement(svg, "desc", {"id": f"{picture.id}-desc"}).text = visible(picture.description)
    return svg


def _line(svg: Element, kind: str, ends: Ends, stroke: Stroke) -> None:
    (x1, y1), (x2, y2) = ends
    frame = {
        "class": kind, "x1": _number(x1), "y1": _number(y1), "x2": _number(x2), "y2": _number(y2),
        "stroke": stroke.colour, "stroke-width": _number(stroke.width), "stroke-dasharray": stroke.dashes,
    }  # fmt: skip
    SubElement(svg, "line", {key: value for key, value in frame.items() if value})


def _mark(svg: Element, key: str, at: Point, *, data: dict[str, str] | None = None) -> None:
    frame = {
        "class": f"dot-{key}", "d": SHAPES.get(key, DOT), "transform": f"translate({_number(at[0])} {_number(at[1])})",
        "fill": COLOURS[key], "stroke": COLOURS[key],
    }  # fmt: skip
    SubElement(svg, "path", frame | (data or {}))


def _text(svg: Element, kind: str, at: Point, words: str, *, anchor: str = "start") -> None:
    if words:
        SubElement(svg, "text", {
            "class": kind, "x": _number(at[0]), "y": _number(at[1]), "text-anchor": anchor,
            "fill": MUTED if kind == "muted" else INK, "font-weight": "600" if kind == "value" else "400",
        }).text = visible(words)  # fmt: skip


def _number(value: float) -> str:
    return f"{round(value, 4):g}" if abs(value) < 1 else f"{round(value, 2):g}"


def _written(svg: Element) -> str:
    for one in svg:
        one.tail = "\n"
    svg.text = "\n"
    return tostring(svg, encoding="unicode")
