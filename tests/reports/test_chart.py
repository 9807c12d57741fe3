"""Pictures are drawings of numbers: true to scale, and legible without colour."""

from __future__ import annotations

from xml.etree import ElementTree

from monitor.reports.chart import Picture, Series, Slot, Texture, bars, columns, round_ticks
from tests.reports.reading import blocks


def test_ticks_are_round_and_reach_the_top() -> None:
    for highest in (0, 1, 4, 5, 6, 11, 26, 99, 101, 356, 12_345):
        ticks = round_ticks(highest)
        step = ticks[1]
        assert ticks[-1] >= highest
        assert ticks[-1] - step < max(highest, 1)
        assert str(step).rstrip("0") in ("1", "2", "5")
        assert len(ticks) <= 6


def test_a_picture_of_nothing_is_still_a_picture() -> None:
    picture = Picture(id="p", title="t", description="d")
    for svg in (columns(picture, [], slots=[]), bars(picture, [], slots=[])):
        assert ElementTree.fromstring(svg)[0].text == "t"


def test_each_part_of_a_stack_has_a_texture_and_says_its_number() -> None:
    textures: tuple[tuple[str, Texture], ...] = (("a", "stripes"), ("b", "open"))
    parts = [Series(key=key, label=key, colour="#000000", texture=texture, values=[1]) for key, texture in textures]
    svg = ElementTree.fromstring(
        columns(Picture(id="p", title="t", description="d"), parts, slots=[Slot(name="May <2026>", label="May")])
    )
    first, second = (blocks(svg, key)[0] for key in "ab")
    assert (first.get("fill"), second.get("fill")) == ("url(#p-a)", "#ffffff")
    assert first[0].text == "May <2026> · a · 1"
