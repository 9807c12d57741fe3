"""Pictures are drawings of numbers: true to scale, and legible without colour."""

from __future__ import annotations

from xml.etree import ElementTree

from monitor.reports.chart import Picture, Series, Slot, Texture, bars, columns, grid, round_ticks
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


def test_a_cell_of_a_grid_is_as_dark_as_it_counts_and_absent_where_there_was_nothing_to_count() -> None:
    rows, slots = [Slot(name="Works & roads", label="Works"), Slot(name="Parks", label="Parks")], [
        Slot(name=month, label=month) for month in ("Jan", "Feb", "Mar")
    ]  # fmt: skip
    svg = ElementTree.fromstring(
        grid(
            Picture(id="g", title="t", description="d"), [[0, 10, None], [1, None, 5]], rows=rows, slots=slots, label="broken"
        )
    )  # fmt: skip
    cells = [one for one in svg.iter() if one.get("class") == "cell"]
    assert [one.get("data-value") for one in cells] == ["0", "10", "1", "5"]
    shades = [float(one.get("fill-opacity") or "nan") for one in cells]
    assert shades[0] == 0 < shades[2] < shades[3] < shades[1]
    assert cells[1][0].text == "Works & roads · Feb · broken · 10"
    columns_of = [float(one.get("x") or "nan") for one in cells]
    assert columns_of[0] == columns_of[2] < columns_of[1] < columns_of[3]
    assert ElementTree.fromstring(grid(Picture(id="g", title="t", description="d"), [], rows=[], slots=[], label=""))
