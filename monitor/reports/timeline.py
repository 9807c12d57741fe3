"""The days of promises as plain SVG: a line each, from the day first agreed over every move to the day it was done.

As in `chart`: no script, no style sheet, classes that a page may repaint, and a shape of its own for each kind of day, so that a
grey print loses nothing. Sizes are in user units of a drawing `WIDTH` wide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from xml.etree.ElementTree import Element, SubElement, tostring

from monitor.reports.chart import FONT, GRID, INK, MUTED, PAPER, WIDTH, Picture, shortened, visible

DAYS_ASIDE = 14
"""Days left free before the first and after the last."""

_ROW, _NAMES, _RIGHT, _TOP, _SIZE = 21, 200, 10, 48, 10.5
_LATE, _DONE = "#a61b1b", "#1d5fa8"
_MARKS = {
    "moved": "M0-5L5 0L0 5L-5 0Z",
    "due": "M0-5.5L5.5 0L0 5.5L-5.5 0Z",
    "done": "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0-4.5 0Z",
}
"""A diamond for a day that it is or was due, open where it was moved away from; a dot for the day it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One promise: the days it was due before, the day it is due, the day it was done; None where there is none."""

    name: str
    due: date
    before: Sequence[date] = field(default=())
    done: date | None = None
    over: bool = False
    """It is settled, or nothing is owed: the days since are no delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the marks are called, and how a day is written: at the axis by its month, in full where it is pointed at."""

    moved: str
    due: str
    done: str
    late: str
    today: str
    day: Callable[[date], str]
    month: Callable[[date], str]


def timeline(picture: Picture, lanes: Sequence[Lane], *, today: date, words: Words) -> str:
    """The lanes in the order given, under one axis of months, with a line at today."""
    days = [today, *(day for lane in lanes for day in (lane.due, *lane.before, lane.done) if day)]
    first, last = min(days) - timedelta(days=DAYS_ASIDE), max(days) + timedelta(days=DAYS_ASIDE)
    scale = (WIDTH - _NAMES - _RIGHT) / (last - first).days
    foot = _TOP + _ROW * len(lanes)
    svg = _drawing(picture, foot + 8)

    def x(day: date) -> float:
        return _NAMES + (day - first).days * scale

    for month in _months(first, last):
        _line(svg, "grid", (x(month), _TOP - 8), (x(month), foot), GRID)
        fits = x(month) + _width(words.month(month)) / 2 < WIDTH
        _text(svg, "muted", (x(month), _TOP - 12), words.month(month), anchor="middle" if fits else "end")
    _legend(svg, words)
    for place, lane in enumerate(lanes):
        _lane(svg, lane, _TOP + _ROW * (place + 0.5), x, today, words)
    _line(svg, "mark", (x(today), _TOP - 8), (x(today), foot), INK, dashes="3 2")
    return tostring(svg, encoding="unicode")


def _lane(svg: Element, lane: Lane, y: float, x: Callable[[date], float], today: date, words: Words) -> None:
    _text(svg, "name", (_NAMES - 10, y + 3.6), shortened(lane.name, _NAMES - 12), anchor="end", full=lane.name)
    if lane.before:
        ends = [*lane.before, lane.due]
        _line(svg, "axis", (x(min(ends)), y), (x(max(ends)), y), MUTED)
    until = lane.done or (None if lane.over else today)
    if until and until > lane.due:
        box = {
            "class": "part-overdue", "x": _number(x(lane.due)), "y": _number(y - 2.5), "height": "5",
            "width": _number(x(until) - x(lane.due)), "fill": _LATE, "stroke": _LATE,
        }  # fmt: skip
        late = SubElement(svg, "rect", {**box, "data-days": str((until - lane.due).days)})
        SubElement(late, "title").text = visible(f"{lane.name} · {words.late} · {(until - lane.due).days}")
    for day in lane.before:
        _mark(svg, "moved", (x(day), y), f"{lane.name} · {words.moved} · {words.day(day)}", day)
    _mark(svg, "due", (x(lane.due), y), f"{lane.name} · {words.due} · {words.day(lane.due)}", lane.due)
    if lane.done:
        _mark(svg, "done", (x(lane.done), y), f"{lane.name} · {words.done} · {words.day(lane.done)}", lane.done)


def _legend(svg: Element, words: Words) -> None:
    left = 6.0
    for kind, label in (("due", words.due), ("moved", words.moved), ("done", words.done)):
        _mark(svg, kind, (left, 8), "", None)
        _text(svg, "name", (left + 12, 12), label)
        left += 34 + _width(label)
    box = {
        "class": "part-overdue",
        "x": _number(left),
        "y": "5.5",
        "height": "5",
        "width": "18",
        "fill": _LATE,
        "stroke": _LATE,
    }
    SubElement(svg, "rect", box)
    _text(svg, "name", (left + 24, 12), words.late)
    left += 46 + _width(words.late)
    _line(svg, "mark", (left, 2), (left, 14), INK, dashes="3 2")
    _text(svg, "name", (left + 8, 12), words.today)


def _months(first: date, last: date) -> list[date]:
    """The first days of months, or of every third, sixth, twelfth, so that their names have room."""
    numbers = range(first.year * 12 + first.month, last.year * 12 + last.month)
    step = next((step for step in (1, 2, 3, 6, 12) if len(numbers) / step <= 10), 12 * -(-len(numbers) // 120))
    return [date(number // 12, number % 12 + 1, 1) for number in numbers if number % step == 0]


def _drawing(picture: Picture, height: float) -> Element:
    svg = Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "class": "chart", "id": picture.id, "role": "img",
        "aria-labelledby": f"{picture.id}-title", "aria-describedby": f"{picture.id}-desc",
        "viewBox": f"0 0 {WIDTH} {_number(height)}", "font-family": FONT, "font-size": _number(_SIZE),
    })  # fmt: skip
    SubElement(svg, "title", {"id": f"{picture.id}-title"}).text = visible(picture.title)
    SubElement(svg, "desc", {"id": f"{picture.id}-desc"}).text = visible(picture.description)
    return svg


def _mark(svg: Element, kind: str, at: tuple[float, float], name: str, day: date | None) -> None:
    look = {"moved": ("open", PAPER, MUTED), "due": ("value", INK, INK), "done": ("done", _DONE, _DONE)}[kind]
    frame = {
        "d": _MARKS[kind],
        "class": look[0],
        "fill": look[1],
        "stroke": look[2],
        "transform": f"translate({_number(at[0])} {_number(at[1])})",
    }
    if day is None:
        SubElement(svg, "path", frame)
        return
    mark = SubElement(svg, "path", {**frame, "data-mark": kind, "data-day": day.isoformat()})
    SubElement(mark, "title").text = visible(name)


def _line(
    svg: Element, kind: str, start: tuple[float, float], end: tuple[float, float], colour: str, dashes: str = ""
) -> None:
    frame = {
        "class": kind, "x1": _number(start[0]), "y1": _number(start[1]), "x2": _number(end[0]), "y2": _number(end[1]),
        "stroke": colour,
    }  # fmt: skip
    SubElement(svg, "line", frame | ({"stroke-dasharray": dashes} if dashes else {}))


def _text(
    svg: Element, kind: str, at: tuple[float, float], words: str, *, anchor: str = "start", full: str = ""
) -> None:
    frame = {
        "class": kind, "x": _number(at[0]), "y": _number(at[1]), "text-anchor": anchor,
        "fill": MUTED if kind == "muted" else INK,
    }  # fmt: skip
    text = SubElement(svg, "text", frame)
    if full and full != words:
        SubElement(text, "title").text = visible(full)
        text[0].tail = visible(words)
    else:
        text.text = visible(words)


def _width(text: str) -> float:
    return sum(_SIZE if ord(sign) > 0x2E80 else _SIZE * 0.56 for sign in text)


def _number(value: float) -> str:
    return f"{round(value, 2):g}"
