"""One answer in six forms: the same numbers in each, the same bytes each time, and nothing in them comes alive."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

import openpyxl
import pytest
from pypdf import PdfReader

from monitor.domain.words import LANGS
from monitor.notify.letters.inert import columns as columns_of
from monitor.reports.document import Cell, Column, Document, Figure, Section, Table, columns, told
from monitor.reports.forms import FORMS, Form, Paper, shaped
from monitor.reports.questions import questions
from tests.reports.district import Askable
from tests.reports.made import NOTHING
from tests.reports.reading import Element, read_markup

STRANGE = [
    '=HYPERLINK("http://evil.example")', "+1+1", "-2+3", "@SUM(A1)", "＝1+1", "\t=1", "\r\n=1",
    "<script>alert(1)</script>", "'\"><img src=http://evil.example/a.png onerror=alert(1)>",
    "{{ 7*7 }} {% raw %}", "[bold]x[/bold]", '#set page(fill: red) $x^2$ *a* _b_ #eval("1")',
    "\u202egnp.exe\u202c", "a\u2066b\u2069", "\x00\x07\x1b[31mred", "\ud800", "长" * 2000, "x" * 2000,
    "🏗️ 𠮿 عقد", "a\nb", "1,5;2", "http://evil.example/",
]  # fmt: skip
"""What strangers write: formulas, markup, templates, marks that turn text around, controls, two thousand letters."""


@pytest.fixture(scope="module")
def strange() -> Document:
    """A report made of nothing but what strangers write, and of cells that are not known or do not apply."""
    kinds = columns("en", unit="text", due="day", unpaid="money", days="number", currency="text", level="level")
    rows: list[dict[str, Cell]] = [
        {
            "unit": text,
            "due": date(2026, 3, 1),
            "unpaid": Decimal("-1234.50"),
            "days": -3,
            "currency": "CNY",
            "level": "red",
        }
        for text in STRANGE
    ]
    rows += [
        {"unit": None, "due": None, "unpaid": None, "days": None, "currency": None, "level": None},
        {"unit": "none"},
    ]
    table = Table(key="rows", title=STRANGE[7], columns=kinds, rows=rows, total={"days": 7})
    figure = Figure(key="one", title="One", value=None, kind="money", currency="CNY", note=STRANGE[0])
    section = Section(
        key="one", heading="Strange", sentence=STRANGE[12], figures=(figure,), tables=(table,), notes=(STRANGE[14],)
    )
    header = replace(NOTHING.header, office=STRANGE[8], declared=STRANGE[0])
    return Document(
        name="payments", title="Strange", lang="en", header=header, inputs={"facts": "ab" * 32}, summary=STRANGE[7],
        sections=(section,), main="rows", filters=(("Unit has", STRANGE[12]),),
    )  # fmt: skip


def tables_of(page: Element) -> list[list[list[str]]]:
    """The text of every table in a page: its rows of cells, the first the heads."""
    return [
        [[cell.text for cell in row.all() if cell.tag in ("th", "td")] for row in table.all("tr")]
        for table in page.all("table")
    ]


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", questions())
def test_every_form_has_the_same_numbers(month: Askable, name: str, lang: str) -> None:
    document = month.answer(name, lang)
    page = tables_of(read_markup(shaped(document, "html").decode()))
    book = openpyxl.load_workbook(io.BytesIO(shaped(document, "xlsx")))
    data = json.loads(shaped(document, "json"))
    listed = {table["table"]: table for section in data["sections"] for table in section["tables"]}
    drawn = [table for table in document.tables() if table.rows]
    assert len(page) == len(drawn)
    for table, seen in zip(drawn, page, strict=True):
        assert seen[0] == [column.title for column in table.columns]
        for row, cells in zip(table.rows, seen[1:], strict=False):
            assert [folded(cell).lstrip("■◆▲● ") for cell in cells] == [
                folded(told(row, column, lang))[:200].strip() for column in table.columns
            ]
    for number, table in enumerate(document.tables(), start=1):
        sheet = book.worksheets[number]
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref
        for line, row in enumerate(table.rows, start=2):
            for place, column in enumerate(table.columns, start=1):
                value = sheet.cell(line, place).value
                assert excel(value) == as_excel(row.get(column.key, ""), row, column.key, told(row, column, lang))
        assert listed[table.key]["rows"] == [
            {column.key: as_json(row[column.key]) for column in table.columns if column.key in row}
            for row in table.rows
        ]
    rows = list(csv.DictReader(io.StringIO(shaped(document, "csv").decode())))
    assert len(rows) == len(document.table(document.main).rows)


def excel(value: object) -> object:
    if isinstance(value, datetime):
        return value.date()
    return Decimal(str(value)) if isinstance(value, int | float) else value


def as_excel(value: Cell, row: object, key: str, text: str) -> object:
    if isinstance(value, str) and not value:
        return None
    if isinstance(value, int | Decimal):
        return Decimal(str(float(value))) if isinstance(value, Decimal) else Decimal(value)
    return text if value is None or not isinstance(value, date) else value


def as_json(value: Cell) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", questions())
def test_paper_has_every_figure_and_no_empty_box(month: Askable, name: str, lang: str) -> None:
    """Notdef glyphs come out of a PDF as text that was never put in; the one font is embedded."""
    document = month.answer(name, lang)
    reader = PdfReader(io.BytesIO(shaped(document, "pdf")))
    assert reader.metadata is not None
    assert reader.metadata.title == document.title
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))
    for section in document.sections:
        assert re.sub(r"\s+", "", section.heading) in text
    embedded, others = set[str](), set[str]()
    for page in reader.pages:
        fonts = page._get_fonts()
        embedded |= fonts[0]
        others |= fonts[1]
    assert embedded
    assert all("NotoSansSC" in name for name in embedded)
    assert not others, "every font is inside"
    for page in reader.pages:
        head = page.extract_text()
        assert document.inputs["facts"][:12] in head, "each page says what it was made from"


@pytest.mark.parametrize("form", FORMS)
def test_the_same_answer_has_the_same_bytes(month: Askable, form: Form) -> None:
    document = month.answer("payments", "zh")
    assert shaped(document, form) == shaped(replace(document), form)


@pytest.mark.parametrize("name", questions())
def test_headings_of_a_page_stand_in_order(month: Askable, name: str) -> None:
    page = read_markup(shaped(month.answer(name), "html").decode())
    depths = [int(element.tag[1]) for element in page.all() if re.fullmatch(r"h[1-6]", element.tag)]
    assert depths[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(depths))
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    labels = [element.attributes["aria-labelledby"] for element in page.all("table")]
    assert set(labels) <= set(ids)


@pytest.mark.parametrize("name", questions())
def test_both_languages_have_the_same_tables_and_values(month: Askable, name: str) -> None:
    chinese, english = (month.answer(name, lang) for lang in LANGS)
    assert [table.key for table in chinese.tables()] == [table.key for table in english.tables()]
    for one, other in zip(chinese.tables(), english.tables(), strict=True):
        keys = [column.key for column in one.columns if column.kind != "text"]
        assert keys == [column.key for column in other.columns if column.kind != "text"]
        assert sorted(repr([row.get(key) for key in keys]) for row in one.rows) == sorted(
            repr([row.get(key) for key in keys]) for row in other.rows
        )


# --- what strangers write ---


def test_a_page_shows_markup_as_text(strange: Document) -> None:
    made = shaped(strange, "html").decode()
    page = read_markup(made)
    assert not page.all("script")
    assert not page.all("img")
    assert "7*7" in page.text
    assert "\u202e" not in made
    assert "\x1b" not in made
    assert "evil.example" not in " ".join(value for element in page.all() for value in element.attributes.values())


def test_a_workbook_holds_text_and_no_formula_or_link(strange: Document) -> None:
    book = openpyxl.load_workbook(io.BytesIO(shaped(strange, "xlsx")))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.hyperlink is None
                assert cell.data_type != "f" or cell.value is None
    listed = [row[0].value for row in book.worksheets[1].iter_rows(min_row=2)]
    assert listed[0] == STRANGE[0]
    assert book.worksheets[1]["D2"].value == -3
    assert book.worksheets[1]["C24"].value == "not known"
    assert book.worksheets[1]["C25"].value is None


def test_csv_and_a_terminal_are_inert(strange: Document) -> None:
    rows = list(csv.DictReader(io.StringIO(shaped(strange, "csv").decode())))
    assert not [row["unit"] for row in rows if row["unit"].startswith(("=", "+", "-", "@", "＝", "\t", "\r"))]
    assert rows[0]["days"] == "-3", "a number stays a number"
    texts: tuple[Form, ...] = ("terminal", "csv", "json")
    for form in texts:
        made = shaped(strange, form).decode()
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", made)
    assert json.loads(shaped(strange, "json"))["sections"][0]["tables"][0]["rows"][12]["unit"] == STRANGE[12]


@pytest.fixture(scope="module")
def wide() -> Document:
    """A thousand columns, titles and cells of what strangers write: an answer to a statement may be so."""
    titles = [STRANGE[place % len(STRANGE)] for place in range(1000)]
    kinds = tuple(Column(key=f"{title}{place}", title=title, kind="text") for place, title in enumerate(titles))
    rows: list[dict[str, Cell]] = [
        {
            one.key: f"r{line}c{place}" if place % 97 == 0 else titles[(place + line) % 1000]
            for place, one in enumerate(kinds)
        }
        for line in range(30)
    ]
    section = Section(key="rows", heading="Rows", tables=(Table(key="rows", title="Rows", columns=kinds, rows=rows),))
    return Document(
        name="query", title="Wide", lang="en", header=NOTHING.header, inputs={"facts": "ab" * 32}, summary="Wide",
        sections=(section,), main="rows",
    )  # fmt: skip


def test_a_thousand_columns_pass_inert_through_every_form_that_a_program_reads(wide: Document) -> None:
    table = wide.table("rows")
    (seen,) = tables_of(read_markup(shaped(wide, "html").decode()))
    assert [len(row) for row in seen] == [1000] * 31
    sheet = openpyxl.load_workbook(io.BytesIO(shaped(wide, "xlsx"))).worksheets[1]
    listed = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert (len(listed), {cell.data_type for row in sheet.iter_rows() for cell in row} - {"s", "n"}) == (31, set())
    assert not [
        cell for row in sheet.iter_rows() for cell in row if cell.hyperlink or (cell.data_type == "n" and cell.value)
    ]
    lines = list(csv.reader(io.StringIO(shaped(wide, "csv").decode())))
    data = json.loads(shaped(wide, "json"))["sections"][0]["tables"][0]
    for line, row in enumerate(table.rows):
        for place in range(0, 1000, 97):
            said = f"r{line}c{place}"
            assert (seen[line + 1][place], listed[line + 1][place], lines[line + 1][place]) == (said, said, said)
        assert list(data["rows"][line].values()) == list(row.values())
    assert not [text for row in lines for text in row if text.startswith(("=", "+", "-", "@", "＝", "\t", "\r"))]


def test_a_screen_shows_as_many_columns_as_it_has_room_for_and_how_many_more_there_are(wide: Document) -> None:
    shown = shaped(wide, "terminal").decode()
    assert max(map(columns_of, shown.splitlines())) <= 140
    assert re.search(r"More columns in other formats: \d{3}", shown)
    assert "r0c0" in shown
    assert "r0c97" not in shown


def test_paper_lays_a_wide_table_out_in_parts_that_fit(wide: Document) -> None:
    reader = PdfReader(io.BytesIO(shaped(wide, "pdf")))
    text = ""
    for page in reader.pages:
        places: list[float] = []

        def place(
            text: str, cm: list[float], tm: list[float], font: object, size: float, at: list[float] = places
        ) -> None:
            at.append(cm[4] + tm[4] if text.strip() else 0)

        text += page.extract_text(visitor_text=place)
        assert 0 <= min(places) <= max(places) < float(page.mediabox.width)
    for place_of_column in range(0, 1000, 97):
        assert f"r0c{place_of_column}" in text
    assert "of 1,000)" in text
    assert "Of 30 rows, 20 are listed here" in text


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_paper_prints_it_as_it_is_and_keeps_it_on_the_page(strange: Document, paper: Paper) -> None:
    made = shaped(strange, "pdf", paper=paper)
    reader = PdfReader(io.BytesIO(made))
    width = float(reader.pages[0].mediabox.width)
    assert round(min(width, float(reader.pages[0].mediabox.height))) == (595 if paper == "a4" else 612)
    text = "".join(page.extract_text() for page in reader.pages)
    assert "#eval" in text
    assert "not known" in text
    assert "U+0639" in text
    places: list[float] = []
    for page in reader.pages:
        page.extract_text(
            visitor_text=lambda text, cm, tm, font, size: places.append(cm[4] + tm[4] if text.strip() else 0)
        )
    assert 0 <= max(places) < width
