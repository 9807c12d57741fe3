"""Whoever cannot see a page well, or at all: headings, names of tables and pictures, contrast on light and on dark."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader

from monitor import reports
from monitor.domain.words import LANGS
from monitor.notify.letters.inert import columns as width_of
from monitor.reports import dossier, standing
from monitor.reports.chart import Picture, Slot, grid
from monitor.reports.document import Document
from monitor.reports.forms import FORMS, Form, shaped
from monitor.reports.questions import questions
from tests.reports.district import Askable
from tests.reports.reading import Element, read_markup

STYLE = (Path(reports.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
READ = 4.5
"""Contrast that text has to have, WCAG 2.2 level AA."""

Colour = tuple[float, float, float]


def answered(month: Askable, name: str, lang: str) -> Document:
    """A report by name; the dossier is that of the first contract."""
    asked = replace(month.asked, lang=lang)
    if name == "contract":
        return dossier.report(asked, str(asked.rows("select min(id) as id from fact_contract")[0]["id"]))
    return standing.report(asked) if name == "portfolio" else month.answer(name, lang)


@pytest.fixture(scope="module", params=[(n, lang) for n in (*questions(), "contract", "portfolio") for lang in LANGS])
def page(request: pytest.FixtureRequest, month: Askable) -> Element:
    name, lang = request.param
    return read_markup(shaped(answered(month, name, lang), "html").decode())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "lang"), [(name, lang) for name in ("contract", "portfolio") for lang in LANGS])
def test_what_is_no_question_has_every_form_too(month: Askable, name: str, lang: str, form: Form) -> None:
    """Of the questions, tests/reports/test_forms.py asks this and more."""
    document = answered(month, name, lang)
    made = shaped(document, form)
    if form == "pdf":
        reader = PdfReader(io.BytesIO(made))
        text = re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))
        assert all(re.sub(r"\s+", "", section.heading) in text for section in document.sections)
        assert "\ufffd" not in text
    elif form == "xlsx":
        assert len(openpyxl.load_workbook(io.BytesIO(made)).worksheets) == 1 + len(document.tables())
    elif form == "csv":
        rows = list(csv.reader(io.StringIO(made.decode())))
        assert len(rows) == 1 + len(document.table(document.main).rows)
    else:
        assert document.title in made.decode()


@pytest.mark.parametrize(("name", "lang"), [(name, lang) for name in questions() for lang in LANGS])
def test_a_screen_has_every_section(month: Askable, name: str, lang: str) -> None:
    document = answered(month, name, lang)
    shown = shaped(document, "terminal").decode()
    assert all(section.heading in shown for section in document.sections)
    assert max(map(width_of, shown.splitlines())) <= 140, "nothing is cut off without a word"


def test_a_page_says_its_language_and_its_headings_stand_in_order(page: Element) -> None:
    (html,) = page.all("html")
    assert html.attributes["lang"].partition("-")[0] in LANGS
    assert page.all("title")[0].text
    ranks = [int(one.tag[1]) for one in page.all() if re.fullmatch(r"h[1-6]", one.tag)]
    assert ranks.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(ranks))


def test_every_table_and_picture_has_a_name_that_is_there(page: Element) -> None:
    ids = [one.attributes["id"] for one in page.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for table in page.all("table"):
        named = table.attributes.get("aria-labelledby") or table.attributes.get("aria-label") or table.all("caption")
        assert named
        assert all(head.attributes.get("scope") in ("col", "row") for head in table.all("th"))
    for picture in page.all("svg"):
        if picture.attributes.get("aria-hidden") != "true":
            assert picture.attributes["role"] == "img"
            for name in ("aria-labelledby", "aria-describedby"):
                (told,) = [one for one in picture.all() if one.attributes.get("id") == picture.attributes[name]]
                assert told.text


def palettes() -> Iterator[dict[str, str]]:
    """The colours of each block of the style that sets them: light, dark, paper."""
    for block in re.findall(r"\{([^{}]*--ink:[^{}]*)\}", STYLE):
        yield dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))


@pytest.mark.parametrize("number", range(3))
def test_text_is_legible_on_light_on_dark_and_on_paper(number: int) -> None:
    colours = list(palettes())[number]
    for name in ("ink", "muted", "accent", "red", "orange", "yellow", "blue"):
        for ground in ("paper", "shade"):
            assert contrast(rgb(colours[name]), rgb(colours[ground])) >= READ, (name, ground)
    assert contrast(rgb("#ffffff"), rgb(colours["banner"])) >= READ


def test_a_number_is_legible_on_every_shade_of_a_grid() -> None:
    values = [[*range(11)]]
    slots = [Slot(name=str(number), label=str(number)) for number in range(11)]
    svg = read_markup(
        grid(
            Picture(id="g", title="t", description="d"),
            values,
            rows=[Slot(name="a", label="a")],
            slots=slots,
            label="x",
        )
    )
    cells = [one for one in svg.all("rect") if one.attributes.get("class") == "cell"]
    numbers = [one for one in svg.all("text") if one.attributes.get("data-of") == "cell"]
    assert len(cells) == len(numbers) == 11
    for cell, number in zip(cells, numbers, strict=True):
        share = float(cell.attributes["fill-opacity"])
        ground = [over * share + 255 * (1 - share) for over in rgb(cell.attributes["fill"])]
        assert contrast(rgb(number.attributes["fill"]), (ground[0], ground[1], ground[2])) >= READ


def rgb(colour: str) -> Colour:
    red, green, blue = (float(int(colour[place : place + 2], 16)) for place in (1, 3, 5))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of WCAG 2.2.

    >>> round(contrast(rgb("#000000"), rgb("#ffffff")))
    21
    """
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
